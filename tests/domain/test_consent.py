"""Whether a person may be written to: by their word, by the law's other reasons, and by what stands against it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from service.domain.consent import (
    SPARES_SERVICE,
    Standing,
    Suppressed,
    agreed,
    ends_at,
    lifted,
    may_email,
    standing_of,
    version_of,
    what_bars,
)
from service.domain.sequence.model.business import Topic
from service.domain.sequence.model.duration import Duration, Unit
from tests.domain.stories import at

NOW = at("2026-11-20 10:00")
DAY = timedelta(days=1)
REASONS = ("unsubscribed", "complained", "bounced", "unengaged", "manual")
TOPICS = (
    Topic("Tips"),
    Topic("Letter"),
    Topic("Questions", "inquiry", lasts=Duration.of(6, Unit.MONTHS)),
    Topic("Clients", "client", lasts=Duration.of(2, Unit.YEARS)),
    Topic("Friends", "client"),
    Topic("Appointments", "service"),
)
NAMES = tuple(topic.name for topic in TOPICS)

times = st.integers(-1200, 1200).map(lambda days: NOW + days * DAY)
lines = st.builds(Suppressed, st.sampled_from((None, *NAMES)), st.sampled_from(REASONS), times)
topics = st.sampled_from(TOPICS)
acts = st.tuples(
    st.sampled_from((None, *NAMES)), st.sampled_from(("confirmed", "withdrawn")), st.one_of(st.none(), times)
)
standings = st.builds(
    standing_of,
    st.lists(lines, max_size=4),
    st.lists(acts, max_size=8).map(agreed),
    st.sampled_from(("lead", "client", "former", "lapsed")),
    st.one_of(st.none(), times),
    st.one_of(st.none(), times),
)


@given(standings, topics, lines)
def test_one_more_line_never_lets_mail_go(standing: Standing, topic: Topic, line: Suppressed) -> None:
    more = standing._replace(suppressed=(*standing.suppressed, line))
    assert may_email(standing, topic, NOW) is None or may_email(more, topic, NOW) is not None


@given(standings, topics)
def test_agreeing_never_takes_mail_away(standing: Standing, topic: Topic) -> None:
    more = standing._replace(consented=standing.consented | {topic.name}, ends=())
    assert may_email(standing, topic, NOW) is not None or may_email(more, topic, NOW) is None


@given(standings, topics, times, times)
def test_with_time_alone_nobody_becomes_one_who_may_be_written_to(
    standing: Standing, topic: Topic, first: datetime, second: datetime
) -> None:
    early, late = min(first, second), max(first, second)
    assert may_email(standing, topic, late) is not None or may_email(standing, topic, early) is None


@given(standings, topics)
def test_a_complaint_and_a_dead_mailbox_stand_against_all_mail(standing: Standing, topic: Topic) -> None:
    for reason in ("complained", "bounced", "manual"):
        barred = standing._replace(suppressed=(*standing.suppressed, Suppressed(None, reason, NOW)))
        assert may_email(barred, topic, NOW) is not None


@given(standings)
def test_what_was_booked_is_told_to_whoever_left_all_marketing(standing: Standing) -> None:
    kept = tuple(line for line in standing.suppressed if line.topic is None and line.reason in SPARES_SERVICE)
    left = standing._replace(suppressed=(*kept, Suppressed(None, "unsubscribed", NOW)))
    for topic in TOPICS:
        assert (may_email(left, topic, NOW) is None) == (topic.basis == "service")


@given(standings, topics)
def test_marketing_goes_to_nobody_without_a_reason_that_holds(standing: Standing, topic: Topic) -> None:
    assume(topic.basis in {"consent", "inquiry"} and topic.name not in standing.agreed_to(NOW))
    assert may_email(standing, topic, NOW) is not None


@given(st.lists(lines, max_size=6), st.sets(st.sampled_from(NAMES)))
def test_a_confirmation_takes_back_a_leaving_and_never_a_complaint_or_a_bounce(
    known: list[Suppressed], names: set[str]
) -> None:
    left = lifted(known, names, TOPICS)
    firm = [line for line in known if line.reason not in SPARES_SERVICE]
    assert set(firm) <= set(left)
    assert not [line for line in left if line.topic in {None, *names} and line.reason in SPARES_SERVICE]
    assert {line.topic for line in left} <= {line.topic for line in known} | set(NAMES)


@given(standings, st.sets(st.sampled_from(NAMES), min_size=1))
def test_whoever_confirms_again_gets_that_and_nothing_else_that_they_did_not_get(
    standing: Standing, names: set[str]
) -> None:
    fresh = standing._replace(
        suppressed=lifted(standing.suppressed, names, TOPICS), consented=standing.consented | names, ends=()
    )
    left_all = any(line.topic is None and line.reason == "unsubscribed" for line in standing.suppressed)
    for topic in TOPICS:
        may = may_email(fresh, topic, NOW) is None
        if topic.name in names:
            assert may == (what_bars(fresh, topic) is None)
        elif left_all and topic.basis != "service":
            assert not may, "they had left all of it, and asked for another"


@pytest.mark.parametrize(
    ("days", "why"),
    [(0, None), (729, None), (731, "has not been here since 20 November 2024, and “Clients” is for clients")],
)
def test_a_client_may_be_written_to_for_two_years_after_the_last_visit(days: int, why: str | None) -> None:
    last = at("2024-11-20 10:00")
    standing = standing_of((), {}, "client", at("2020-01-01 10:00"), last)
    assert may_email(standing, TOPICS[3], last + days * DAY) == why
    assert may_email(standing, TOPICS[4], last + days * DAY) is None, "without an end there is none"


def test_an_inquiry_is_good_for_half_a_year_and_a_consent_for_good() -> None:
    asked = TOPICS[2]
    ends = ends_at(asked, NOW)
    assert ends == at("2027-05-20 10:00")
    standing = standing_of((), agreed([("Questions", "confirmed", ends)]), "lead")
    assert may_email(standing, asked, NOW + 180 * DAY) is None
    why = "inquired about “Questions” too long ago: that was good until 20 May 2027"
    assert may_email(standing, asked, at("2027-05-20 10:00")) == why
    for_good = agreed([("Questions", "confirmed", None), ("Questions", "confirmed", ends)])
    assert may_email(standing_of((), for_good, "lead"), asked, NOW + 5000 * DAY) is None
    assert may_email(standing_of((), {}, "lead"), asked, NOW) == "has not inquired about “Questions”"
    assert ends_at(TOPICS[0], NOW) is None


def test_of_several_reasons_the_gravest_is_told() -> None:
    told = (Suppressed(None, "unsubscribed", NOW - DAY), Suppressed(None, "complained", NOW))
    standing = standing_of(told, {}, "lead")
    assert may_email(standing, TOPICS[0], NOW) == "marked a mail as spam on 20 November 2026"


def test_taking_back_one_topic_leaves_the_others() -> None:
    given_ = [("Tips", "confirmed", None), ("Letter", "confirmed", None), ("Tips", "withdrawn", None)]
    assert agreed(given_) == {"Letter": None}
    assert agreed([*given_, (None, "withdrawn", None)]) == {}


def test_a_version_tells_words_apart() -> None:
    assert version_of("Yes, please.") == "2fa98e4d3bdb"
    assert version_of("Yes, please.") != version_of("Yes, please!")
    assert version_of("") is None
