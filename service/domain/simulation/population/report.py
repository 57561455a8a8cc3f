"""A comparison in words that align, for people, and in plain values, for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from service.domain.simulation.population.compare import Comparison, Estimate, Outcome
from service.domain.simulation.population.policies import NO_MAIL, NONE, THINNED, WHAT
from service.domain.simulation.population.world import World

ASSUMED = "The parameters of this world are assumed, not fitted: it compares policies, and foretells nothing."
HEAD = ("policy", "mails", "conversions", "kept", "unsubscribed", "complained", "reachable", "held")
CLASSES = range(1, 8)


def lines(comparison: Comparison) -> Iterator[str]:
    """The whole of it as plain text."""
    town = comparison.town
    seeds = ", ".join(map(str, town.seeds))
    people = f"{town.contacts * len(town.seeds):,} contacts, {town.days} days, seed {seeds}"
    yield f"{people}, world “{town.world.name}”"
    yield ASSUMED
    yield ""
    yield from table([HEAD, *(row(comparison, outcome) for outcome in comparison.outcomes.values())])
    yield ""
    shown = [each for name, each in comparison.outcomes.items() if name != NO_MAIL]
    yield from table([_expired_head(), *map(_expired, shown)])
    yield ""
    yield "All per contact; service mail, which no policy holds, is not counted. Conversions are bookings, against"
    yield "“none”; kept: the share left of those that mail brings under “none”. Held: days a mail waited that left."
    yield "Behind ± stands the standard error."
    if town.courses.unlived:
        yield f"Not lived, because nothing in the model begins them: {', '.join(town.courses.unlived)}."


def row(comparison: Comparison, outcome: Outcome) -> tuple[str, ...]:
    """A line of the table."""
    none = comparison.outcomes[NONE]
    change = outcome.ratio(none, "conversions")
    kept, mails = comparison.kept(outcome.name), outcome.estimate("mails")
    return (
        outcome.name,
        _told(mails, ".1f"),
        _told(outcome.estimate("conversions"), ".3f") if outcome.name == NONE else _told(change, ".1%", sign="+"),
        "" if kept is None else f"{kept:.0%}",
        _told(outcome.estimate("unsubscribes"), ".1%"),
        _told(outcome.estimate("complaints"), ".2%"),
        _told(outcome.estimate("reachable"), ".1%"),
        f"{outcome.estimate('held').mean / mails.mean:.1f} d" if mails.mean else "",
    )


def _told(estimate: Estimate, spelled: str, sign: str = "") -> str:
    """A mean with its standard error."""
    return f"{estimate.mean:{sign}{spelled}} ±{estimate.se:{spelled}}"


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Rows of equally many cells; the first is the head, the first column stands left."""
    widths = [max(len(each[column]) for each in rows) for column in range(len(rows[0]))]
    for number, cells in enumerate(rows):
        first, *others = (
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        yield "  ".join((first, *others)).rstrip()
        if not number:
            yield "-" * (sum(widths) + 2 * (len(widths) - 1))


def _expired_head() -> tuple[str, ...]:
    return ("not sent, by class", *(f"P{each}" for each in CLASSES))


def _expired(outcome: Outcome) -> tuple[str, ...]:
    return (outcome.name, *(f"{outcome.estimate(f'expired P{each}').mean:.1f}" for each in CLASSES))


def plain(comparison: Comparison) -> dict[str, Any]:
    """The same for programs, as `docs/simulation.md` says."""
    town = comparison.town
    return {
        "seed": town.seeds[0] if len(town.seeds) == 1 else list(town.seeds),
        "contacts": town.contacts,
        "days": town.days,
        "world": _world(town.world),
        "assumptions": {
            "note": ASSUMED,
            "conversions": "bookings, by themselves and because of mail",
            "service mail": "left out of mails: no policy holds it",
            "windows": "open; what is due leaves once a day",
            "not lived": list(town.courses.unlived),
        },
        "policies": {name: _policy(comparison, each) for name, each in comparison.outcomes.items() if name != NO_MAIL},
        "no_mail": _policy(comparison, comparison.outcomes[NO_MAIL]),
    }


def _world(world: World) -> dict[str, Any]:
    return {"name": world.name} | world.plain()


def _policy(comparison: Comparison, outcome: Outcome) -> dict[str, Any]:
    none, silence = comparison.outcomes[NONE], comparison.outcomes[NO_MAIL]
    names = ("mails", "conversions", "unsubscribes", "complaints", "reachable", "silenced", "service")
    told: dict[str, Any] = {"what": WHAT.get(outcome.name, "no mail but service mail")}
    told |= {name: _plain(outcome.estimate(name)) for name in names}
    told["held_days"] = _plain(outcome.estimate("held"))
    told["incremental"] = {
        "against_none": _plain(outcome.against(none, "conversions")),
        "against_no_mail": _plain(outcome.against(silence, "conversions")),
        "kept": comparison.kept(outcome.name),
    }
    told["expired"] = {f"P{each}": _plain(outcome.estimate(f"expired P{each}")) for each in CLASSES}
    if outcome.name == THINNED and outcome.share is not None:
        told["share"] = outcome.share
    return told


def _plain(estimate: Estimate) -> dict[str, float]:
    return {"mean": round(estimate.mean, 6), "se": round(estimate.se, 6)}
