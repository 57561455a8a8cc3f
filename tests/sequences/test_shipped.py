"""The sequences that ship: nothing to remark, no promise that isn't kept, and every letter reads well to anybody."""

from __future__ import annotations

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from service.domain.clearance import asks_to_stay
from service.domain.consent import CLIENTS, Standing, may_email
from service.domain.facts import Facts
from service.domain.sequence.answers import answers_of
from service.domain.sequence.expression import Empty, Record, Worded, function
from service.domain.sequence.library import read_library
from service.domain.sequence.model.exit import AtMost
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Step
from service.domain.sequence.vocabulary import Kind, Stage
from service.rendering.proof import read_proofs
from service.rendering.renderer import StepRenderer
from tests.rendering.studio import html_of, letter, opened, read, renderer, shipped, text_of

FILES = shipped()
LIBRARY = read(FILES)
MAILS = [(sequence, step) for sequence in LIBRARY.sequences for step in sequence.steps if step.is_email]
NAMES = [f"{sequence.key}/{step.key}" for sequence, step in MAILS]
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2027, 3, 10, 12, tzinfo=BERLIN)


def sequence(key: str, library: Library = LIBRARY) -> Sequence:
    found = library.sequence(key)
    assert found is not None
    return found


def test_what_ships_is_read_without_a_single_remark() -> None:
    library, problems = read_library(FILES)
    assert [str(each) for each in problems] == []
    assert library is not None
    assert read_proofs(library, FILES) == []


def test_every_stage_of_the_journey_has_its_sequences() -> None:
    assert {each.stage for each in LIBRARY.sequences} == set(Stage)


def test_people_do_something_in_every_stage() -> None:
    stages = {each.stage for each in LIBRARY.sequences for step in each.steps if step.task}
    assert stages == set(Stage)


def test_the_shipped_form_leads_to_the_shipped_sequence_and_its_magnet() -> None:
    form = LIBRARY.business.form("salon-checklist")
    checklist = sequence("salon-checklist")
    assert form
    assert (form.double_opt_in, form.magnet, form.topics) == (False, "checklist", ("Tips and ideas",))
    assert checklist.enrol.form == form.slug
    assert checklist.steps[0].kind is Kind.SERVICE
    magnet = LIBRARY.business.magnet("checklist")
    assert magnet
    path = magnet.what
    assert FILES[f"sequences/{path}"].startswith(b"%PDF-")
    assert len(FILES[f"sequences/{path}"]) < 200_000


def test_courting_ends_before_it_annoys() -> None:
    checklist = sequence("salon-checklist")
    mails = [step.when.days for step in checklist.steps if step.is_email]
    assert mails == [0, 2, 5, 9, 14]
    assert checklist.at_most == AtMost(3, unanswered=True)


def test_the_first_hundred_days_are_there() -> None:
    days = {step.when.days for step in sequence("client-welcome").steps if step.is_email}
    assert {0, 1, 3, 7, 14, 30, 60, 90, 100} <= days
    tasks = [step.task.what for step in sequence("client-welcome").steps if step.task]
    assert {"call", "gift", "card"} <= set(tasks)


def test_every_step_of_a_translation_says_something_of_its_own() -> None:
    for step in sequence("salon-checklist").steps:
        if step.is_email:
            german = step.in_language("de")
            assert german.subjects != step.subjects
            assert len(german.subjects) == len(step.subjects)


ASKING = [each for each in LIBRARY.sequences if asks_to_stay(each)]


@pytest.mark.parametrize("asking", ASKING, ids=lambda each: each.key)
def test_who_never_reacts_is_asked_once_and_plainly(asking: Sequence) -> None:
    """Goodbye is no answer, for an answer is a sign of life, and would keep them in."""
    (step,) = asking.steps
    assert (asking.stage, step.kind, asking.template) == (Stage.FAREWELL, Kind.WIN_BACK, "plain")
    assert step.body
    assert [offer.value for offer in answers_of(step, "en")] == ["stay"]
    text = "".join(markdown for _, _, markdown in step.body.blocks)
    assert "(link:preferences)" in text
    assert "(link:less-often)" in text


@pytest.mark.parametrize(
    ("stage", "reads", "asked_by"),
    [
        ("client", False, ["still-there"]),
        ("client", True, ["still-there"]),
        ("lead", True, ["still-reading"]),
        ("lapsed", True, ["still-reading"]),
        ("lead", False, []),
    ],
)
def test_whoever_may_be_asked_is_asked_by_one_sequence(stage: str, reads: bool, asked_by: list[str]) -> None:
    agreed = frozenset({"Monthly letter"} if reads else ())
    standing = Standing((), agreed, is_client=stage in CLIENTS)
    found = []
    for each in ASKING:
        assert each.enrol.when
        topic = LIBRARY.business.topic(each.topic)
        assert topic
        person = Facts(
            business=LIBRARY.business,
            contact={"stage": stage},
            consented=agreed,
            now=NOW,
            entered_at=NOW,
            zone=BERLIN,
            enrolment_id=1,
            sequence=each.key,
        )
        if person.holds(each.enrol.when.source):
            assert may_email(standing, topic, NOW) is None, "else nobody is written to for 60 days who was not asked"
            found.append(each.key)
    assert found == asked_by


def test_no_letter_counts_down_or_puts_the_name_into_most_subjects() -> None:
    texts = [step.body.blocks for _, step in MAILS if step.body]
    words = " ".join(text for blocks in texts for _, _, text in blocks)
    assert not re.search(r"(?i)last chance|hurry up|only \d+ (hours|days|left)|expires soon|don.t miss", words)
    named = [
        step for _, step in MAILS if any("first_name" in each.source for s in step.subjects for each in s.expressions)
    ]
    assert len(named) <= len(MAILS) / 8


def names_for(known: bool) -> dict[str, object]:
    """What a letter may ask: everything known and true, or nothing and false."""
    said = Empty(name="unknown")
    booked = {
        "name": "appointment.missed",
        "with": "Lea",
        "service": "Cut",
        "reason": "moved",
        "manage_url": "https://glow.example/b/1",
        "from": "Bea",
        "friend": "Bea",
    } | {"reward": "15 €", "code": "FRIEND-15-7K3M9QX0", "expires": date(2028, 5, 8)}
    code = Worded("GLOW-7Q4K", {"expires": date(2027, 5, 8), "worth": "15 €"})
    answers = {
        name: function(lambda *_, **__: known)
        for name in ("clicked", "sent", "done", "happened", "upcoming", "segment")
    }
    return {
        **answers,
        "answer": function(lambda _: "happy" if known else said),
        "count": function(lambda *_, **__: 4 if known else 0),
        "days_since": function(lambda *_, **__: 37),
        "coupon": function(lambda _: code),
        "event": Record("event", booked if known else {"name": "appointment.cancelled"}),
        "referral": Record("referral", {"friend": "Bea", "count": 3} if known else {}),
        "date": datetime(2027, 3, 11, 16, 0, tzinfo=BERLIN),
        "today": date(2027, 3, 10),
        "arm": "A",
    }


@pytest.fixture(scope="module")
def writer() -> StepRenderer:
    """Of all that ships: what it took to read and compile a step is kept, as in a worker."""
    return renderer(FILES)


@pytest.mark.parametrize(("sequence", "step"), MAILS, ids=NAMES)
@pytest.mark.parametrize("known", [True, False], ids=["well known", "a stranger"])
def test_every_letter_reads_well_to_a_friend_and_to_a_stranger(
    sequence: Sequence, step: Step, known: bool, writer: StepRenderer
) -> None:
    person = (
        {"first_name": "Ana", "address": "Ahornweg 3", "favourite_drink": "green tea"}
        if known
        else {"first_name": None}
    )
    for language in ("en", "de"):
        to = letter(person, names_for(known), sequence=sequence.key, step=step.key, language=language)
        message = writer.render(to)
        text = text_of(message)
        assert 5 < len(opened(message)["Subject"]) <= 70
        assert len(html_of(message).encode()) < 24_000
        assert text.partition("-" * 40)[0].rstrip().endswith("— Mia")
        assert max(len(line) for line in text.splitlines() if "http" not in line) <= 78
        assert not re.search(r"\bNone\b|⟦|\{\{|\{%|[\ue000\ue001]", text + html_of(message))
