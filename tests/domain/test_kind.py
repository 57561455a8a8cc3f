"""Who wins a slot, and how long a mail keeps."""

from __future__ import annotations

from datetime import timedelta

from service.domain.kind import MANNERS, keeps_of
from service.domain.policy import Policy
from service.domain.sequence.vocabulary import Kind


def test_a_kind_keeps_as_long_as_the_table_says_unless_the_business_says_otherwise() -> None:
    policy = Policy(keeps={Kind.NEWSLETTER: timedelta(days=6)})
    assert keeps_of(Kind.NEWSLETTER, policy) == timedelta(days=6)
    assert keeps_of(Kind.OFFER, policy) == MANNERS[Kind.OFFER].keeps == timedelta(days=3)
