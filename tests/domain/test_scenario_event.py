"""Events of a scenario: what they may say, and that what nobody wrote is refused with the nearest word."""

from __future__ import annotations

import pytest

from service.domain.scenario import Scenario, read_scenario
from service.domain.sequence.findings import Findings
from tests.simulation.paper import library_of, mail, sequence, task

LIBRARY, _ = library_of(
    {
        "letters": sequence(
            "title: Letters\nstage: nurture\ntopic: Tips and ideas\nenrol: {on: signup, form: checklist}",
            mail("Day 0", "how", "Kind: service", body="[Good](answer:good) [Bad](answer:bad)"),
            task("Day 1", "ring", "Ask: wish", body="[Reached](answer:reached) [Not](answer:not-reached)"),
        )
    }
)
HEAD = "contact: {email: ana@example.org}\nevents:\n- "


def read(text: str) -> tuple[Scenario | None, list[str]]:
    findings = Findings()
    scenario = read_scenario("ana.yaml", text.encode(), LIBRARY.business, findings, LIBRARY.sequences)
    return scenario, [str(each) for each in findings.problems]


@pytest.mark.parametrize(
    ("event", "problem"),
    [
        ("name: signup", "3:3: error: `form` is missing here. (signup needs it: write `form: …`)"),
        ("name: signup, form: cheklist", "form `cheklist` here. (did you mean `checklist`?)"),
        (
            "name: signup, form: checklist, data: {wishh: x}",
            "no field `wishh` that this could fill in. (did you mean `wish`",
        ),
        (
            "name: click, sequence: leters, step: how",
            "3:49: error: There is no sequence `leters` here. (did you mean `letters`?)",
        ),
        ("name: click, sequence: letters, step: ring", "There is no step `ring` here. (known are `how`)"),
        (
            "name: answer, sequence: letters, step: how, value: god",
            "There is no value `god` here. (did you mean `good`?)",
        ),
        ("name: task.done, sequence: letters, step: how", "There is no step `how` here. (known are `ring`)"),
        ("name: task.done, sequence: letters, step: ring, value: reachd", "did you mean `reached`?"),
        ("name: task.done, sequence: letters, value: stop", "no value `stop` here. (known are `end`, `go-on`)"),
        ("name: unsubscribed, topic: Tips", "There is no topic `Tips` here."),
        ("name: unsubscribed, form: checklist", "`form` says nothing about unsubscribed."),
        ("name: task.skiped", "There is no event `task.skiped`. (did you mean `task.skipped`?)"),
        ("name: reply, colour: red", "There is no key `colour` in an event."),
    ],
)
def test_what_nobody_wrote_is_refused(event: str, problem: str) -> None:
    scenario, problems = read(HEAD + "{at: 2026-01-05 12:00, " + event + "}\n")
    assert scenario is None
    assert any(problem in each for each in problems), problems


def test_a_task_that_is_done_fills_in_fields_by_their_shape() -> None:
    scenario, problems = read(
        HEAD + "{at: 2026-01-05 12:00, name: task.done, sequence: letters, step: ring, data: {visits: 3}}"
    )
    assert problems == []
    assert scenario is not None
    assert scenario.events[0].data["visits"] == 3


def test_consents_are_topics_and_none_is_not_the_same_as_nothing_said() -> None:
    said, problems = read("contact: {email: ana@example.org}\nconsents: [Newsletter]\n")
    assert (problems, said and said.consents) == ([], ("Newsletter",))
    unsaid, _ = read("contact: {email: ana@example.org}\n")
    assert unsaid is not None
    assert unsaid.consents is None
    _, problems = read("contact: {email: ana@example.org}\nconsents: [Newsleter]\n")
    assert problems == ["ana.yaml:2:12: error: There is no topic `Newsleter`. (did you mean `Newsletter`?)"]
