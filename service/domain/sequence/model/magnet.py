"""What people trade their address for, as `business.yaml` describes it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from service.domain.sequence.model.duration import Duration, Unit

MAGNETS_LAST = Duration.of(90, Unit.DAYS)


class MagnetKind(StrEnum):
    FILE = "file"
    ADDRESS = "address"
    COUPON = "coupon"


@dataclass(frozen=True, slots=True)
class NextStep:
    """What a page asks for beside its magnet. `link` as in a letter: of the web, `link:NAME`, `form:SLUG`."""

    text: str
    link: str


@dataclass(frozen=True, slots=True)
class Magnet:
    """A lead magnet. `what` is a file's path beside business.yaml, an address of the web, or the name of a coupon.

    `valid` counts from the sending of the mail whose link it is; a coupon says itself how long it is valid.
    """

    name: str
    kind: MagnetKind
    what: str
    title: str = ""
    valid: Duration = MAGNETS_LAST
    next: NextStep | None = None
