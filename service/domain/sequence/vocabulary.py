"""The two closed lists of words by which a sequence is filed: its place on the journey, and what sort of mail it is."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """Where on the journey's map a sequence lives."""

    NURTURE = "nurture"
    ONBOARDING = "onboarding"
    DELIGHT = "delight"
    REBOOKING = "rebooking"
    REFERRAL = "referral"
    FAREWELL = "farewell"


class Kind(StrEnum):
    """What sort of mail it is, and so who wins a slot and how long it keeps: see `service.domain.kind`."""

    SERVICE = "service"
    CHECK_IN = "check-in"
    NUDGE = "nudge"
    ONBOARDING = "onboarding"
    DELIGHT = "delight"
    LETTER = "letter"
    REVIEW = "review"
    WIN_BACK = "win-back"
    REFERRAL = "referral"
    NEWSLETTER = "newsletter"
    OFFER = "offer"
