"""Keys that titles make."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.sequence.heading import KEY, slug


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("your checklist", "your-checklist"),
        ("kick-off call", "kick-off-call"),
        ("Schöne Grüße", "schoene-gruesse"),
        ("ÄRGER, ÖL UND ÜBER", "aerger-oel-und-ueber"),
        ("Straße / STRASSE", "strasse-strasse"),
        ("Déjà vu à Málaga", "deja-vu-a-malaga"),
        ("Smørrebrød i Łódź", "smorrebrod-i-lodz"),
        ("what’s new", "whats-new"),
        ("it's 100% — really!", "its-100-really"),
        ("  two   blanks  ", "two-blanks"),
        ("u\u0308ber", "ueber"),
        ("ﬁne", "fine"),
        ("你好", ""),
        ("🎉", ""),
    ],
)
def test_a_title_makes_a_key(title: str, key: str) -> None:
    assert slug(title) == key


@given(st.text())
def test_whatever_the_title_its_key_is_none_or_a_key(title: str) -> None:
    assert slug(title) == "" or KEY.fullmatch(slug(title))


@given(st.from_regex(re.compile(KEY.pattern), fullmatch=True))
def test_a_key_is_its_own_key(key: str) -> None:
    assert slug(key) == key
