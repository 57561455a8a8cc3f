"""A session that lasts through many transactions, one after the other.

To make a session, to give it a connection and to let go of both, for each group of mails, took a worker a tenth of the
time that it spends in Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from sqlalchemy.orm import Session

from service.store.driver import conclude

Begin = Callable[[], AbstractContextManager[Session]]  # a session that commits at the end of its `with`


class _Lasting:
    """Begins as `begin` does, with one session all the time. An error ends it, and the next time there is a new one;
    who begins inside of it gets one of their own."""

    def __init__(self, begin: Begin) -> None:
        self._begin = begin
        self._session: Session | None = None
        self._held = ExitStack()
        self._is_taken = False

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """A unit of work: committed at the end of the `with`, rolled back by an exception."""
        if self._is_taken:
            with self._begin() as another:
                yield another
            return
        self._is_taken = True
        try:
            if self._session is None:
                self._session = self._held.enter_context(self._begin())
            yield self._session
            conclude(self._session)
        except BaseException as error:
            self._session = None
            self._held.__exit__(type(error), error, error.__traceback__)
            raise
        finally:
            self._is_taken = False

    def close(self) -> None:
        """Give the session up."""
        self._session = None
        self._held.close()


@contextmanager
def lasting(begin: Begin) -> Iterator[Begin]:
    """Sessions that are one, while the context lasts."""
    kept = _Lasting(begin)
    try:
        yield kept.begin
    finally:
        kept.close()
