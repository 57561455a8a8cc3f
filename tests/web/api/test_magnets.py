"""`GET /magnets`: what people sign up for, read only."""

from __future__ import annotations

from service.actions.publish import Edition, publish
from service.domain.access import OF_THE_API, Scope
from tests.web.api.office import BUSINESS, FILES, Office, problem

MAGNETS = """
links:
  booking: https://glow.example/book
coupons:
  HELLO: {valid: 10 days}
forms:
  list: {magnet: list}
magnets:
  list: {file: files/list.pdf, title: Seven habits, valid: 30 days, next: {text: Book a visit, link: link:booking}}
  talk: {address: https://glow.example/talk, next: {text: The list, link: form:list}}
  hello: {coupon: HELLO}
"""


def test_magnets_are_listed_with_the_forms_that_give_them(office: Office) -> None:
    files = {"sequences/business.yaml": (BUSINESS + MAGNETS).encode(), "sequences/files/list.pdf": b"%PDF-"}
    with office.runtime.session() as session:
        publish(session, Edition(FILES | files, set()))
    a_list, talk, hello = office.get("/magnets").json["items"]
    assert a_list == {
        "name": "list",
        "kind": "file",
        "what": "files/list.pdf",
        "title": "Seven habits",
        "valid": "30 days",
        "next": {"text": "Book a visit", "url": "https://glow.example/book"},
        "forms": ["list"],
    }
    assert (talk["kind"], talk["what"], talk["valid"]) == ("address", "https://glow.example/talk", "90 days")
    assert talk["next"]["url"] == f"{office.runtime.settings.base_url}/forms/list"
    assert (hello["kind"], hello["what"], hello["valid"], hello["next"]) == ("coupon", "HELLO", None, None)


def test_a_key_needs_the_scope_of_forms(office: Office) -> None:
    key = office.make_key("others", OF_THE_API - {Scope.FORMS_READ})
    problem(office.ask("GET", "/magnets", key=key), 403, "scope")
