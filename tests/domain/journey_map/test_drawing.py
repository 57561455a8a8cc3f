"""The map as SVG: well-formed, alone in the world, told in words, and the same each time."""

from __future__ import annotations

import re
from datetime import date
from xml.etree import ElementTree

import pytest

from service.domain.journey_map.drawing import draw
from service.domain.journey_map.svg import element, escaped
from tests.domain.journey_map.business import journey, salon

DAY = date(2026, 11, 22)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def picture() -> str:
    return draw(salon(), DAY)


def words(picture: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(picture).iter(f"{SVG}text")]


def test_it_is_one_page_of_a3_on_its_side(picture: str) -> None:
    root = ElementTree.fromstring(picture)
    assert (root.tag, root.get("width"), root.get("height")) == (f"{SVG}svg", "420mm", "297mm")
    _, _, wide, high = map(float, str(root.get("viewBox")).split())
    assert wide / high == pytest.approx(420 / 297, abs=0.001)


def test_it_names_the_business_the_day_the_people_and_the_stages(picture: str) -> None:
    said = words(picture)
    assert said[0] == "Glow Studio"
    assert any(
        re.fullmatch(r"\d+ sequences · \d+ mails · \d+ touches by people · 22 November 2026", each) for each in said
    )
    for each in ("stranger → lead", "advocate", "NURTURE", "FAREWELL", "a gift", "the goal"):
        assert each in said


def test_every_sequence_and_every_touch_is_on_it(picture: str) -> None:
    said = " ".join(words(picture))
    told = " ".join(each.text or "" for each in ElementTree.fromstring(picture).iter(f"{SVG}title"))
    for sequence in salon().sequences:
        assert sequence.title in told
        for step in sequence.steps:
            assert step.title.split()[0] in said
            assert step.title in told


def test_those_who_do_not_see_it_are_told_the_whole_of_it(picture: str) -> None:
    root = ElementTree.fromstring(picture)
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == "Glow Studio: the journey of a client"
    described = root.findtext(f"{SVG}desc") or ""
    assert "Happy birthday (delight; begins: on the date: birthday): 6 days before: write the card" in described


def test_it_needs_nothing_from_elsewhere(picture: str) -> None:
    assert not re.search(r"href|@import|@font-face|<script|<image|<foreignObject|url\((?!#river\))", picture)
    assert re.findall(r"https?://[^\"]+", picture) == ["http://www.w3.org/2000/svg"]


def test_the_same_library_and_day_make_the_same_picture(picture: str) -> None:
    assert draw(salon(), DAY) == picture
    assert draw(salon(), date(2026, 11, 23)) != picture


@pytest.mark.parametrize("title", ["<script>alert(1)</script>", "Tom & Jerry's", "]]>"])
def test_hostile_words_stay_words(title: str) -> None:
    picture = draw(journey(2, title=title), DAY)
    assert not list(ElementTree.fromstring(picture).iter(f"{SVG}script"))
    assert not list(ElementTree.fromstring(picture).iter("script"))


def test_signs_that_xml_can_not_hold_are_left_out() -> None:
    text = element("text", escaped("a\u0007\ud800\uffffb <"))
    assert ElementTree.fromstring(text).text == "ab <"


@pytest.mark.parametrize("count", [1, 3, 20, 60])
def test_it_can_be_drawn_of_any_number_of_sequences(count: int) -> None:
    assert f"{count} sequence" in " ".join(words(draw(journey(count), DAY)))
