"""One bounded GET: no redirect is followed, no proxy asked, and neither a trickle nor a flood is waited for."""

from __future__ import annotations

from service.ports import NotNow
from service.providers.line import Line, Lost, NotReached, Patience
from service.providers.service import Call

AT_ONCE = Patience(connect=3.0, silence=3.0, deadline=5.0)  # somebody waits for it


def visit(url: str, patience: Patience = AT_ONCE) -> bytes:
    """What is at an address that was looked over before; anything but a whole 200 in time raises NotNow."""
    line = Line(patience)
    try:
        answer = line.make(Call(url, method="GET"))
    except (Lost, NotReached) as why:
        raise NotNow(str(why)) from None
    finally:
        line.close()
    if answer.status != 200:
        raise NotNow(f"it answered {answer.status}")
    return answer.body
