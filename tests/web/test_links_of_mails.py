"""The addresses that a mail carries to pages of our own lead to them."""

from __future__ import annotations

import re

import pytest

from service.actions.publish import Edition, publish
from service.domain.facts import Facts
from service.ports import Letter
from service.settings import ROOT
from service.store.enrolment import Enrolment
from service.store.history import facts_of, read_pasts
from service.store.journey import journey_now
from tests.web.shop import FILES, TIPS, Shop

LAYOUTS = {str(path.relative_to(ROOT)): path.read_bytes() for path in (ROOT / "email_templates").rglob("*.mjml")}
LINKS = """
[Mine](link:referral) [More](join:newsletter) [All](link:my-data)
"""


@pytest.mark.parametrize(
    ("path", "heading"),
    [("share", "Bring a friend"), ("join", "You get “Newsletter” already."), ("my-data", "What we keep about you")],
)
def test_a_link_in_a_mail_opens_its_page(shop: Shop, path: str, heading: str) -> None:
    with shop.runtime.session() as session:
        publish(session, Edition(FILES | LAYOUTS | {"sequences/tips.md": (TIPS + LINKS).encode()}, set()))
    shop.runtime._looked = 0.0  # the second in which a process trusts what it knows is over
    shop.sign_up()
    contact = shop.contact()
    published = shop.runtime.published()
    with shop.runtime.session() as session:
        (enrolment,) = shop.all(Enrolment)
        now = journey_now(session)
        past = read_pasts(session, [contact.id])[contact.id]
        facts: Facts = facts_of(published.library.business, contact, enrolment, past, now)
    letter = Letter(
        delivery_id=shop.delivery_of(contact).id,
        contact_id=contact.id,
        message_id="<m@glow.example>",
        recipient=contact.email,
        publication_id=published.id,
        sequence="tips",
        step="tip",
        language="en",
        names=facts.names(),
        sent_at=now,
    )
    raw = shop.runtime.renderer.render(letter).raw.decode().replace("=\r\n", "")
    found = re.search(rf"/{path}/[A-Za-z0-9._-]+", raw)
    assert found is not None
    answer = shop.client.get(found[0])
    assert answer.status_code == 200
    assert f"<h1>{heading}</h1>" in answer.text
