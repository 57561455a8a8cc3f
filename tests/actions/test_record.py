"""What a run knows of its mails it doesn't ask for again, and what it knows wrongly it never writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import Engine, select, update

from service.actions.deliver import deliver
from service.actions.lease import Lease, take
from service.actions.merge import merge
from service.actions.record import Handed, handed, recalled
from service.actions.unsubscribe import unsubscribe
from service.domain.policy import Caps, Policy, PressurePolicy
from service.domain.sequence.vocabulary import Kind
from service.ports import Meanwhile, Message, Outcome, Sent, TryLater, nothing
from service.store.contact import Contact
from service.store.decision import Decision
from service.store.enrolment import Enrolment
from service.store.handover import UnderWay, lock_under_way
from tests.actions.house import FORM, House, Postman
from tests.domain.stories import BUSINESS, day, letters, step

Deed = Callable[[], object]


class Witness(Postman):
    """Does something once, while the first mail is on its way."""

    def __init__(self, deed: Deed) -> None:
        super().__init__()
        self.deed = deed

    def send(
        self, messages: Sequence[Message], start_by: float, at_once: int = 0, meanwhile: Meanwhile = nothing
    ) -> list[Outcome]:
        outcomes = super().send(messages, start_by, at_once)
        if len(self.taken) == len(messages):
            self.deed()
        return outcomes


@pytest.fixture
def house(engine: Engine) -> House:
    return House(engine, letters(step("hello", day(0)), step("tip", day(3))))


def one_by_one(house: House, *names: str) -> list[int]:
    """People whose first mails are cleared, to be handed over in groups of one."""
    people = [house.sign_up(f"{name}@example.org").contact_id for name in names]
    house.decide()
    return people


def hand_over(house: House, deed: Deed) -> int:
    house.postman = Witness(deed)
    return deliver(house.desk(group=1), Lease(), lambda: False)


def test_what_came_of_a_mail_is_noted_with_what_comes_next(house: House) -> None:
    people = one_by_one(house, "ana", "ben")
    assert hand_over(house, lambda: None) == 2
    assert [house.states(each) for each in people] == [{"hello": "sent", "tip": "planned"}] * 2
    assert [house.enrolment(each).passed for each in people] == [["hello"], ["hello"]]


def test_who_left_while_their_mail_was_on_its_way_has_nothing_planned(house: House) -> None:
    ana, ben = one_by_one(house, "ana", "ben")

    def leave() -> None:
        with house.begin() as session:
            unsubscribe(session, house.published, ana, house.now)

    assert hand_over(house, leave) == 2
    assert house.states(ana) == {"hello": "sent"}
    assert house.enrolment(ana).state != "active"
    assert house.enrolment(ana).wake_at is None
    assert house.states(ben) == {"hello": "sent", "tip": "planned"}


def test_what_somebody_else_noted_of_a_way_is_not_written_over(house: House) -> None:
    (ana, _) = one_by_one(house, "ana", "ben")

    def note() -> None:
        with house.begin() as session:
            session.execute(update(Enrolment).where(Enrolment.contact_id == ana).values(passed=["before"]))

    assert hand_over(house, note) == 2
    assert house.enrolment(ana).passed == ["before", "hello"]


def test_a_mail_whose_reader_became_another_person_leaves_once_for_that_one(house: House) -> None:
    _, ben, cleo = one_by_one(house, "ana", "ben", "cleo")

    def join() -> None:
        with house.begin() as session:
            merge(session, house.published, cleo, ben, house.now)

    hand_over(house, join)
    house.work()
    assert sorted(to for to, _ in house.mails()) == ["ana@example.org", "cleo@example.org"]
    assert house.states(cleo)["hello"] == "sent"


def test_an_erased_person_is_no_reason_to_forget_what_came_of_the_others(house: House) -> None:
    ana, ben, cleo = one_by_one(house, "ana", "ben", "cleo")

    def erase() -> None:
        with house.begin() as session:
            session.delete(session.scalars(select(Enrolment).where(Enrolment.contact_id == ana)).one())

    house.postman = Witness(erase)
    assert deliver(house.desk(group=2), Lease(), lambda: False) == 3
    assert house.touches(ana) == []
    assert [house.states(each)["hello"] for each in (ben, cleo)] == ["sent", "sent"]


def test_a_reader_who_became_another_person_is_written_of_under_that_persons_name(house: House) -> None:
    """The mail was not taken: nothing of the sequence is written, only that it waits."""
    ana, ben, cleo = one_by_one(house, "ana", "ben", "cleo")

    class Busy(Witness):
        def send(
            self, messages: Sequence[Message], start_by: float, at_once: int = 0, meanwhile: Meanwhile = nothing
        ) -> list[Outcome]:
            first = not self.taken
            outcomes = super().send(messages, start_by, at_once, meanwhile)
            return [TryLater("451 later", "451") for _ in messages] if first else outcomes

    def join() -> None:
        with house.begin() as session:
            merge(session, house.published, cleo, ana, house.now)

    house.postman = Busy(join)
    deliver(house.desk(group=1), Lease(), lambda: False)
    with house.begin() as session:
        told = set(session.scalars(select(Decision.contact_id).where(Decision.rule == "try-later")))
    assert told == {cleo}
    assert house.states(ben)["hello"] == "sent"


def test_what_a_mail_weighs_is_reckoned_at_journey_time(engine: Engine) -> None:
    """Nothing is read of the mail behind it, whose reader has just left."""
    light = Policy(Caps(9, 9, 9, 0, 0), pressure=PressurePolicy(weights=dict.fromkeys(Kind, 1.0)))
    business = replace(BUSINESS, forms=(FORM,), throttle=light)
    house = House(engine, letters(step("hello", day(0))), business=business)
    ana, ben = one_by_one(house, "ana", "ben")

    def leave() -> None:
        with house.begin() as session:
            unsubscribe(session, house.published, ben, house.now)

    assert hand_over(house, leave) == 1
    with house.begin() as session:
        assert session.get_one(Contact, ana).pressure_at == house.now


def test_a_group_is_known_when_each_of_its_mails_is(house: House) -> None:
    (ana,) = one_by_one(house, "ana")
    with house.begin() as session:
        lease = Lease()
        ids = [each.id for each in take(session, lease, 9)]
        under_way = lock_under_way(session, (), ids, lease.token)
    (mail,) = under_way.taken
    message = Message(mail.id, "<1@glow.example>", "mia@glow.example", "ana@example.org", b"")
    (done,) = handed(under_way, [(message, Sent())])
    assert done.mail == mail._replace(state="handed", attempts=1, handed_at=house.now)
    known = recalled([done], house.now)
    assert known == UnderWay(house.now, [done.mail], [], under_way.ways)
    assert recalled([done, Handed(mail.id + 1, Sent())], house.now) is None
    assert [way.contact_id for way in known.ways.values()] == [ana]
