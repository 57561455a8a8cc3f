"""The sequences that ship, lived over the real engine and a real database: what befalls the people in them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from service.actions.answer import answer
from service.actions.enrol_by_hand import enrol_by_hand
from service.actions.join import join
from service.actions.sign_up import Evidence, SignedUp, sign_up
from service.domain.contact import read_address
from service.store.contact import Contact, Suppression
from service.store.delivery import Delivery, State
from service.store.enrolment import Enrolment
from tests.actions.friends import code_of, ledger, look, visit
from tests.actions.house import KEY, House
from tests.actions.written import Written
from tests.domain.stories import at
from tests.rendering.studio import read, shipped

pytestmark = pytest.mark.slow

BEGAN = at("2026-01-05 12:00")  # a Monday


class Salon(Written):
    """Glow Studio with all that ships, and Ana, who has just signed up for the checklist."""

    def __init__(self, engine: Engine) -> None:
        library = read(shipped())
        House.__init__(self, engine, *library.sequences, business=library.business)
        self.set_time(BEGAN)
        self.ana = self.sign_up(first_name="Ana").contact_id

    def sign_up(self, email: str = "ana@example.org", network: str = "203.0.113.7", **fields: str) -> SignedUp:
        form = self.published.library.business.form("salon-checklist")
        assert form is not None
        evidence = Evidence(network, "Firefox", "https://glow.example/", form.consent)
        with self.begin() as session:
            return sign_up(session, self.published, KEY, form, read_address(email), fields, evidence, self.now)

    def visit(self, when: str, about: str) -> None:
        self.live_until(at(when))
        self.tell(self.ana, "visit.completed", about, service="Cut")

    def answer(self, sequence: str, step: str, value: str) -> None:
        newest = (
            select(Delivery.id)
            .join(Enrolment, Enrolment.id == Delivery.enrolment_id)
            .where(Enrolment.sequence == sequence, Delivery.step == step)
            .where(Delivery.state == State.SENT)
            .order_by(Delivery.id.desc())
        )
        with self.begin() as session:
            delivery = session.scalars(newest.limit(1)).one()
            assert answer(session, self.published, delivery, value, None, self.now)

    def steps(self) -> list[str]:
        return [step for _, step in self.sent(self.ana)]

    def open_tasks(self) -> list[str]:
        return [step for step, state, _ in self.touches(self.ana) if state == "open"]

    @property
    def stage(self) -> str:
        with self.begin() as session:
            return session.get_one(Contact, self.ana).stage


@pytest.fixture
def salon(engine: Engine) -> Salon:
    return Salon(engine)


def test_courting_ends_with_the_third_letter_that_nobody_answers(salon: Salon) -> None:
    salon.live_until(BEGAN + timedelta(days=60))
    assert salon.steps() == ["your-checklist", "the-towel", "before-and-after", "fifteen-minutes-for-you"]


def test_a_cancelled_appointment_takes_its_own_reminder_away_and_no_other(salon: Salon) -> None:
    salon.tell(salon.ana, "appointment.booked", "A1", starts="2026-01-20T16:00:00+01:00")
    salon.tell(salon.ana, "appointment.booked", "A2", starts="2026-01-28T16:00:00+01:00")
    salon.live_until(at("2026-01-12 10:00"))
    salon.tell(salon.ana, "appointment.cancelled", "A1")
    salon.live_until(at("2026-01-30 10:00"))
    assert salon.steps().count("it-is-booked") == 2
    assert [when for when, step in salon.sent(salon.ana) if step == "another-time"] == ["2026-01-12 12:00"]
    assert [when for when, step in salon.sent(salon.ana) if step == "tomorrow"] == ["2026-01-27 10:00"]


def test_somebody_unhappy_is_called_put_right_and_asked_once_more(salon: Salon) -> None:
    salon.visit("2026-01-12 16:00", "V1")
    salon.visit("2026-02-24 16:00", "V2")
    salon.live_until(at("2026-02-27 16:00"))
    salon.answer("after-visit", "how-was-it", "unhappy")
    salon.live_until(at("2026-02-27 17:00"))
    assert "listen" in salon.open_tasks()
    salon.live_until(at("2026-03-25 16:00"))
    assert {"how-was-it", "put-it-right", "is-it-right-now"} <= set(salon.steps())
    assert "so-glad" not in salon.steps()


def test_a_client_who_stays_away_is_nudged_missed_and_then_left_in_peace(salon: Salon) -> None:
    for when, about in (("2026-01-12 16:00", "V1"), ("2026-02-24 16:00", "V2"), ("2026-04-07 16:00", "V3")):
        salon.visit(when, about)
    salon.live_until(at("2026-08-30 12:00"))
    away = [step for when, step in salon.sent(salon.ana) if when > "2026-05-01"]
    assert away == [
        "soon-time-again",
        "overdue",
        "the-last-nudge",
        "what-is-new",
        "something-to-come-back-for",
        "shall-we-stop",
    ]
    assert salon.stage == "lapsed"
    before = len(salon.steps())
    salon.live_until(at("2027-04-01 12:00"))
    assert salon.steps()[before:] == []


def test_whoever_wants_to_stay_in_touch_stays_a_client(salon: Salon) -> None:
    for when, about in (("2026-01-12 16:00", "V1"), ("2026-02-24 16:00", "V2"), ("2026-04-07 16:00", "V3")):
        salon.visit(when, about)
    salon.live_until(_left(salon, "shall-we-stop"))
    salon.answer("win-back", "shall-we-stop", "stay")
    salon.live_until(salon.now + timedelta(days=40))
    assert salon.stage == "client"


def test_what_is_promised_for_a_friend_is_given_to_both_and_once(salon: Salon) -> None:
    salon.visit("2026-01-12 16:00", "V1")
    bea = salon.sign_up("bea@example.net", "198.51.100.4", first_name="Bea", ref=code_of(salon, salon.ana)).contact_id
    look(salon)
    salon.live_until(at("2026-01-14 12:00"))
    assert ("2026-01-13 10:00", "as-promised") in salon.sent(bea)
    for _ in range(2):
        visit(salon, bea)
        look(salon)
    salon.work(salon.now)
    assert salon.steps().count("thank-you") == 2  # for the first visit of her own, and for her friend
    assert "as-promised" not in salon.steps()
    salon.live_until(salon.now + timedelta(days=14))
    look(salon)
    salon.live_until(salon.now + timedelta(days=2))
    look(salon)
    assert salon.steps().count("as-promised") == 1
    assert [(side, state) for side, state, _ in ledger(salon)] == [("friend", "granted"), ("referrer", "granted")]


def _left(salon: Salon, step: str) -> datetime:
    """Live until a step has left, and say when."""
    while step not in salon.steps():
        upcoming = salon.next_wake()
        assert upcoming is not None, f"{step} never left"
        salon.work(upcoming)
    return salon.now + timedelta(hours=1)


def test_no_month_holds_more_letters_than_anybody_may_get(salon: Salon) -> None:
    for number in range(3):
        salon.visit(f"{BEGAN + timedelta(days=10 + 42 * number):%Y-%m-%d} 16:00", f"V{number}")
    salon.live_until(at("2026-05-01 12:00"))
    assert {"a-hundred-days", "how-was-it", "would-you-tell-others"} <= set(salon.steps())
    months = [when[:7] for when, _ in salon.sent(salon.ana)]
    assert max(map(months.count, months)) <= 9  # eight that count, and one of service


MONTHLY = """---
title: The monthly letter
stage: nurture
kind: newsletter
topic: Monthly letter
enrol: {on: manual}
at most: 30 emails
---
"""


class Newsroom(Salon):
    """The same with a letter a month, for two years."""

    def __init__(self, engine: Engine) -> None:
        letters = (f"## Day {30 * n} at 10:00: letter {n}\n\nSubject: Letter {n}\n\nHello.\n" for n in range(1, 25))
        text = MONTHLY + "\n" + "\n".join(letters)
        library = read(shipped() | {"sequences/monthly.md": text.encode()})
        House.__init__(self, engine, *library.sequences, business=library.business)
        self.set_time(BEGAN)
        self.ana = self.sign_up(first_name="Ana").contact_id
        self.join()

    def join(self) -> None:
        """Ana agrees to the monthly letter, as on the page behind the link in her mail."""
        topic = self.published.library.business.topic("Monthly letter")
        assert topic
        with self.begin() as session:
            assert join(session, self.published, self.ana, 0, topic, Evidence(wording="Yes, please."), self.now)
            contact = session.get_one(Contact, self.ana)
            monthly = self.published.library.sequence("monthly")
            assert monthly
            enrol_by_hand(session, self.published, contact, monthly, {}, self.now)

    @property
    def suppressed(self) -> list[str]:
        with self.begin() as session:
            return list(session.scalars(select(Suppression.reason)))


def test_a_lead_who_never_reacts_to_the_monthly_letter_is_asked_and_then_left_in_peace(engine: Engine) -> None:
    newsroom = Newsroom(engine)
    newsroom.live_until(BEGAN + timedelta(days=700))
    question = newsroom.steps().index("shall-we-keep-sending-it")
    assert question >= 11
    assert newsroom.steps()[question:] == ["shall-we-keep-sending-it"]
    assert newsroom.suppressed == ["unengaged"]


def test_a_lead_who_says_stay_gets_the_monthly_letter_as_before(engine: Engine) -> None:
    newsroom = Newsroom(engine)
    while "shall-we-keep-sending-it" not in newsroom.steps():
        newsroom.live_until(newsroom.now + timedelta(days=15))
    before = len(newsroom.steps())
    newsroom.answer("still-reading", "shall-we-keep-sending-it", "stay")
    newsroom.live_until(newsroom.now + timedelta(days=100))
    assert len(newsroom.steps()) >= before + 3
    assert newsroom.suppressed == []
