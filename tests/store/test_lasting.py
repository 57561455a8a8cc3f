"""One session for many transactions: each is kept or undone by itself, and knows nothing of those before it."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from service.store.access import Secret
from service.store.driver import commit, read, write, write_ahead
from service.store.lasting import Begin, lasting

KEEP = text("INSERT INTO secret (name, value) VALUES (:name, 'a value')")
PROCESS = text("SELECT pg_backend_pid()")


@pytest.fixture
def begin(engine: Engine) -> Begin:
    return sessionmaker(engine, expire_on_commit=False).begin


def names(session: Session) -> set[str]:
    return {name for (name,) in session.execute(text("SELECT name FROM secret WHERE value = 'a value'"))}


def test_each_is_committed_at_its_end_and_all_have_one_connection(begin: Begin, session: Session) -> None:
    with lasting(begin) as again:
        with again() as first:
            write(first, KEEP, name="said")
            process = read(first, PROCESS)
        assert names(session) == {"said"}
        with again() as second:
            write_ahead(second, KEEP, name="unsaid")
        assert names(session) == {"said", "unsaid"}
        with again() as third:
            third.add(Secret(name="held", value="a value"))
        assert names(session) == {"said", "unsaid", "held"}
        with again() as fourth:
            fourth.add(Secret(name="committed", value="a value"))
            commit(fourth)
            assert read(fourth, PROCESS) == process
    assert names(session) == {"said", "unsaid", "held", "committed"}
    assert first is fourth


def test_none_knows_the_rows_of_the_one_before(begin: Begin, session: Session) -> None:
    with lasting(begin) as again:
        with again() as first:
            first.add(Secret(name="row", value="a value"))
        session.execute(text("UPDATE secret SET value = 'changed' WHERE name = 'row'"))
        session.commit()
        with again() as second:
            assert second.get_one(Secret, "row").value == "changed"


def break_off(begin: Begin, *names: str) -> None:
    """Begin something, and fail in the middle of it."""
    with begin() as session:
        session.add(Secret(name="unwritten", value="a value"))
        for name in names:
            write_ahead(session, KEEP, name=name)
        raise ZeroDivisionError


def repeat(begin: Begin, name: str) -> None:
    """What is not unique fails at the commit."""
    with begin() as session:
        write_ahead(session, KEEP, name=name)


def test_an_error_undoes_its_own_and_the_next_goes_on(begin: Begin, session: Session) -> None:
    with lasting(begin) as again:
        with again() as first:
            write(first, KEEP, name="kept")
        with pytest.raises(ZeroDivisionError):
            break_off(again, "undone")
        with pytest.raises(IntegrityError):
            repeat(again, "kept")
        with again() as last:
            write(last, KEEP, name="after")
    assert names(session) == {"kept", "after"}


def test_who_begins_inside_of_one_gets_another(begin: Begin, session: Session) -> None:
    with lasting(begin) as again, again() as outer:
        write(outer, KEEP, name="outer")
        with again() as inner:
            write(inner, KEEP, name="inner")
        assert names(session) == {"inner"}


def test_the_connection_is_given_back_at_the_end(begin: Begin, engine: Engine) -> None:
    with lasting(begin) as again:
        with again() as first:
            read(first, PROCESS)
        assert engine.pool.checkedout() == 1  # type: ignore[attr-defined]
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]
