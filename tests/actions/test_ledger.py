"""The ledger of rewards over a real database: what a friend and whoever brought them get, and that nobody gets it twice."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, func, select

from service.actions.ask_to_confirm import ask_to_confirm
from service.actions.confirm import confirm
from service.actions.erase import erase
from service.actions.look_after_referrals import look_after_referrals
from service.actions.settle_referral import NotQualified, Used, decide_referral, redeem, reward
from service.actions.settle_task import settle_task, skip_task
from service.actions.sign_up import Evidence, sign_up
from service.actions.tell import Told, tell
from service.domain.contact import read_address
from service.domain.referral_ledger import CannotDecide
from service.domain.sequence.model.business import Coupon, Topic
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.form import Form
from service.domain.sequence.model.referral import Cap, Programme, Qualifying, Reward, RewardKind
from service.ports import Published
from service.store.enrolment import Enrolment
from service.store.event import Event
from service.store.referral import Referral, give_codes
from service.store.reward import Reward as Row
from service.store.reward import RewardRecord, add_codes, count_codes, read_rewards
from service.store.task import Task
from service.store.webhook_call import WebhookCall
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


@pytest.fixture
def house(engine: Engine) -> House:
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


def test_the_whole_way_of_two_rewards(house: House) -> None:
    ana, bea = bring(house)
    look(house)
    assert states(house) == {"friend": "granted", "referrer": "signed-up"}
    assert told(house, bea) == [("referral.welcomed", {"from": "Ana", "reward": "15 € off the first visit"})]
    visit(house, bea)
    look(house)
    assert ledger(house)[1] == ("referrer", "qualified", "Given after 14 days, unless something speaks against it.")
    look(house, 13 * DAY)
    assert states(house)["referrer"] == "qualified"
    look(house, DAY)
    assert states(house)["referrer"] == "granted"
    (_, _, (name, data)) = told(house, ana)
    assert (name, data["friend"], data["reward"]) == ("referral.rewarded", "Bea", "15 €")
    assert str(data["code"]).startswith("REFERRER-15-")
    assert data["expires"] == "2027-12-04"
    with house.begin() as session:
        (referral,) = session.scalars(select(Referral)).all()
        assert referral.rewarded_at == house.now
        records = session.scalars(select(RewardRecord.state).join(Row).where(Row.side == "referrer").order_by("id"))
        assert records.all() == ["signed-up", "qualified", "approved", "granted"]


def test_a_code_is_used_once_and_not_after_its_time(house: House) -> None:
    _, bea = bring(house)
    visit(house, bea)
    look(house)
    look(house, 14 * DAY)
    with house.begin() as session:
        code = session.scalar(select(Row.code).where(Row.code.is_not(None))) or ""
        assert redeem(session, house.published, "REFERRER-15-00000000", house.now) is None
        used = redeem(session, house.published, f" {code} ", house.now)
        assert used is not None and used.state == "redeemed"
    with house.begin() as session, pytest.raises(Used, match="was used on"):
        redeem(session, house.published, code, house.now)
    look(house, 400 * DAY)
    assert states(house)["referrer"] == "redeemed"


def test_what_is_not_used_in_time_expires(house: House) -> None:
    _, bea = bring(house)
    visit(house, bea)
    look(house)
    look(house, 14 * DAY)
    look(house, 366 * DAY)
    assert states(house) == {"friend": "granted", "referrer": "expired"}


def test_without_a_programme_there_is_no_ledger(house: House) -> None:
    promise(house, None)
    ana, bea = bring(house)
    visit(house, bea)
    look(house, 30 * DAY)
    assert ledger(house) == []
    assert [name for name, _ in told(house, ana)] == ["referral.joined", "referral.qualified"]


def test_an_invitation_has_an_end(house: House) -> None:
    _, bea = bring(house)
    look(house, 370 * DAY)
    assert states(house) == {"friend": "granted", "referrer": "expired"}
    visit(house, bea)
    look(house, 30 * DAY)
    assert states(house)["referrer"] == "expired"


@pytest.mark.parametrize(("value", "state"), [("50.00", "signed-up"), ("50.01", "qualified"), (None, "signed-up")])
def test_a_purchase_has_to_be_large_enough(house: House, value: str | None, state: str) -> None:
    promise(house, Programme(referrer=COUPON, qualifies=(Qualifying("purchase", Decimal(50), "EUR"),)))
    _, bea = bring(house)
    visit(house, bea)
    visit(house, bea, name="purchase", value=value)
    look(house)
    assert states(house) == {"referrer": state}


def test_a_refund_within_the_waiting_days_ends_it(house: House) -> None:
    _, bea = bring(house)
    visit(house, bea)
    look(house, DAY)
    visit(house, bea, name="refund")
    look(house, 14 * DAY)
    assert ledger(house)[1] == ("referrer", "refused", "The friend's purchase was refunded.")


@pytest.mark.parametrize("email", ["ana+friend@example.org", "ANA@example.org", "ana+a+b@example.org"])
def test_bringing_oneself_earns_nothing(house: House, email: str) -> None:
    ana = arrive(house, "ana@example.org", network="203.0.113.7")
    friend = arrive(house, email, ref=code_of(house, ana))
    visit(house, friend)
    look(house, 30 * DAY)
    assert ledger(house) == []
    assert told(house, ana) == []


def test_dots_at_gmail_are_no_other_person(house: House) -> None:
    ana = arrive(house, "ana.b@gmail.com", network="203.0.113.7")
    arrive(house, "anab+1@googlemail.com", ref=code_of(house, ana))
    assert ledger(house) == []


def test_the_same_mailbox_twice_is_refused(house: House) -> None:
    ana, _ = bring(house)
    second = arrive(house, "bea+again@example.net", ref=code_of(house, ana), network="198.51.100.9")
    look(house)
    visit(house, second)
    look(house, 30 * DAY)
    sentence = "The same mailbox was brought by this referrer before."
    assert ledger(house)[2:] == [("friend", "refused", sentence), ("referrer", "refused", sentence)]
    assert [name for name, _ in told(house, ana)] == ["referral.joined", "referral.joined"]


def test_a_client_under_another_spelling_is_no_friend(house: House) -> None:
    ana = arrive(house, "ana@example.org", network="203.0.113.7")
    cleo = arrive(house, "cleo@example.net", network="192.0.2.4")
    visit(house, cleo)
    house.set_time(house.now + DAY)
    arrive(house, "cleo+new@example.net", ref=code_of(house, ana))
    look(house)
    assert {reason for _, _, reason in ledger(house)} == {"A client has the same mailbox under another spelling."}


def test_a_ring_is_refused(house: House) -> None:
    ana, bea = bring(house)
    again = arrive(house, "ana+ring@example.org", ref=code_of(house, bea), network="198.51.100.7")
    visit(house, again)
    look(house, 30 * DAY)
    assert {reason for side, state, reason in ledger(house) if state == "refused"} == {
        "The friend is somebody who brought the referrer: a ring."
    }
    assert ana != again


@pytest.mark.parametrize(
    ("network", "fields", "sentence"),
    [
        ("203.0.113.7", {}, "The friend signed up from the same network as the referrer."),
        ("198.51.100.3", {"phone": "0049 30 5550123"}, "The friend has the same phone number as the referrer."),
        ("198.51.100.3", {"address": "Lindenweg 4 / Berlin"}, "The friend has the same postal address as the referrer."),
    ],
)
def test_one_household_waits_for_a_person(
    house: House, network: str, fields: dict[str, str], sentence: str
) -> None:
    known = {"phone": "+49 (30) 5550123", "address": "Lindenweg 4, Berlin"}
    ana = arrive(house, "ana@example.org", network="203.0.113.7", first_name="Ana", **known)
    bea = arrive(house, "bea@example.net", ref=code_of(house, ana), network=network, **fields)
    visit(house, bea)
    look(house, 30 * DAY)
    assert [(state, reason) for _, state, reason in ledger(house)] == [("qualified", sentence)] * 2
    (task,) = tasks(house)
    assert (task.what, task.assignee, task.state, task.reason) == ("look at a referral", "owner", "open", sentence)
    with house.begin() as session:
        settle_task(session, house.published, task.id, "owner", "approve", "They are sisters", {}, house.now)
    look(house)
    assert states(house) == {"friend": "granted", "referrer": "granted"}
    with house.begin() as session:
        entries = read_rewards(session, [1, 2, 3])
        said = session.scalars(select(RewardRecord.reason).where(RewardRecord.state == "approved")).all()
    assert set(said) == {"Approved by owner: They are sisters."}
    assert len(entries) == 1


def test_who_is_refused_by_a_person_gets_nothing_and_may_be_taken_up_again(house: House) -> None:
    ana = arrive(house, "ana@example.org", network="203.0.113.7")
    bea = arrive(house, "bea@example.net", ref=code_of(house, ana), network="203.0.113.7")
    visit(house, bea)
    look(house)
    with house.begin() as session:
        (referral,) = session.scalars(select(Referral.id)).all()
        decide_referral(session, house.published, referral, "Mia", "one person", house.now, yes=False)
    look(house, 30 * DAY)
    assert [reason for *_, reason in ledger(house)] == ["Refused by Mia: one person."] * 2
    assert [task.state for task in tasks(house)] == ["cancelled"]
    with house.begin() as session, pytest.raises(NotQualified):
        reward(session, house.published, referral, "15 €", house.now)
    for _ in range(2):
        with house.begin() as session:
            decide_referral(session, house.published, referral, "Mia", None, house.now, yes=True)
    look(house)
    assert states(house) == {"friend": "granted", "referrer": "granted"}
    with house.begin() as session, pytest.raises(CannotDecide):
        decide_referral(session, house.published, referral, "Mia", None, house.now, yes=False)


def test_too_many_from_one_network_in_an_hour_wait(house: House) -> None:
    promise(house, Programme(referrer=COUPON, an_hour=2))
    ana = arrive(house, "ana@example.org", network="203.0.113.7")
    friends = []
    for number in range(3):
        network = f"2001:db8::{number}"  # each an address of its own, in one /64
        friends.append(arrive(house, f"f{number}@example.net", ref=code_of(house, ana), network=network))
        house.set_time(house.now + timedelta(minutes=1))
    visit(house, *friends)
    look(house)
    look(house, 30 * DAY)
    assert [state for _, state, _ in ledger(house)] == ["granted", "granted", "qualified"]
    assert "3 friends signed up from one network within an hour." in ledger(house)[2][2]


def test_caps_of_a_person_in_a_time_and_of_all(house: House) -> None:
    promise(house, Programme(referrer=COUPON, each=Cap(2, Duration.of(1, Unit.YEARS)), in_all=3))
    ana = arrive(house, "ana@example.org", network="203.0.113.7")
    bea = arrive(house, "bea@example.org", network="203.0.113.8")
    for number in range(3):
        friend = arrive(house, f"f{number}@example.net", ref=code_of(house, ana), network=f"198.51.100.{number}")
        visit(house, friend)
        house.set_time(house.now + DAY)
    for number in range(2):
        friend = arrive(house, f"g{number}@example.net", ref=code_of(house, bea), network=f"192.0.2.{number}")
        visit(house, friend)
        house.set_time(house.now + DAY)
    look(house)
    look(house, 30 * DAY)
    assert [state for _, state, _ in ledger(house)] == ["granted", "granted", "refused", "granted", "refused"]
    assert ledger(house)[2][2] == "They have had 2 rewards in 1 year, which is the most for one person."
    assert ledger(house)[4][2] == "All 3 rewards of the programme are given."


def test_a_pool_that_is_empty_is_waited_for(house: House) -> None:
    promise(house, Programme(referrer=Reward(RewardKind.POOL, "gift-cards", "10 €"), wait=timedelta()))
    _, bea = bring(house)
    visit(house, bea)
    look(house)
    assert ledger(house) == [("referrer", "approved", "There is no code left in “gift-cards”: bring in more.")]
    with house.begin() as session:
        assert add_codes(session, "gift-cards", ["A1", "A2", "A1"]) == 2
        assert add_codes(session, "gift-cards", ["A2"]) == 0
    look(house, timedelta(hours=1))
    assert states(house) == {"referrer": "granted"}
    with house.begin() as session:
        assert list(count_codes(session)) == [("gift-cards", 2, 1)]


def test_a_person_gives_what_no_program_can(house: House) -> None:
    gift = Reward(RewardKind.TASK, "gift card", "20 €", assign="desk", cost=Decimal(20))
    promise(house, Programme(referrer=gift, wait=timedelta()))
    ana, bea = bring(house)
    visit(house, bea)
    look(house)
    assert ledger(house) == [("referrer", "approved", "Waits for desk to give it: gift card.")]
    (task,) = tasks(house)
    assert (task.what, task.assignee, task.contact_id, task.cost) == ("gift card (20 €)", "desk", ana, Decimal(20))
    with house.begin() as session:
        settle_task(session, house.published, task.id, "desk", None, None, {}, house.now)
    look(house)
    assert ledger(house) == [("referrer", "granted", "Given by desk.")]
    assert told(house, ana)[-1] == ("referral.rewarded", {"friend": "Bea", "reward": "20 €"})


def test_a_person_may_not_give_it_after_all(house: House) -> None:
    promise(house, Programme(referrer=Reward(RewardKind.TASK, "gift card"), wait=timedelta()))
    _, bea = bring(house)
    visit(house, bea)
    look(house)
    with house.begin() as session:
        skip_task(session, house.published, tasks(house)[0].id, "owner", "no cards left", house.now)
    look(house)
    assert ledger(house) == [("referrer", "refused", "owner did not give it.")]


def test_another_program_is_called_once(house: House) -> None:
    promise(house, Programme(referrer=Reward(RewardKind.WEBHOOK, "gifts", "a donation"), wait=timedelta()))
    _, bea = bring(house)
    visit(house, bea)
    look(house)
    with house.begin() as session:
        (call,) = session.scalars(select(WebhookCall)).all()
        assert (call.name, call.body["type"], call.body["data"]["worth"]) == ("gifts", "referral.reward", "a donation")
    assert states(house) == {"referrer": "granted"}


def test_fifty_at_once_leave_one_of_each(house: House) -> None:
    """Visits, looks, approvals and rewards by hand of one referral, all at the same time, again and again."""
    promise(house, Programme(friend=WELCOME, referrer=Reward(RewardKind.POOL, "cards", "10 €"), wait=timedelta()))
    with house.begin() as session:
        add_codes(session, "cards", [f"C{number}" for number in range(9)])
    ana, bea = bring(house)
    with house.begin() as session:
        (referral,) = session.scalars(select(Referral.id)).all()

    def act(number: int) -> None:
        match number % 5:
            case 0 | 1:
                visit(house, bea, *([ana] if number % 2 else []))
            case 2 | 3:
                with house.begin() as session:
                    look_after_referrals(session, house.published, house.now)
            case 4:
                with house.begin() as session:
                    try:
                        decide_referral(session, house.published, referral, "Mia", None, house.now, yes=True)
                    except CannotDecide:
                        pass

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(act, range(50)))
    look(house)
    assert states(house) == {"friend": "granted", "referrer": "granted"}
    assert [name for name, _ in told(house, ana)] == ["referral.joined", "referral.qualified", "referral.rewarded"]
    assert [name for name, _ in told(house, bea)] == ["referral.welcomed"]
    with house.begin() as session:
        assert list(count_codes(session)) == [("cards", 9, 8)]
        code = session.scalar(select(Row.code).where(Row.code.is_not(None))) or ""

    def use(_: int) -> int:
        with house.begin() as session:
            try:
                return redeem(session, house.published, code, house.now) is not None
            except Used:
                return 0

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(use, range(50))) == 1
    with house.begin() as session:
        assert session.scalar(select(func.count()).where(RewardRecord.state == "granted")) == 2


def test_many_referrers_share_the_last_rewards_fairly(house: House) -> None:
    promise(house, Programme(referrer=COUPON, wait=timedelta(), in_all=5))
    for number in range(12):
        one = arrive(house, f"r{number}@example.org", network=f"203.0.113.{number}")
        visit(house, arrive(house, f"f{number}@example.net", ref=code_of(house, one), network=f"198.51.100.{number}"))

    def work(_: int) -> None:
        with house.begin() as session:
            look_after_referrals(session, house.published, house.now, limit=2)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(24)))
    look(house)
    assert sorted(state for _, state, _ in ledger(house)) == ["granted"] * 5 + ["refused"] * 7


def test_a_crash_between_leaves_nothing_half_done(house: House) -> None:
    promise(house, Programme(referrer=Reward(RewardKind.POOL, "cards"), wait=timedelta()))
    with house.begin() as session:
        add_codes(session, "cards", ["C1", "C2"])
    _, bea = bring(house)
    visit(house, bea)
    with pytest.raises(RuntimeError, match="killed"), house.begin() as session:
        assert look_after_referrals(session, house.published, house.now) == 1
        raise RuntimeError("killed before the commit")
    look(house)
    with house.begin() as session:
        assert list(count_codes(session)) == [("cards", 2, 1)]
    assert states(house) == {"referrer": "granted"}


def test_a_friend_who_is_forgotten_leaves_it_to_a_person(house: House) -> None:
    ana, bea = bring(house)
    visit(house, bea)
    look(house)
    with house.begin() as session:
        erase(session, bea)
    look(house, 14 * DAY)
    assert ledger(house) == [
        ("referrer", "qualified", "The friend asked to be forgotten meanwhile; a person decides.")
    ]
    assert ana


DOUBLE = Form("careful", topics=("Tips and ideas",), double_opt_in=True)


def ask(house: House, email: str, ref: str = "") -> int:
    """Somebody fills in a form that asks to confirm; the id of what waits for the button."""
    with house.begin() as session:
        evidence = Evidence("198.51.100.5", "Safari", "https://glow.example/", "Yes, please.")
        given = {"ref": ref} if ref else {}
        found = ask_to_confirm(
            session, house.published, KEY, DOUBLE, read_address(email), given, evidence, house.now
        )
        mine = select(Enrolment.id).where(Enrolment.contact_id == found.contact_id).order_by(Enrolment.id.desc())
        return session.scalars(mine).first() or 0


def press(house: House, request: int) -> None:
    with house.begin() as session:
        confirm(session, house.published, KEY, request, Evidence("198.51.100.5", "Safari"), house.now)


def test_nothing_is_earned_before_the_address_is_confirmed(house: House) -> None:
    ana = arrive(house, "ana@example.org", network="203.0.113.7")
    request = ask(house, "bea@example.net", code_of(house, ana))
    look(house, DAY)
    assert states(house) == {"friend": "invited", "referrer": "invited"}
    assert told(house, ana) == []
    press(house, request)
    look(house)
    assert states(house) == {"friend": "granted", "referrer": "signed-up"}
    assert [name for name, _ in told(house, ana)] == ["referral.joined"]


def test_of_two_who_invited_the_one_counts_whose_invitation_was_confirmed(house: House) -> None:
    ana, cleo = (arrive(house, f"{name}@example.org", network=f"203.0.113.{len(name)}") for name in ("ana", "cleo"))
    ask(house, "bea@example.net", code_of(house, ana))
    house.set_time(house.now + 8 * DAY)
    press(house, ask(house, "bea@example.net", code_of(house, cleo)))
    look(house)
    assert told(house, ana) == []
    assert [name for name, _ in told(house, cleo)] == ["referral.joined"]
    with house.begin() as session:
        assert session.scalars(select(Row.contact_id).where(Row.side == "referrer")).all() == [cleo]


def test_fifty_presses_of_one_button_bring_one_friend(house: House) -> None:
    ana = arrive(house, "ana@example.org", network="203.0.113.7")
    request = ask(house, "bea@example.net", code_of(house, ana))

    def act(number: int) -> None:
        if number % 5:
            press(house, request)
        else:
            visit(house, ana)  # holds the referrer, whom the friend's side then doesn't wait for

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(act, range(50)))
    look(house)
    assert [name for name, _ in told(house, ana)] == ["referral.joined"]
    assert states(house) == {"friend": "granted", "referrer": "signed-up"}
