"""A coupon prints its code and the day it ends, in bodies and subjects, as the core makes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from service.domain.persona import somebody
from service.domain.sequence.model.library import Library
from service.ports import Message
from tests.rendering.studio import BUSINESS, html_of, letter, opened, read, renderer, text_of, written

NOW = datetime(2027, 3, 9, 8, 30, tzinfo=UTC)
COUPONS = BUSINESS + 'coupons: {BIRTHDAY: {valid: 14 days, worth: "a dessert & a <kiss>"}}\n'
BODY = """\
{{ coupon("BIRTHDAY").worth }} is on us until {{ coupon("BIRTHDAY").expires | day }}: **{{ coupon("BIRTHDAY") }}**.

[Book](link:booking)
"""


def files(subject: str = "Hello") -> dict[str, bytes]:
    return written(BODY, subject=subject, business=COUPONS)


def sent(library: Library, subject: str, seed: str = "ana") -> Message:
    (sequence,) = library.sequences
    facts = replace(somebody(library.business, NOW.date()).facts(sequence, NOW), seed=seed)
    return renderer(files(subject)).render(letter(names=facts.names(), language="en"))


def test_a_coupon_prints_its_code_everywhere_and_always_the_same() -> None:
    library = read(files())
    message = sent(library, 'Yours: {{ coupon("BIRTHDAY") }}')
    code = str(opened(message)["Subject"]).removeprefix("Yours: ")
    assert code.startswith("BIRTHDAY-")
    assert code in text_of(message)
    assert f"<strong>{code}</strong>" in html_of(message)
    assert "until Tuesday, March 23:" in text_of(message)


def test_what_it_is_worth_is_escaped() -> None:
    message = sent(read(files()), "Hello")
    assert "a dessert &amp; a &lt;kiss&gt; is on us" in html_of(message)
    assert "a dessert & a <kiss> is on us" in text_of(message)


def test_each_person_has_a_code_of_their_own() -> None:
    library = read(files())
    subjects = {str(opened(sent(library, '{{ coupon("BIRTHDAY") }}', seed))["Subject"]) for seed in ("ana", "bea")}
    assert len(subjects) == 2
