"""A life ahead: what is taken for granted, what is passed over, and what the calendar says."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path

from service.domain.sequence.model.library import Library
from service.domain.simulation.calendar import Calendar
from service.domain.simulation.simulate import simulate
from tests.domain.stories import at
from tests.rendering.studio import read, shipped
from tests.simulation.paper import NURTURE, SIGNUP, library_of, mail, sequence, task
from tests.simulation.same import begins, read_life

ANA = Path(__file__).parents[2] / "simulation" / "ana.yaml"
LETTERS = sequence(
    NURTURE,
    mail("Day 0", "one", "Kind: service", body="[Good](answer:good) [Bad](answer:bad)"),
    task("Day 1", "ring", "Due: 2 days", "Cost: 6.00", body="[Reached](answer:reached) [Not](answer:not-reached)"),
    mail("1 hour later", "after it", 'Wait for: done("ring")', "Wait up to: 10 days"),
)


def lived(text: str, days: int = 60, library: Library | None = None, **more: datetime | tuple[str, ...]) -> Calendar:
    library = library or library_of({"letters": LETTERS})[0]
    scenario = read_life(text, library)
    start = more.pop("start", None) or begins(scenario)
    assert isinstance(start, datetime)
    return simulate(library, scenario, start, start + timedelta(days=days), **more)  # type: ignore[arg-type]


def life(*events: str, contact: str = "email: ana@example.org", more: str = "") -> str:
    return f"contact: {{{contact}}}\n{more}\nevents:\n" + "".join(f"  - {event}\n" for event in (SIGNUP, *events))


def test_a_task_that_the_scenario_does_not_settle_is_done_when_it_is_due_and_says_so() -> None:
    one, ring, after = lived(life()).touches
    assert (one.step, one.state, one.transactional, one.mail_class) == ("one", "sent", True, "service")
    assert (ring.at, ring.state, ring.what, ring.who) == (at("2026-01-08 11:00"), "done", "call", "front-desk")
    assert ring.reason == "Done by front-desk on 8 January 2026: reached. (Taken for granted.)"
    assert (after.at, after.state) == (at("2026-01-08 11:00"), "sent")


def test_a_task_that_the_scenario_settles_is_done_then() -> None:
    word = "{at: 2026-01-07 10:00, name: task.done, sequence: letters, step: ring, value: not-reached, note: Twice}"
    ring = lived(life(word)).touches[1]
    assert (ring.at, ring.reason) == (
        at("2026-01-07 09:00"),
        "Done by front-desk on 7 January 2026: not-reached. “Twice”",
    )


def test_what_follows_a_mail_that_had_not_left_is_passed_over_and_said() -> None:
    early = "{at: 2026-01-05 09:00, name: answer, sequence: letters, step: one, value: good}"
    notes = [note.text for note in lived(life(early)).notes]
    assert notes[:2] == ["answer good to letters/one", "No such mail had left by then, so this is passed over."]


def test_a_word_about_a_task_that_nobody_had_is_passed_over_and_said() -> None:
    word = "{at: 2026-03-01 10:00, name: task.skipped, sequence: letters, step: ring}"
    notes = [note.text for note in lived(life(word)).notes]
    assert "task.skipped letters/ring: no such task was open then, so this is passed over." in notes


def test_what_came_before_the_first_day_is_lived_and_not_shown() -> None:
    whole, rest = lived(life()), lived(life(), start=at("2026-01-07 00:00"))
    assert rest.touches == whole.touches[1:]
    assert [note.text for note in rest.notes] == []


def test_what_is_open_at_the_end_is_held() -> None:
    last = lived(life(), days=3).touches[-1]
    assert (last.step, last.state) == ("ring", "held")
    assert last.reason == "Open: call, for front-desk, due on 8 January 2026."


def test_a_draft_counts_as_live_only_where_it_is_named() -> None:
    draft, _ = library_of({"letters": LETTERS.replace("topic:", "status: draft\ntopic:")})
    assert lived(life(), library=draft).touches == ()
    named = lived(life(), library=draft, named=("letters",))
    assert len(named.touches) == 3
    assert "“letters” is a draft; it counts as live here, because you named it." in named.assumed


def test_without_a_signup_people_agreed_to_what_the_forms_ask() -> None:
    text = "contact: {email: ana@example.org}\nevents: [{at: 2026-01-05 12:00, name: praise.given}]\n"
    library, _ = library_of(
        {
            "praise": sequence(
                NURTURE.replace("on: signup, form: checklist", "on: event praise.given, again: always"),
                mail("Day 0", "so kind"),
            )
        }
    )
    assert [touch.state for touch in lived(text, library=library).touches] == ["sent"]
    assert [touch.state for touch in lived(text + "consents: []\n", library=library).touches] == ["cancelled"]
    assumed = lived(text, library=library).assumed
    assert assumed[0].startswith("Agreed to “Newsletter”, “Questions”, “Tips and ideas” from the beginning")


def test_a_year_is_lived_in_far_less_than_a_second_and_looks_the_same_each_time() -> None:
    library = read(shipped())
    scenario = read_life(ANA.read_text(), library)
    start = begins(scenario)
    first = simulate(library, scenario, start, start + timedelta(days=400))
    began = time.thread_time()  # its own, whatever else this machine does
    assert simulate(library, scenario, start, start + timedelta(days=400)) == first
    assert time.thread_time() - began < 1.0
    assert "passed over" not in " ".join(note.text for note in first.notes)


def test_the_summary_counts_what_reached_the_person() -> None:
    calendar = lived(life())
    assert calendar.longest_silence() == (at("2026-01-08 11:00"), calendar.until)
    assert calendar.busiest_week() == (at("2026-01-05 11:00"), 3)
    assert [touch.step for touch in calendar.only(["other"]).touches] == []
