"""business.yaml: what it says, and what it gets for each thing that is wrong."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal

import pytest

from service.domain.policy import Caps
from service.domain.sequence.library import BUSINESS as PATH
from service.domain.sequence.library import read_library
from service.domain.sequence.model.business import Business, Coupon, Topic
from service.domain.sequence.model.duration import Duration, Unit
from service.domain.sequence.model.form import ConsentBox, Form, FormField
from tests.domain.sequence.paper import BUSINESS, files, marked, sequence

NEEDED = """\
name: Glow Studio
from: Mia at Glow Studio <mia@glow.example>
address: Lindenweg 4, 10969 Berlin
time zone: Europe/Berlin
topics: {Newsletter: {}}
"""


def business_of(text: str) -> Business:
    plain = "## Day 0: hello\nSubject: Hello\n\nWell?\n"
    library, problems = read_library(files(sequence(steps=plain), text))
    assert library is not None, "\n".join(map(str, problems))
    return library.business


def found(text: str) -> list[str]:
    problems = read_library(files(sequence(), text))[1]
    return [f"{each.place.line}:{each.place.column}: {each.code}" for each in problems if each.place.path == PATH]


def test_a_business_needs_no_more_than_its_name_sender_address_and_time_zone() -> None:
    business = business_of(NEEDED)
    assert (business.name, business.sender) == ("Glow Studio", "Mia at Glow Studio <mia@glow.example>")
    assert (business.address, business.zone) == ("Lindenweg 4, 10969 Berlin", "Europe/Berlin")
    assert business.window.always_open
    assert (business.currency, business.languages, business.throttle.caps) == ("EUR", ("en",), Caps())


def test_words_that_yaml_1_1_would_change_stay_words() -> None:
    business = business_of(
        NEEDED + "people: {on: a@glow.example, off: b@glow.example}\nphone: 0123\nwindow: 09:00-19:00\n"
    )
    assert business.people == (("on", "a@glow.example"), ("off", "b@glow.example"))
    assert business.phone == "0123"
    assert (business.window.spans[0].start, business.window.spans[0].end) == (time(9), time(19))


def test_topics_have_a_basis_and_titles_in_each_language() -> None:
    text = NEEDED.replace("{Newsletter: {}}", "{Newsletter: {de: Brief}, Your visits: {basis: service}, Offers: }")
    assert business_of(text + "languages: [en, de]\n").topics == (
        Topic("Newsletter", "consent", (("de", "Brief"),)),
        Topic("Your visits", "service"),
        Topic("Offers"),
    )


def test_what_is_declared_arrives_in_the_model() -> None:
    business = business_of(
        NEEDED
        + "links: {booking: https://glow.example/book}\n"
        + "fields: {wish: text, prefers: [email, phone]}\n"
        + "events: {visit.completed: {stars: number}, cart.left: {}}\n"
        + "calendar: {mothers-day: [2027-05-09, 2028-05-14 10:00]}\n"
        + 'segments: {vip: tagged("vip")}\n'
        + "rhythm: {visit.completed: {Cut: 6 weeks, else: 40 days}}\n"
        + "coupons: {BIRTHDAY: {}, Summer: {valid: 2 weeks, worth: a dessert}}\nclosed: [2026-12-24]\n"
        + "webhooks: {crm: https://crm.example/hook, till: 'http://127.0.0.1:9000/till'}\n"
    )
    assert business.links == (("booking", "https://glow.example/book"),)
    assert business.fields == (("wish", "text"), ("prefers", ("email", "phone")))
    assert business.events == (("visit.completed", (("stars", "number"),)), ("cart.left", ()))
    assert business.calendar == (("mothers-day", (date(2027, 5, 9), datetime(2028, 5, 14, 10))),)
    assert [(name, each.source) for name, each in business.segments] == [("vip", 'tagged("vip")')]
    lengths = (("Cut", Duration(Decimal(6), Unit.WEEKS)), ("else", Duration(Decimal(40), Unit.DAYS)))
    assert business.rhythm == (("visit.completed", lengths),)
    coupons = (
        Coupon("BIRTHDAY", Duration.of(30, Unit.DAYS)),
        Coupon("Summer", Duration.of(2, Unit.WEEKS), "a dessert"),
    )
    assert (business.coupons, business.closed) == (coupons, (date(2026, 12, 24),))
    assert business.webhooks == (("crm", "https://crm.example/hook"), ("till", "http://127.0.0.1:9000/till"))


def test_a_form_says_what_it_asks_and_what_it_gives() -> None:
    business = business_of(
        NEEDED
        + "magnets: {list: files/checklist.pdf}\n"
        + "forms:\n  list:\n    title: The checklist\n    text: Five minutes\n    button: Send it\n    magnet: list\n"
        + "    fields: {phone: phone, size: [small, large], hair: {type: text, label: Your hair, required: yes}}\n"
        + "    topics: [Newsletter]\n    opt in: single\n    consent: Yes, write to me\n"
        + "    thanks: https://glow.example/thanks\n    origins: [https://glow.example, 'http://localhost:3000/']\n"
    )
    assert business.form("list") == Form(
        slug="list",
        title="The checklist",
        text="Five minutes",
        button="Send it",
        magnet="list",
        topics=("Newsletter",),
        fields=(
            FormField("phone", type="phone"),
            FormField("size", choices=("small", "large")),
            FormField("hair", label="Your hair", required=True),
        ),
        consent="Yes, write to me",
        thanks="https://glow.example/thanks",
        origins=("https://glow.example", "http://localhost:3000"),
    )


def test_a_form_asks_by_boxes_of_their_own_and_may_refuse_throw_away_mailboxes() -> None:
    business = business_of(
        NEEDED
        + "forms:\n  card:\n    fields: {phone: {}}\n    disposable: refused\n"
        + "    consents: {text: You may text me., email: You may write to me.}\n"
    )
    assert business.form("card") == Form(
        slug="card",
        fields=(FormField("phone"),),
        boxes=(ConsentBox("text", "You may text me."), ConsentBox("email", "You may write to me.")),
        disposable=False,
    )


def test_caps_are_numbers_of_mails_and_gaps_in_hours() -> None:
    throttle = "throttle: {per day: 2, per week: 4, per month: 9, gap: 2 days, gap warm: 12 hours}\n"
    assert business_of(NEEDED + throttle).throttle.caps == Caps(2, 4, 9, 48, 12)
    assert business_of(NEEDED + "throttle: {gap: 36}\n").throttle.caps == Caps(gap=36)


BROKEN = [
    (NEEDED.replace("name: Glow Studio\n", "", 1).replace("from", "▸from", 1), "missing-key"),
    (NEEDED + "▸timezone: Europe/Berlin\n", "unknown-key"),
    (NEEDED + "▸name: Glow Studio\n", "duplicate-key"),
    (NEEDED.replace("Europe/Berlin", "▸Europe/Berln"), "unknown-zone"),
    (NEEDED.replace("Europe/Berlin", "▸Europe"), "unknown-zone"),
    (NEEDED.replace("Europe/Berlin", "▸../../etc/passwd"), "unknown-zone"),
    (NEEDED.replace("Mia at Glow Studio <mia@glow.example>", "▸mia at glow"), "bad-address"),
    (NEEDED + "currency: ▸Euro\n", "bad-currency"),
    (NEEDED + "languages: [▸english]\n", "bad-language"),
    (NEEDED + "languages: ▸en\n", "wrong-shape"),
    (NEEDED + "window: ▸17:00-09:00\n", "window-never-opens"),
    (NEEDED + "window: Mon-Fri 09:00-17:00, ▸Sat 10:00-10:00\n", "window-never-opens"),
    (NEEDED + "closed: [▸24.12.2026]\n", "bad-date"),
    (NEEDED + "people: {desk: ▸desk}\n", "bad-address"),
    (NEEDED + "people: {▸Front Desk: desk@glow.example}\n", "bad-name"),
    (NEEDED + "links: {booking: ▸glow.example}\n", "not-a-link"),
    (NEEDED + "links: {▸preferences: https://glow.example}\n", "duplicate-key"),
    (NEEDED + "fields: {wish: ▸txt}\n", "unknown-type"),
    (NEEDED + "fields: {▸birthday: date}\n", "duplicate-key"),
    (NEEDED + "fields: {▸favourite dish: text}\n", "bad-name"),
    (NEEDED + "events: {▸click: {}}\n", "duplicate-key"),
    (NEEDED + "events: {visit.completed: {▸value: number}}\n", "duplicate-key"),
    (NEEDED + "segments: {vip: tagged('vip') ▸&& contact.phone}\n", "unknown-operator"),
    (NEEDED + "segments: {vip: clicked('▸hello')}\n", "bad-argument"),
    (NEEDED + "segments: {vip: event.▸name}\n", "no-event"),
    (NEEDED + "rhythm: {▸visit.complete: {else: 6 weeks}}\n", "unknown-event"),
    (NEEDED + "rhythm: {visit.completed: {else: ▸often}}\n", "bad-duration"),
    (NEEDED + "magnets: {list: ▸files/list.pdf}\n", "unknown-file"),
    (NEEDED + "magnets: {list: ▸../list.pdf}\n", "unknown-file"),
    (NEEDED + "magnets: {list: ▸/etc/passwd}\n", "unknown-file"),
    (NEEDED + "coupons: {SPRING: {▸word: 5}}\n", "unknown-key"),
    (NEEDED + "coupons: {SPRING: {valid: ▸a while}}\n", "bad-duration"),
    (NEEDED + "coupons: {SPRING: {valid: ▸2 rhythms}}\n", "bad-duration"),
    (NEEDED + "coupons: {▸Spring sale: {}}\n", "bad-name"),
    (NEEDED + "webhooks: {till: ▸till.example}\n", "not-a-link"),
    (NEEDED + "webhooks: {till: ▸http://till.example/}\n", "not-a-link"),
    (NEEDED + "webhooks: {till: '▸https://me:secret@till.example/'}\n", "not-a-link"),
    (NEEDED + "webhooks: {▸The Till: https://till.example/}\n", "bad-name"),
    (NEEDED + "webhooks: {▸till: }\n", "missing-key"),
    (NEEDED + "forms: {list: {▸optin: single}}\n", "unknown-key"),
    (NEEDED + "forms: {list: {opt in: ▸triple}}\n", "unknown-value"),
    (NEEDED + "forms: {list: {disposable: ▸never}}\n", "unknown-value"),
    (NEEDED + "forms: {list: {consents: {▸fax: You may}}}\n", "unknown-key"),
    (NEEDED + "forms: {list: {consents: {▸email: }}}\n", "missing-key"),
    (NEEDED + "forms: {list: {consent: Yes, consents: {▸email: Yes}}}\n", "consent-twice"),
    (NEEDED + "forms: {list: {consents: {▸phone: You may call}}}\n", "no-number"),
    (NEEDED + "forms: {list: {consents: {▸text: You may}, fields: {hair: {}}}}\n", "no-number"),
    (NEEDED + "magnets: {a: b.pdf}\nforms: {list: {magnet: a, consents: {▸email: Yes}}}\n", "box-for-magnet"),
    (NEEDED + "forms: {list: {fields: {▸consent_text: yes-no}}}\n", "bad-name"),
    (NEEDED + "forms: {list: {fields: {▸fill: text}}}\n", "bad-name"),
    (NEEDED + "forms: {list: {fields: {▸page: text}}}\n", "bad-name"),
    (NEEDED + "forms: {list: {magnet: ▸liste}}\n", "unknown-magnet"),
    (NEEDED + "forms: {list: {topics: [▸Newsleter]}}\n", "unknown-topic"),
    (NEEDED + "forms: {list: {fields: {shoe: ▸size}}}\n", "unknown-type"),
    (NEEDED + "forms: {list: {thanks: ▸thanks.html}}\n", "not-a-link"),
    (NEEDED + "forms: {list: {origins: [▸https://glow.example/page]}}\n", "not-a-link"),
    (NEEDED + "throttle: {per day: ▸0}\n", "bad-number"),
    (NEEDED + "throttle: {per day: ▸many}\n", "bad-number"),
    (NEEDED + "throttle: ▸{per day: 9, per week: 3}\n", "bad-number"),
    (NEEDED + "throttle: {gap: ▸2 months}\n", "bad-duration"),
    (NEEDED + "closed: ▸[2026-12-24\n", "yaml"),
    (NEEDED + "closed: [\n▸", "yaml"),
    ("▸- name: Glow Studio\n", "yaml"),
    ("▸\n", "empty-file"),
]


@pytest.mark.parametrize(("text", "code"), BROKEN)
def test_a_broken_business_is_told_once_and_in_its_place(text: str, code: str) -> None:
    text, place = marked(text)
    assert found(text) == [f"{place}: {code}"]


def test_a_business_with_errors_is_mended_before_its_words_are_looked_up() -> None:
    problems = read_library(files(business=BUSINESS + "currency: Euro\n"))[1]
    assert [each.code for each in problems] == ["bad-currency"]


def test_without_a_business_nobody_writes() -> None:
    assert [each.code for each in read_library({})[1]] == ["no-business"]
    (problem,) = read_library({"sequences/business.yml": NEEDED.encode()})[1]
    assert problem.hint == "rename business.yml"
