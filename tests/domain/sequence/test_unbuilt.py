"""What is not built yet is refused by its name, and every name in the list is told somewhere."""

from __future__ import annotations

import pytest

from service.domain.sequence.library import read_library
from service.domain.sequence.unbuilt import NOT_BUILT
from tests.domain.sequence.paper import BUSINESS, FRONT, STEP, files, sequence

DATED = FRONT + "date: contact.birthday\n"
HELLO = "Subject: Hello\n\nWell?\n"


def front(text: str) -> str:
    return sequence(FRONT + text)


def steps(text: str, head: str = FRONT) -> str:
    return sequence(head, text)


def on(text: str) -> str:
    return sequence(FRONT.replace("signup", text + "\n  again: never"))


def body(text: str, head: str = FRONT) -> str:
    return steps(STEP + text + "\n", head)


USED = {
    "link:pause": body("[Yes](link:pause)"),
}
DECLARED = {
    "opt in: double": "forms: {x: {opt in: double}}\n",
}


def refused(library: dict[str, bytes]) -> set[str]:
    return {each.message for each in read_library(library)[1] if each.code == "not-built"}


def message(feature: str) -> str:
    name = NOT_BUILT[feature]
    return f"{name[0].upper()}{name[1:]} is part of the language but not built yet in this version."


@pytest.mark.parametrize("feature", sorted(NOT_BUILT))
def test_it_is_refused_by_its_name(feature: str) -> None:
    library = files(USED.get(feature, sequence()), BUSINESS.replace("forms:", "forms:\n  x: {opt in: double}"))
    if feature in DECLARED:
        text = BUSINESS[: BUSINESS.index("forms:")] + "magnets: {}\n" + DECLARED[feature]
        library = files(business=text)
    assert message(feature) in refused(library)


def test_what_is_built_is_not_refused() -> None:
    assert refused(files()) == set()
