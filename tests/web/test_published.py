"""Whether something newer was published is asked by one thread, while the others go on."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import event

from service.ports import Published
from tests.web.shop import Shop

AT_ONCE = 20


def test_of_many_who_ask_at_once_hardly_anybody_takes_a_connection(shop: Shop) -> None:
    runtime, start = shop.runtime, threading.Barrier(AT_ONCE)
    known = runtime.published()
    taken: list[int] = []
    event.listen(runtime.engine, "checkout", lambda *_: taken.append(threading.get_ident()))
    runtime._looked = 0.0  # the second in which a process trusts what it knows is over

    def ask(_: int) -> Published:
        start.wait()
        return runtime.published()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(ask, range(AT_ONCE)))
    assert all(each is known for each in found)
    assert 1 <= len(taken) <= AT_ONCE / 4
