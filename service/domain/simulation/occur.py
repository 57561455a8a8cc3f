"""Something happens to the person. Twin of `service.actions.receive_event`, `receive_reply`, `unsubscribe` and
`sign_up`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from service.domain import clearance
from service.domain.assignee import first_of
from service.domain.clearance import REPLY
from service.domain.consent import Suppressed, ends_at, lifted, longer
from service.domain.departure import left_with, unsubscribed
from service.domain.duration import add
from service.domain.effect import DEALS, STAGE_AFTER
from service.domain.entry import Occasion, answers, begins_anew, consented_topics
from service.domain.happening import LESS_OFTEN, PAUSE, Happening
from service.domain.pause import pause_ends
from service.domain.pressure import BY_WEIGHT
from service.domain.reason import wrote_back
from service.domain.sequence.model.form import Form
from service.domain.sequence.names import PERSONAL
from service.domain.simulation.again import send_again
from service.domain.simulation.enter import enrol, enrol_by, expect_dates, expect_visits
from service.domain.simulation.inside import Inside
from service.domain.simulation.job import Job
from service.domain.simulation.leave import end_all
from service.domain.simulation.life import Life
from service.domain.simulation.pace import lighten, note_evidence
from service.domain.simulation.row import WAITING
from service.domain.simulation.settlement import settlement_of
from service.domain.sunset import SUNSET
from service.domain.task import REPLY_DUE, Times, keeps_until
from service.domain.throttle import COMPLAINT


def receive(life: Life, told: Happening, currency: str | None = None) -> bool:
    """An event is kept, wakes what it may end, and begins what waits for it; False where it was told before."""
    if told.key and (told.name, told.key) in life.told:
        return False
    life.told.add((told.name, told.key))
    older = [each for each in life.happenings if each.name == told.name and told.about and each.about == told.about]
    life.happenings = [each for each in life.happenings if each not in older]
    key = told.about or told.key or f"event:{life.count()}"
    seen = replace(told, key=key)
    life.happenings.append(seen)
    life.wake()
    note_evidence(life, told)
    if told.name in DEALS:
        life.dealt_at = max(told.at, life.dealt_at or told.at)
    if told.name == "reply":
        _receive_reply(life, told.data)
    if told.name == "complaint.resolved":
        _let_go(life)
    event = seen.as_event() | ({"currency": currency} if currency else {})
    occasion = Occasion("event", told.name, key, {"event": event}, about=key)
    if older:
        _correct(life, replace(occasion, key=f"{key}#{life.count()}"))
    else:
        enrol_by(life, occasion)
    expect_visits(life, told.name)
    if told.name in STAGE_AFTER:
        become(life, STAGE_AFTER[told.name])
    return True


def agree(life: Life) -> None:
    """The person has agreed to something, which is a sign of life."""
    life.burden.agreed_at = life.now
    if life.burden.asked_at is not None:
        lighten(life)


def wish_less_often(life: Life, wish: bool) -> None:
    """The person asks for less mail, or takes it back. Twin of `service.actions.less_often`."""
    if life.burden.less_often == wish:
        return
    life.burden.less_often = wish
    for row in life.rows:
        if row.state == "held" and row.rule in BY_WEIGHT:
            row.wake_at = life.now
    receive(life, Happening(LESS_OFTEN, life.now, {"wish": wish}))


def pause(life: Life, days: int) -> None:
    """The person asks to hear nothing for a while, or to go on. Twin of `service.actions.pause`."""
    until = pause_ends(life.now, days, life.zone)
    is_over = life.paused_until is None or life.paused_until <= life.now
    if until == life.paused_until or (until is None and is_over):
        return
    life.paused_until = until
    life.burden.asked_at = None
    for row in life.rows:
        if row.state == "held" and row.rule in {clearance.PAUSE, SUNSET}:
            row.wake_at = life.now
    receive(life, Happening(PAUSE, life.now, {"days": days}))


def _correct(life: Life, told: Occasion) -> None:
    begun = [each for each in life.insides if each.about == told.about and each.began_by == told.name]
    for inside in begun:
        inside.data = {**inside.data, **told.data}
    called_off = {each.name for each in life.happenings if each.about == told.about}
    for sequence in life.library.sequences:
        states = [each.state for each in begun if each.sequence is sequence]
        if begins_anew(sequence, states, called_off) and answers(sequence, told):
            enrol(life, sequence, told)


def _let_go(life: Life) -> None:
    """A complaint is settled: what it held is looked at again."""
    for row in life.rows:
        if row.state == "held" and row.rule == COMPLAINT:
            row.wake_at = life.now


def become(life: Life, stage: str) -> None:
    """Move the person to a stage of the journey, and begin what waits for that."""
    if life.contact["stage"] == stage:
        return
    life.contact["stage"] = stage
    if stage == "client":
        life.contact["client_since"] = life.now
    life.wake()
    enrol_by(life, Occasion("becomes", stage, f"{stage}:{life.now.isoformat()}"))
    expect_dates(life)


def retag(life: Life, tags: list[str]) -> None:
    """Give the person these tags, and begin what waits for the new ones."""
    known = life.contact["tags"] or []
    if tags == known:
        return
    life.contact["tags"] = tags
    life.wake()
    for tag in tags:
        if tag not in known:
            enrol_by(life, Occasion("tagged", tag, f"{tag}:{life.now.isoformat()}"))


def sign_up(life: Life, form: Form, fields: Mapping[str, Any]) -> None:
    """The person fills in a form. What is known of them is added to, never overwritten."""
    declared = dict(life.business.fields)
    for name, value in fields.items():
        if (name in PERSONAL or name in declared) and value not in {None, ""} and life.contact.get(name) is None:
            life.contact[name] = value
    agreed = consented_topics(life.library, form)
    if form.double_opt_in:  # it counts from its confirmation
        life.suppressed = list(lifted(life.suppressed, agreed, life.business.topics))
    consent(life, agreed)
    life.happenings.append(Happening("signup", life.now, {"form": form.slug}, key=f"event:{life.count()}"))
    life.wake()
    if agreed:
        agree(life)
    occasion = Occasion("signup", form.slug, f"signup:{life.count()}", {"form": {**fields, "slug": form.slug}})
    begun = enrol_by(life, occasion)
    expect_dates(life)
    send_again(life, form, begun)


def consent(life: Life, topics: Iterable[str]) -> None:
    """The person agrees to these topics, for good or for a time."""
    for name in topics:
        ends = ends_at(life.business.topic(name), life.now)
        life.consented[name] = longer(life.consented.get(name, ends), ends)


def unsubscribe(life: Life, topic: str | None) -> None:
    """The person leaves one topic, or all marketing."""
    if not any(line.topic == topic for line in life.suppressed):
        life.suppressed.append(Suppressed(topic, "unsubscribed", life.now))
    for each in [topic] if topic else [*life.consented]:
        life.consented.pop(each, None)
    left = left_with(life.library, topic)
    end_all(life, unsubscribed(topic, life.now), [each for each in life.insides if each.sequence.key in left])
    receive(life, Happening("unsubscribed", life.now, {"topic": topic}))


def _receive_reply(life: Life, data: Mapping[str, Any]) -> None:
    """The sequence that was replied to pauses, and a colleague is asked to answer."""
    inside = _replied_to(life, data.get("sequence"))
    if inside is None:
        life.note("A reply to no mail of a sequence: somebody reads it, and nothing else follows.")
        return
    inside.pause(inside.paused_at or life.now)
    assert inside.paused_at is not None
    for row in life.rows_of(inside):
        if row.state in WAITING:
            row.turn("held", REPLY, wrote_back(life.first_name, inside.paused_at))
    if not any(job.is_open and job.row is None and job.inside is inside for job in life.jobs):
        _ask_colleague(life, inside)


def _replied_to(life: Life, sequence: str | None) -> Inside | None:
    named = [each for each in life.insides if each.sequence.key == sequence]
    if named:
        return max(named, key=lambda each: (each.state == "active", each.number))
    left = [row for row in life.rows if row.state == "sent"]
    return max(left, key=lambda row: (row.at or life.now, row.number)).inside if left else None


def _ask_colleague(life: Life, inside: Inside) -> None:
    zone = life.own_zone
    due_at = add(life.now, REPLY_DUE, zone)
    times = Times(due_at, keeps_until(due_at, zone))
    settled = settlement_of(inside.sequence.key, None, life.now, times, life.words)
    life.jobs.append(Job(life.count(), inside, None, first_of(life.business).name, times, *settled))
    life.mail_to_colleagues = True
