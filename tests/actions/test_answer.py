from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine, delete

from service.actions.answer import answer
from service.store.contact import Contact
from service.store.delivery import State
from service.store.enrolment import Enrolment
from tests.actions.front_desk import FrontDesk
from tests.actions.house import NOW
from tests.domain.stories import day, step


def asked(engine: Engine) -> tuple[FrontDesk, int]:
    desk = FrontDesk(engine, step("how-was-it", day(0)))
    return desk, desk.touch("how-was-it", State.SENT, sent_at=NOW, handed_at=NOW)


def give(desk: FrontDesk, mail: int, value: str, note: str | None = None) -> bool:
    with desk.begin() as session:
        return answer(session, desk.published, mail, value, note, desk.now)


def test_an_answer_is_an_event_that_conditions_read_and_that_wakes(engine: Engine) -> None:
    desk, mail = asked(engine)
    assert not desk.holds('answer("how-was-it")')
    assert give(desk, mail, "happy", "So\nsoft!")
    [event] = desk.events("answer")
    assert event.data == {
        "sequence": "letters",
        "step": "how-was-it",
        "value": "happy",
        "note": "So\nsoft!",
        "enrolment": desk.inside,
    }
    assert desk.holds('answer("how-was-it") == "happy"')
    assert desk.row(Enrolment, desk.inside).wake_at <= NOW


def test_a_later_answer_replaces_an_earlier_one_and_the_same_one_changes_nothing(engine: Engine) -> None:
    desk, mail = asked(engine)
    for value, note in (("happy", None), ("happy", None), ("unhappy", None), ("unhappy", "Too short."), ("happy", "")):
        desk.set_time(desk.now + timedelta(minutes=1))
        give(desk, mail, value, note)
    given = [(event.data["value"], event.data["note"], event.replaced) for event in desk.events("answer")]
    assert given == [
        ("happy", None, True),
        ("unhappy", None, True),
        ("unhappy", "Too short.", True),
        ("happy", None, False),
    ]
    assert desk.holds('answer("how-was-it") == "happy" and count("answer") == 1')


def test_a_mail_that_was_sent_again_asks_the_same_question(engine: Engine) -> None:
    desk, mail = asked(engine)
    again = desk.touch("how-was-it", State.SENT, occasion=1, sent_at=NOW, handed_at=NOW)
    give(desk, mail, "happy")
    give(desk, again, "unhappy")
    assert [event.replaced for event in desk.events("answer")] == [True, False]


def test_an_answer_of_the_forgotten_is_kept_nowhere(engine: Engine) -> None:
    desk, mail = asked(engine)
    with desk.begin() as session:
        session.execute(delete(Contact))
    assert give(desk, mail, "happy") is False
    assert desk.events("answer") == []
