"""What changed between two versions, told by step and by line of the front matter."""

from __future__ import annotations

import pytest

from service.domain.rollout import Work, work_of
from service.domain.sequence.diff import SequenceChange, compare
from service.domain.sequence.model.library import Library
from service.domain.sequence.step_diff import StepChange
from tests.actions.newsroom import letters
from tests.actions.written import library_of

STEPS = ("Day 0: hello", "Day 3: tip", "Day 10: letter")
OLD = letters(*STEPS)


def change(new: str, old: str = OLD) -> SequenceChange | None:
    found = compare(library_of(letters=old), library_of(letters=new)).sequences
    return found[0] if found else None


def steps(new: str) -> list[tuple[str, str, str]]:
    found = change(new)
    return [(each.step, each.what, each.how) for each in found.steps] if found else []


def headed(head: str, key: str = "letters") -> str:
    return letters(*STEPS, head=head, key=key)


def test_the_same_words_on_other_lines_are_no_change() -> None:
    assert change(OLD.replace("\n\n## ", "\n\n<!-- a remark -->\n\n## ")) is None


def test_steps_are_added_removed_moved_changed_and_reworded() -> None:
    assert steps(letters(STEPS[0], "Day 2: more", *STEPS[1:])) == [("more", "added", "Day 2")]
    assert steps(letters(*STEPS[:2])) == [("letter", "removed", "Day 10")]
    assert steps(letters(STEPS[0], "Day 5: tip", STEPS[2])) == [("tip", "changed", "Day 3 → Day 5")]
    assert steps(letters(STEPS[0], "Day 3: tip\nPreview: Look", STEPS[2])) == [("tip", "reworded", "")]
    moved = steps(letters(STEPS[0], "Day 3: letter", "Day 10: tip"))
    assert [each for each in moved if each[1] == "moved"] in (
        [("tip", "moved", "behind letter")],
        [("letter", "moved", "behind hello")],
    )


def test_each_field_of_a_step_says_what_it_was_and_is() -> None:
    fields = (
        "If: contact.phone",
        'Wait for: clicked("hello")',
        "Wait up to: 2 days",
        "Drop after: 3 days",
        "Kind: review",
    )
    tip = "\n".join(["Day 3: tip", *fields])
    found = steps(letters(STEPS[0], tip, STEPS[2]))
    assert found == [
        (
            "tip",
            "changed",
            'If: – → contact.phone; Wait for: – → clicked("hello"); Wait up to: – → 2 days; Drop after: – → 3 days; '
            "Kind: onboarding → review",
        )
    ]


def test_words_alone_are_felt_by_nobody() -> None:
    found = change(letters(STEPS[0], "Day 3: tip\nPreview: Look", STEPS[2]))
    assert found is not None
    assert not found.is_felt


@pytest.mark.parametrize(
    ("head", "told"),
    [
        ("enrol: {on: signup}\nstatus: paused", ("status", "live → paused")),
        ("enrol: {on: signup}\nstop:\n  - event: refund", ("stop", "– → refund")),
        ("enrol: {on: signup}\ngoal: {event: purchase, within: 30 days}", ("goal", "– → purchase within 30 days")),
        ("enrol: {on: tagged vip}", ("enrol", "signup, again never → tagged vip, again never")),
        ("enrol: {on: signup}\nat most: 2 emails", ("at most", "– → 2 emails")),
        ("enrol: {on: signup}\nwindow: Mon 09:00-10:00", ("window", "other hours")),
    ],
)
def test_the_front_matter_says_what_it_was_and_is(head: str, told: tuple[str, str]) -> None:
    found = change(headed(head))
    assert found is not None
    assert found.heads == (told,)
    assert found.is_felt


def test_other_hours_of_the_business_are_felt_everywhere_and_another_calendar_only_where_it_counts() -> None:
    old = library_of(letters=OLD, mothers=headed("enrol: {on: date}\ndate: calendar mothers-day"))
    hours = Library(
        _with(
            old, window=library_of(letters=headed("enrol: {on: signup}\nwindow: Mon 09:00-10:00")).sequences[0].window
        ),
        old.sequences,
    )
    assert [each.key for each in compare(old, hours).sequences] == ["letters", "mothers"]
    assert compare(old, hours).business == (("window", "other hours"),)
    days = Library(_with(old, calendar=()), old.sequences)
    assert [(each.key, each.is_awaited_anew) for each in compare(old, days).sequences] == [("mothers", True)]


def _with(library: Library, **changes: object) -> object:
    return type(library.business)(
        **{name: getattr(library.business, name) for name in library.business.__slots__} | changes
    )


def work(old: str | None, new: str | None, **more: object) -> list[tuple[str, str, int | None]]:
    before = library_of(**({"letters": old} if old else {}))
    after = library_of(**({"letters": new} if new else {}))
    return [(each.what, each.sequence, each.per_day) for each in work_of(compare(before, after), before, after, **more)]


def test_what_a_publication_has_to_do() -> None:
    here = headed("enrol: {on: signup, existing: 20 a day}")
    assert work(OLD, letters(*STEPS[:2])) == [("replan", "letters", None)]
    assert work(OLD, None) == [("replan", "letters", None)]
    assert work(None, OLD) == []
    assert work(None, here) == [("intake", "letters", 20)]
    assert work(OLD, here) == []  # it was published before
    assert work(headed("enrol: {on: signup}\nstatus: draft"), here) == [
        ("replan", "letters", None),
        ("intake", "letters", 20),
    ]
    assert work(None, headed("enrol: {on: date}\ndate: contact.birthday")) == [("expect", "letters", None)]
    assert work(OLD, letters(*STEPS, "Day 20: more"), reopen=["letters"]) == [
        ("replan", "letters", None),
        ("reopen", "letters", None),
    ]


def test_what_was_not_finished_is_finished_with_the_new_version() -> None:
    reworded = letters(STEPS[0], "Day 3: tip\nPreview: Look", STEPS[2])
    assert work(OLD, reworded) == []
    assert work(OLD, reworded, pending={"letters": {"replan", "reopen"}}) == [
        ("replan", "letters", None),
        ("reopen", "letters", None),
    ]


def test_a_publication_that_cannot_be_read_any_more_is_replanned_and_lets_nobody_in() -> None:
    new = library_of(letters=headed("enrol: {on: signup, existing: all}"))
    found = work_of(compare(Library(new.business, ()), new), None, new)
    assert found == (Work("letters", "replan"),)


def test_a_new_sequence_lists_its_steps() -> None:
    found = compare(library_of(), library_of(letters=OLD)).sequences[0]
    assert found.what == "new"
    assert found.steps[0] == StepChange("hello", "added", "Day 0")
