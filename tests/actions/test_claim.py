"""What is cleared leaves only as fast as its mailbox group takes it, and one slow group holds up no other."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from threading import Lock

import pytest
from redis import Redis
from sqlalchemy import Engine, func, select, text, update

from service import clock
from service.actions.deliver import deliver
from service.actions.lease import Lease
from service.actions.put_into_words import Desk
from service.domain.pacing import DAY, Pacing, Rate, so_far
from service.domain.sequence.vocabulary import Kind
from service.domain.window import Window
from service.local.valkey import Valkey
from service.ports import Meanwhile, Message, Outcome, Refused, TryLater, nothing
from service.providers.mx import MailboxGroups
from service.providers.pace import Pace, read_buckets
from service.providers.smtp import Smtp
from service.store.contact import Contact
from service.store.decision import Decision
from service.store.delivery import Delivery
from service.store.seat import Seats
from tests.actions.house import House, Postman
from tests.domain.stories import day, letters, step
from tests.local.homes import fresh_home
from tests.providers.smtp_server import Script, serving
from tests.small_hours import small_hours

GLOW = "glow.example"
ONE_A_DAY = Rate(1, DAY)
NO_LIMITS = Pacing()


@pytest.fixture(autouse=True)
def no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Groups and queues are looked at each time, not once a second."""
    monkeypatch.setattr("service.actions.claim.CALM", 0.0)


class Paced(House):
    """A house whose mail is paced by a real Valkey, and whose day is not over soon."""

    def __init__(self, engine: Engine, redis: Redis, pacing: Pacing = NO_LIMITS, kind: Kind = Kind.LETTER) -> None:
        super().__init__(engine, letters(step("hello", day(0), kind)))
        self.engine = engine
        self.redis = redis
        self.zone = small_hours()
        self.pace_by(pacing)

    def pace_by(self, pacing: Pacing) -> None:
        library = self.published.library
        business = replace(library.business, pacing=pacing, zone=self.zone.key, window=Window.any())
        self.published = replace(self.published, library=replace(library, business=business))

    def rest_of_day(self) -> timedelta:
        """How long the machine's day still lasts, in the business's zone."""
        now = clock.machine_now().astimezone(self.zone)
        return (now + timedelta(1)).replace(hour=0, minute=0, second=0, microsecond=0) - now

    def keep_days_apart(self) -> None:
        """Journey time half a day from the machine's: what waits until the machine's midnight ends at a noon of it."""
        self.set_time(clock.machine_now() + timedelta(hours=12))

    def desk(self, group: int = 25) -> Desk:
        pacer = Pace(self.redis, MailboxGroups(self.redis, None), seats=Seats(self.engine))
        return replace(super().desk(group), pacer=pacer)

    def clear(self, **counts: int) -> None:
        """So many people of each domain, whose first mail is cleared."""
        for domain, count in counts.items():
            for number in range(count):
                self.sign_up(f"p{number}@{domain.replace('_', '.')}")
        self.decide()

    def left(self) -> Counter[str]:
        return Counter(message.recipient.partition("@")[2] for message in self.postman.taken)

    def rows(self, state: str = "cleared") -> list[Delivery]:
        with self.begin() as session:
            return list(session.scalars(select(Delivery).where(Delivery.state == state).order_by(Delivery.id)))

    def told(self, rule: str) -> list[Decision]:
        with self.begin() as session:
            return list(session.scalars(select(Decision).where(Decision.rule == rule).order_by(Decision.id)))


def test_without_limits_everything_leaves_and_valkey_is_told_nothing(engine: Engine, redis: Redis) -> None:
    house = Paced(engine, redis)
    house.clear(gmail_com=30, glow_example=30)
    assert house.deliver() == 60
    assert redis.keys("pace:*:*") == []
    assert redis.keys("pace:seats") == []


def test_a_full_group_waits_with_a_reason_and_the_others_go_on(engine: Engine, redis: Redis) -> None:
    house = Paced(engine, redis, Pacing(groups=(("gmail", Rate(3, DAY)),)))
    house.clear(gmail_com=40, glow_example=5)
    assert house.deliver() == 8
    assert house.left() == {"gmail.com": 3, "glow.example": 5}
    waiting = house.rows()
    today = clock.machine_now().astimezone(house.zone)
    assert {(row.pace_group, row.rule, row.lease_until, row.token) for row in waiting} == {
        ("gmail", "pacing", None, None)
    }
    until = f"{today + timedelta(1):%a %-d %b} 00:00"
    reason = f"Held until {until} at least: 3 of the day's 3 mails to Gmail are out ({today.day} {today:%b})."
    assert {row.reason for row in waiting} == {reason}
    assert house.deliver() == 0
    assert read_buckets(redis, GLOW)["gmail"].count == 3


def test_the_hold_is_written_down_once_with_its_numbers_and_when_there_may_be_more(
    engine: Engine, redis: Redis
) -> None:
    house = Paced(engine, redis, Pacing(groups=(("gmail", Rate(3, DAY)),)))
    house.clear(gmail_com=5, glow_example=2)
    longest = house.rest_of_day()
    house.deliver()
    told = house.told("pacing")
    assert {decision.delivery_id for decision in told} == {row.id for row in house.rows()}
    assert len(told) == 2
    for decision in told:
        assert (decision.verdict, decision.sentence) == ("held", house.rows()[0].reason)
        assert decision.inputs == {"group": "gmail", "out": 3, "allowed": 3, "quota": 3}
        assert decision.until is not None
        assert house.rest_of_day() <= decision.until - decision.at <= longest, "in journey time"


def test_a_hold_that_only_repeats_itself_is_not_written_again_until_another_day(engine: Engine, redis: Redis) -> None:
    house = Paced(engine, redis, Pacing(groups=(("gmail", Rate(1, DAY)),)))
    house.keep_days_apart()
    house.clear(gmail_com=3)
    for _ in range(4):  # given back by a worker that died, say, and taken anew
        house.deliver()
        with house.begin() as session:
            session.execute(text("UPDATE delivery SET pace_group = NULL"))
    assert Counter(decision.delivery_id for decision in house.told("pacing")) == {row.id: 1 for row in house.rows()}
    with house.begin() as session:
        session.execute(text("UPDATE decision SET until = until - interval '1 day' WHERE rule = 'pacing'"))
    house.deliver()
    house.deliver()
    assert Counter(decision.delivery_id for decision in house.told("pacing")) == {row.id: 2 for row in house.rows()}


def test_where_nothing_waits_nothing_is_written_of_pace(engine: Engine, redis: Redis) -> None:
    house = Paced(engine, redis, Pacing(each=Rate(500, DAY)))
    house.clear(gmail_com=5)
    house.deliver()
    assert house.told("pacing") == []
    assert len(house.told("slot")) == 5


def test_what_waited_leaves_when_its_group_may_get_more(engine: Engine, redis: Redis) -> None:
    house = Paced(engine, redis, Pacing(groups=(("gmail", Rate(3, DAY)),)))
    house.clear(gmail_com=10)
    house.deliver()
    house.pace_by(Pacing(groups=(("gmail", Rate(8, DAY)),)))
    house.deliver()
    assert house.left() == {"gmail.com": 8}
    house.pace_by(Pacing())
    house.deliver()
    assert house.left() == {"gmail.com": 10}
    assert house.rows() == []


def test_a_rate_is_kept_and_everything_leaves_in_the_end(engine: Engine, redis: Redis) -> None:
    house = Paced(engine, redis, Pacing(each=Rate(20, 1)))
    house.clear(gmail_com=50, glow_example=10)
    began = clock.machine_now()
    while house.rows():
        house.deliver()
    seconds = (clock.machine_now() - began).total_seconds()
    assert house.left() == {"gmail.com": 50, "glow.example": 10}
    assert seconds > (50 - 20) / 20 * 0.8, "no faster than the rate and one burst"


def test_the_mail_services_own_limit_holds_for_all_groups_together(engine: Engine, redis: Redis) -> None:
    house = Paced(engine, redis, Pacing(in_all=(Rate(7, DAY),)))
    house.clear(gmail_com=6, glow_example=6)
    assert house.deliver() == 7
    assert read_buckets(redis, GLOW)[""].count == 7
    assert {row.pace_group for row in house.rows()} == {""}, "nobody's group is to blame"


def test_what_waits_for_all_mail_is_told_once_with_its_numbers_and_when_there_may_be_more(
    engine: Engine, redis: Redis
) -> None:
    house = Paced(engine, redis, Pacing(in_all=(Rate(3, DAY),)))
    house.keep_days_apart()
    house.clear(gmail_com=130, glow_example=5)
    longest = house.rest_of_day()
    for _ in range(3):
        house.deliver()
    waiting, told = house.rows(), house.told("pacing")
    assert Counter(decision.delivery_id for decision in told) == {row.id: 1 for row in waiting}
    assert len(waiting) == 132
    today = clock.machine_now().astimezone(house.zone)
    until = f"{today + timedelta(1):%a %-d %b} 00:00"
    reason = f"Held until {until} at least: 3 of the day's 3 mails to the mail service are out ({today:%-d %b})."
    assert {row.reason for row in waiting} == {decision.sentence for decision in told} == {reason}
    assert {row.rule for row in waiting} == {"pacing"}
    for decision in told:
        assert (decision.verdict, decision.inputs) == ("held", {"group": "", "out": 3, "allowed": 3, "quota": 3})
        assert decision.until is not None
        assert house.rest_of_day() <= decision.until - decision.at <= longest, "in journey time"


def test_of_what_waits_for_all_mail_the_most_urgent_leaves_first_however_late_it_came(
    engine: Engine, redis: Redis
) -> None:
    house = Paced(engine, redis, Pacing(in_all=(Rate(1, DAY),)))
    house.clear(gmail_com=8)
    house.deliver()
    house.clear(glow_example=2)  # not told yet that they have to wait
    urgent = update(Delivery).values(priority=0)
    with house.begin() as session:
        waiting = session.scalars(select(Delivery.id).where(Delivery.pace_group == "").order_by(Delivery.id)).all()
        session.execute(urgent.where(Delivery.id == waiting[-1]))
        session.execute(urgent.where(Delivery.state == "cleared", Delivery.pace_group.is_(None)))
    house.pace_by(Pacing(in_all=(Rate(4, DAY),)))
    house.deliver()
    assert [message.recipient for message in house.postman.taken[1:]] == [
        "p7@gmail.com", "p0@glow.example", "p1@glow.example",
    ]  # fmt: skip
    house.pace_by(Pacing())
    house.deliver()
    assert len(house.left()) == 2
    assert house.rows() == []


def test_mail_that_people_wait_for_passes_the_queue_of_a_group_when_little_may_leave(
    engine: Engine, redis: Redis
) -> None:
    house = Paced(engine, redis, Pacing(in_all=(Rate(3, DAY),)))
    house.clear(gmail_com=30)
    with house.begin() as session:
        session.execute(text("UPDATE delivery SET pace_group = 'gmail'"))
    house.clear(glow_example=2)
    with house.begin() as session:
        session.execute(update(Delivery).where(Delivery.pace_group.is_(None)).values(priority=0))
    house.deliver()
    assert house.left() == {"glow.example": 2, "gmail.com": 1}


def test_what_comes_to_wait_for_something_else_says_so(engine: Engine, redis: Redis) -> None:
    house = Paced(engine, redis, Pacing(in_all=(Rate(2, DAY),)))
    house.clear(gmail_com=4)
    house.deliver()
    house.pace_by(Pacing(groups=(("gmail", Rate(1, DAY)),)))
    house.deliver()
    house.deliver()
    (last,) = house.rows()
    assert [told.inputs["group"] for told in house.told("pacing") if told.delivery_id == last.id] == ["", "gmail"]
    assert len(house.told("pacing")) == 3


def test_what_expires_while_nothing_may_leave_is_told_so_without_delay(engine: Engine, redis: Redis) -> None:
    house = Paced(engine, redis, Pacing(in_all=(ONE_A_DAY,)))
    house.clear(gmail_com=4)
    house.deliver()
    house.clear(glow_example=2)  # these have not begun to wait
    house.set_time(house.now + timedelta(days=60))
    house.deliver()
    assert house.rows() == []
    assert len(house.rows("expired")) == 5
    assert sum(house.left().values()) == 1


def test_what_was_not_taken_waits_and_says_so_each_time_it_is_tried(engine: Engine, redis: Redis) -> None:
    house = Paced(engine, redis)
    house.clear(glow_example=1)
    house.postman.answers["p0@glow.example"] = TryLater("450 4.2.0 greylisted", "450")
    for _ in range(2):
        house.deliver()
        house.deliver()
        with house.begin() as session:
            session.execute(text("UPDATE delivery SET retry_at = NULL"))
    first, second = house.told("try-later")
    for decision, hours in ((first, 0.5), (second, 1)):
        assert (decision.verdict, decision.until) == ("held", house.now + timedelta(hours=hours))
    assert (first.inputs, second.inputs) == ({"tries": 1}, {"tries": 2})
    assert first.until is not None
    again = f"{first.until.astimezone(house.zone):%a %-d %b %H:%M}"
    assert first.sentence == f"Not taken yet, tried again after {again}: 450 4.2.0 greylisted"
    assert house.rows()[0].reason == second.sentence


def test_in_a_warm_up_the_most_engaged_come_first_and_the_reason_says_which_day(engine: Engine, redis: Redis) -> None:
    house = Paced(engine, redis)
    now = clock.machine_now().astimezone(house.zone)
    house.clear(gmail_com=60)
    keen = {f"p{number}@gmail.com" for number in (57, 58, 59)}
    with house.begin() as session:
        session.execute(text("UPDATE delivery SET pace_group = 'gmail'"))
        engaged = update(Contact).where(Contact.email.in_(keen)).values(engaged_at=house.now)
        session.execute(engaged)
    house.pace_by(Pacing(warm_up=now.date() - timedelta(3)))
    house.deliver()
    quota = so_far(50, now)
    assert house.left()["gmail.com"] == quota
    assert keen <= {message.recipient for message in house.postman.taken}
    assert len(house.rows()) == 60 - quota


def test_a_warm_up_says_which_day_it_is(engine: Engine, redis: Redis) -> None:
    house = Paced(engine, redis)
    now = clock.machine_now().astimezone(house.zone)
    house.pace_by(Pacing(warm_up=now.date() - timedelta(3)))
    house.clear(gmail_com=55)
    house.deliver()
    quota = so_far(50, now)
    reason = house.rows()[0].reason or ""
    assert reason.endswith(
        f": {quota} of the day's 50 mails to Gmail are out ({now.day} {now:%b}, day 4 of the warm-up)."
    )


def test_a_warm_up_holds_no_mail_that_somebody_waits_for(engine: Engine, redis: Redis) -> None:
    house = Paced(engine, redis, Pacing(warm_up=clock.machine_now().date()), Kind.SERVICE)
    house.clear(gmail_com=30)
    house.deliver()
    assert house.left() == {"gmail.com": 30}


def test_421_of_one_provider_stops_it_alone_and_what_it_would_not_take_comes_later(
    engine: Engine, redis: Redis
) -> None:
    house = Paced(engine, redis)
    script = Script(refuse_domain="gmail.com", refusal="421 4.7.28 unusual rate of mail")
    with serving(script) as url, closing(Smtp(url)) as smtp:
        house.clear(gmail_com=30, glow_example=20, web_de=5)
        desk = replace(house.desk(5), provider=smtp)
        deliver(desk, Lease(), lambda: False)
        taken = Counter(raw.decode().strip() for raw in script.taken)
        assert taken == {"hello": 25}, "all of the others"
    bucket = read_buckets(redis, GLOW)["gmail"]
    assert (bucket.factor, set(read_buckets(redis, GLOW))) == (0.5, {"gmail"})
    refused = [row for row in house.rows() if row.attempts]
    waiting = [row for row in house.rows() if not row.attempts]
    assert 1 <= len(refused) <= 5
    assert {row.pace_group for row in waiting} == {"gmail"}
    assert all(": Gmail asks us to slow down" in row.reason for row in waiting)
    redis.delete(*redis.keys("pace:*"))
    with house.begin() as session:
        session.execute(text("UPDATE delivery SET retry_at = NULL"))
    house.deliver()
    assert house.left() == {"gmail.com": 30}


def test_429_with_a_time_to_wait_pauses_everything_for_that_long(engine: Engine, redis: Redis) -> None:
    house = Paced(engine, redis)
    house.clear(gmail_com=3, glow_example=60)
    house.postman.answers["p0@gmail.com"] = TryLater("Too many requests", "429", 120.0)
    house.deliver()
    assert sum(house.left().values()) < 30, "the group in hand, and no more"
    bucket = read_buckets(redis, GLOW)[""]
    with house.begin() as session:
        now = session.scalar(select(func.extract("epoch", func.clock_timestamp())))
    assert 60 < bucket.until - float(now) <= 120


def test_what_is_refused_for_good_or_withdrawn_slows_nobody_down(engine: Engine, redis: Redis) -> None:
    house = Paced(engine, redis, Pacing(each=Rate(10, DAY)))
    house.clear(gmail_com=4)
    house.postman.answers["p0@gmail.com"] = Refused("550 no such user", "550")
    with house.begin() as session:
        session.execute(text("UPDATE enrolment SET state = 'left' WHERE id = (SELECT max(id) FROM enrolment)"))
    house.deliver()
    bucket = read_buckets(redis, GLOW)["gmail"]
    assert (bucket.count, bucket.factor) == (3, 1.0), "what was never handed over is given back"


def test_what_expires_in_the_queue_is_told_so(engine: Engine, redis: Redis) -> None:
    house = Paced(engine, redis, Pacing(each=ONE_A_DAY))
    house.clear(gmail_com=5)
    house.deliver()
    house.set_time(house.now + timedelta(days=60))
    house.deliver()
    assert house.rows() == []
    assert len(house.rows("expired")) == 4


def test_many_workers_hand_over_a_days_quota_and_not_one_more(engine: Engine, redis: Redis) -> None:
    house = Paced(engine, redis, Pacing(each=Rate(40, DAY), in_all=(Rate(90, DAY),), connections=3))
    house.clear(gmail_com=60, glow_example=60, web_de=20)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: [house.deliver() for _ in range(4)], range(6)))
    house.deliver()
    left = house.left()
    assert left["gmail.com"] <= 40
    assert left["glow.example"] <= 40
    assert sum(left.values()) == 90
    assert len({message.recipient for message in house.postman.taken}) == 90


def on_disk(redis: Redis) -> None:
    """Wait until all that Valkey was told before this is on its disk."""
    with redis.client() as connection:
        connection.set("told", 1)
        assert connection.waitaof(1, 0, 10_000)[0] == 1


def test_valkey_killed_in_the_middle_neither_stops_nor_floods_and_counts_on_when_it_is_back(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.providers.pace.REST", 0.5)
    with fresh_home() as home:
        with Valkey(home) as server:
            redis = Redis.from_url(server.url, socket_timeout=2.0, socket_connect_timeout=1.0)
            house = Paced(engine, redis, Pacing(each=Rate(20, 1), in_all=(Rate(60, DAY),)))
            house.clear(gmail_com=60, glow_example=3)
            desk = house.desk(5)
            deliver(desk, Lease(), lambda: len(house.postman.taken) >= 8)
            on_disk(redis)  # or Valkey itself forgets up to two seconds when it is killed (appendfsync everysec)
            server.child.kill()
            before, seconds = house.left()["gmail.com"], -time.monotonic()
            while house.left()["gmail.com"] < before + 15:
                deliver(desk, Lease(), lambda: False)
                assert seconds + time.monotonic() < 100, "it stopped"
            seconds += time.monotonic()
            assert house.left()["gmail.com"] - before <= 20 * seconds + 3, "it flooded"
        with Valkey(home):
            ends = time.monotonic() + 100
            while read_buckets(redis, GLOW)[""].count < 60 and time.monotonic() < ends:  # asked again after its rest
                deliver(desk, Lease(), lambda: False)
            deliver(desk, Lease(), lambda: False)
            assert read_buckets(redis, GLOW)[""].count == sum(house.left().values()) == 60
            redis.close()


class Doorkeeper(Postman):
    """Takes its time, and notes how many hand over at once."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = self.most = 0
        self.door = Lock()

    def send(
        self, messages: Sequence[Message], start_by: float, at_once: int = 0, meanwhile: Meanwhile = nothing
    ) -> list[Outcome]:
        assert at_once == 1
        with self.door:
            self.inside += 1
            self.most = max(self.most, self.inside)
        time.sleep(0.02)
        with self.door:
            self.inside -= 1
            return super().send(messages, start_by, at_once, meanwhile)


def test_with_valkey_stopped_no_more_connections_are_open_than_may(engine: Engine) -> None:
    with fresh_home() as home:
        with Valkey(home) as server:
            redis = Redis.from_url(server.url, socket_timeout=2.0, socket_connect_timeout=1.0)
        house = Paced(engine, redis, Pacing(connections=2))
        house.postman = keeper = Doorkeeper()
        house.clear(gmail_com=90)
        with ThreadPoolExecutor(5) as pool:
            list(pool.map(lambda _: deliver(house.desk(2), Lease(), lambda: False), range(5)))
        assert len(keeper.taken) == 90, "it stopped"
        assert keeper.most == 2
        redis.close()
