"""The code in a referrer's link: short enough to be read out over a counter, and nobody's to guess."""

from __future__ import annotations

import re
from functools import lru_cache

from service.domain.sequence.model.step import Step
from service.domain.sequence.printed import asked_by

# Crockford's base 32 (crockford.com/base32.html): without I, L and O, which are read as 1 and 0, and without U.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8  # characters of five bits: one guess in a million million
BITS = 5 * LENGTH

QUALIFYING = frozenset({"visit.completed", "purchase"})  # what makes of a friend who joined one who was here
LOOK_ALIKES = str.maketrans("ILO", "110")
LONGEST_NAME = 40  # characters
NAME = re.compile(r"[^\W\d_]+(?:[ '’-][^\W\d_]+)*")


def spell(number: int) -> str:
    """The code that a number below 2**BITS makes.

    >>> spell(0), spell(2**BITS - 1)
    ('00000000', 'ZZZZZZZZ')
    """
    return "".join(ALPHABET[number >> shift & 31] for shift in range(BITS - 5, -1, -5))


def read_code(text: str) -> str | None:
    """The code that somebody typed or followed, None where it can be none. Case, hyphens and look-alikes are forgiven.

    >>> read_code("7k3m-9qxo")
    '7K3M9QX0'
    """
    code = text.strip().replace("-", "").upper().translate(LOOK_ALIKES)
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else None


@lru_cache(maxsize=1024)
def prints_code(step: Step) -> bool:
    """Whether the step's mail prints `referral.code`, in any language: whoever gets it needs one."""
    return any("referral.code" in expression.source for expression in asked_by(step))


def given_name(first_name: str | None) -> str | None:
    """A first name as another person may be shown it: None for anything that carries digits, addresses or a message.

    Whoever fills in a form chooses what a third person reads in our mail.

    >>> given_name("Anne-Sophie"), given_name("win at evil.example"), given_name(None)
    ('Anne-Sophie', None, None)
    """
    name = (first_name or "").strip()
    return name if len(name) <= LONGEST_NAME and NAME.fullmatch(name) else None
