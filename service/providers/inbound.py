"""Mail that comes in over HTTP: from a provider's inbound route, or from whoever pipes it here.

The mail itself is what counts, as it was received. It comes as `message/rfc822`, in a form's field (`email` from
SendGrid with "send raw", `body-mime` from Mailgun), or in JSON (`RawEmail` from Postmark with raw content). Whatever
is attached to it comes along, and its first megabyte is kept: what tells anything stands in front.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.http import parse_options_header
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from service.domain.feedback import Feedback
from service.domain.mark import Marks
from service.ports import NotUnderstood, Received
from service.providers.proof import basic_password
from service.providers.returned_mail import understand
from service.providers.service import read_json

LARGEST = 40_000_000  # bytes that are posted: Gmail takes mails of 25 MB, which base64 makes a third longer
KEPT = 1_000_000  # bytes of the mail
PARTS = 200  # of a form
MAIL = frozenset({"message/rfc822", "application/octet-stream", "text/plain"})
FIELDS = ("email", "body-mime")
CAME_TO = "x-everafter-recipient"  # what `everafter receive --to` knows of the envelope
FORM = "application/x-www-form-urlencoded"


class InboundMail:
    """Implements `service.ports.Hefty` for mail."""

    name = "inbound"
    largest = LARGEST
    reads = frozenset({"content-type", CAME_TO})

    def __init__(self, marks: Marks) -> None:
        self._marks = marks

    def authenticate(self, received: Received, secrets: Sequence[str]) -> None:
        """`user:password` by HTTP basic authentication, as it was written into the route's address."""
        basic_password(received, secrets)

    def worth_keeping(self, received: Received) -> Received:
        """The beginning of the mail, as a mail server would pass it on. Raises NotUnderstood."""
        head = {name: value for name, value in received.headers.items() if name == CAME_TO}
        return Received({**head, "content-type": "message/rfc822"}, _mail_in(received)[:KEPT], received.at)

    def told(self, received: Received) -> list[Feedback]:
        """What the mail tells; see `service.providers.returned_mail`. Raises NotUnderstood."""
        raw = _mail_in(received)
        if not raw.strip():
            raise NotUnderstood("there is no mail in it")
        came_to = [each.strip() for each in received.headers.get(CAME_TO, "").split(",") if each.strip()]
        return understand(raw, received.at, self._marks, came_to)


def _mail_in(received: Received) -> bytes:
    kind = received.headers.get("content-type", "message/rfc822").partition(";")[0].strip().lower()
    if kind in MAIL:
        return received.body
    if kind == "application/json":
        return _field(read_json(received.body), "RawEmail")
    if kind == FORM:
        found = parse_qs(received.body.decode("utf-8", "surrogateescape"), max_num_fields=PARTS)
        return _first({name: values[0].encode("utf-8", "surrogateescape") for name, values in found.items()})
    if kind == "multipart/form-data":
        return _first(_parts(received))
    raise NotUnderstood(f"mail does not come as {kind or 'nothing'}")


def _field(document: object, name: str) -> bytes:
    value = document.get(name) if isinstance(document, dict) else None
    if not isinstance(value, str):
        raise NotUnderstood(f"its JSON has no {name}; let the provider include the raw mail")
    return value.encode("utf-8", "surrogatepass")


def _first(fields: Mapping[str, bytes]) -> bytes:
    for name in FIELDS:
        if name in fields:
            return fields[name]
    raise NotUnderstood(f"its form has neither of the fields {' and '.join(FIELDS)}; let the provider send raw mail")


def _parts(received: Received) -> dict[str, bytes]:
    """The fields of a form in parts (RFC 7578), as bytes; what is named twice counts once. Raises NotUnderstood."""
    boundary = parse_options_header(received.headers["content-type"])[1].get("boundary", "")
    decoder = MultipartDecoder(boundary.encode("latin-1", "replace"), max_parts=PARTS)
    fields: dict[str, bytes] = {}
    try:
        for piece in (received.body, None):
            decoder.receive_data(piece)
        name = None
        while not isinstance(event := decoder.next_event(), Epilogue | NeedData):
            if isinstance(event, Field | File):
                name = None if event.name in fields else event.name
            elif isinstance(event, Data) and name is not None:
                fields[name] = fields.get(name, b"") + event.data
    except (ValueError, RequestEntityTooLarge):
        raise NotUnderstood("it is no form in parts") from None
    return fields
