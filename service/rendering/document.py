"""The two documents of a mail round one body: HTML in its layout, and plain text; both with the footer.

The footer says why the person gets this, the postal address, and how to leave; no author can leave it out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from service.domain.sequence.model.business import Business, Topic
from service.domain.sequence.model.words import Body, Subject, Words
from service.rendering.fault import CompileError
from service.rendering.html import Typesetter
from service.rendering.layout import Layout
from service.rendering.links import OPEN_PIXEL, PREFERENCES, UNSUBSCRIBE, Links
from service.rendering.slots import Slots
from service.rendering.templates import authored, fill, variable
from service.rendering.text import Typewriter, wrapped
from service.rendering.wording import direction, wording

PIXEL = f'<img src="{OPEN_PIXEL}" alt="" width="1" height="1" style="display:block;border:0">'
RULE = "-" * 40


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands round a body, in the language of its words."""

    business: Business
    topic: Topic
    language: str

    @property
    def why(self) -> str:
        title = dict(self.topic.titles).get(self.language, self.topic.name)
        return wording(self.language).why(self.topic.basis, self.business.name, title)


def html_source(
    frame: Frame, written: Words, body: Body, layout: Layout, links: Links, files: Mapping[str, bytes]
) -> str:
    """The template of the HTML part. Raises CompileError."""
    slots = Slots()
    said = wording(frame.language)
    setter = Typesetter(files, written.place, links, slots, layout.styles)
    words = {
        "body": setter.body(body),
        "title": slots.hold(variable("_subject")),
        "preheader": slots.hold(_preheader(written.preview)) if written.preview else "",
        "unsubscribe": slots.hold(UNSUBSCRIBE),
        "preferences": slots.hold(PREFERENCES),
        "language": escape(frame.language),
        "direction": direction(frame.language),
        "start": "right" if direction(frame.language) == "rtl" else "left",
    }
    plain = {
        "business": frame.business.name,
        "address": frame.business.address,
        "phone": frame.business.phone,
        "why": frame.why,
        "unsubscribe_words": said.unsubscribe,
        "preferences_words": said.preferences,
    }
    words |= {name: slots.hold(lines(text)) if text else "" for name, text in plain.items()}
    html = layout.html(words, slots)
    for needed, what in ((UNSUBSCRIBE, "the unsubscribe link"), (lines(frame.business.address), "the postal address")):
        if needed not in html:
            hint = 'keep {% include "partials/footer.mjml" %}'
            raise CompileError(written.place, "no-footer", f"{layout.path} leaves out {what}.", hint)
    return html.replace("</body>", f"{PIXEL}</body>") + "\n"


def text_source(frame: Frame, body: Body, links: Links) -> str:
    """The template of the plain-text part. Raises CompileError."""
    said = wording(frame.language)
    business = frame.business
    address = [line.strip() for line in business.address.strip().splitlines()]
    footer = [
        RULE,
        wrapped(frame.why),
        "\n".join(line for line in (business.name, *address, business.phone) if line),
        f"{said.unsubscribe}: {UNSUBSCRIBE}\n{said.preferences}: {PREFERENCES}",
    ]
    return Typewriter(links).body(body) + "\n\n".join(footer) + "\n"


def lines(text: str) -> str:
    """Plain text as HTML: escaped, its line breaks kept."""
    return "<br>".join(escape(authored(line.strip())) for line in text.strip().splitlines())


def _preheader(preview: Subject) -> str:
    return fill(escape(authored(preview.text)), preview.expressions, flat=True)
