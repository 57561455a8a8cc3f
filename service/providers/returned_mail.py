"""Mail that comes in, understood: a bounce, a complaint, an answer by a machine, or a person who writes back.

Delivery status notifications are RFC 3464, feedback reports RFC 5965. Nothing of what a mail says of itself is proof:
it counts as a bounce or complaint where it came back to an address we signed, or holds a link we signed; or else, for
whoever a mail went to, where it returns that mail's Message-ID, which is told as a claim (`Feedback.is_claimed`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses
from itertools import islice

from service.domain.feedback import WORDS, Bounce, Feedback, What, bounce_of
from service.domain.mark import Marks

CAME_TO = ("x-original-to", "delivered-to", "envelope-to", "x-envelope-to", "x-failed-recipients-to", "to", "cc")
RETURNED = frozenset({"message/rfc822", "text/rfc822-headers"})
LONGEST = 20_000  # characters of a plain bounce that are looked through
# Python's parser asks for each line whether it ends any of the parts that it is in. Nobody's bounce is cut by these.
LINES, DEEP = 20_000, 40
BOUNDARY = re.compile(rb"boundary\s*=", re.IGNORECASE)
QUOTED = 200_000  # characters of an answer that are looked through for the mail it quotes
# Who speaks for a mail server; RFC 5321 §4.5.5 wants the empty return path, which not everybody passes on.
DAEMONS = re.compile(r"(mailer-daemon|postmaster|mail-daemon|mdaemon|maildelivery|no-?reply.*bounce)", re.IGNORECASE)
# RFC 3834 §5, and what servers say that don't know it.
AUTOMATIC = re.compile(
    r"^(auto(matic|mated)?[ -]?(reply|response|antwort)|out of (the )?office|abwesen|réponse automatique|"
    r"respuesta automática|risposta automatica|automatisch antwoord)",
    re.IGNORECASE,
)
COMPLAINTS = frozenset({"abuse", "fraud", "virus", "other"})  # RFC 5965 §7.3; `opt-out` and `not-spam` are none
_ID = re.compile(r"<([^<>\s]{3,250})>")
_STATUS = re.compile(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])|(?<!\d)[45]\d\d(?!\d)")


def understand(raw: bytes, at: datetime, marks: Marks, came_to: Sequence[str] = ()) -> list[Feedback]:
    """What a mail tells; nothing where it is a machine's answer, or a bounce that nobody can prove.

    `came_to`: the envelope's recipients, as far as the mail server passed them on. Bounded in time, whoever wrote it.
    """
    mail = message_from_bytes(_bounded(raw))
    try:
        return _understood(mail, _key(mail, raw), at, marks, came_to)
    except RecursionError:  # brackets in brackets in brackets: no mail server writes such
        return []


def _bounded(raw: bytes) -> bytes:
    """The beginning, as far as it is read in time."""
    lines = raw.split(b"\n", LINES)
    cut = b"\n".join(lines[:LINES]) if len(lines) > LINES else raw
    deeper = next(islice(BOUNDARY.finditer(cut), DEEP, None), None)
    return cut[: deeper.start()] if deeper else cut


def _understood(mail: Message, key: str, at: datetime, marks: Marks, came_to: Sequence[str]) -> list[Feedback]:
    kind = str(mail.get_param("report-type") or "").lower() if mail.get_content_type() == "multipart/report" else ""
    if kind == "feedback-report" or _part(mail, "message/feedback-report") is not None:
        return _complaint(mail, key, at, _proven(mail, marks, came_to))
    if kind == "delivery-status" or _part(mail, "message/delivery-status") is not None:
        return _notification(mail, key, at, _proven(mail, marks, came_to))
    if DAEMONS.search(_header(mail, "from")):
        return _plain_bounce(mail, key, at, _by_address(mail, marks, came_to))
    if _is_automatic(mail):
        return []
    if _header(mail, "return-path").strip() == "<>":  # nobody's mail, and it doesn't say that it answers by itself
        return [each for each in _plain_bounce(mail, key, at, _by_address(mail, marks, came_to)) if each.code]
    return _reply(mail, key, at, marks)


def _proven(mail: Message, marks: Marks, came_to: Sequence[str]) -> int | None:
    """The delivery that a report is about: by the address it came to, else by our own link in what it returns."""
    delivery = _by_address(mail, marks, came_to)
    if delivery is not None:
        return delivery
    returned = (
        str(part) for part in mail.walk() if part.get_content_type() in {"message/rfc822", "text/rfc822-headers"}
    )
    return next((found for text in returned if (found := marks.by_link(_unfolded(text))) is not None), None)


def _by_address(mail: Message, marks: Marks, came_to: Sequence[str]) -> int | None:
    headers = [str(value) for name in CAME_TO for value in mail.get_all(name, [])]
    addresses = [*came_to, *(address for _, address in getaddresses(headers))]
    return next((found for each in addresses if (found := marks.by_address(each)) is not None), None)


def _complaint(mail: Message, key: str, at: datetime, delivery: int | None) -> list[Feedback]:
    report = _part(mail, "message/feedback-report")
    fields = _fields(report) if report is not None else {}
    kind = fields.get("feedback-type", "abuse").strip().lower()
    if kind == "not-spam":
        return []
    what = What.UNSUBSCRIBED if kind.startswith("opt-out") else What.COMPLAINED if kind in COMPLAINTS else What.OTHER
    words = f"{kind}, reported by {fields.get('user-agent', 'a mailbox provider')}"
    return _told(Feedback(what, key, at, delivery, words=words[:WORDS], is_marked=True), mail)


def _notification(mail: Message, key: str, at: datetime, delivery: int | None) -> list[Feedback]:
    report = _part(mail, "message/delivery-status")
    blocks = _blocks(report) if report is not None else ()
    told = [_of_recipient(each, key, at, delivery) for each in blocks if "action" in each]
    # One recipient a mail: whoever else is named is a relay's.
    return next((_told(each, mail) for each in told if each is not None), [])


def _told(feedback: Feedback, report: Message) -> list[Feedback]:
    """What a report tells: as it is where a delivery is proven, else as a claim about the mail that it returns."""
    if feedback.delivery_id is not None:
        return [feedback]
    returned = next((each for each in map(_returned, report.walk()) if each is not None), None)
    named = _ID.findall(_header(returned, "message-id")) if returned is not None else []
    if returned is None or not named:
        return []
    recipient = next((address for _, address in getaddresses([_header(returned, "to")])), "")
    return [replace(feedback, message_id=named[0], recipient=recipient, is_marked=False, is_claimed=True)]


def _returned(part: Message) -> Message | None:
    """The mail, or its head, that a part of a report gives back."""
    inside = part.get_payload()
    if part.get_content_type() == "message/rfc822" and isinstance(inside, list) and isinstance(inside[0], Message):
        return inside[0]
    head = part.get_payload(decode=True) if part.get_content_type() == "text/rfc822-headers" else None
    return message_from_bytes(head) if isinstance(head, bytes) else None


def _of_recipient(fields: dict[str, str], key: str, at: datetime, delivery: int | None) -> Feedback | None:
    action = fields["action"].split()[0].lower() if fields["action"].split() else ""
    status, words = fields.get("status", ""), fields.get("diagnostic-code", "")
    what = {"failed": What.BOUNCED, "delayed": What.DEFERRED, "delivered": What.DELIVERED}.get(action)
    if what is None:
        return None
    found = _STATUS.search(status)
    code = found[0] if found else ""
    bounce = bounce_of(_plainest(code, words), words) if what is What.BOUNCED else None
    recipient = fields.get("final-recipient", "").partition(";")[2].strip()
    said = words[:WORDS]
    return Feedback(what, key, at, delivery, recipient=recipient, bounce=bounce, code=code, words=said, is_marked=True)


def _plainest(code: str, words: str) -> str:
    """`5.0.0` says less than the status in the words of the server that refused it."""
    return "" if code.endswith(".0.0") and _STATUS.search(words) else code


def _plain_bounce(mail: Message, key: str, at: datetime, delivery: int | None) -> list[Feedback]:
    """A bounce in no form that anybody agreed on: only the address it came back to says whose it is."""
    if delivery is None:
        return []
    text = _text(mail)[:LONGEST]
    found = _STATUS.search(text)
    code = found[0] if found else ""
    around = text[max(0, found.start() - 80) : found.end() + 200] if found else text[:200]
    bounce = bounce_of(code, text) if found else Bounce.SOFT
    words = " ".join(around.split())[:WORDS]
    return [Feedback(What.BOUNCED, key, at, delivery, bounce=bounce, code=code, words=words, is_marked=True)]


def _reply(mail: Message, key: str, at: datetime, marks: Marks) -> list[Feedback]:
    """A person writes back. Whether to a mail of ours, and whether they are who they say, its Message-ID shows, or our
    own link in what they quote: not every provider tells which Message-ID it gave a mail."""
    sender = next((address for _, address in getaddresses([_header(mail, "from")]) if "@" in address), "")
    answered = _ID.findall(_header(mail, "in-reply-to")) or _ID.findall(_header(mail, "references"))[-1:]
    quoted = marks.by_link(_text(mail)[:QUOTED])
    if not sender or not (answered or quoted):
        return []
    words, named = _header(mail, "subject")[:200], "".join(answered[:1])
    return [Feedback(What.REPLIED, key, at, quoted, named, recipient=sender, words=words, is_claimed=True)]


def _is_automatic(mail: Message) -> bool:
    says = _header(mail, "auto-submitted").strip().lower()
    return (
        bool(says and not says.startswith("no"))
        or _header(mail, "precedence").strip().lower() in {"auto_reply", "bulk", "junk", "list"}
        or any(mail.get(name) is not None for name in ("x-autoreply", "x-autorespond", "list-id"))
        or bool(AUTOMATIC.match(_header(mail, "subject").strip()))
    )


def _key(mail: Message, raw: bytes) -> str:
    """What tells this mail from all others, however often it comes in."""
    own = _ID.findall(_header(mail, "message-id"))
    return own[0] if own else hashlib.sha256(raw).hexdigest()


def _part(mail: Message, kind: str) -> Message | None:
    return next((part for part in mail.walk() if part.get_content_type() == kind), None)


def _blocks(report: Message) -> Iterator[dict[str, str]]:
    """The blocks of fields in a delivery status, by their names in lower case."""
    inside = report.get_payload()
    for part in inside if isinstance(inside, list) else ():
        if isinstance(part, Message):
            yield {name.lower(): _unfolded(str(value)) for name, value in part.items()}


def _fields(report: Message) -> dict[str, str]:
    inside = report.get_payload()
    if isinstance(inside, list):
        return next(_blocks(report), {})
    payload = report.get_payload(decode=True)
    block = message_from_bytes(payload if isinstance(payload, bytes) else b"")
    return {name.lower(): _unfolded(str(value)) for name, value in block.items()}


def _text(mail: Message) -> str:
    """All that is plain text in it."""
    parts = [part for part in mail.walk() if part.get_content_maintype() == "text"]
    texts = [payload for part in parts if isinstance(payload := part.get_payload(decode=True), bytes)]
    return "\n".join(text.decode("utf-8", "replace") for text in texts)


def _header(mail: Message, name: str) -> str:
    value = _unfolded(str(mail.get(name, "")))
    try:
        return str(make_header(decode_header(value)))
    except (LookupError, ValueError):  # an unknown charset, or what is no encoded word after all
        return value


def _unfolded(text: str) -> str:
    return re.sub(r"\r?\n[ \t]+", " ", text)
