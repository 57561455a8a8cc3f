"""Whether the service that mail goes through knows us: asked by a request that changes nothing, and sends nothing."""

from __future__ import annotations

import smtplib
from dataclasses import dataclass
from enum import StrEnum

from service.ports import NotUnderstood, TryLater
from service.providers import open_service
from service.providers.line import Line, Lost, NotReached, Patience
from service.providers.service import Answer, Service
from service.providers.smtp_session import Session, read_url
from service.settings import Settings

SHORT = Patience(connect=3.0, silence=5.0, deadline=8.0)  # somebody waits for it


class Standing(StrEnum):
    KNOWN = "known"
    REFUSED = "refused"  # the keys are wrong, or the account may not send
    UNREACHED = "unreached"  # nobody could say


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it: `words` are the other side's, or say what is remarkable. `keys` are the settings it is about."""

    name: str
    standing: Standing
    words: str = ""
    keys: tuple[str, ...] = ()


def try_keys(settings: Settings, patience: Patience = SHORT) -> Trial | None:
    """Ask the service that the settings name; None where mail goes nowhere. Raises SettingsError.

    Bounded by `patience`, or over SMTP by the time that a session may take to be opened.
    """
    service = open_service(settings)
    if service is not None:
        return _over_http(service, patience)
    return _over_smtp(settings.smtp_url) if settings.provider == "smtp" else None


def _over_http(service: Service, patience: Patience) -> Trial:
    keys, line = tuple(service.must_have().values()), Line(patience)
    try:
        standing, words = _understood(service, line.make(service.trial()))
    except (Lost, NotReached, NotUnderstood, TryLater) as why:
        standing, words = Standing.UNREACHED, str(why)
    finally:
        line.close()
    return Trial(service.name, standing, words, keys)


def _understood(service: Service, answer: Answer) -> tuple[Standing, str]:
    if service.is_known(answer):
        return Standing.KNOWN, service.remark(answer)
    said = f"it answered {answer.status}: {answer.words}"
    is_ours = service.is_about_us(answer) or 200 <= answer.status < 300  # known, and good for other things than mail
    return Standing.REFUSED if is_ours else Standing.UNREACHED, said


def _over_smtp(url: str) -> Trial:
    host, keys = read_url(url).host, ("SMTP_URL",)
    try:
        Session(read_url(url)).quit()
    except smtplib.SMTPAuthenticationError as error:
        return Trial(host, Standing.REFUSED, _said(error.smtp_code, error.smtp_error), keys)
    except smtplib.SMTPResponseException as error:
        return Trial(host, Standing.UNREACHED, _said(error.smtp_code, error.smtp_error), keys)
    except (OSError, smtplib.SMTPException) as error:
        return Trial(host, Standing.UNREACHED, f"{type(error).__name__}: {error}"[:200], keys)
    return Trial(host, Standing.KNOWN, keys=keys)


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {' '.join(text.split())}"[:200]
