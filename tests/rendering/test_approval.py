"""A whole sequence on one page: every step in its order, in words, each mail in a frame where nothing runs."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape

from service.domain.persona import somebody
from service.domain.sequence.model.step import Step
from service.domain.token import Signer
from service.rendering.approval import approval_page
from service.rendering.compiled import Compiled
from service.rendering.preview import UNKNOWN_KEY, Preview, preview, sample_letter
from service.rendering.renderer import StepRenderer
from tests.rendering.studio import BASE, BUSINESS, read, written

NOW = datetime(2027, 3, 9, 8, 30, tzinfo=UTC)
FRAME = re.compile(r'<iframe [^>]*srcdoc="([^"]*)"', re.DOTALL)
HOUSE = BUSINESS + "people: {front-desk: desk@glow.example}\n"
SEQUENCE = """\
---
title: "Letters & <more>"
stage: nurture
topic: Tips and ideas
enrol: {on: signup, form: salon-checklist, when: contact.stage == "lead"}
stop:
  - event: visit.completed
test: {short: 50%, long: 50%}
status: draft
---

## Day 0: hello
Kind: service
Subject short: Hi
Subject: Hello <there>
Preview: Tea & cake

Hello? [Yes](answer:yes)

## Day 3 at 10:00: one idea
If: not clicked("hello")
Subject: An idea

{% if arm == "short" %}
Short?
{% else %}
Long?
{% endif %}

## 2 days later: a call
Wait for: answer("hello") or contact.phone
Wait up to: 5 days
Task: call
Assign: front-desk
Due: 2 days
Cost: 6.00

Call {{ contact.first_name or contact.email }}.

## 1 day later: mark them
Tag: +called, -new
Leave: all
"""


def page(source: str = SEQUENCE, **contact: object) -> tuple[str, list[str]]:
    files = written(business=HOUSE) | {"sequences/letters.md": source.encode()}
    library = read(files)
    (sequence,) = library.sequences
    compiled = Compiled(library, files, {})
    renderer = StepRenderer(Signer([UNKNOWN_KEY]), BASE, lambda _: compiled)
    persona = somebody(library.business, NOW.date())
    persona = replace(persona, contact={**persona.contact, **contact})

    def look(step: Step, arm: str | None) -> Preview:
        facts = replace(persona.facts(sequence, NOW), arm=arm)
        return preview(renderer, sample_letter(facts, sequence, step, "en", NOW), files)

    return approval_page(library, sequence, look, "Ana", "en")


def text(html: str) -> str:
    plain = re.sub(r"<style>.*?</style>|<script>.*?</script>|<[^>]*>", " ", html, flags=re.DOTALL)
    return " ".join(unescape(plain).split())


def test_it_tells_each_step_in_its_order_and_in_words() -> None:
    html, reasons = page()
    assert reasons == []
    said = text(FRAME.sub("", html))
    for words in (
        "Letters & <more>",
        "A draft: it is not published.",
        "Only if their stage is “lead”",
        "Ends early visit completed",
        "1 Day 0 service hello",
        "short Hi long Hello <there> Tea & cake",
        "2 Day 3 at 10:00 letter one idea Only if they did not click in “hello”. An idea",
        "3 2 days later task a call Waits until they answered “hello” or their phone is known, at most 5 days.",
        "call · for front-desk · within 2 days · may cost 6.00 EUR",
        "4 1 day later action mark them Tags +called, -new Leaves all other sequences",
    ):
        assert words in said, said
    assert said.index("hello") < said.index("one idea") < said.index("a call") < said.index("mark them")


def test_arms_that_differ_in_the_subject_alone_share_a_frame_and_others_have_their_own() -> None:
    frames = [unescape(each) for each in FRAME.findall(page()[0])]
    assert len(frames) == 4  # one for hello, two for the idea, the mail about the call
    assert [("Short?" in each, "Long?" in each) for each in frames] == [
        (False, False),
        (True, False),
        (False, True),
        (False, False),
    ]


def test_frames_run_no_scripts_and_the_page_loads_nothing() -> None:
    html, _ = page()
    sandboxes = re.findall(r'<iframe [^>]*sandbox="([^"]*)"', html)
    assert sandboxes
    assert all("allow-scripts" not in each for each in sandboxes)
    assert not re.search(r'<(link|script|img)[^>]+(href|src)="http', FRAME.sub("", html))
    assert html.count("<script>") == 1


def test_what_production_would_hold_is_said_at_its_place_and_told() -> None:
    source = SEQUENCE.replace("Short?", "Your {{ contact.stage }}, {{ contact.email }}?")
    html, reasons = page(source, stage=None)
    assert reasons == ['letters/one-idea: contact.stage is empty and the text has no fallback (`or "…"`)']
    assert "Would be held: contact.stage is empty" in text(FRAME.sub("", html))
    assert any("⚠ contact.stage is empty ⚠" in unescape(each) for each in FRAME.findall(html))
