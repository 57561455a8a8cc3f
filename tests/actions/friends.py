"""A business that rewards friends, over a real database: what the tests of the ledger do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import Engine, select

from service.actions.ask_to_confirm import ask_to_confirm
from service.actions.confirm import confirm
from service.actions.look_after_referrals import look_after_referrals
from service.actions.sign_up import Evidence, sign_up
from service.actions.tell import Told, tell
from service.domain.contact import read_address
from service.domain.sequence.model.business import Coupon, Topic
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.form import Form
from service.domain.sequence.model.referral import Programme, Reward, RewardKind
from service.ports import Published
from service.store.enrolment import Enrolment
from service.store.event import Event
from service.store.referral import give_codes
from service.store.reward import Reward as Row
from service.store.task import Task
from tests.actions.house import FORM, KEY, House
from tests.domain.stories import BUSINESS

DAY = timedelta(days=1)
COUPON = Reward(RewardKind.COUPON, "REFERRER-15")
WELCOME = Reward(RewardKind.TEXT, "15 € off the first visit", at_signup=True)
WHOLE = replace(
    BUSINESS,
    topics=(Topic("Tips and ideas"), Topic("Your project", "client"), Topic("Your appointments", "service")),
    forms=(FORM,),
    people=(("owner", "mia@glow.example"), ("desk", "desk@glow.example")),
    coupons=(Coupon("REFERRER-15", Duration.of(1, Unit.YEARS), "15 €"),),
    webhooks=(("gifts", "https://gifts.example/hook"),),
)


def rewarding(engine: Engine) -> House:
    """A business that gives a friend something at once, and whoever brought them a coupon later."""
    return House(engine, business=replace(WHOLE, referral=Programme(friend=WELCOME, referrer=COUPON)))


def promise(house: House, programme: Programme | None) -> None:
    business = replace(house.published.library.business, referral=programme)
    library = replace(house.published.library, business=business)
    house.published = Published(house.published.id, library)


def arrive(house: House, email: str, ref: str = "", network: str = "198.51.100.1", **fields: str) -> int:
    """Somebody signs up from a network of their own."""
    with house.begin() as session:
        evidence = Evidence(network, f"Browser of {email}", "https://glow.example/", "Yes, please.")
        given = fields | ({"ref": ref} if ref else {})
        return sign_up(session, house.published, KEY, FORM, read_address(email), given, evidence, house.now).contact_id


def code_of(house: House, contact_id: int) -> str:
    with house.begin() as session:
        return give_codes(session, [contact_id])[contact_id]


def visit(house: House, *contacts: int, name: str = "visit.completed", value: str | None = None) -> None:
    with house.begin() as session:
        told = [Told(each, name, value=Decimal(value) if value else None) for each in contacts]
        tell(session, house.published, told, house.now)


def look(house: House, after: timedelta = timedelta()) -> None:
    house.set_time(house.now + after)
    while True:
        with house.begin() as session:
            if not look_after_referrals(session, house.published, house.now):
                return


def ledger(house: House) -> list[tuple[str, str, str]]:
    """(side, state, reason) of all rewards, in their order."""
    with house.begin() as session:
        rows = session.scalars(select(Row).order_by(Row.referral_id, Row.side)).all()
        return [(row.side, row.state, row.reason) for row in rows]


def states(house: House) -> dict[str, str]:
    return {side: state for side, state, _ in ledger(house)}


def told(house: House, contact_id: int) -> list[tuple[str, dict[str, object]]]:
    with house.begin() as session:
        events = select(Event).where(Event.contact_id == contact_id, Event.name.startswith("referral."))
        return [(event.name, event.data) for event in session.scalars(events.order_by(Event.id))]


def tasks(house: House) -> Sequence[Task]:
    with house.begin() as session:
        return session.scalars(select(Task).order_by(Task.id)).all()


def bring(house: House, **fields: str) -> tuple[int, int]:
    """Ana brings Bea, who has signed up."""
    ana = arrive(house, "ana@example.org", network="203.0.113.7", first_name="Ana")
    bea = arrive(house, "bea@example.net", ref=code_of(house, ana), first_name="Bea", **fields)
    return ana, bea


DOUBLE = Form("careful", topics=("Tips and ideas",), double_opt_in=True)


def ask(house: House, email: str, ref: str = "") -> int:
    """Somebody fills in a form that asks to confirm; the id of what waits for the button."""
    with house.begin() as session:
        evidence = Evidence("198.51.100.5", "Safari", "https://glow.example/", "Yes, please.")
        given = {"ref": ref} if ref else {}
        found = ask_to_confirm(session, house.published, KEY, DOUBLE, read_address(email), given, evidence, house.now)
        mine = select(Enrolment.id).where(Enrolment.contact_id == found.contact_id).order_by(Enrolment.id.desc())
        return session.scalars(mine).first() or 0


def press(house: House, request: int) -> None:
    with house.begin() as session:
        confirm(session, house.published, KEY, request, Evidence("198.51.100.5", "Safari"), house.now)
