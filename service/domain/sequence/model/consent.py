"""How long a request waits for its confirmation, and how long the law's other reasons for writing to people last."""

from __future__ import annotations

from dataclasses import dataclass

from service.domain.sequence.model.duration import Duration, Unit

CONFIRM_WITHIN = Duration.of(7, Unit.DAYS)
REMIND_AFTER = Duration.of(2, Unit.DAYS)
CLIENT_LASTS = Duration.of(2, Unit.YEARS)
INQUIRY_LASTS = Duration.of(6, Unit.MONTHS)


@dataclass(frozen=True, slots=True)
class ConsentPolicy:
    """`consent` of business.yaml. `remind_after` None: nobody is reminded."""

    confirm_within: Duration = CONFIRM_WITHIN
    remind_after: Duration | None = REMIND_AFTER
    client_lasts: Duration = CLIENT_LASTS
    inquiry_lasts: Duration = INQUIRY_LASTS
