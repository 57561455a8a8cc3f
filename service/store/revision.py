"""Whether the database is as far as this version needs it."""

from __future__ import annotations

from functools import lru_cache

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from service.settings import ROOT


class Unready(Exception):  # noqa: N818 (what it says)
    """Something that a process needs is not there; the message says what to do."""


def refuse_older(connection: Connection) -> None:
    """Raises Unready where a migration is missing. A revision that we don't know is that of a newer version, which is
    being rolled out and serves us as well."""
    if connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        raise Unready("The database is empty; run `everafter migrate`.")
    here = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if here in _older():
        raise Unready(f"The database is at {here}; run `everafter migrate`.")


@lru_cache(maxsize=1)
def _older() -> frozenset[str | None]:
    """The revisions before the one that this version needs, and none at all."""
    scripts = ScriptDirectory.from_config(Config(toml_file=ROOT / "pyproject.toml"))
    known = {script.revision for script in scripts.walk_revisions()}
    return frozenset(known - set(scripts.get_heads())) | {None}
