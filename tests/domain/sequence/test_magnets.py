"""`magnets` of business.yaml: what people sign up for, and what it gets for each thing that is wrong."""

from __future__ import annotations

import pytest

from service.domain.sequence.magnets import leads_to
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.magnet import MAGNETS_LAST, Magnet, MagnetKind, NextStep
from tests.domain.sequence.paper import marked
from tests.domain.sequence.test_business import NEEDED, business_of, found

WORDS = "links: {booking: https://glow.example/book}\ncoupons: {HELLO: {}}\nforms: {wishes: {}}\n"


def test_a_path_alone_is_a_file() -> None:
    (magnet,) = business_of(NEEDED + "magnets: {list: files/checklist.pdf}\n").magnets
    assert magnet == Magnet("list", MagnetKind.FILE, "files/checklist.pdf", valid=MAGNETS_LAST)


def test_a_magnet_is_a_file_an_address_or_a_coupon() -> None:
    business = business_of(
        NEEDED
        + WORDS
        + "magnets:\n"
        + "  list: {file: files/checklist.pdf, title: Seven habits, valid: 30 days,"
        + " next: {text: Book a visit, link: link:booking}}\n"
        + "  talk: {address: https://glow.example/talk, next: {text: Wishes, link: form:wishes}}\n"
        + "  hello: {coupon: HELLO, next: {text: Look, link: https://glow.example/look}}\n"
    )
    booking = NextStep("Book a visit", "link:booking")
    assert business.magnets == (
        Magnet("list", MagnetKind.FILE, "files/checklist.pdf", "Seven habits", Duration.of(30, Unit.DAYS), booking),
        Magnet("talk", MagnetKind.ADDRESS, "https://glow.example/talk", next=NextStep("Wishes", "form:wishes")),
        Magnet("hello", MagnetKind.COUPON, "HELLO", next=NextStep("Look", "https://glow.example/look")),
    )
    steps = [leads_to(business, magnet.next.link) for magnet in business.magnets if magnet.next]
    assert steps == ["https://glow.example/book", "/forms/wishes", "https://glow.example/look"]


@pytest.mark.parametrize(
    ("magnets", "code"),
    [
        ("{list: ▸../list.pdf}", "unknown-file"),
        ("{list: {file: ▸files/other.pdf}}", "unknown-file"),
        ("{list: {file: ▸/etc/passwd}}", "unknown-file"),
        ("{list: {address: ▸http://glow.example}}", "not-a-link"),
        ("{list: {address: '▸javascript:alert(1)'}}", "not-a-link"),
        ("{list: {coupon: ▸BYE}}", "unknown-coupon"),
        ("{list: {coupon: HELLO, ▸valid: 3 days}}", "unknown-key"),
        ("{▸list: {}}", "wrong-shape"),
        ("{▸list: {file: files/checklist.pdf, coupon: HELLO}}", "wrong-shape"),
        ("{▸list: }", "missing-key"),
        ("{▸The list: files/checklist.pdf}", "bad-name"),
        ("{list: {▸fiel: files/checklist.pdf, coupon: HELLO}}", "unknown-key"),
        ("{list: {file: files/checklist.pdf, valid: ▸2 rhythms}}", "bad-duration"),
        ("{list: {file: files/checklist.pdf, valid: ▸soon}}", "bad-duration"),
        ("{list: {file: files/checklist.pdf, next: ▸{text: Book}}}", "missing-key"),
        ("{list: {file: files/checklist.pdf, next: ▸{link: link:booking}}}", "missing-key"),
        ("{list: {file: files/checklist.pdf, next: {text: Book, link: ▸link:bookign}}}", "unknown-link"),
        ("{list: {file: files/checklist.pdf, next: {text: Book, link: ▸link:preferences}}}", "not-a-link"),
        ("{list: {file: files/checklist.pdf, next: {text: Book, link: '▸answer:yes'}}}", "not-a-link"),
        ("{list: {file: files/checklist.pdf, next: {text: Book, link: ▸form:other}}}", "unknown-form"),
    ],
)
def test_what_is_wrong_is_told_at_its_place(magnets: str, code: str) -> None:
    text, place = marked(NEEDED + WORDS + f"magnets: {magnets}\n")
    assert found(text) == [f"{place}: {code}"]
