"""What a step does besides writing. Twin of `service.actions.carry_out`."""

from __future__ import annotations

from service.domain.clearance import topic_of
from service.domain.consent import may_email
from service.domain.departure import taken_out_by
from service.domain.effect import CallWebhook, Effect, EnrolIn, LeaveOf, Retag, SetField, effects, kept, retagged
from service.domain.entry import Occasion
from service.domain.sequence.expression import ExpressionError
from service.domain.sequence.model.step import Step
from service.domain.simulation.enter import enrol, expect_dates
from service.domain.simulation.inside import Inside
from service.domain.simulation.leave import end_all
from service.domain.simulation.life import Life
from service.domain.simulation.occur import become, retag


def carry_out(life: Life, inside: Inside, step: Step) -> str:
    """Do what rides on a step that was done; what could not be done, in a sentence, empty where all was."""
    if not step.actions:
        return ""
    try:
        wanted = effects(step, life.facts(inside))
    except ExpressionError as error:
        return f"Its actions can't be carried out: {error}."
    for effect in wanted:
        _apply(life, inside, step, effect)
    return ""


def _apply(life: Life, inside: Inside, step: Step, effect: Effect) -> None:
    match effect:
        case SetField(name="stage", value=stage):
            become(life, str(stage))
        case SetField(name=name, value=value):
            life.contact[name] = kept(value, own=name in dict(life.business.fields))
            life.wake()
            expect_dates(life)
        case Retag():
            retag(life, retagged(life.contact["tags"] or (), effect))
        case CallWebhook():
            pass  # nobody is called by looking ahead
        case EnrolIn(sequence=key):
            _enrol(life, inside, step, key)
        case LeaveOf(sequence=key):
            others = [each for each in life.insides if each is not inside and each.is_under_way]
            end_all(
                life,
                taken_out_by(step, inside.sequence.key),
                [each for each in others if key in {None, each.sequence.key}],
            )


def _enrol(life: Life, inside: Inside, step: Step, key: str) -> None:
    """The other file's `when`, `again` and topic are respected."""
    sequence = life.library.sequence(key)
    if sequence is None or may_email(life.standing(), topic_of(life.business, sequence), life.now) is not None:
        return
    enrol(life, sequence, Occasion("enrol", inside.sequence.key, f"enrol:{inside.number}:{step.key}", {**inside.data}))
