"""When one person passes for two."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.referral_doubt import Person, Sight, address_key, canonical, doubts, network_of, phone_key
from tests.domain.stories import at

ANA = Person("ana@example.org", "+49 30 5550123", "Lindenweg 4, Berlin", frozenset({("203.0.113.7", "Firefox")}))
BEA = Person("bea@example.net", None, None, frozenset({("198.51.100.1", "Safari")}))
FRIENDS = Sight(friend=BEA, referrer=ANA)

LOCAL = st.text("ab.+_-1", min_size=1, max_size=12)
DOMAIN = st.sampled_from(["gmail.com", "googlemail.com", "example.org", "mail.gmail.com", "gmail.com.example"])


def sentences(sight: Sight) -> list[str]:
    return [doubt.sentence for doubt in doubts(sight, 5)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ana@example.org", "ana+2@example.org"),
        ("a.n.a@gmail.com", "ana@googlemail.com"),
        ("ana@gmail.com", "a.na+x.y@gmail.com"),
    ],
)
def test_one_mailbox(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"), [("a.na@example.org", "ana@example.org"), ("+1@example.org", "+2@example.org")]
)
def test_two_mailboxes(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


@given(local=LOCAL, domain=DOMAIN)
def test_a_mailboxs_own_name_is_its_own(local: str, domain: str) -> None:
    name = canonical(f"{local}@{domain}")
    assert canonical(name) == name


def test_two_strangers_raise_no_doubt() -> None:
    assert doubts(FRIENDS, 5) == ()


@pytest.mark.parametrize(
    ("sight", "sentence", "sure"),
    [
        (replace(FRIENDS, friend=Person("ana+b@example.org")), "Friend and referrer have the same mailbox.", True),
        (
            replace(FRIENDS, above=(Person("bea+1@example.net"),)),
            "The friend is somebody who brought the referrer: a ring.",
            True,
        ),
        (replace(FRIENDS, others=["bea+1@example.net"]), "The same mailbox was brought by this referrer before.", True),
        (replace(FRIENDS, client_address=True), "A client has the same mailbox under another spelling.", True),
        (
            replace(FRIENDS, was_here_at=at("2026-11-02 10:00")),
            "The friend was here before they signed up, on 2 November 2026.",
            False,
        ),
        (
            replace(FRIENDS, friend=replace(BEA, phone="030 555 0123")),
            "The friend has the same phone number as the referrer.",
            False,
        ),
        (
            replace(FRIENDS, friend=replace(BEA, address="lindenweg 4 · BERLIN")),
            "The friend has the same postal address as the referrer.",
            False,
        ),
        (
            replace(FRIENDS, friend=replace(BEA, places=ANA.places)),
            "The friend signed up on the same device as the referrer, as far as can be told.",
            False,
        ),
        (
            replace(FRIENDS, friend=replace(BEA, places=frozenset({("203.0.113.7", "Safari")}))),
            "The friend signed up from the same network as the referrer.",
            False,
        ),
        (replace(FRIENDS, from_network=6), "6 friends signed up from one network within an hour.", False),
        (replace(FRIENDS, of_referrer=9), "9 friends of one referrer signed up within an hour.", False),
    ],
)
def test_what_speaks_against_it(sight: Sight, sentence: str, sure: bool) -> None:
    assert [(doubt.sentence, doubt.is_sure) for doubt in doubts(sight, 5)] == [(sentence, sure)]


def test_sure_things_come_first() -> None:
    several = replace(FRIENDS, was_here_at=at("2026-11-02 10:00"), client_address=True)
    assert [doubt.is_sure for doubt in doubts(several, 5)] == [True, False]


def test_what_says_too_little_is_compared_with_nothing() -> None:
    bare = Person("x@example.org", "12", "No 4", frozenset({("", "Firefox"), ("", "")}))
    other = Person("y@example.org", "12", "No 4", frozenset({("", "Firefox"), ("", "")}))
    assert sentences(Sight(bare, other)) == []
    assert (phone_key("12"), address_key("No 4"), network_of("unknown")) == ("", "", "")


def test_a_home_is_a_network_of_its_own() -> None:
    assert network_of("2001:db8:1:2:3::4") == network_of("2001:db8:1:2::9") != network_of("2001:db8:1:3::9")
