"""What the templates of one mail are filled in from: our own names, and behind them those of the letter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from jinja2 import Template, Undefined

from service.domain.sequence.expression import Record, function
from service.domain.sequence.filters import Speech
from service.ports import Unrenderable
from service.rendering.templates import (
    CLOSE,
    OPEN,
    Encoded,
    Setting,
    fill_in,
    html_template,
    line_template,
    tag,
    text_template,
    variable,
)
from tests.domain.stories import asks

ANA = Record("contact", {"first_name": "Ana", "phone": ""})
NAMES: dict[str, object] = {"contact": ANA, "clicked": function(lambda step: step == "hello"), "arm": None, "count": 0}
GERMAN = Speech("de", ZoneInfo("Europe/Berlin"))


class Said(Mapping[str, object]):
    """Names that note who asks for them."""

    def __init__(self, names: Mapping[str, object]) -> None:
        self._names = names
        self.asked: list[str] = []

    def __getitem__(self, name: str) -> object:
        self.asked.append(name)
        return self._names[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def line(source: str) -> Template:
    """A template that prints one expression."""
    return line_template(f"{OPEN}{source}{CLOSE}")


def test_the_names_of_the_letter_are_found_by_every_template() -> None:
    known = Setting({}, NAMES)
    assert fill_in(line("contact.first_name"), known) == "Ana"
    assert fill_in(html_template(f"<b>{OPEN}contact.first_name{CLOSE}</b>\n"), known).endswith("Ana=\r\n</b>\r\n")
    called = tag("if", asks("clicked('hello')")) + "yes" + tag("endif")
    assert fill_in(text_template(called), known) == "yes=\r\n"


def test_ours_win_over_those_of_the_letter_and_ask_it_nothing() -> None:
    said = Said({"_open": "theirs", "_speech": "theirs", "_subject": "theirs"})
    own: dict[str, object] = {"_open": Encoded("ours=3D"), "_speech": GERMAN}
    known = Setting(own, said)
    own["_subject"] = "said afterwards"
    assert fill_in(line("_open ~ ' ' ~ _subject"), known) == "ours=3D said afterwards"
    assert fill_in(text_template(variable("_open")), known) == "ours=3D"
    assert fill_in(line("'2027-03-11T17:00:00+00:00' | time"), known) == "18:00"
    assert said.asked == []


@pytest.mark.parametrize("ours", ["", 0, None, False, []])
def test_one_of_ours_that_is_false_is_still_ours(ours: object) -> None:
    known = Setting({"name": ours}, {"name": "theirs"})
    assert known.resolve("name") is ours
    assert fill_in(line("'theirs' if name == 'theirs' else 'ours'"), known) == "ours"


def test_a_name_is_asked_for_once_and_only_where_a_template_names_it() -> None:
    said = Said(NAMES)
    known = Setting({"_speech": GERMAN, "_gaps": []}, said)
    assert said.asked == []
    for template in (line("contact.first_name"), line("contact.first_name or count"), line("contact.phone or 'none'")):
        fill_in(template, known)
    assert said.asked.count("contact") == 1
    assert set(said.asked) == {"contact", "count"}
    assert known.resolve("contact") is ANA
    assert said.asked.count("contact") == 1


def test_an_unknown_name_is_empty_each_time_and_says_what_it_is_called() -> None:
    said = Said(NAMES)
    known = Setting({}, said)
    for _ in range(2):
        unknown = known.resolve("nobody")
        assert isinstance(unknown, Undefined)
        assert unknown._undefined_name == "nobody"
        assert known.get("nobody", "a default") == "a default"
        with pytest.raises(KeyError):
            known["nobody"]
        with pytest.raises(Unrenderable, match=r"^nobody is empty and the text has no fallback"):
            fill_in(line("nobody"), known)
    assert said.asked.count("nobody") == 1


@pytest.mark.parametrize("make", [line_template, html_template, text_template])
@pytest.mark.parametrize(
    "source",
    [
        variable("nobody"),
        variable("contact.phone"),
        variable("contact.nobody"),
        variable("contact"),
        variable("arm"),
        variable("nobody or 'there'"),
        variable("contact.phone or contact.first_name"),
        variable("nobody('hello')"),
        variable("contact('hello')"),
        variable("'hello' if clicked('hello') else 'no'"),
        variable("when | day"),
        variable("base"),
        variable("nobody|_address"),
        f"{tag('if', asks('nobody'))}yes{tag('else')}no{tag('endif')}",
        f"{tag('if', asks('nobody == arm'))}yes{tag('else')}no{tag('endif')}",
    ],
)
def test_a_template_gives_what_it_gives_by_itself_for_all_the_names_together(
    make: Callable[[str], Template], source: str
) -> None:
    own: dict[str, object] = {"_speech": GERMAN, "base": Encoded("https://glow.example=\r\n"), "count": 7}
    said: dict[str, object] = {**NAMES, "when": datetime(2027, 3, 11, 17, tzinfo=UTC)}
    template = make(f"{source}\n")
    assert _given(lambda: fill_in(template, Setting(dict(own), said))) == _given(lambda: template.render(said | own))


def _given(fill: Callable[[], str]) -> str:
    """What is printed, or why it can't be."""
    try:
        return fill()
    except Exception as error:  # noqa: BLE001 (whichever it is, it is to be the same)
        return f"{type(error).__name__}: {error}"


def test_a_proof_notes_a_gap_for_each_place_that_names_what_is_unknown() -> None:
    gaps: list[str] = []
    known = Setting({"_gaps": gaps}, NAMES)
    assert [fill_in(line(name), known) for name in ("nobody", "contact.phone", "nobody")] == [
        "⚠ nobody is empty ⚠",
        "⚠ contact.phone is empty ⚠",
        "⚠ nobody is empty ⚠",
    ]
    assert [gap.partition(" is ")[0] for gap in gaps] == ["nobody", "contact.phone", "nobody"]
