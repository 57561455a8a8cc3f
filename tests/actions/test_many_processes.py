"""Eight processes at work on one crowd: whatever they do at once, nobody gets one mail more than the caps allow."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Engine, create_engine, func, select
from sqlalchemy.orm import Session, sessionmaker

from benchmarks.rivals import gather_rivals
from service.actions.arbitrate import arbitrate
from service.actions.deliver import deliver
from service.actions.lease import Lease
from service.actions.put_into_words import Desk
from service.domain.policy import Caps
from service.domain.sequence.model.sequence import Sequence as Journey
from service.domain.sequence.vocabulary import Kind
from service.ports import Published
from service.store.delivery import Delivery
from tests.actions.house import NOW, Clerk, House, Postman
from tests.domain.stories import day, letters, step

PEOPLE = 5_000
PROCESSES = 8
PATIENCE = 200.0  # seconds
SPANS = {"per_day": timedelta(days=1), "per_week": timedelta(days=7), "per_month": timedelta(days=30)}
RIVALS = (("onboarding", Kind.ONBOARDING, 2), ("letter", Kind.LETTER, 4), ("offer", Kind.OFFER, 7))


def journeys() -> list[Journey]:
    return [replace(letters(step("hello", day(0), kind)), key=key, kind=kind) for key, kind, _ in RIVALS]


def work(url: str, published: Published, barrier: multiprocessing.Barrier, taken: multiprocessing.Queue) -> None:
    """One worker: decide and hand over until nothing is left; then say whom the provider got mail for."""
    engine = create_engine(url, connect_args={"prepare_threshold": None})
    sessions, postman = sessionmaker(engine, expire_on_commit=False), Postman()
    desk = Desk(sessions.begin, lambda: published, Clerk(), postman, 25)
    barrier.wait()
    left = True
    while left:
        with sessions.begin() as session:
            arbitrate(session, published, NOW, limit=200)
        deliver(desk, Lease(), lambda: False)
        with sessions.begin() as session:  # what others hold may come back
            left = session.scalar(select(Delivery.id).where(Delivery.state.in_(("due", "cleared"))).limit(1))
    engine.dispose()
    taken.put([message.recipient for message in postman.taken])


def test_eight_processes_exceed_no_cap_not_by_one(engine: Engine) -> None:
    house = House(engine, *journeys())
    with house.begin() as session:
        classes = [(key, priority) for key, _, priority in RIVALS]
        gather_rivals(session, PEOPLE, classes, "Tips and ideas", NOW)
    url = engine.url.render_as_string(hide_password=False)
    engine.dispose()
    forked = multiprocessing.get_context("fork")
    barrier, taken = forked.Barrier(PROCESSES), forked.Queue()
    workers = [forked.Process(target=work, args=(url, house.published, barrier, taken)) for _ in range(PROCESSES)]
    for worker in workers:
        worker.start()
    by_worker = [taken.get(timeout=PATIENCE) for _ in workers]
    for worker in workers:
        worker.join(timeout=PATIENCE)
    house.work()  # whoever was left because another held them
    got = Counter(recipient for recipients in (*by_worker, [to for to, _ in house.mails()]) for recipient in recipients)
    assert len(got) == PEOPLE
    assert set(got.values()) == {1}, "a day's one mail each, of three that were due"
    assert sum(1 for recipients in by_worker if recipients) > PROCESSES // 2, "else they did not race"
    with house.begin() as session:
        for name, span in SPANS.items():
            assert most_in(session, span) <= getattr(Caps(), name), name
        winners = session.scalars(select(Delivery.priority).where(Delivery.occasion == 0, Delivery.state == "sent"))
        assert set(winners) == {2}


def most_in(session: Session, span: timedelta) -> int:
    """The most mails that anybody got within the time until now."""
    left = (Delivery.handed_at > NOW - span, Delivery.handed_at <= NOW, Delivery.priority > 0)
    each = select(func.count().label("mails")).where(*left).group_by(Delivery.contact_id).subquery()
    return session.scalar(select(func.max(each.c.mails)))
