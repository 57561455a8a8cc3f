"""Who opened or clicked: email-standards section 2, and its checklist 17 to 19."""

from __future__ import annotations

from datetime import timedelta

import pytest

from service.domain.hit import (
    RULESET,
    WAITING,
    Class,
    Hit,
    Kind,
    Thresholds,
    Verdict,
    clean_user_agent,
    judge,
)

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0"
CUBOT = "Mozilla/5.0 (Linux; Android 15; CUBOT X90) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"  # a cached image
GMAIL_PREFETCH = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 "
    "Safari/537.36 Edge/12.246 Mozilla/5.0"
)
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
HOUR = timedelta(hours=1)


def opened(user_agent: str, method: str = "GET", since: timedelta | None = HOUR) -> Verdict:
    return judge(Hit(Kind.OPEN, method, user_agent, since))


def clicked(*others: float, since: timedelta | None = HOUR, user_agent: str = FIREFOX, method: str = "GET") -> Verdict:
    """A click, with clicks on other links so many seconds away."""
    return judge(Hit(Kind.CLICK, method, user_agent, since, tuple(timedelta(seconds=each) for each in others)))


@pytest.mark.parametrize("agent", [IPHONE, FIREFOX, EDGE, CUBOT, "Mozilla/4.0 (compatible; ms-office; MSOffice rmj)"])
def test_a_mail_program_or_a_browser_is_a_person(agent: str) -> None:
    assert opened(agent) == Verdict(Class.HUMAN, "reader", RULESET)
    assert clicked(user_agent=agent).hit_class == Class.HUMAN


@pytest.mark.parametrize(
    ("agent", "verdict"),
    [
        ("Mozilla/5.0", Verdict(Class.UNKNOWN, "apple-privacy")),
        (GMAIL, Verdict(Class.PROXY, "google-image-proxy")),
        (GMAIL_PREFETCH, Verdict(Class.PREFETCH, "google-prefetch")),
        (GMAIL_PREFETCH.removesuffix(" Mozilla/5.0"), Verdict(Class.PREFETCH, "google-prefetch")),
        (YAHOO, Verdict(Class.PROXY, "yahoo-mail-proxy")),
        ("", Verdict(Class.UNKNOWN, "no-user-agent")),
    ],
)
def test_what_mail_services_fetch_is_no_person(agent: str, verdict: Verdict) -> None:
    assert opened(agent) == verdict
    assert clicked(user_agent=agent) == verdict


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0",
        "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/142.0 Safari/537.36",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "facebookexternalhit/1.1",
        "BarracudaCentral.org",
        "python-requests/2.34",
        "Python-urllib/3.11",
        "Java/1.8.0_202",
        "Go-http-client/2.0",
        "curl/8.5.0",
    ],
)
def test_a_program_that_says_so_is_a_scanner(agent: str) -> None:
    assert opened(agent) == clicked(user_agent=agent) == Verdict(Class.SCANNER, "robot")


def test_head_counts_no_person() -> None:
    assert clicked(method="HEAD") == opened(FIREFOX, method="HEAD") == Verdict(Class.SCANNER, "head")


def test_a_click_within_two_seconds_of_sending_is_a_scanners() -> None:
    assert clicked(since=timedelta(seconds=1.9)) == Verdict(Class.SCANNER, "too-soon")
    assert clicked(since=timedelta(seconds=2)).hit_class == Class.HUMAN
    assert clicked(since=None).hit_class == Class.HUMAN


def test_an_open_within_two_seconds_of_sending_is_anybodys() -> None:
    assert opened(IPHONE, since=timedelta(seconds=1)) == Verdict(Class.UNKNOWN, "too-soon")


@pytest.mark.parametrize("seconds", [0.0, 0.4, -0.4, 1.99, -1.99])
def test_two_links_within_two_seconds_are_a_scanners_whichever_came_first(seconds: float) -> None:
    assert clicked(40.0, seconds) == Verdict(Class.SCANNER, "all-at-once")


def test_another_link_later_is_a_person_who_reads_on() -> None:
    assert clicked(2.0, -30.0).hit_class == Class.HUMAN


def test_a_click_waits_until_its_neighbours_are_known_but_a_machines_never_does() -> None:
    waiting = Hit(Kind.CLICK, "GET", FIREFOX, HOUR, others=None)
    assert judge(waiting) == WAITING
    assert WAITING.hit_class != Class.HUMAN
    assert judge(Hit(Kind.CLICK, "HEAD", FIREFOX, HOUR, others=None)).rule == "head"


def test_thresholds_can_be_set() -> None:
    strict = Thresholds(soonest=timedelta(seconds=5), burst=timedelta(seconds=10))
    assert judge(Hit(Kind.CLICK, "GET", FIREFOX, timedelta(seconds=4), ()), strict).rule == "too-soon"
    assert judge(Hit(Kind.CLICK, "GET", FIREFOX, HOUR, (timedelta(seconds=9),)), strict).rule == "all-at-once"


def test_a_stored_user_agent_is_short_and_has_no_control_characters() -> None:
    assert clean_user_agent(FIREFOX) == FIREFOX
    assert clean_user_agent("a\r\nb\x00c\x1b[31m\x85") == "abc[31m"
    assert len(clean_user_agent("x" * 10_000)) == 256
