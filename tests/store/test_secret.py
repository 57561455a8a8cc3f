"""Keys are made once, and a host that would sign otherwise does not start."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from service.store.secret import KeysDiffer, signing_keys, suppression_key

OLD, NEW, FOREIGN = "o" * 40, "n" * 40, "f" * 40


def keys(engine: Engine, *given: str) -> tuple[str, ...]:
    with Session(engine) as session, session.begin():
        return signing_keys(session, given)


def test_keys_that_nobody_gave_are_made_once_by_whoever_is_first(engine: Engine) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(lambda _: keys(engine), range(8)))
    assert len(made) == 1
    with Session(engine) as session, session.begin():
        assert suppression_key(session) == suppression_key(session)


def test_rotation_puts_the_new_key_in_front_and_keeps_the_old_one(engine: Engine) -> None:
    assert keys(engine, OLD) == (OLD,)
    assert keys(engine, NEW, OLD) == (NEW, OLD)
    with pytest.raises(KeysDiffer, match="SECRET_KEYS of this host"):
        keys(engine, OLD)


def test_a_host_with_other_keys_refuses_to_start(engine: Engine) -> None:
    keys(engine, OLD)
    with pytest.raises(KeysDiffer):
        keys(engine, FOREIGN)
    with pytest.raises(KeysDiffer):
        keys(engine)
