"""The composition root: settings become an engine, a Redis client, signers, the publication in force, a provider."""

from __future__ import annotations

import pkgutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

import structlog
from redis import Redis
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session, sessionmaker

from service import fault
from service.bell import RedisBell
from service.domain.sequence.library import read_library
from service.domain.token import Signer
from service.ports import Caller, Doorbell, Pacer, Provider, Published
from service.providers import open_pacer, open_provider
from service.providers.webhook import WebhookCaller
from service.rendering.compiled import Compiled
from service.rendering.renderer import StepRenderer
from service.settings import Settings
from service.store.publication import newest_id, read_files, read_links
from service.store.secret import signing_keys, suppression_key

if TYPE_CHECKING:
    from service.rendering.signature import Dkim

log = structlog.get_logger()

POOL = 5  # connections that a process keeps; as many more it opens when all of them are at work
MOST_CONNECTIONS = 2 * POOL  # of one process
LOOK_AGAIN = 1.0  # seconds for which a process trusts that nothing newer was published


class NothingPublished(Exception):  # noqa: N818 (what it says)
    """There is no publication yet; `everafter publish` makes the first."""


class Runtime:
    """One process's parts, each made when it is first asked for. Nothing here is shared between processes."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        fault.obey(settings.fault_orders)
        self.engine = open_engine(settings.database_url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._published: Published | None = None
        self._compiled: Compiled | None = None
        self._looked = 0.0

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A unit of work: committed at the end of the `with`, rolled back by an exception."""
        with self._sessions.begin() as session:
            yield session

    @cached_property
    def redis(self) -> Redis:
        """A client that gives up fast: Redis is a doorbell, and nothing may wait for it."""
        return Redis.from_url(self.settings.redis_url, socket_timeout=2.0, socket_connect_timeout=1.0)

    @cached_property
    def signer(self) -> Signer:
        with self.session() as session:
            return Signer(signing_keys(session, self.settings.secret_keys))

    @cached_property
    def hash_key(self) -> bytes:
        with self.session() as session:
            return suppression_key(session)

    @cached_property
    def provider(self) -> Provider:
        return open_provider(self.settings)

    @cached_property
    def pacer(self) -> Pacer | None:
        """The pace towards the world; none where mail only goes into the development mailbox."""
        return open_pacer(self.settings, self.redis, self.engine)

    @cached_property
    def caller(self) -> Caller:
        return WebhookCaller()

    @cached_property
    def bell(self) -> Doorbell:
        return RedisBell(self.redis, self.settings.worker_processes)

    @cached_property
    def renderer(self) -> StepRenderer:
        return StepRenderer(self.signer, self.settings.base_url, self._compiled_as, open_dkim(self.settings))

    def published(self) -> Published:
        """The publication in force, looked for at most once a second. Raises NothingPublished."""
        if self._published is None or time.monotonic() - self._looked > LOOK_AGAIN:
            self._look()
        assert self._published is not None
        return self._published

    def _look(self) -> None:
        with self.session() as session:
            newest = newest_id(session)
            if newest is None:
                raise NothingPublished("Nothing is published yet; run `everafter publish`.")
            if self._published is None or self._published.id != newest:
                self._compiled = self._read(session, newest)
                self._published = Published(newest, self._compiled.library)
        self._looked = time.monotonic()

    def _read(self, session: Session, publication_id: int) -> Compiled:
        files = read_files(session, publication_id)
        library, problems = read_library(files)
        if library is None:
            raise NothingPublished(f"Publication {publication_id} can't be read by this version: {problems[0]}")
        return Compiled(library, files, read_links(session))

    def _compiled_as(self, publication_id: int) -> Compiled:
        """A publication as the renderer needs it: the one in force is kept, another is read for the occasion."""
        if self.published().id == publication_id and self._compiled is not None:
            return self._compiled
        with self.session() as session:
            return self._read(session, publication_id)

    def close(self) -> None:
        """Let go of connections."""
        if "bell" in self.__dict__:
            self.bell.close()
        if "provider" in self.__dict__:
            self.provider.close()
        if "redis" in self.__dict__:
            self.redis.close()
        self.engine.dispose()


def open_engine(database_url: str, pool: int = POOL) -> Engine:
    """An engine for PostgreSQL with bounded waits. psycopg's prepared statements are off: they were measured to slow
    our claims down by half, and most poolers can't take them."""
    return create_engine(
        database_url,
        pool_size=pool,
        max_overflow=pool,
        pool_timeout=5,
        pool_pre_ping=True,
        hide_parameters=True,  # an error's text goes to the logs, and a parameter may be a person's name
        connect_args={
            "prepare_threshold": None,
            "connect_timeout": 3,
            # A server behind a cut line is given up after some 20 s, not after TCP's quarter of an hour.
            "keepalives_idle": 5,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,
            "application_name": "everafter",
            "options": "-c statement_timeout=30000 -c lock_timeout=10000 -c idle_in_transaction_session_timeout=60000"
            # A page out of order costs as much as the next one, in memory and on disks that don't turn.
            " -c random_page_cost=1.1",
        },
    )


def open_dkim(settings: Settings) -> Dkim | None:
    """What signs our mail, where the settings give a key. Raises ValueError where it can't sign.

    By name: OpenSSL is 7 MB of each process, and most mail is signed by the server that it goes through.
    """
    if not settings.dkim_key:
        return None
    make: type[Dkim] = pkgutil.resolve_name("service.rendering.signature:Dkim")
    return make(settings.dkim_domain, settings.dkim_selector, settings.dkim_key)
