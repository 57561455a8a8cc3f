"""A provider and the other side of it: a server on this machine that speaks its dialect, SMTP or that of its API."""

from __future__ import annotations

import pkgutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default

from service.ports import Message, Outcome
from service.providers import SERVICES, open_service
from service.providers.http import HttpProvider
from service.providers.line import Patience
from service.providers.smtp import Smtp
from service.settings import Settings, read_settings
from tests.providers.dialects import Dialect, Taken
from tests.providers.dialects.mime import taken_whole
from tests.providers.http_server import Api, Fault, serving
from tests.providers.smtp_server import CUT, Script
from tests.providers.smtp_server import serving as running

CALM = Patience(pause=0.01)  # on a busy machine even the right answer may take a second
HASTE = Patience(deadline=2.0, pause=0.01)
SOON = 60.0  # seconds until which a mail may begin to leave


@dataclass
class Bench:
    """A provider, and the other side of it."""

    dialect: Dialect
    api: Api
    provider: HttpProvider

    @property
    def name(self) -> str:
        return self.dialect.name

    @property
    def names_mails(self) -> bool:
        return self.dialect.names_mails

    @property
    def taken(self) -> list[Taken]:
        return self.dialect.taken

    def hurry(self) -> None:
        """Wait for no answer that does not come at once."""
        self.provider.close()
        self.provider = HttpProvider(self.provider._service, HASTE)

    def slow_down(self) -> None:
        self.api.faults.append(self.dialect.slow_down())

    def lose(self) -> None:
        self.api.faults.extend([Fault.CUT] * 5)

    @property
    def honours_keys(self) -> bool:
        return self.provider._service.honours_keys

    @property
    def batch(self) -> int:
        return self.provider._service.batch

    def send(self, mails: list[Message], at_once: int = 0) -> list[Outcome]:
        return self.provider.send(mails, time.monotonic() + SOON, at_once)


@dataclass
class MailServer:
    """The same over SMTP: what any other provider promises about a mail, this one does too."""

    script: Script
    provider: Smtp
    name: str = "smtp"
    names_mails: bool = False  # a mail server's reply says what it likes

    @property
    def taken(self) -> list[Taken]:
        return [as_taken(raw) for raw in self.script.taken]

    def send(self, mails: list[Message]) -> list[Outcome]:
        return self.provider.send(mails, time.monotonic() + SOON)

    def slow_down(self) -> None:
        self.script.replies["rcpt"] = "421 4.7.0 try again later"

    def lose(self) -> None:
        self.script.replies["end"] = CUT


def as_taken(raw: bytes) -> Taken:
    """A mail as its recipient's programme reads it."""
    head = message_from_bytes(raw, policy=default)
    key = head["Message-ID"].strip("<>")
    return taken_whole(raw, head["To"].addresses[0].addr_spec, delivery=str(int(key[:32], 16)), message=key)


def dialect_of(name: str) -> Dialect:
    """The dialect has the name of the class that speaks it."""
    made: Dialect = pkgutil.resolve_name(f"tests.providers.dialects.{name}:{SERVICES[name][0].partition(':')[2]}")()
    return made


def settings_for(dialect: Dialect, url: str, **more: str) -> Settings:
    return read_settings({"MAIL_PROVIDER": dialect.name, **dialect.given, dialect.url: url, **more})


@contextmanager
def opened(name: str) -> Iterator[Bench]:
    dialect = dialect_of(name)
    with serving(dialect) as api:
        service = open_service(settings_for(dialect, api.url))
        assert service is not None
        bench = Bench(dialect, api, HttpProvider(service, CALM))
        yield bench
        bench.provider.close()


@contextmanager
def opened_over_smtp() -> Iterator[MailServer]:
    script = Script(refuse_domain="refused.example", refusal="550 5.1.1 no such user")
    with running(script) as url:
        provider = Smtp(url, sessions=3)
        yield MailServer(script, provider)
        provider.close()
