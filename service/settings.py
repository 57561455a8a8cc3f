"""The only reader of the environment (and of `.env`). Faults are listed all at once, with the name to set."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
# As much of the grammar of `limits` as people write; importing the library would cost every command half a second.
ONE_LIMIT = r"\s*[1-9]\d{0,6}\s*/\s*(\d{1,4}\s*)?(second|minute|hour|day)s?\s*"
LIMITS = re.compile(rf"\s*off\s*|{ONE_LIMIT}([;,]{ONE_LIMIT})*", re.IGNORECASE)

# Behind it goes a + and what names the delivery, 64 characters in all (RFC 5321 §4.5.3.1.1).
BOUNCES = re.compile(r"[A-Za-z0-9._-]{1,22}@[A-Za-z0-9.-]{1,253}")

LEAST_KEPT = 730  # days
MAIL_SERVERS = ("mailbox", "smtp")  # as MAIL_PROVIDER; all others are services over HTTP


class SettingsError(Exception):
    """Settings that cannot be used; the message lists every fault, one a line, each with the name to set."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("The settings can't be used:\n" + "\n".join(f"  {fault}" for fault in faults))
        self.faults = tuple(faults)


READ = SettingsConfigDict(
    env_file=".env",
    extra="ignore",
    frozen=True,
    hide_input_in_errors=True,
    env_ignore_empty=True,
    str_strip_whitespace=True,  # a key that was read from a file ends with a line end
)


class Account(BaseSettings):
    """The settings of one service beside the settings of all; each service declares its own (`service.providers`)."""

    model_config = READ


AnyAccount = TypeVar("AnyAccount", bound=Account)


class Settings(BaseSettings):
    """One process's settings; docs/deployment.md explains each."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True)

    home: Path = Field(default=Path(".everafter"), validation_alias="EVERAFTER_HOME")
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    redis_url: str = Field(default="", validation_alias="REDIS_URL")
    secret_keys: Annotated[tuple[str, ...], NoDecode] = Field(default=(), validation_alias="SECRET_KEYS", repr=False)
    base_url: str = Field(default="http://127.0.0.1:8000", validation_alias="BASE_URL")
    sequences: Annotated[tuple[Path, ...], NoDecode] = Field(
        default=(ROOT / "sequences",), validation_alias="EVERAFTER_SEQUENCES"
    )
    templates: Path = Field(default=ROOT / "email_templates", validation_alias="EVERAFTER_TEMPLATES")
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        default=(), validation_alias="TRUSTED_PROXIES"
    )
    handoff_group: int = Field(default=25, ge=1, le=100, validation_alias="HANDOFF_GROUP")
    provider: str = Field(default="mailbox", validation_alias="MAIL_PROVIDER")  # `service.providers` knows their names
    smtp_url: str = Field(default="", validation_alias="SMTP_URL", repr=False)
    smtp_sessions: int = Field(default=5, ge=1, le=50, validation_alias="SMTP_SESSIONS")
    dkim_domain: str = Field(default="", validation_alias="DKIM_DOMAIN")
    dkim_selector: str = Field(default="", validation_alias="DKIM_SELECTOR")
    dkim_key: str = Field(default="", validation_alias="DKIM_KEY", repr=False)
    bounce_address: str = Field(default="", validation_alias="BOUNCE_ADDRESS")
    inbound_webhook_secret: str = Field(default="", validation_alias="INBOUND_WEBHOOK_SECRET", repr=False)
    form_limits: str = Field(default="30/minute; 200/hour", validation_alias="FORM_LIMITS")
    form_limits_of_all: str = Field(default="10000/hour", validation_alias="FORM_LIMITS_OF_ALL")
    keep_hits: int = Field(default=750, ge=40, validation_alias="KEEP_HITS")
    keep_decisions: int = Field(default=180, ge=40, validation_alias="KEEP_DECISIONS")
    keep_notices: int = Field(default=40, ge=7, validation_alias="KEEP_NOTICES")
    keep_deliveries: int = Field(default=0, ge=0, validation_alias="KEEP_DELIVERIES")
    speed: float = Field(default=1.0, gt=0, le=1_000_000, validation_alias="EVERAFTER_SPEED")
    worker_processes: int = Field(default=1, ge=1, le=64, validation_alias="WORKERS")
    web_processes: int = Field(default=1, ge=1, le=64, validation_alias="WEB_PROCESSES")
    fault_orders: Path | None = Field(default=None, validation_alias="EVERAFTER_FAULT_ORDERS")

    _given: Mapping[str, str] = PrivateAttr(default_factory=dict)

    @property
    def given(self) -> Mapping[str, str]:
        """What stands above the environment, by the names to set."""
        return self._given

    def account(self, kind: type[AnyAccount]) -> AnyAccount:
        """The settings of one service, from where these came. Raises SettingsError."""
        try:
            return kind(**self._given)  # type: ignore[arg-type]  # pydantic reads the strings
        except ValidationError as error:
            raise SettingsError(_faults(error)) from None

    @field_validator("secret_keys", "trusted_proxies", mode="before")
    @classmethod
    def _by_comma(cls, value: object) -> object:
        return _split(value)

    @field_validator("sequences", mode="before")
    @classmethod
    def _folders(cls, value: object) -> object:
        return _split(value)

    @field_validator("secret_keys")
    @classmethod
    def _long_enough(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        if any(len(key) < 32 for key in keys):
            raise ValueError("each key needs at least 32 characters; make one with `openssl rand -hex 32`")
        return keys

    @field_validator("bounce_address")
    @classmethod
    def _with_room(cls, address: str) -> str:
        if address and not BOUNCES.fullmatch(address):
            raise ValueError("must be an address like bounces@mail.example.org, at most 22 characters before the @")
        return address

    @field_validator("keep_deliveries")
    @classmethod
    def _as_long_as_remembered(cls, days: int) -> int:
        if 0 < days < LEAST_KEPT:
            raise ValueError(f"must be 0 (for good) or at least {LEAST_KEPT} days: so far back the engine looks")
        return days

    @field_validator("form_limits", "form_limits_of_all")
    @classmethod
    def _countable(cls, written: str) -> str:
        if not LIMITS.fullmatch(written):
            raise ValueError("must look like `30/minute; 200/hour`, or be `off`")
        return written

    @field_validator("base_url")
    @classmethod
    def _https_elsewhere(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("must be an address like https://mail.example.org")
        if parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ValueError("must be https: mail clients and Gmail's one-click unsubscribe refuse anything else")
        return url.rstrip("/")

    @field_validator("smtp_url")
    @classmethod
    def _mail_server(cls, url: str) -> str:
        parts = urlsplit(url)
        if url and (parts.scheme not in {"smtp", "smtps"} or not parts.hostname):
            raise ValueError("must look like smtp://user:password@mail.example.org:587, or smtps://… with implicit TLS")
        return url

    @field_validator("database_url")
    @classmethod
    def _psycopg(cls, url: str) -> str:
        """Say the driver out loud, and take the spelling that hosting services hand out."""
        for prefix in ("postgres://", "postgresql://"):
            if url.startswith(prefix):
                return "postgresql+psycopg://" + url.removeprefix(prefix)
        if url and not url.startswith("postgresql+psycopg://"):
            raise ValueError("must begin with postgresql://; Everafter runs on PostgreSQL only")
        return url

    @model_validator(mode="after")
    def _whole(self) -> Settings:
        if self.provider == "smtp" and not self.smtp_url:
            raise ValueError("MAIL_PROVIDER=smtp needs SMTP_URL, like smtp://user:password@mail.example.org:587")
        if any((self.dkim_domain, self.dkim_selector, self.dkim_key)) and not all(
            (self.dkim_domain, self.dkim_selector, self.dkim_key)
        ):
            raise ValueError("DKIM_DOMAIN, DKIM_SELECTOR and DKIM_KEY belong together; set all three or none")
        if self.fault_orders and urlsplit(self.base_url).hostname not in LOOPBACK:
            raise ValueError("EVERAFTER_FAULT_ORDERS lets processes be held and killed: for tests on this machine only")
        return self


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def read_settings(given: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process; `given` (by the names to set) stands above the environment.

    Raises SettingsError.
    """
    try:
        settings = Settings(**(given or {}))  # type: ignore[arg-type]  # pydantic reads the strings
    except ValidationError as error:
        raise SettingsError(_faults(error)) from None
    settings._given = dict(given or {})
    return settings


def _faults(error: ValidationError) -> list[str]:
    return [f"{'.'.join(map(str, fault['loc'])) or 'settings'}: {fault['msg']}" for fault in error.errors()]
