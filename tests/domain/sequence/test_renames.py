"""A step under a new title is a new step, unless its `Id:` says that it is the old one."""

from __future__ import annotations

from service.domain.sequence.model.problem import Severity
from service.domain.sequence.model.sequence import Sequence as Written
from service.domain.sequence.renames import likely_renames
from tests.domain.sequence.paper import FRONT, read, sequence

LETTER = "Rubbing hair dry with a towel is what roughens it. Press, don't rub. That is the whole tip, isn't it?\n\n"
OTHER = "Before and after: what changed in six weeks, the same hair and the same shampoo. [See](link:booking)\n\n"
TOWEL = "## Day 2: the towel\nSubject: The towel is the culprit\n\n" + LETTER
JANA = "## Day 5: before and after\nSubject: Six weeks\n\n" + OTHER


def written(*steps: str) -> Written:
    return read(sequence(FRONT, "".join(steps))).sequences[0]


def test_a_step_with_the_same_words_under_a_new_title_is_told_with_its_old_key() -> None:
    renamed = TOWEL.replace("the towel", "press it").replace("That is the whole tip", "That is all")
    (problem,) = likely_renames(written(TOWEL, JANA), written(renamed, JANA))
    assert (problem.severity, problem.code, str(problem.place)) == (
        Severity.ERROR,
        "likely-rename",
        "sequences/welcome.md:9:1",
    )
    assert "`the-towel`" in problem.message
    assert problem.hint == "add a line `Id: the-towel` if it is the same step, `Id: press-it` if it is a new one"


def test_an_id_of_its_own_says_what_it_is() -> None:
    kept = TOWEL.replace("the towel", "press it").replace("Subject", "Id: the-towel\nSubject", 1)
    new = TOWEL.replace("the towel", "press it").replace("Subject", "Id: press\nSubject", 1)
    assert likely_renames(written(TOWEL), written(kept)) == []
    assert likely_renames(written(TOWEL), written(new)) == []


def test_a_new_step_that_says_something_else_is_new() -> None:
    assert likely_renames(written(TOWEL), written(JANA)) == []
    assert likely_renames(written(TOWEL), written(TOWEL, JANA)) == []
    assert likely_renames(written(TOWEL, JANA), written(JANA)) == []


def test_a_task_is_never_the_mail_it_replaces() -> None:
    task = "## Day 2: press it\nTask: call\nAssign: front-desk\n\n" + LETTER
    assert likely_renames(written(TOWEL), written(task)) == []
    again = task.replace("press it", "call them")
    assert [each.code for each in likely_renames(written(task), written(again))] == ["likely-rename"]


def test_each_old_step_is_offered_once() -> None:
    old = written(TOWEL, JANA)
    new = written(TOWEL.replace("the towel", "one"), JANA.replace("before and after", "two"))
    assert [each.hint.split("`")[1] for each in likely_renames(old, new)] == ["Id: the-towel", "Id: before-and-after"]
