"""`business.yaml`: one business, its people, its words and its limits."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from service.domain.sequence import declared
from service.domain.sequence.consent import CONSENT, read_consent
from service.domain.sequence.draft import Draft
from service.domain.sequence.findings import Fault, Findings
from service.domain.sequence.forms import read_forms
from service.domain.sequence.keys import Keys
from service.domain.sequence.magnets import read_magnets
from service.domain.sequence.manuscript import Manuscript, decode
from service.domain.sequence.model.business import Business
from service.domain.sequence.pacing import PACING, read_pacing
from service.domain.sequence.referral import KEYS as REFERRAL
from service.domain.sequence.referral import read_referral
from service.domain.sequence.retention import RETENTION, read_retention
from service.domain.sequence.sender import read_email, read_sender
from service.domain.sequence.throttle import THROTTLE, read_throttle
from service.domain.sequence.times import read_day, read_window
from service.domain.sequence.yaml_tree import read_yaml
from service.domain.window import Window

KEYS = (
    "name",
    "from",
    "address",
    "phone",
    "time zone",
    "currency",
    "languages",
    "window",
    "closed",
    "people",
    "topics",
    "links",
    "fields",
    "events",
    "calendar",
    "segments",
    "rhythm",
    "forms",
    "magnets",
    "coupons",
    "webhooks",
    "throttle",
    "pacing",
    "consent",
    "referral",
    "retention",
)

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][A-Za-z]{1,3})?")
_CURRENCY = re.compile(r"[A-Z]{3}")


def read_business(path: str, data: bytes, draft: Draft, findings: Findings) -> Business | None:
    """The business that the file describes; None where it is no mapping. Words to look up go to the draft."""
    text = decode(path, data, findings)
    if text is None:
        return None
    manuscript = Manuscript(path, text)
    table = read_yaml(manuscript, 0, len(text), findings)
    if table is None:
        return None
    keys = Keys(table, findings, "business.yaml", KEYS)
    _required(keys)
    languages = keys.readings("languages", read_language) or ("en",)
    consent = read_consent(keys.table("consent", CONSENT))
    return Business(
        name=keys.text("name"),
        sender=keys.read("from", read_sender) or "",
        address=keys.text("address"),
        zone=keys.read("time zone", read_zone) or "UTC",
        phone=keys.text("phone"),
        currency=keys.read("currency", read_currency) or "EUR",
        languages=languages,
        window=keys.read("window", read_window) or Window.any(),
        closed=keys.readings("closed", read_day),
        people=declared.named(keys.table("people"), read_email),
        topics=declared.read_topics(keys.table("topics"), languages, consent),
        links=declared.read_links(keys.table("links")),
        fields=declared.read_fields(keys.table("fields")),
        events=declared.read_events(keys.table("events")),
        calendar=declared.read_calendar(keys.table("calendar")),
        segments=declared.read_segments(keys.table("segments"), draft),
        rhythm=declared.read_rhythm(keys.table("rhythm"), draft),
        forms=read_forms(keys.table("forms"), draft),
        magnets=read_magnets(keys.table("magnets"), draft),
        coupons=declared.read_coupons(keys.table("coupons")),
        webhooks=declared.read_webhooks(keys.table("webhooks")),
        throttle=read_throttle(keys.table("throttle", THROTTLE)),
        consent=consent,
        pacing=read_pacing(keys.table("pacing", PACING)),
        referral=read_referral(keys.table("referral", REFERRAL), draft) if "referral" in keys else None,
        retention=read_retention(keys.table("retention", RETENTION)),
    )


def _required(keys: Keys) -> None:
    keys.missing("name", "write the business's name, like `name: Glow Studio`")
    keys.missing("from", "write who sends, like `from: Mia at Glow Studio <mia@glow.example>`")
    keys.missing("address", "every mail has to carry the postal address, like `address: Lindenweg 4, 10969 Berlin`")
    keys.missing("time zone", "write it like `time zone: Europe/Berlin`")


def read_zone(text: str) -> str:
    """A time zone by its IANA name. Raises Fault `unknown-zone`."""
    try:
        return ZoneInfo(text.strip()).key
    except (LookupError, ValueError, OSError):  # a folder of zones, like `Europe`, is an OSError
        message = f"There is no time zone `{text[:60]}`."
        raise Fault("unknown-zone", message, "write continent and city, like `Europe/Berlin`") from None


def read_currency(text: str) -> str:
    """An ISO 4217 code. Raises Fault `bad-currency`."""
    if not _CURRENCY.fullmatch(text.strip()):
        raise Fault("bad-currency", f"`{text[:60]}` is no currency.", "write its three letters, like `EUR` or `CHF`")
    return text.strip()


def read_language(text: str) -> str:
    """A language as in `de` or `pt-BR` (BCP 47). Raises Fault `bad-language`."""
    if not _LANGUAGE.fullmatch(text.strip()):
        raise Fault("bad-language", f"`{text[:60]}` is no language.", "write its two letters, like `en` or `de`")
    return text.strip()
