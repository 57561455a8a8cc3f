"""Make what is written in git the publication in force: an immutable tree of files."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.store.publication import Blob, Link, Publication, PublishedFile, newest_id

PUBLISHING = 0x45564552  # the advisory lock's number: two hosts publish one after the other


@dataclass(frozen=True, slots=True)
class Edition:
    """What is to be published: files by path, and the targets of all tracked links in their mails."""

    files: Mapping[str, bytes]
    targets: Collection[str]

    @property
    def digest(self) -> str:
        """The name of the whole tree, as of a commit."""
        return digest("\n".join(f"{path} {digest(self.files[path])}" for path in sorted(self.files)).encode())


@dataclass(frozen=True, slots=True)
class Publishing:
    """What publishing did: the id in force, and whether it is new."""

    publication_id: int
    is_new: bool


def publish(session: Session, edition: Edition) -> Publishing:
    """Publish an edition that was checked; the same one again changes nothing. The caller commits.

    People inside follow the newest version at their next step.
    """
    session.execute(select(func.pg_advisory_xact_lock(PUBLISHING)))
    newest = newest_id(session)
    if newest is not None and session.get_one(Publication, newest).digest == edition.digest:
        return Publishing(newest, is_new=False)
    blobs = {digest(content): content for content in edition.files.values()}
    rows = [{"digest": name, "content": content} for name, content in sorted(blobs.items())]
    session.execute(insert(Blob).on_conflict_do_nothing(), rows)
    if edition.targets:
        targets = [{"url": url} for url in sorted(edition.targets)]
        session.execute(insert(Link).on_conflict_do_nothing(), targets)
    publication = Publication(digest=edition.digest)
    session.add(publication)
    session.flush()
    tree = [
        {"publication_id": publication.id, "path": path, "digest": digest(edition.files[path])}
        for path in edition.files
    ]
    session.execute(insert(PublishedFile), tree)
    return Publishing(publication.id, is_new=True)


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal: the name of a content."""
    return hashlib.sha256(content).hexdigest()
