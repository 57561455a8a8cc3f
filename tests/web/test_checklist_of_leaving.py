"""Statements 4 to 8 of the checklist for senders, each by what a stranger sees from outside.

The checklist is section 6 of the project's email standards: RFC 8058, and what mailbox providers ask of whoever sends
in bulk.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select, update

from service.actions.advance import advance
from service.actions.arbitrate import arbitrate
from service.actions.deliver import deliver
from service.actions.lease import Lease
from service.actions.put_into_words import Desk
from service.domain.token import Signer
from service.ports import Letter, Message
from service.store.contact import Consent, Contact, Suppression
from service.store.delivery import Delivery
from service.store.enrolment import Enrolment
from service.store.event import Event
from service.store.journey import journey_now
from tests.actions.house import Clerk, Postman
from tests.web.shop import Shop

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def token(shop: Shop) -> str:
    shop.sign_up()
    return shop.token()


@pytest.mark.parametrize("packing", ["application/x-www-form-urlencoded", "multipart/form-data"])
def test_checklist_4_one_click_answers_200_without_location_cookie_or_login(
    shop: Shop, token: str, packing: str
) -> None:
    for _ in range(3):
        answer = shop.client.post(f"/unsubscribe/{token}", data=ONE_CLICK, content_type=packing)
        assert answer.status_code == 200
        assert not {"Location", "Set-Cookie", "WWW-Authenticate"} & set(answer.headers.keys())
    assert [(each.topic, each.reason) for each in shop.all(Suppression)] == [(None, "unsubscribed")]


def test_checklist_5_get_and_head_change_nothing_behind_any_link_of_a_person(shop: Shop, token: str) -> None:
    left = shop.client.post(f"/preferences/{token}", data={"topic": "Newsletter"}).text
    shop.client.post(f"/preferences/{token}", data={"address": "ana@new.example"})
    shop.client.post(f"/preferences/{token}", data={"forget": "yes"})
    sign, path = shop.runtime.signer.sign, re.search(r'action="(/left/[^"]+)"', left)
    assert path is not None
    with shop.runtime.session() as session:
        asked = {each.sequence: str(each.id) for each in session.scalars(select(Enrolment))}
    paths = [f"/unsubscribe/{token}", f"/preferences/{token}", path[1]]
    paths += [f"/address/{sign('address', asked['(address)'])}", f"/forget/{sign('forget', asked['(forget)'])}"]
    tables = (Contact, Consent, Suppression, Event, Enrolment, Delivery)

    def rows() -> list[dict[str, object]]:
        found = [each for table in tables for each in shop.all(table)]
        return [{name: value for name, value in vars(each).items() if name[0] != "_"} for each in found]

    before = rows()
    for each in paths:
        for method in ("GET", "HEAD"):
            query = "?List-Unsubscribe=One-Click&all=yes&undo=yes&forget=yes"
            assert shop.client.open(each + query, method=method).status_code == 200
    assert rows() == before


def test_checklist_6_an_altered_token_or_one_for_another_purpose_is_4xx_and_changes_nothing(
    shop: Shop, token: str
) -> None:
    value = token.rpartition(".")[0]
    flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
    others = [shop.runtime.signer.sign(each, value) for each in ("open", "click", "confirm", "undo", "forget")]
    for wrong in (flipped, "1" + token, value, *others):
        for path in ("unsubscribe", "preferences"):
            assert shop.client.post(f"/{path}/{wrong}", data=ONE_CLICK | {"all": "yes"}).status_code == 404
    for path in ("left", "address", "forget"):
        assert shop.client.post(f"/{path}/{token}", data={"undo": "yes"}).status_code == 404
    assert not shop.all(Suppression)
    assert {each.act for each in shop.all(Consent)} == {"confirmed"}


def test_checklist_7_a_very_old_link_works_after_new_keys_new_topics_and_without_its_mail(
    open_shop: Callable[..., Shop],
) -> None:
    old, new = "o" * 40, "n" * 40
    shop = open_shop(form_limits="off", secret_keys=(new, old))
    shop.publish()
    shop.sign_up()
    contact = shop.contact()
    token = Signer([old]).sign("manage", f"{contact.id}.987654321")  # its mail was pruned long ago
    with shop.runtime.session() as session:
        line = {"address_hash": contact.address_hash, "topic": "Renamed since", "at": contact.created_at}
        session.add(Suppression(**line, reason="unsubscribed", source="page"))
        session.execute(update(Enrolment).values(sequence="long-gone"))
    assert shop.client.get(f"/preferences/{token}").status_code == 200
    assert shop.client.post(f"/preferences/{token}", data={"topic": "Renamed since"}).status_code == 422
    assert shop.client.post(f"/unsubscribe/{token}", data=ONE_CLICK).status_code == 200
    assert {each.topic for each in shop.all(Suppression)} == {"Renamed since", None}


class Hesitating(Clerk):
    """Puts a mail into words, and meanwhile its reader leaves."""

    def __init__(self, leave: Callable[[], None]) -> None:
        super().__init__()
        self.leave = leave

    def render(self, letter: Letter) -> Message:
        self.leave()
        return super().render(letter)


def test_checklist_8_unsubscribed_mid_drip_no_step_leaves_not_even_one_that_a_worker_has_taken(shop: Shop) -> None:
    shop.sign_up()
    token, postman = shop.token(), Postman()

    def leave() -> None:
        answer = shop.client.post(f"/unsubscribe/{token}", data=ONE_CLICK)
        assert answer.status_code == 200
        with shop.runtime.session() as session:
            taken = session.scalars(select(Delivery.state).where(Delivery.token.is_not(None))).all()
        assert taken == ["cancelled"], "the worker had it in hand"

    with shop.runtime.session() as session:
        advance(session, shop.runtime.published(), journey_now(session))
    with shop.runtime.session() as session:
        arbitrate(session, shop.runtime.published(), journey_now(session))
    assert {each.state for each in shop.all(Delivery)} == {"cleared"}
    desk = Desk(shop.runtime.session, shop.runtime.published, Hesitating(leave), postman, 25)
    assert deliver(desk, Lease(), lambda: False) == 0
    assert postman.taken == []
    assert {(each.state, each.handed_at) for each in shop.all(Delivery)} == {("cancelled", None)}
    assert {each.state for each in shop.all(Enrolment)} == {"left"}
