"""What is known of a group is recorded, also where the database is away when it comes to be told."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import Connection, Engine, create_engine, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from service.actions.deliver import SILENCE, deliver
from service.actions.lease import Lease
from service.actions.put_into_words import Desk
from service.domain.policy import Caps, Policy, PressurePolicy
from service.domain.sequence.vocabulary import Kind
from service.ports import Letter, Meanwhile, Message, Outcome, Published, TryLater, nothing
from service.store.delivery import Delivery, State
from tests.actions.house import FORM, NOW, Clerk, House, Postman
from tests.domain.stories import BUSINESS, day, letters, step

AWAY = 2  # times that it is asked in vain


class Jammer(Postman):
    """Takes the mails, and keeps everybody from their contacts from then on."""

    def __init__(self, connection: Connection) -> None:
        super().__init__()
        self.connection = connection

    def send(
        self, messages: Sequence[Message], start_by: float, at_once: int = 0, meanwhile: Meanwhile = nothing
    ) -> list[Outcome]:
        outcomes = super().send(messages, start_by, at_once, meanwhile)
        self.connection.execute(text("SELECT id FROM contact FOR UPDATE"))
        return outcomes


class Cut(House):
    """Whose database is there again once it was asked in vain a few times."""

    in_vain = 0

    @contextmanager
    def begin(self) -> Iterator[Session]:
        try:
            with super().begin() as session:
                yield session
        except OperationalError:
            self.in_vain += 1
            if self.in_vain == AWAY:
                self.postman.connection.rollback()  # type: ignore[attr-defined]
            raise


@pytest.fixture
def hasty(database_url: str) -> Iterator[Engine]:
    """An engine whose waits for locks are soon over, as those of a database are that is going away."""
    engine = create_engine(database_url, connect_args={"options": "-c lock_timeout=100"})
    yield engine
    engine.dispose()


def test_a_database_that_is_away_for_a_moment_makes_nothing_uncertain(hasty: Engine, engine: Engine) -> None:
    house = Cut(hasty, letters(step("hello", day(0))))
    ana = house.sign_up().contact_id
    house.decide()
    with engine.connect() as connection:
        house.postman = Jammer(connection)
        with pytest.raises(OperationalError):
            house.deliver()
    assert house.in_vain == AWAY
    house.end_leases()
    house.decide()
    assert house.mails() == [("ana@example.org", "hello")]
    assert house.states(ana) == {"hello": "sent"}


def test_the_words_behind_are_made_while_a_group_is_handed_over_and_made_once(engine: Engine) -> None:
    house = House(engine, letters(step("hello", day(0))))
    made: list[int] = []

    class Noting(Clerk):
        def render(self, letter: Letter) -> Message:
            made.append(letter.delivery_id)
            return super().render(letter)

    class Waiting(Postman):
        def send(
            self, messages: Sequence[Message], start_by: float, at_once: int = 0, meanwhile: Meanwhile = nothing
        ) -> list[Outcome]:
            seen.append(len(made))
            while meanwhile():
                pass
            seen.append(len(made))
            return super().send(messages, start_by, at_once)

    seen: list[int] = []
    house.clerk, house.postman = Noting(), Waiting()
    for name in ("ana", "ben", "cleo", "dan"):
        house.sign_up(f"{name}@example.org")
    house.decide()
    assert deliver(house.desk(group=2), Lease(), lambda: False) == 4
    assert seen == [2, 4, 4, 4]
    assert len(set(made)) == len(made)
    assert sorted(house.mails()) == [(f"{name}@example.org", "hello") for name in ("ana", "ben", "cleo", "dan")]


def test_the_log_has_a_line_a_second_of_what_was_sent_and_of_all_of_it(engine: Engine) -> None:
    """However many claims those were: of a great backlog they are fifty a second."""
    house = House(engine, letters(step("hello", day(0))))
    for number in range(9):
        house.sign_up(f"guest{number}@example.org")
    house.decide()
    began = time.monotonic()
    with capture_logs() as logs:
        assert deliver(house.desk(group=1), Lease(), lambda: False) == 9
    sent = [each["count"] for each in logs if each["event"] == "deliveries.sent"]
    assert sum(sent) == 9
    assert len(sent) <= 1 + (time.monotonic() - began) // SILENCE


def test_an_answer_that_comes_too_late_says_that_its_turn_is_over(engine: Engine) -> None:
    """The lease ended while the provider was asked: the sequence has gone on as if the mail had left."""
    house = House(engine, letters(step("hello", day(0)), step("more", day(3))))
    ana = house.sign_up().contact_id
    house.decide()

    class Slow(Postman):
        def send(
            self, messages: Sequence[Message], start_by: float, at_once: int = 0, meanwhile: Meanwhile = nothing
        ) -> list[Outcome]:
            house.end_leases()
            house.decide()
            return [TryLater("451 later", "451") for _ in messages]

    house.postman = Slow()
    house.deliver()
    (hello, more) = house.touches(ana)
    assert hello[1:] == ("failed", "It was not taken, as became known when its sequence had gone on: 451 later")
    assert more[:2] == ("more", "planned")
    assert house.now == NOW


def test_what_a_mail_weighs_is_known_when_its_reader_is_asked_about_the_next(engine: Engine) -> None:
    """The outcome of the one and the intent of the other stand in one commit."""
    light = PressurePolicy(weights=dict.fromkeys(Kind, 1.0), ceilings=dict.fromkeys(range(1, 8), 1.5))
    business = replace(BUSINESS, forms=(FORM,), throttle=Policy(Caps(9, 9, 9, 0, 0), pressure=light))
    first, second = letters(step("first", day(0))), replace(letters(step("second", day(0))), key="more")
    house = House(engine, first, second, business=business)
    house.sign_up()
    house.decide()
    with house.begin() as session:  # as if both had been cleared before either weighed anything
        session.execute(update(Delivery).values(state=State.CLEARED, wake_at=None))
    assert deliver(house.desk(group=1), Lease(), lambda: False) == 1
    with house.begin() as session:
        left, waits = session.scalars(select(Delivery).order_by(Delivery.id)).all()
        assert (left.state, waits.state, waits.rule) == (State.SENT, State.HELD, "pressure")


class Stumbling(Clerk):
    """Has a fault of its own that shows in the mails to one person."""

    def render(self, letter: Letter) -> Message:
        if letter.recipient.startswith("ben"):
            raise AttributeError("nobody thought of this")
        return super().render(letter)


def test_a_fault_in_making_words_holds_that_mail_and_no_other(engine: Engine) -> None:
    """Its words are made while the commit of the group before is under way, whose mail leaves and is recorded."""
    house = House(engine, letters(step("hello", day(0))))
    ana, ben, cleo = [house.sign_up(f"{name}@example.org").contact_id for name in ("ana", "ben", "cleo")]
    house.decide()
    desk = replace(house.desk(group=1), renderer=Stumbling())
    assert deliver(desk, Lease(), lambda: False) == 2
    assert [house.states(each) for each in (ana, cleo)] == [{"hello": "sent"}] * 2
    (hello,) = house.touches(ben)
    assert hello[1] == "held"
    assert "making it failed (AttributeError)" in str(hello[2])


class Unsteady(House):
    """Where something of ours fails once, as soon as a mail has left."""

    has_failed = False

    def desk(self, group: int = 25) -> Desk:
        return replace(super().desk(group), published=self.look)

    def look(self) -> Published:
        if self.postman.taken and not self.has_failed:
            self.has_failed = True
            raise AttributeError("nobody thought of this")
        return self.published


def test_whatever_ends_a_run_what_is_known_of_a_group_is_recorded(engine: Engine) -> None:
    house = Unsteady(engine, letters(step("hello", day(0))))
    ana, ben = [house.sign_up(f"{name}@example.org").contact_id for name in ("ana", "ben")]
    house.decide()
    with pytest.raises(AttributeError):
        deliver(house.desk(group=1), Lease(), lambda: False)
    assert (house.states(ana), house.states(ben)) == ({"hello": "sent"}, {"hello": "cleared"})
