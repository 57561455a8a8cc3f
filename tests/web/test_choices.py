"""Whatever somebody chooses, in whatever order: what the page shows is what may be sent."""

from __future__ import annotations

import re
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.domain.consent import may_email
from service.store.contact import Contact
from service.store.history import read_standings
from service.store.journey import journey_now
from tests.web.shop import Shop
from tests.web.test_preferences import leavable, switches

TOPICS = ("Tips and ideas", "Newsletter", "Friends", "Your appointments")
PEOPLE = count()

choices = st.one_of(
    st.builds(lambda kind, topic: {kind: topic}, st.sampled_from(["topic", "again"]), st.sampled_from(TOPICS)),
    st.sampled_from([{"all": "yes"}, {"less": "yes"}, {"less": "no"}, {"pause": "30"}, {"pause": "0"}]),
    st.sampled_from([{"one-click": "yes"}, {"undo": "first"}, {"undo": "last"}, {}, {"topic": "none of ours"}]),
)


@pytest.fixture
def busy(shop: Shop) -> Shop:
    """A shop that many people visit."""
    return shop


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chosen=st.lists(choices, min_size=1, max_size=7))
def test_the_page_and_the_answer_to_may_email_agree(busy: Shop, chosen: list[dict[str, str]]) -> None:
    email = f"person{next(PEOPLE)}@example.org"
    busy.sign_up(email)
    token = busy.token(email)
    undos: list[str] = []
    for choice in chosen:
        if "undo" in choice:
            if undos:
                busy.client.post(undos[0 if choice["undo"] == "first" else -1], data={"undo": "yes"})
        else:
            path = "unsubscribe" if "one-click" in choice else "preferences"
            answer = busy.client.post(f"/{path}/{token}", data=choice)
            assert answer.status_code in {200, 422}
            undos += re.findall(r'action="(/left/[^"]+)"', answer.text)[:1]
        agrees(busy, email, token)


def agrees(shop: Shop, email: str, token: str) -> None:
    page = shop.client.get(f"/preferences/{token}").text
    contact = shop.contact(email)
    with shop.runtime.session() as session:
        now = journey_now(session)
        standing = read_standings(session, [session.get_one(Contact, contact.id)], now)[contact.id]
    topics = shop.runtime.published().library.business.topics
    may = {each.name: may_email(standing, each, now) is None for each in topics}
    services = {topic: kind == "topic" for kind, topic in switches(page)}
    shown = {each.name: services.get(each.name, each.name in leavable(page)) for each in topics}
    assert shown == may
    assert ("less often, as you wished" in page) == (contact.less_often and any(may[each] for each in TOPICS[:3]))
    assert ("We are quiet until" in page) == (contact.paused_until is not None)
