"""The composition root: settings become an engine, a Redis client, signers, the publication in force, a provider."""

from __future__ import annotations

import pkgutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

import structlog
from redis import Redis
from sqlalchemy.orm import Session, sessionmaker

from service import fault
from service.bell import RedisBell
from service.domain.mark import Marks
from service.domain.sender_check import Sending, is_surely_unaligned
from service.domain.sequence.library import read_library
from service.domain.token import Signer
from service.ports import Caller, Doorbell, Pacer, Provider, Published, Receiver
from service.providers import open_pacer, open_provider, open_receiver, refuse_faults
from service.providers.proof import by_name
from service.rendering.address import mailbox
from service.rendering.compiled import Compiled
from service.rendering.renderer import StepRenderer
from service.settings import Settings
from service.store.engine import open_engine
from service.store.publication import newest_id, read_files, read_links
from service.store.secret import signing_keys, suppression_key

if TYPE_CHECKING:
    from service.rendering.signature import Dkim

log = structlog.get_logger()

INBOUND = "inbound"  # the name under which mail that comes in is kept, as a provider's webhooks are
LOOK_AGAIN = 1.0  # seconds for which a process trusts that nothing newer was published


class NothingPublished(Exception):  # noqa: N818 (what it says)
    """There is no publication yet; `everafter publish` makes the first."""


class Runtime:
    """One process's parts, each made when it is first asked for. Nothing here is shared between processes."""

    def __init__(self, settings: Settings) -> None:
        """Raises SettingsError for what the services that the settings name can't work with."""
        self.settings = settings
        refuse_faults(settings)
        fault.obey(settings.fault_orders)
        self.engine = open_engine(settings.database_url)
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        self._published: Published | None = None
        self._compiled: Compiled | None = None
        self._looked = 0.0
        self._looking = threading.Lock()
        self._receivers: dict[str, tuple[Receiver, Mapping[str, Sequence[str]]]] = {}

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

    def receiver(self, provider: str) -> tuple[Receiver, Mapping[str, Sequence[str]]] | None:
        """What understands a provider's webhooks, and the secrets that prove them, by account; see `open_receiver`."""
        if provider not in self._receivers:
            opened = self._inbound() if provider == INBOUND else open_receiver(provider, self.settings)
            if opened is None:
                return None
            self._receivers[provider] = opened
        return self._receivers[provider]

    def _inbound(self) -> tuple[Receiver, Mapping[str, Sequence[str]]]:
        """What understands mail that comes in; without a secret it comes by `everafter receive` alone.

        By name: reading forms is 11 MB of each process, and few workers ever meet one.
        """
        make: Callable[[Marks], Receiver] = pkgutil.resolve_name("service.providers.inbound:InboundMail")
        return make(self.marks), by_name(self.settings.inbound_webhook_secret)

    @cached_property
    def marks(self) -> Marks:
        """What proves that mail which comes in is about ours."""
        return Marks(self.settings.bounce_address, self.signer)

    @cached_property
    def caller(self) -> Caller:
        """Who calls other services. By name: HTTP is 5 MB of each process, and many never call anybody."""
        make: type[Caller] = pkgutil.resolve_name("service.providers.webhook:WebhookCaller")
        return make()

    def visit(self, url: str) -> bytes:
        """What is at an address that was looked over before. Raises NotNow."""
        get: Callable[[str], bytes] = pkgutil.resolve_name("service.providers.visit:visit")
        return get(url)

    @cached_property
    def bell(self) -> Doorbell:
        return RedisBell(self.redis, self.settings.worker_processes)

    @cached_property
    def renderer(self) -> StepRenderer:
        marks = self.marks if self.settings.bounce_address else None
        return StepRenderer(self.signer, self.settings.base_url, self._compiled_as, open_dkim(self.settings), marks)

    def published(self) -> Published:
        """The publication in force, looked for at most once a second. Raises NothingPublished.

        One thread looks, and those who come meanwhile go on with what was in force: all of them at once would each
        want a database connection of their own. Only who knows of no publication at all waits.
        """
        known = self._published
        if known is not None and time.monotonic() - self._looked <= LOOK_AGAIN:
            return known
        if self._looking.acquire(blocking=known is None):
            try:
                known = self._look()
            finally:
                self._looking.release()
        assert known is not None
        return known

    def _look(self) -> Published:
        with self.session() as session:
            newest = newest_id(session)
            if newest is None:
                raise NothingPublished("Nothing is published yet; run `everafter publish`.")
            if self._published is None or self._published.id != newest:
                self._compiled = self._read(session, newest)
                self._published = Published(newest, self._compiled.library)
                self._warn_if_unaligned(self._published)
        self._looked = time.monotonic()
        return self._published

    def _warn_if_unaligned(self, published: Published) -> None:
        """Say in the log what Gmail and Outlook.com would say of each mail."""
        domain = mailbox(published.library.business.sender).domain
        returns_to = self.settings.bounce_address.rpartition("@")[2] or domain
        sending = Sending(domain, returns_to, self.settings.dkim_domain)
        if self.settings.provider == "smtp" and is_surely_unaligned(sending):
            log.warning("mail.unaligned", sender=domain, signs_as=sending.signs_as, returns_to=returns_to)

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


def open_dkim(settings: Settings) -> Dkim | None:
    """What signs our mail, where the settings give a key. Raises ValueError where it can't sign.

    By name: OpenSSL is 7 MB of each process, and most mail is signed by the server that it goes through.
    """
    if not settings.dkim_key:
        return None
    make: type[Dkim] = pkgutil.resolve_name("service.rendering.signature:Dkim")
    return make(settings.dkim_domain, settings.dkim_selector, settings.dkim_key)
