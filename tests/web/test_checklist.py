"""The black-box checklist of bulk mail and of forms: the real app, the real worker, and a mail server that listens.

A test for each statement about recipients, by its number; those about providers and their webhooks stand in
`tests/providers` and `test_webhooks.py`.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
import structlog
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from werkzeug.test import TestResponse

from service.actions.erase import erase
from service.actions.grant import grant
from service.actions.publish import Edition, publish
from service.domain.access import OF_THE_API
from service.domain.referral_ledger import PAID
from service.runtime import Runtime
from service.settings import Settings
from service.store.contact import Consent, Contact, Suppression
from service.store.delivery import Delivery
from service.store.journey import JourneyClock, journey_now
from service.store.publication import Link
from service.store.reward import Reward
from tests.end_to_end.inbox import Inbox, Mail, receiving
from tests.logged import logs_put_back
from tests.rendering.studio import shipped
from tests.web.routes import fingerprint, guarded
from tests.web.shop import FILES, Shop
from workers.job import run

BUSINESS = """
name: Glühwürmchen & Söhne
from: Mia at Glühwürmchen <mia@glow.example>
address: Lindenweg 4, 10969 Berlin
time zone: Europe/Berlin
topics:
  Tips and ideas: {}
  Newsletter: {}
forms:
  checklist:
    title: The checklist
    topics: [Tips and ideas]
    magnet: checklist
    consent: Yes, send me tips.
    fields: {first_name: {label: Your name}}
  letters:
    title: Our letters
    topics: [Newsletter]
    opt in: double
    consent: Yes, send me letters.
magnets:
  checklist: files/check list.pdf
events:
  visit.completed: {}
people: {owner: mia@glow.example}
referral: {referrer: {text: a treatment}, form: letters, wait: 7 days}
"""
TIPS = """---
title: Tips
stage: nurture
topic: Tips and ideas
enrol: {on: signup, form: checklist}
---

## Day 0: hello
Kind: service
Subject: Grüß dich, {{ contact.first_name or "du" }}

Hello {{ contact.first_name or "there" }}, [take it](magnet:checklist "button").

## Day 2: tip
Subject: A tip for {{ contact.first_name or "you" }}

Press, don't rub. [More](https://glow.example/more)

## Day 5: another
Subject: Another tip

Not too hot.
"""
LETTERS = """---
title: Letters
stage: nurture
topic: Newsletter
enrol: {on: signup, form: letters}
---

## Day 0: welcome
Subject: Welcome

Hello.
"""
WRITTEN = {path: data for path, data in shipped().items() if path.startswith("email_templates/")} | {
    "sequences/business.yaml": BUSINESS.encode(),
    "sequences/tips.md": TIPS.encode(),
    "sequences/letters.md": LETTERS.encode(),
    "sequences/files/check list.pdf": FILES["sequences/files/check list.pdf"],
}
ONCE = {"List-Unsubscribe": "One-Click"}
ANA = "ana@example.org"
MORE = "https://glow.example/more"  # where a letter's link leads


@dataclass
class Glow(Shop):
    """A business whose mail arrives somewhere."""

    inbox: Inbox

    def publish(self) -> None:
        with self.runtime.session() as session:
            publish(session, Edition(WRITTEN, {MORE}))

    def work(self) -> None:
        """All that is due leaves."""
        run(self.runtime, threading.Event())

    def after(self, days: float) -> None:
        """So much later, all that is due has left."""
        with self.runtime.session() as session:
            at = journey_now(session) + timedelta(days=days)
            row = insert(JourneyClock).values(id=1, at=at)
            session.execute(row.on_conflict_do_update(index_elements=["id"], set_={"at": at}))
        self.work()

    def first_mail(self, email: str = ANA, slug: str = "checklist", **fields: str) -> Mail:
        assert self.sign_up(email, slug, **fields).status_code == 303
        self.work()
        return self.inbox.of(email)[-1]

    def changed_by(self, do: Callable[[], object]) -> set[str]:
        """The tables that something changed."""
        before = fingerprint(self.runtime.engine)
        do()
        after = fingerprint(self.runtime.engine)
        return {table for table in before if after[table] != before[table]}


@pytest.fixture(scope="module")
def server() -> Iterator[Inbox]:
    with receiving() as inbox:
        yield inbox


Opens = Callable[..., Glow]


@pytest.fixture
def open_glow(settings: Settings, server: Inbox) -> Iterator[Opens]:
    """Opens the business's site, as often as it is started."""
    server.mails.clear()
    opened: list[Glow] = []

    def open_one(**changes: object) -> Glow:
        usual = {"form_limits": "off", "provider": "smtp", "smtp_url": server.url}
        opened.append(Glow(Runtime(settings.model_copy(update=usual | changes)), server))
        return opened[-1]

    with logs_put_back():  # not a line for each of a thousand requests
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
        yield open_one
    for glow in opened:
        glow.hand_on_hits()
        glow.runtime.close()


@pytest.fixture
def glow(open_glow: Opens) -> Glow:
    glow = open_glow()
    glow.publish()
    return glow


def unsubscribe(mail: Mail) -> str:
    return urlsplit(str(mail.message["List-Unsubscribe"]).strip("<>")).path


def links(mail: Mail) -> list[str]:
    """All addresses in a mail: of its header, its text and its HTML."""
    parts = f"{mail.message['List-Unsubscribe']} {mail.part('html')} {mail.part('plain')}"
    return re.findall(r"(?:https?|mailto):[^\s\"'<>)]+", parts)


def own(mail: Mail, page: str) -> str:
    """The path of the mail's link to one of our pages."""
    return next(urlsplit(link).path for link in links(mail) if urlsplit(link).path.startswith(f"/{page}/"))


def test_04_one_click_leaves_in_one_request_however_it_is_written_and_however_often(glow: Glow) -> None:
    path = unsubscribe(glow.first_mail())
    for content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        for _ in range(2):
            answer = glow.client.post(path, data=ONCE, content_type=content_type)
            assert (answer.status_code, answer.location, answer.headers.get("Set-Cookie")) == (200, None, None)
    assert [(each.topic, each.reason) for each in glow.all(Suppression)] == [(None, "unsubscribed")]
    assert {each.act for each in glow.all(Consent)} == {"confirmed", "withdrawn"}


def test_05_looking_at_the_pages_of_leaving_and_confirming_changes_nothing(glow: Glow) -> None:
    paths = [unsubscribe(glow.first_mail()), own(glow.first_mail("ben@example.org", "letters"), "confirm")]
    for path in paths:
        for method in ("GET", "HEAD"):
            assert glow.changed_by(lambda path=path, method=method: glow.client.open(path, method=method)) == set()
            assert glow.client.open(path, method=method).status_code == 200
    assert glow.client.post(paths[1]).status_code == 200
    assert [each.act for each in glow.all(Consent) if each.topic == "Newsletter"][-1] == "confirmed"


def test_06_a_token_that_was_altered_or_is_for_another_page_changes_nothing(glow: Glow) -> None:
    mails = [glow.first_mail(), glow.first_mail("ben@example.org", "letters")]
    tokens = {urlsplit(link).path.split("/")[2] for mail in mails for link in links(mail) if link.count("/") > 3}
    manage = unsubscribe(mails[0]).split("/")[2]
    bent = {manage[:-1], manage[:-2] + "AA", "2" + manage, manage + "x", manage.swapcase()}
    pages = ("unsubscribe", "preferences", "confirm", "answer", "join", "magnets", "address", "forget", "left", "task")
    right = {unsubscribe(mails[0]), f"/preferences/{manage}", own(mails[0], "magnets"), own(mails[1], "confirm")}

    def try_all() -> None:
        for page in pages:
            for path in {f"/{page}/{token}" for token in tokens | bent} - right - {f"/unsubscribe/{manage}"}:
                if not path.startswith(("/unsubscribe/", "/preferences/")) or path.split("/")[2] in bent:
                    answer = glow.client.post(path, data=ONCE | {"all": "yes"})
                    assert 400 <= answer.status_code < 500, path

    assert glow.changed_by(try_all) == set()


def test_07_a_link_of_long_ago_works_after_its_key_was_replaced(open_glow: Opens) -> None:
    old, new = "o" * 40, "n" * 40
    before = open_glow(secret_keys=(old,))
    before.publish()
    path = unsubscribe(before.first_mail())
    after = open_glow(secret_keys=(new, old))
    after.after(days=365 * 9)
    assert after.client.get(path).status_code == 200
    assert after.client.post(path, data=ONCE).status_code == 200
    assert [each.act for each in after.all(Consent)][-1] == "withdrawn"
    with after.runtime.session() as session:
        erase(session, after.contact().id)
    assert after.client.post(path, data=ONCE).status_code == 200


def test_08_nothing_that_was_waiting_leaves_after_an_unsubscribe(glow: Glow) -> None:
    first = glow.first_mail()
    glow.after(days=3)
    assert [mail.subject for mail in glow.inbox.of(ANA)] == ["Grüß dich, du", "A tip for you"]
    glow.client.post(unsubscribe(first), data=ONCE)
    for _ in range(6):
        glow.after(days=3)
    assert len(glow.inbox.of(ANA)) == 2
    states = {each.state for each in glow.all(Delivery)}
    assert states <= {"sent", "cancelled"}


def test_09_neither_a_signup_nor_an_import_lifts_a_suppression(glow: Glow) -> None:
    with glow.runtime.session() as session:
        key = grant(session, "import", OF_THE_API)
    headers = {"Authorization": f"Bearer {key}"}
    for reason in ("complained", "bounced"):
        email = f"{reason}@example.org"
        body = {"email": email, "reason": reason}
        assert glow.client.post("/api/v1/suppressions", json=body, headers=headers).status_code == 201
        glow.sign_up(email)
        saved = {"email": email, "consents": [{"topic": "Tips and ideas", "wording": "Yes", "source": "import"}]}
        glow.client.post("/api/v1/contacts", json=saved, headers=headers)
    left = unsubscribe(glow.first_mail())
    glow.client.post(left, data=ONCE)
    suppressed = {(each.address_hash, each.reason) for each in glow.all(Suppression)}
    for _ in range(3):
        glow.after(days=3)
    assert glow.inbox.of("complained@example.org") == glow.inbox.of("bounced@example.org") == []
    assert {(each.address_hash, each.reason) for each in glow.all(Suppression)} == suppressed
    assert len(suppressed) >= 2


def test_12_letters_beyond_ascii_arrive_whole_and_an_address_that_cant_is_refused(glow: Glow) -> None:
    mail = glow.first_mail("ana@bücher.example".replace("bücher", "xn--bcher-kva"), first_name="Jürgen ✂")
    assert mail.subject == "Grüß dich, Jürgen ✂"
    assert str(mail.message["From"]) == "Mia at Glühwürmchen <mia@glow.example>"
    assert "Jürgen ✂" in str(mail.message["To"])
    assert "Hello Jürgen ✂," in mail.part("plain")
    glow.sign_up("ben@bücher.example")
    glow.work()
    (other,) = glow.inbox.of("ben@xn--bcher-kva.example")
    assert other.raw.isascii()
    refused = glow.sign_up("änne@example.org")
    assert refused.status_code == 422
    assert "email-error" in refused.text


@pytest.mark.parametrize(
    "name",
    [
        "Ana\r\nBcc: x@evil.example",
        "Ana\nX-Evil: 1",
        "Ana\0",
        "Ana\u2028X-Evil: 1",
        "=?UTF-8?Q?=0A?=X-Evil: 1",
        "\x85A",
    ],
)
def test_13_no_name_adds_a_field_to_a_header(glow: Glow, name: str) -> None:
    usual = {field for field, _ in glow.first_mail("usual@example.org", first_name="Ana").message.items()}
    with glow.runtime.session() as session:
        key = grant(session, "crm", OF_THE_API)
    told = {"email": "told@example.org", "first_name": name}
    glow.client.post("/api/v1/contacts", json=told, headers={"Authorization": f"Bearer {key}"})
    glow.sign_up("told@example.org")
    glow.sign_up("asked@example.org", first_name=name)
    glow.work()
    for mail in glow.inbox.of("told@example.org") + glow.inbox.of("asked@example.org"):
        assert {field for field, _ in mail.message.items()} == usual
        assert len(mail.message.items()) == len(usual)
        head = mail.raw.partition(b"\r\n\r\n")[0]
        assert b"\0" not in head
        assert all(line.startswith((b" ", b"\t")) or b": " in line or b":" in line for line in head.split(b"\r\n"))
        assert b"\r" not in head.replace(b"\r\n", b"")
    assert all(mail.recipient.endswith("@example.org") for mail in glow.inbox.mails)


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "{{7*7}}", "{% raw %}", "<b>&amp;", '"><img src=x>'])
def test_14_a_value_that_is_merged_stays_a_text(glow: Glow, name: str) -> None:
    mail = glow.first_mail(first_name=name)
    assert mail.subject == f"Grüß dich, {name}"
    assert f"Hello {name}," in mail.part("plain")
    html = mail.part("html")
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "49" not in mail.subject
    assert name.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in html.replace("&#34;", '"')


def test_20_a_click_leads_to_where_the_letter_says_and_nowhere_else(glow: Glow) -> None:
    glow.first_mail()
    glow.after(days=3)
    mail = glow.inbox.of(ANA)[-1]
    path = own(mail, "click")
    for query in ("", "?url=https://evil.example", "?next=//evil.example"):
        answer = glow.client.get(path + query)
        assert (answer.status_code, answer.location) == (302, MORE)
        assert glow.client.head(path + query).location == answer.location
    with glow.runtime.session() as session:
        for url in ("javascript:alert(1)", "data:text/html,x", "//evil.example", "https://a b/", "https://x\r\nA: b"):
            session.add(Link(url=url))
        session.flush()
        numbers = list(session.scalars(select(Link.id).where(Link.url != MORE)))
        delivery = session.scalars(select(Delivery.id).limit(1)).one()
    for number in numbers:
        answer = glow.client.get(f"/click/{glow.runtime.signer.sign('click', f'{delivery}.{number}')}")
        assert (answer.status_code, answer.location) == (404, None)


def test_21_no_address_of_a_person_stands_in_any_url(glow: Glow) -> None:
    glow.first_mail()
    glow.first_mail(slug="letters")
    glow.after(days=3)
    urls = {link for mail in glow.inbox.of(ANA) for link in links(mail)}
    for path in sorted({urlsplit(url).path for url in urls if urlsplit(url).scheme.startswith("http")}):
        answer = glow.client.get(path)
        urls |= set(re.findall(r'(?:href|action|src)="([^"]+)"', answer.data.decode("latin-1")))
        urls |= {answer.location} if answer.location else set()
    told = ANA.encode()
    spelled = [ANA, ANA.partition("@")[0] + "%40", hashlib.sha256(told).hexdigest(), hashlib.md5(told).hexdigest()]
    spelled += [hashlib.sha1(told).hexdigest(), b64encode(told).decode()[:20], urlsafe_b64encode(told).decode()[:20]]
    spelled += [told.hex(), ANA[::-1]]
    assert len(urls) > 8
    for url in urls:
        assert not [each for each in spelled if each in unquote(url) or each in url], url


def test_37_a_thousand_signups_of_one_address_bring_one_mail_and_tell_nobody_who_is_known(glow: Glow) -> None:
    def told(answer: TestResponse) -> tuple[int, str, dict[str, str]]:
        headers = {name: value for name, value in answer.headers if name not in {"X-Request-Id", "Date"}}
        return answer.status_code, answer.text, headers

    glow.first_mail("known@example.org")
    glow.client.post(unsubscribe(glow.first_mail("left@example.org")), data=ONCE)
    for slug in ("checklist", "letters"):
        answers = [told(glow.sign_up(f"{who}@example.org", slug)) for who in ("known", "left", "unknown", ANA[:3])]
        assert answers == answers[:1] * 4
    answers = [told(glow.sign_up(ANA, "letters")) for _ in range(1_000)]
    assert answers == answers[:1] * 1_000
    glow.work()
    assert len([mail for mail in glow.inbox.of(ANA) if "/confirm/" in mail.part("plain")]) == 1


def test_38_a_consent_shows_how_it_was_given_and_erasure_leaves_the_suppression_alone(glow: Glow) -> None:
    agent = {"User-Agent": "Mozilla/5.0 (X11; Linux) Firefox/140.0", "Referer": "https://glow.example/offer?a=b"}
    began = datetime.now().astimezone()
    glow.client.post(
        "/forms/checklist", data={"email": ANA}, headers=agent, environ_base={"REMOTE_ADDR": "203.0.113.9"}
    )
    (consent,) = glow.all(Consent)
    assert began <= consent.at <= datetime.now().astimezone()
    assert (consent.address, consent.user_agent) == ("203.0.113.9", agent["User-Agent"])
    assert (consent.source, consent.page) == ("form:checklist", "https://glow.example/offer")
    assert consent.wording == "Yes, send me tips."
    glow.work()
    (mail,) = glow.inbox.of(ANA)
    glow.client.post(unsubscribe(mail), data=ONCE)
    with glow.runtime.session() as session:
        erase(session, glow.contact().id)
    assert glow.all(Contact) == glow.all(Consent) == glow.all(Delivery) == []
    assert len(glow.all(Suppression)) == 1
    with glow.runtime.engine.connect() as connection:
        for table in connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all():
            rows = connection.scalars(text(f'SELECT t::text FROM "{table}" t')).all()
            assert not [row for row in rows if "ana@example" in row or "203.0.113.9" in row], table


def test_39_bringing_oneself_earns_nothing_and_a_friend_counts_once_confirmed_and_after_a_while(glow: Glow) -> None:
    with glow.runtime.session() as session:
        headers = {"Authorization": f"Bearer {grant(session, 'booking', OF_THE_API)}"}
    glow.first_mail("mia.moor@gmail.com")
    share = glow.client.get(f"/share/{glow.runtime.signer.sign('share', str(glow.contact('mia.moor@gmail.com').id))}")
    refer = re.search(r"/refer/[0-9A-Z]{8}", share.text)
    assert refer

    def visit(email: str) -> None:
        told = {"email": email, "name": "visit.completed"}
        assert glow.client.post("/api/v1/events", json=told, headers=headers).status_code == 202
        glow.work()

    def come(email: str, network: str) -> Callable[[], object]:
        """By the link, as anybody's browser would; what presses the button in the mail that comes then."""
        here = {"REMOTE_ADDR": network, "HTTP_USER_AGENT": f"Mozilla/5.0 (their phone in {network})"}
        page = urlsplit(glow.client.get(refer[0]).location)
        data = {"email": email} | dict(parse_qsl(page.query))
        assert glow.client.post(page.path, data=data, environ_base=here).status_code == 303
        glow.work()
        mail = next(each for each in reversed(glow.inbox.of(email)) if "/confirm/" in each.part("plain"))
        return lambda: glow.client.post(own(mail, "confirm"), environ_base=here)

    for number, email in enumerate(("miamoor@gmail.com", "mia.moor+friend@gmail.com", "m.iamoor@googlemail.com")):
        come(email, f"198.51.{number}.1")()
        visit(email)
    confirm = come("ben@example.org", "203.0.113.80")
    glow.after(days=6)
    assert not {each.state for each in glow.all(Reward)} & PAID
    confirm()
    visit("ben@example.org")
    glow.after(days=6)
    assert not {each.state for each in glow.all(Reward)} & PAID
    glow.after(days=2)
    (paid,) = [each for each in glow.all(Reward) if each.state in PAID]
    assert (paid.side, paid.contact_id) == ("referrer", glow.contact("mia.moor@gmail.com").id)


def test_every_answer_to_a_recipient_is_guarded(glow: Glow) -> None:
    """Not of the checklist, and the reason why several of its statements hold: no referrer, no frame, no cookie."""
    mails = [glow.first_mail(), glow.first_mail("ben@example.org", "letters")]
    for mail in mails:
        for link in links(mail):
            if urlsplit(link).scheme.startswith("http"):
                guarded(glow.client.get(urlsplit(link).path).headers, link)
