"""Each promise, kept by a small history and broken by a smaller one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.chaos.history import Done, History, Inside, Row
from tests.chaos.judge import GROUP, PROMISES, judge
from tests.chaos.mail_service import Entry
from tests.chaos.people import Told
from tests.chaos.story import tell

ANA = "ana@domain1.example.org"
DIED = "It may have left or not: the worker that held it ended without an answer."


def row(step: str, state: str = "sent", handed: float | None = 10.0, priority: int = 0) -> Row:
    return Row(f"<{step}@x>", ANA, "welcome", step, 0, state, None, None, priority, "t1", handed)


def entry(step: str, at: float = 10.5, what: str = "accepted") -> Entry:
    return Entry(what, at, at - 0.1, ANA, f"<{step}@x>", "http://x/leave")


KEPT = History(
    entries=[entry("hello"), entry("a-letter"), entry("the-list"), entry("the-map")],
    signups=[Told(ANA, "checklist", 1.0, 2.0, 1)],
    rows=[row("hello"), row("a-letter", priority=4), row("the-list"), row("the-map")],
    inside=[Inside(ANA, "welcome", "finished")],
    contacts=[ANA],
)
LEFT = [Told(ANA, "http://x/leave", 9.0, 9.5, 1)]
SECOND = replace(row("another-letter", priority=4), sequence="rival")

BROKEN = {
    "nobody is mailed twice": {"entries": [*KEPT.entries, entry("hello", 50.0)]},
    "every acknowledged signup is there once": {"inside": []},
    "nothing leaves after an unsubscribe": {"leaves": LEFT},
    "caps are never exceeded": {
        "rows": [*KEPT.rows, SECOND],
        "entries": [*KEPT.entries, entry("another-letter")],
        "inside": [*KEPT.inside, Inside(ANA, "rival", "left")],
    },
    "what is called sent was accepted": {"entries": KEPT.entries[:3]},
    "what was accepted is known": {"rows": [*KEPT.rows[:3], row("the-map", "cancelled")]},
    "nothing due is left": {"due": [(ANA, "the-map", "cleared")]},
    "no chain has a gap": {"rows": [KEPT.rows[0], *KEPT.rows[2:]], "entries": [KEPT.entries[0], *KEPT.entries[2:]]},
    "uncertain are few and explained": {"rows": [*KEPT.rows[:3], replace(row("the-map", "uncertain"), reason=DIED)]},
}


def test_a_history_in_which_all_went_well_is_green() -> None:
    assert judge(KEPT) == []


@pytest.mark.parametrize("promise", list(PROMISES))
def test_a_broken_promise_is_found_and_no_other(promise: str) -> None:
    history = replace(KEPT, **BROKEN[promise])
    assert {each.promise for each in judge(history)} == {promise}


def test_one_run_of_a_worker_may_leave_a_group_uncertain_and_not_one_mail_more() -> None:
    killed = [Done(20.0, 20.0, "worker", "kill", 7)]
    many = [replace(row(f"s{n}", "uncertain"), id=f"<{n}@x>", occasion=1, reason=DIED) for n in range(GROUP + 1)]
    assert judge(replace(KEPT, rows=[*KEPT.rows, *many[:-1]], done=killed)) == []
    assert [each.subject for each in judge(replace(KEPT, rows=[*KEPT.rows, *many], done=killed))] == ["t1"]


def test_a_mail_whose_intent_was_older_may_leave_within_its_budget_and_a_sleep_is_nobodys_budget() -> None:
    late = replace(KEPT, leaves=[Told(ANA, "", 9.0, 10.2, 1)], entries=[*KEPT.entries[:3], entry("the-map", 30.0)])
    assert [each.subject for each in judge(late)] == ["<the-map@x>"]
    assert judge(replace(late, done=[Done(11.0, 26.0, "worker", "oversleep", 7)])) == []


def test_the_story_says_when_a_mail_was_accepted_and_what_was_done_to_the_house_meanwhile() -> None:
    killed = [Done(12.0, 12.0, "worker", "kill", 77), Done(900.0, 901.0, "beat", "kill", 78)]
    history = replace(KEPT, entries=[*KEPT.entries, entry("hello", 15.0)], done=killed)
    story = tell(history, judge(history))
    assert story.count("provider: accepted <hello@x>") == 2
    assert "worker kill 77" in story
    assert "beat kill" not in story
    assert "welcome/hello" in story
