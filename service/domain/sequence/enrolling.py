"""`enrol:` who enters a sequence, when, and how often."""

from __future__ import annotations

import re

from service.domain.sequence.draft import Asked, Draft
from service.domain.sequence.findings import Fault, Findings
from service.domain.sequence.keys import Keys, as_text, attempt, inner_place
from service.domain.sequence.model.duration import Duration
from service.domain.sequence.model.enrol import Again, Enrol, Trigger
from service.domain.sequence.model.place import Place
from service.domain.sequence.names import STAGES
from service.domain.sequence.spelling import did_you_mean
from service.domain.sequence.times import read_duration
from service.domain.sequence.vocabulary import Stage
from service.domain.sequence.yaml_tree import Listing, Scalar, Table

KEYS = ("on", "form", "when", "again", "existing")
WAYS = ("signup", "event", "becomes", "tagged", "date", "rhythm", "quiet", "manual")

_BARE = frozenset({"signup", "date", "manual"})
_LIKE = {
    "event": "`event visit.completed`",
    "becomes": "`becomes client`",
    "tagged": "`tagged vip`",
    "rhythm": "`rhythm visit.completed`",
    "quiet": "`quiet visit.completed for 90 days`",
}
_QUIET = re.compile(r"(\S+) for (.+)")
_A_DAY = re.compile(r"[1-9]\d{0,5} a day")
_RETURNING = frozenset({"date", "rhythm", "quiet"})


def read_enrol(front: Keys, stage: Stage, draft: Draft, findings: Findings) -> Enrol:
    """The `enrol` of a front matter."""
    keys = front.table("enrol", KEYS)
    if not isinstance(front.node("enrol"), Table):
        return Enrol(())  # told already
    keys.missing("on", "say what begins it, like `on: signup` or `on: event visit.completed`")
    triggers = _triggers(keys, draft, findings)
    when = keys.expression("when")
    if when:
        draft.asked.append(Asked(when))
    form = keys.scalar("form")
    if form:
        draft.refer("form", form.text, inner_place(form))
        if triggers and all(trigger.on != "signup" for trigger in triggers):
            message = "A form only goes with `on: signup`."
            findings.error(keys.place_of("form"), "form-without-signup", message, "remove it, or add signup to `on`")
    again, after = _again(keys, triggers, stage, findings)
    return Enrol(triggers, form.text if form else None, when, again, after, _existing(keys, findings))


def _triggers(keys: Keys, draft: Draft, findings: Findings) -> tuple[Trigger, ...]:
    node = keys.node("on")
    nodes = node.items if isinstance(node, Listing) else [] if node is None else [node]
    triggers = []
    for each in nodes:
        scalar = as_text(each, findings, "on")
        trigger = attempt(scalar, read_trigger, findings) if scalar else None
        if scalar and trigger:
            triggers.append(trigger)
            _note(trigger, inner_place(scalar), draft, findings)
    return tuple(triggers)


def _note(trigger: Trigger, place: Place, draft: Draft, findings: Findings) -> None:
    if trigger.on in {"event", "rhythm", "quiet"}:
        at = len(trigger.on) + 1
        draft.refer("event", trigger.name, Place(place.path, place.line, place.column + at))


def read_trigger(text: str) -> Trigger:
    """`signup`, `event visit.completed`, `quiet visit.completed for 1.75 rhythms` …. Raises Fault `bad-trigger`."""
    way, _, rest = text.strip().partition(" ")
    rest = rest.strip()
    if way not in WAYS:
        raise Fault("bad-trigger", f"Nobody enters `on: {way[:60]}`.", did_you_mean(way, WAYS))
    if way in _BARE:
        if rest:
            raise Fault("bad-trigger", f"`{way}` stands alone; `{rest[:60]}` has no meaning here.", f"write `{way}`")
        return Trigger(way)
    if way == "quiet":
        return _quiet(rest)
    if not rest or " " in rest:
        raise Fault("bad-trigger", f"`{way}` needs one name behind it.", f"like {_LIKE[way]}")
    if way == "becomes" and rest not in STAGES:
        raise Fault("unknown-stage", f"Nobody becomes `{rest[:60]}`.", did_you_mean(rest, STAGES), len(way) + 1)
    return Trigger(way, rest)


def _quiet(rest: str) -> Trigger:
    found = _QUIET.fullmatch(rest)
    if found is None:
        raise Fault("bad-trigger", "`quiet` needs an event and a length of time.", f"like {_LIKE['quiet']}")
    try:
        return Trigger("quiet", found[1], read_duration(found[2]))
    except Fault as fault:
        raise fault.moved(len("quiet ") + found.start(2)) from None


def _again(
    keys: Keys, triggers: tuple[Trigger, ...], stage: Stage, findings: Findings
) -> tuple[Again, Duration | None]:
    """How often the same person may enter. A farewell is said once; whatever else an event begins must say."""
    ways = {trigger.on for trigger in triggers}
    if keys.node("again") is not None:
        return keys.read("again", read_again) or (Again.NEVER, None)
    if "event" in ways and stage is not Stage.FAREWELL:
        message = "An event may come again: say whether the same person enters again."
        findings.error(
            keys.place, "again-missing", message, "add `again: never`, `again: always` or `again: after 90 days`"
        )
    return (Again.ALWAYS if ways and ways <= _RETURNING else Again.NEVER), None


def read_again(text: str) -> tuple[Again, Duration | None]:
    """`never`, `always`, `after 90 days`. Raises Fault `bad-again`."""
    word, _, rest = text.strip().partition(" ")
    if word == "after" and rest:
        try:
            return Again.AFTER, read_duration(rest)
        except Fault as fault:
            raise fault.moved(len("after ")) from None
    if text.strip() in {"never", "always"}:
        return Again(text.strip()), None
    hint = "write `never`, `always` or `after 90 days`"
    raise Fault("bad-again", f"`{text[:60]}` doesn't say how often.", hint)


def _existing(keys: Keys, findings: Findings) -> str:
    scalar: Scalar | None = keys.scalar("existing")
    if scalar is None:
        return "nobody"
    if scalar.text not in {"nobody", "all"} and not _A_DAY.fullmatch(scalar.text):
        message = f"`{scalar.text[:60]}` doesn't say who of those already here enters."
        findings.error(scalar.place, "bad-existing", message, "write `nobody`, `all` or `20 a day`")
    return scalar.text
