"""A friend arrives by somebody's link and signs up; the referrer sees how it stands on a page of their own."""

from __future__ import annotations

import re
from collections.abc import Callable
from xml.etree import ElementTree

import pytest
from sqlalchemy import delete, select, update

from service.actions.merge import merge
from service.actions.publish import Edition, publish
from service.store.contact import Contact
from service.store.event import Event
from service.store.journey import journey_now
from service.store.referral import Referral, give_codes
from service.store.reward import Reward
from tests.web.shop import BUSINESS, FILES, TIPS, Shop

DRAFT = TIPS.replace("on: signup\n  form: checklist", "on: manual").encode()


@pytest.fixture
def token(shop: Shop) -> str:
    shop.sign_up(first_name="Ana")
    return shop.runtime.signer.sign("share", str(shop.contact().id))


def link_on(page: str) -> str:
    found = re.search(r'<textarea id="link"[^>]*>([^<]+)</textarea>', page)
    assert found is not None
    return found[1]


def test_the_way_of_a_friend(shop: Shop, token: str) -> None:
    link = link_on(shop.client.get(f"/share/{token}").text)
    base, path = link[: -len("/refer/XXXXXXXX")], link[-len("/refer/XXXXXXXX") :]
    assert base == shop.runtime.settings.base_url
    answer = shop.client.get(path)
    assert answer.status_code == 302
    ref = shop.runtime.signer.sign("ref", path[-8:])
    assert answer.location == f"/forms/checklist?ref={ref}"
    assert "Set-Cookie" not in answer.headers
    form = shop.client.get(answer.location).text
    assert f'<input type="hidden" name="ref" value="{ref}">' in form
    shop.sign_up("bea@example.org", ref=ref, first_name="Bea")
    (referral,) = shop.all(Referral)
    assert (referral.referrer_id, referral.friend_id) == (shop.contact().id, shop.contact("bea@example.org").id)
    assert [each.contact_id for each in shop.all(Event) if each.name == "referral.joined"] == [shop.contact().id]
    assert "One friend has signed up." in shop.client.get(f"/share/{token}").text


def test_the_code_survives_a_form_that_is_filled_in_wrong(shop: Shop, token: str) -> None:
    code = link_on(shop.client.get(f"/share/{token}").text)[-8:]
    answer = shop.client.post("/forms/checklist", data={"email": "nonsense", "ref": code})
    assert answer.status_code == 422
    assert f'name="ref" value="{code}"' in answer.text


def test_a_code_may_be_typed_as_it_was_heard(shop: Shop, token: str) -> None:
    code = link_on(shop.client.get(f"/share/{token}").text)[-8:]
    ref = shop.runtime.signer.sign("ref", code)
    assert shop.client.get(f"/refer/{code[:4].lower()}-{code[4:]}").location == f"/forms/checklist?ref={ref}"
    shop.sign_up("bea@example.org", ref=f"{code[:4].lower()}-{code[4:]}")
    assert len(shop.all(Referral)) == 1


def test_a_ref_that_was_altered_counts_for_nobody(shop: Shop, token: str) -> None:
    code = link_on(shop.client.get(f"/share/{token}").text)[-8:]
    ref = shop.runtime.signer.sign("ref", code)
    for number, forged in enumerate(
        (f"{code}.", f"{ref}x", "00000000" + ref[8:], shop.runtime.signer.sign("share", code))
    ):
        assert shop.sign_up(f"f{number}@example.org", ref=forged).status_code == 303
    assert shop.all(Referral) == []


def test_the_first_link_that_somebody_followed_counts(shop: Shop, token: str) -> None:
    first = link_on(shop.client.get(f"/share/{token}").text)[-8:]
    shop.sign_up("cleo@example.org")
    with shop.runtime.session() as session:
        second = give_codes(session, [shop.contact("cleo@example.org").id]).popitem()[1]
    ref = shop.runtime.signer.sign("ref", first)
    assert shop.client.get(f"/refer/{second}?ref={ref}").location == f"/forms/checklist?ref={ref}"
    assert second in shop.client.get(f"/refer/{second}?ref={first}").location  # typed: it proves nothing
    assert second in shop.client.get(f"/refer/{second}?ref={ref}x").location


PROGRAMME = """
referral:
  friend: {text: 15 € off the first visit, given: at signup}
  referrer: {coupon: REFERRER-15}
  page: https://glow.example/friends?from=mail#join
coupons:
  REFERRER-15: {valid: 1 year, worth: 15 €}
"""


@pytest.fixture
def rewarding(open_shop: Callable[..., Shop]) -> Shop:
    """A shop with a programme, where Ana has signed up."""
    shop = open_shop(form_limits="off")
    with shop.runtime.session() as session:
        publish(session, Edition(FILES | {"sequences/business.yaml": (BUSINESS + PROGRAMME).encode()}, set()))
    shop.sign_up(first_name="Ana")
    return shop


def test_friends_may_land_on_a_page_of_the_businesss_own(rewarding: Shop) -> None:
    with rewarding.runtime.session() as session:
        code = give_codes(session, [rewarding.contact().id]).popitem()[1]
    ref = rewarding.runtime.signer.sign("ref", code)
    landing = rewarding.client.get(f"/refer/{code}").location
    assert landing == f"https://glow.example/friends?from=mail&ref={ref}#join"
    assert rewarding.client.get("/refer/00000000").location == "https://glow.example/friends?from=mail#join"


def test_the_page_says_what_is_promised_and_how_it_stands(rewarding: Shop) -> None:
    shop = rewarding
    token = shop.runtime.signer.sign("share", str(shop.contact().id))
    page = shop.client.get(f"/share/{token}").text
    assert "Your friend gets: 15 € off the first visit." in page
    assert "You get: 15 €, once they have been here." in page
    code = link_on(page)[-8:]
    shop.sign_up("bea@example.net", ref=code)
    assert "A friend has signed up. Yours comes after the first visit." in shop.client.get(f"/share/{token}").text
    with shop.runtime.session() as session:
        now = journey_now(session)
        (entry,) = session.scalars(select(Reward).where(Reward.side == "referrer"))
        entry.state, entry.what, entry.code, entry.expires_at = "granted", "15 €", "REFERRER-15-ABC", now
    page = shop.client.get(f"/share/{token}").text
    assert "For a friend: 15 €, good until" in page
    assert "<code>REFERRER-15-ABC</code>" in page
    with shop.runtime.session() as session:
        (entry,) = session.scalars(select(Reward).where(Reward.side == "referrer"))
        entry.state, entry.reason = "refused", "Friend and referrer have the same mailbox."
    page = shop.client.get(f"/share/{token}").text
    assert "For a friend there is no reward." in page
    assert "mailbox" not in page


@pytest.mark.parametrize("code", ["00000000", "nonsense", "%00", "é" * 8, "x" * 500, "%0d%0aSet-Cookie:a=b"])
def test_an_unknown_code_leads_to_the_form_alone(shop: Shop, token: str, code: str) -> None:
    answer = shop.client.get(f"/refer/{code}")
    assert answer.status_code == 302
    assert answer.location == "/forms/checklist"


@pytest.mark.parametrize(
    ("forms", "landing"),
    [
        ("forms:\n  checklist: {topics: [Newsletter]}\n  friend: {topics: [Newsletter]}", "/forms/friend?ref={code}"),
        ("forms:\n  other: {topics: [Newsletter]}\n  checklist: {topics: [Newsletter]}", "/forms/other?ref={code}"),
        ("forms: {}", "/"),
    ],
)
def test_the_form_for_friends_comes_first(open_shop: Callable[..., Shop], forms: str, landing: str) -> None:
    shop = open_shop(form_limits="off")
    other = re.sub(r"forms:\n.*?\nmagnets:", f"{forms}\nmagnets:", BUSINESS, flags=re.DOTALL).encode()
    with shop.runtime.session() as session:
        publish(session, Edition(FILES | {"sequences/business.yaml": other, "sequences/tips.md": DRAFT}, set()))
        now = journey_now(session)
        ana = Contact(
            email="a@example.org", email_key="a@example.org", address_hash=b"a", created_at=now, updated_at=now
        )
        session.add(ana)
        session.flush()
        code = give_codes(session, [ana.id])[ana.id]
    ref = shop.runtime.signer.sign("ref", code)
    assert shop.client.get(f"/refer/{code}").location == landing.format(code=ref)


def test_a_referrers_page_keeps_its_link_and_can_be_used_without_script(shop: Shop, token: str) -> None:
    page = shop.client.get(f"/share/{token}").text
    assert link_on(page) == link_on(shop.client.get(f"/share/{token}").text)
    assert "Touch it, hold, and copy." in page
    assert "<script" not in page
    assert " style=" not in page
    assert 'name="robots" content="noindex"' in page
    for way in ("https://wa.me/?text=", "sms:?&amp;body="):
        assert way in page
    mailto = re.search(r'href="(mailto:\?subject=[^"]+)"', page)
    assert mailto is not None
    assert link_on(page).rpartition("/")[2] in mailto[1]
    picture = re.search(r"<svg.*?</svg>", page, re.DOTALL)
    assert picture is not None
    drawn = ElementTree.fromstring(picture[0])
    assert drawn.attrib["role"] == "img"
    assert drawn.findtext("title") == "The link as a QR code"


@pytest.mark.parametrize(
    ("qualified", "rewarded", "sentences"),
    [
        (0, 0, "3 friends have signed up.</p>"),
        (1, 0, "3 friends have signed up. One has been here.</p>"),
        (2, 2, "3 friends have signed up. 2 have been here. For 2 you have had our thanks.</p>"),
    ],
)
def test_how_it_stands(shop: Shop, token: str, qualified: int, rewarded: int, sentences: str) -> None:
    code = link_on(shop.client.get(f"/share/{token}").text)[-8:]
    assert "Nobody yet" in shop.client.get(f"/share/{token}").text
    for number in range(3):
        shop.sign_up(f"f{number}@example.org", ref=code)
    for number, referral in enumerate(shop.all(Referral)):
        with shop.runtime.session() as session:
            row = update(Referral).where(Referral.id == referral.id)
            if number < qualified:
                session.execute(row.values(qualified_at=referral.joined_at))
            if number < rewarded:
                session.execute(row.values(rewarded_at=referral.joined_at))
    assert sentences in shop.client.get(f"/share/{token}").text


def test_it_speaks_german_to_those_who_do(shop: Shop, token: str) -> None:
    with shop.runtime.session() as session:
        session.execute(update(Contact).values(language="de-AT"))
    page = shop.client.get(f"/share/{token}").text
    assert '<html lang="de"' in page
    assert "Bring jemanden mit" in page


def test_it_names_no_friend(shop: Shop, token: str) -> None:
    code = link_on(shop.client.get(f"/share/{token}").text)[-8:]
    shop.sign_up("bea@example.org", ref=code, first_name="Beatrix")
    page = shop.client.get(f"/share/{token}").text
    assert "Beatrix" not in page
    assert "@" not in page.replace("noindex", "")


def test_links_and_pages_of_a_contact_that_was_made_one_with_another_lead_to_the_person(shop: Shop, token: str) -> None:
    old = link_on(shop.client.get(f"/share/{token}").text)[-8:]
    shop.sign_up("ana@work.example", first_name="Ana")
    stays, goes = shop.contact("ana@work.example").id, shop.contact().id
    with shop.runtime.session() as session:
        new = give_codes(session, [stays])[stays]
        merge(session, shop.runtime.published(), stays, goes, journey_now(session))
    assert shop.client.get(f"/refer/{old}").location == f"/forms/checklist?ref={shop.runtime.signer.sign('ref', old)}"
    shop.sign_up("bea@example.org", ref=old)
    shop.sign_up("bea@example.org", ref=new)
    assert [each.referrer_id for each in shop.all(Referral)] == [stays]
    page = shop.client.get(f"/share/{token}").text
    assert link_on(page)[-8:] == new
    assert "One friend has signed up." in page


def test_a_forgotten_referrers_page_says_so(shop: Shop, token: str) -> None:
    code = link_on(shop.client.get(f"/share/{token}").text)[-8:]
    with shop.runtime.session() as session:
        session.execute(delete(Contact))
    answer = shop.client.get(f"/share/{token}")
    assert answer.status_code == 200
    assert "We keep nothing about you any more" in answer.text
    assert shop.client.get(f"/refer/{code}").location == "/forms/checklist"


def test_tokens_of_other_purposes_open_nothing(shop: Shop, token: str) -> None:
    value = str(shop.contact().id)
    others = [shop.runtime.signer.sign(purpose, value) for purpose in ("my-data", "open")]
    flipped = token[:-1] + ("A" if token[-1] != "A" else "B")
    for each in (flipped, value, "x", *others):
        assert shop.client.get(f"/share/{each}").status_code == 404
