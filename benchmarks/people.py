"""People for an installation: signed up by the real action, and brought to a cleared mail by the real decisions."""

from __future__ import annotations

from itertools import islice
from secrets import token_hex

from service.actions.advance import advance
from service.actions.arbitrate import arbitrate
from service.actions.sign_up import Evidence
from service.actions.sign_up_newcomers import Signup, sign_up_newcomers
from service.domain.contact import read_address
from service.runtime import Runtime
from service.store.journey import journey_now

FORM = "salon-checklist"
FIRST_NAMES = ("Ana", "Jörg", "Zoë", "Mary Ann", "O’Neil", "Nguyễn", "Sofía", "Ben", "Katarzyna", "Li")
A_COMMIT = 100  # signups
EVIDENCE = Evidence("127.0.0.1", "Mozilla/5.0", "https://glow.example/checklist", "Yes, send me the checklist.")


def addresses(count: int) -> list[str]:
    """So many new addresses."""
    batch = token_hex(4)
    return [f"reader-{batch}-{number}@example.org" for number in range(count)]


def first_name(number: int) -> str:
    return FIRST_NAMES[number % len(FIRST_NAMES)]


def join(runtime: Runtime, count: int) -> None:
    """So many signups of new people, many in a commit, as those are taken who come at the same time."""
    published = runtime.published()
    form = published.library.business.form(FORM)
    assert form is not None
    waiting = enumerate(addresses(count))
    while batch := list(islice(waiting, A_COMMIT)):
        signups = [
            Signup(form, read_address(email), {"first_name": first_name(number)}, EVIDENCE) for number, email in batch
        ]
        with runtime.session() as session:
            taken = sign_up_newcomers(session, published, runtime.hash_key, signups, journey_now(session))
        assert None not in taken


def decide(runtime: Runtime) -> None:
    """Advance and arbitrate until nothing is due any more. Bring the mails of `join` to `cleared`."""
    published = runtime.published()
    moved = 1
    while moved:
        moved = 0
        for step in (advance, arbitrate):
            with runtime.session() as session:
                moved += step(session, published, journey_now(session))
