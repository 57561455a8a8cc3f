"""What was published: immutable trees of files, like a commit, so that every mail can name its exact words."""

from __future__ import annotations

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.store.tables import Id, Stamp, Table


class Blob(Table):
    """The content of a file, named by its SHA-256 in hexadecimal."""

    __tablename__ = "blob"

    digest: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary())


class Publication(Table):
    """One published version of everything; the newest is in force."""

    __tablename__ = "publication"

    id: Mapped[Id]
    digest: Mapped[str]
    published_at: Mapped[Stamp]


class PublishedFile(Table):
    """One file of a publication: `sequences/…` or `email_templates/…`, with forward slashes."""

    __tablename__ = "published_file"

    publication_id: Mapped[int] = mapped_column(ForeignKey("publication.id", ondelete="CASCADE"), primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(ForeignKey("blob.digest"))


class Link(Table):
    """A click's destination. Tokens carry its id, so no address to go to ever stands in a tracked link."""

    __tablename__ = "link"
    __table_args__ = (UniqueConstraint("url"),)

    id: Mapped[Id]
    url: Mapped[str]


def newest_id(session: Session) -> int | None:
    """The id of the publication in force."""
    return session.scalar(select(Publication.id).order_by(Publication.id.desc()).limit(1))


def is_in_force(session: Session, publication_id: int) -> bool:
    """Whether nothing newer was published. Whoever misses in a publication what a row names asks this before they take
    it for removed: the row may come from a process that knew of a newer one first."""
    return newest_id(session) == publication_id


def read_files(session: Session, publication_id: int) -> dict[str, bytes]:
    """All files of a publication, by path."""
    rows = session.execute(
        select(PublishedFile.path, Blob.content)
        .join(Blob, Blob.digest == PublishedFile.digest)
        .where(PublishedFile.publication_id == publication_id)
        .order_by(PublishedFile.path)
    )
    return dict(rows.all())


def read_links(session: Session) -> dict[str, int]:
    """The ids of all stored destinations."""
    return dict(session.execute(select(Link.url, Link.id)).all())


def read_file(session: Session, publication_id: int, path: str) -> tuple[str, bytes] | None:
    """The digest and content of one file of a publication."""
    return session.execute(
        select(Blob.digest, Blob.content)
        .join(PublishedFile, PublishedFile.digest == Blob.digest)
        .where(PublishedFile.publication_id == publication_id, PublishedFile.path == path)
    ).first()


def read_picture(session: Session, digest: str, name: str) -> bytes | None:
    """The content that was ever published under this digest in a file of this name."""
    return session.scalar(
        select(Blob.content)
        .join(PublishedFile, PublishedFile.digest == Blob.digest)
        .where(Blob.digest == digest, PublishedFile.path.endswith(f"/{name}", autoescape=True))
        .limit(1)
    )
