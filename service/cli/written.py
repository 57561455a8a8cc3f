"""What is written in the configured folders, as an edition that may be published."""

from __future__ import annotations

from service.actions.publish import Edition
from service.cli.folder import find_files, read_files, where_found
from service.domain.sequence.model.library import Library
from service.edition import NotPublishable, read_edition
from service.settings import Settings


def read_written(settings: Settings) -> tuple[Edition, Library]:
    """The edition, and what it says. Raises NotPublishable, which names each file by its place on this machine."""
    found = find_files(settings.sequences, settings.templates)
    try:
        return read_edition(read_files(found))
    except NotPublishable as error:
        raise NotPublishable(where_found(error.problems, found)) from None
