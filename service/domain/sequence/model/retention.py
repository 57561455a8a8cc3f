"""`retention` of `business.yaml`: for how long people, and what is known of them, are kept."""

from __future__ import annotations

from dataclasses import dataclass

from service.domain.sequence.model.duration import Duration, Unit

A_MONTH, A_QUARTER, THREE_YEARS = Duration.of(30, Unit.DAYS), Duration.of(90, Unit.DAYS), Duration.of(3, Unit.YEARS)


@dataclass(frozen=True, slots=True)
class Retention:
    """Each None for good. The first three forget whole people, counted from the last sign of them.

    The defaults: whoever never confirmed has asked for nothing, and a month is four times as long as the button works.
    Three years from the last contact are what the CNIL recommends for prospects and for clients who have left
    (cnil.fr, "Gestion des activités commerciales"), and what German law gives a claim (BGB §195), so that evidence
    of a consent is there for as long as somebody may ask for it. What was passed on to other services is a copy, kept
    to see what went wrong. Events are the history that letters and conditions speak of.
    """

    unconfirmed: Duration | None = A_MONTH
    leads: Duration | None = THREE_YEARS
    former: Duration | None = THREE_YEARS
    events: Duration | None = None
    networks: Duration | None = THREE_YEARS
    calls: Duration | None = A_QUARTER
