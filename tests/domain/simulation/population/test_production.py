"""What sends real mail decides for the simulated too: the model asks `arbitrate` itself, with the facts as they are."""

from __future__ import annotations

from datetime import timedelta

from service.domain.kind import MANNERS
from service.domain.pressure import Evidence, What, fold
from service.domain.pressure import Mail as Weighed
from service.domain.rhythm import EVER
from service.domain.sequence.vocabulary import Kind
from service.domain.simulation.population.draws import Draws, Purpose
from service.domain.simulation.population.memory import ZONE, instant
from service.domain.simulation.population.pace import Mail, Outlook
from service.domain.simulation.population.production import Production
from service.domain.throttle import Candidate, Person, Ruling, arbitrate
from service.domain.window import Window
from tests.domain.simulation.population.town import policy

KINDS = [kind for kind in Kind if kind is not Kind.SERVICE]
DAYS = 150


def test_everafter_rules_as_arbitrate_does_on_facts_folded_from_history() -> None:
    """Thirty people, five months of mail drawn by lot: each day's verdicts are arbitrate's, on facts of our own."""
    ruled = 0
    for number in range(30):
        ruled += _live_beside(number)
    assert ruled > 1_000


def _live_beside(number: int) -> int:
    draws, hides = Draws(11, number, DAYS), number % 2 == 0
    ours = Production(policy(), hides, sunsets=False)
    waiting: list[Mail] = []
    sent: list[Weighed] = []
    evidence: list[Evidence] = []
    count = 0
    for day in range(DAYS):
        if draws.of_mail(Purpose.NOTICE, day, 0) < 0.4:
            kind = KINDS[int(draws.of_mail(Purpose.NOTICE, day, 1) * len(KINDS))]
            keeps = MANNERS[kind].keeps / timedelta(days=1)
            waiting.append(Mail(day + 1, kind, MANNERS[kind].priority, day, keeps, day % 3))
        outlook = Outlook(day - 30, 35.0) if number % 3 else Outlook(warm_ahead=day + 1)
        found = ours.rule(waiting, day, lambda known=outlook: known)
        expected = _arbitrated(waiting, sent, evidence, hides, outlook, day)
        assert {each.number for each in found.sent} == expected[Ruling.CLEARED]
        assert {each.number for each in found.dropped} == expected[Ruling.EXPIRED]
        sent += [Weighed(each.number, instant(day), each.kind, each.thread) for each in found.sent]
        gone = expected[Ruling.CLEARED] | expected[Ruling.EXPIRED]
        waiting = [each for each in waiting if each.number not in gone]
        count += len(gone) + len(waiting)
        if draws.of_mail(Purpose.CLICK, day, 0) < 0.05:
            what = list(What)[int(draws.of_mail(Purpose.CLICK, day, 1) * 3)]
            mail = sent[-1].id if sent else None
            evidence.append(Evidence(instant(day), what, mail))
            ours.reacted(what, mail, day)
    return count


def _arbitrated(
    waiting: list[Mail], sent: list[Weighed], evidence: list[Evidence], hides: bool, outlook: Outlook, day: int
) -> dict[Ruling, set[int]]:
    now = instant(day)
    pressure = fold(sent, evidence, hides, policy().pressure)
    person = Person(
        sent=[each.at for each in sent if each.at > now - timedelta(days=30)],
        level=pressure.level(now, policy().pressure),
        due_from=EVER if outlook.last_visit is None else instant(day) - timedelta(days=30 - 0.75 * 35),
        due_until=None if outlook.last_visit is None else instant(day) - timedelta(days=30 - 12 * 35),
        warm_ahead=None if outlook.warm_ahead is None else instant(outlook.warm_ahead),
        zone=ZONE,
    )
    candidates = [
        Candidate(
            each.number,
            each.priority,
            instant(each.day) + timedelta(days=each.keeps),
            Window.any(),
            kind=each.kind,
            closed_days=False,
        )
        for each in waiting
    ]
    verdicts = arbitrate(candidates, person, policy(), now)
    return {ruling: {number for number, each in verdicts.items() if each.ruling is ruling} for ruling in Ruling}


def test_who_never_reacts_is_asked_once_and_then_left_in_peace() -> None:
    ours, asked, day = Production(policy(), hides_opens=True), [], 0
    silenced = False
    while not silenced and day < 800:
        ruled = ours.rule([Mail(day + 1, Kind.CHECK_IN, 1, day, 5, day)], day, Outlook)
        asked += [day] if ruled.asks else []
        silenced = ruled.silenced
        day += 6
    assert len(asked) == 1
    assert asked[0] >= policy().sunset.at_least / timedelta(days=1)
    assert policy().sunset.silence / timedelta(days=1) <= day - asked[0] <= 72


def test_a_click_ends_the_silence() -> None:
    ours, day = Production(policy(), hides_opens=True), 0
    while not ours.rule([Mail(day + 1, Kind.CHECK_IN, 1, day, 5, day)], day, Outlook).asks:
        day += 6
    ours.reacted(What.ANSWER, None, day + 10)
    later = day + 200
    assert ours.rule([Mail(later, Kind.CHECK_IN, 1, later, 5, 0)], later, Outlook).sent
