"""Each arm of a test gets its own subject and paragraphs; without one of its own, the common one."""

from __future__ import annotations

import pytest

from service.ports import Message
from tests.rendering.studio import letter, opened, renderer, text_of, written

TEST = "test: {short: 45%, long: 45%, holdout: 10%}\n"


def subjects(lines: str, arm: str | None, more: str = "") -> str:
    files = written("How are you?\n", more=more)
    source = files["sequences/letters.md"].decode().replace("Subject: Hello\n", lines)
    message = renderer(files | {"sequences/letters.md": source.encode()}).render(letter(arm=arm))
    return str(opened(message)["Subject"])


@pytest.mark.parametrize(("arm", "subject"), [("A", "One"), ("B", "Two"), (None, "One"), ("C", "One")])
def test_letters_share_a_step(arm: str | None, subject: str) -> None:
    assert subjects("Subject A: One\nSubject B: Two\n", arm) == subject


@pytest.mark.parametrize(
    ("arm", "subject"), [("short", "Hi"), ("long", "Hello"), ("holdout", "Hello"), (None, "Hello")]
)
def test_an_arm_without_a_subject_of_its_own_gets_the_common_one(arm: str | None, subject: str) -> None:
    assert subjects("Subject short: Hi\nSubject: Hello\n", arm, TEST) == subject


def told(arm: str) -> Message:
    body = 'Hello.\n\n{% if arm == "short" %}\nThat is all.\n{% else %}\nAnd there is more.\n{% endif %}\n'
    return renderer(written(body, more=TEST)).render(letter(arm=arm, names={"arm": arm}))


def test_paragraphs_belong_to_an_arm() -> None:
    assert text_of(told("short")).startswith("Hello.\n\nThat is all.\n\n")
    assert text_of(told("long")).startswith("Hello.\n\nAnd there is more.\n\n")
