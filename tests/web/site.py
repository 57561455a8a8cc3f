"""The app, laid out once and lent to one test after the other: its eighty routes took a third of each test's time."""

from __future__ import annotations

from collections import defaultdict

from service.runtime import Runtime
from service.web.app import Site, attach, lay_out

_free: dict[bool, list[Site]] = defaultdict(list)


def borrow(runtime: Runtime) -> Site:
    """A site that works for this runtime, and for nobody else until it is given back."""
    has_mailbox = runtime.settings.provider == "mailbox"
    free = _free[has_mailbox]
    return attach(free.pop() if free else lay_out(has_mailbox=has_mailbox), runtime)


def give_back(site: Site) -> None:
    """Nobody works with it any more."""
    _free["mailbox" in site.blueprints].append(site)
