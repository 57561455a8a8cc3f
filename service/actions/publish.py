"""Make what is written in git the publication in force: an immutable tree of files."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from service.domain.rollout import work_of
from service.domain.sequence.diff import compare
from service.domain.sequence.library import read_library
from service.domain.sequence.model.library import Library
from service.store.publication import Blob, Link, Publication, PublishedFile, newest_id, read_files
from service.store.rollout import pending_work, replace_work

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


def publish(session: Session, edition: Edition, reopen: Collection[str] = ()) -> Publishing:
    """Publish an edition that was checked; the same one again changes nothing. The caller commits.

    The commit puts it in force for everybody, and says what is still to be done to the people who are here, which
    `service.actions.roll_out` does in batches. `reopen` are keys of sequences whose finished people go on.
    """
    session.execute(select(func.pg_advisory_xact_lock(PUBLISHING)))
    newest = newest_id(session)
    is_new = newest is None or session.get_one(Publication, newest).digest != edition.digest
    old = _library(read_files(session, newest)) if newest is not None and (is_new or reopen) else None
    published = _keep(session, edition) if newest is None or is_new else newest
    if newest is not None and (is_new or reopen):
        _note_work(session, published, old, edition, reopen)
    return Publishing(published, is_new)


def _library(files: Mapping[str, bytes]) -> Library | None:
    return read_library(files)[0]


def _note_work(
    session: Session, publication_id: int, old: Library | None, edition: Edition, reopen: Collection[str]
) -> None:
    new = _library(edition.files)
    if new is None:
        return  # refused by whoever checked; an edition of tests may hold no more than a form
    change = compare(old or Library(new.business, ()), new)
    work = work_of(change, old, new, reopen, pending_work(session))
    replace_work(session, publication_id, [each.key for each in change.sequences], work)


def _keep(session: Session, edition: Edition) -> int:
    """Store the tree; its id."""
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
    return publication.id


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal: the name of a content."""
    return hashlib.sha256(content).hexdigest()
