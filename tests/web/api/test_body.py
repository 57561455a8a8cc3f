from __future__ import annotations

import io
from typing import Any

import psycopg
import pytest

from service.store.contact import Contact
from tests.web.api.office import Office, problem, wrongs

JSON = {"Content-Type": "application/json"}


def send(office: Office, body: bytes, path: str = "/contacts", **headers: str) -> Any:
    return office.ask("POST", path, data=body, headers=JSON | headers)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"{'email': 'ana@example.org'}",
        b'{"email": "ana@example.org",}',
        b'\xff\xfe{"email": 1}',
        b'{"email": "\xff@example.org"}',
        b'{"email": "ana@example.org"}\x00',
        b'{"first_name": ' + b"9" * 5_000 + b"}",
        b"[" * 400_000,
        b'{"a":' * 100_000,
    ],
)
def test_what_is_no_json_in_utf_8_is_unreadable(office: Office, body: bytes) -> None:
    problem(send(office, body), 422, "unreadable")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (rb'{"email": "ana@example.org", "first_name": "A\u0000na"}', "/first_name"),
        (rb'{"email": "ana@example.org", "first_name": "A\ud800na"}', "/first_name"),
        (b'{"email": "ana@example.org", "first_name": "\xed\xa0\x80"}', "/first_name"),
        (rb'{"email": "ana@example.org", "fields": {"hair": {"a/b~": ["\u0000"]}}}', "/fields/hair/a~1b~0/0"),
        (rb'{"email": "ana@example.org", "fields": {"\u0000": 1}}', "/fields/\0"),
        (b'{"email": "ana@example.org", "fields": {"visits": NaN}}', "/fields/visits"),
        (b'{"email": "ana@example.org", "fields": {"visits": 1e999}}', "/fields/visits"),
        (b'{"email": "ana@example.org", "fields": {"visits": 99999999999999999999}}', "/fields/visits"),
        (b'{"email": "ana@example.org", "fields": {"visits": ' + b"[" * 40 + b"]" * 40 + b"}}", None),
    ],
)
def test_what_the_database_cannot_store_is_refused_where_it_stands(
    office: Office, body: bytes, pointer: str | None
) -> None:
    found = wrongs(send(office, body))
    assert pointer is None or list(found) == [pointer]
    assert office.count(Contact) == 0


@pytest.mark.parametrize("body", [b"null", b"1", b'"text"', b"[]", b'"{}"', b"true"])
def test_another_shape_than_an_object_does_not_fit(office: Office, body: bytes) -> None:
    problem(send(office, body), 422, "invalid")


def test_a_megabyte_is_the_most(office: Office) -> None:
    head, tail = b'{"email": "ana@example.org", "company": "', b'"}'
    fits = head + b"x" * (1_000_000 - len(head + tail)) + tail
    assert list(wrongs(send(office, fits))) == ["/company"]
    too_large = send(office, fits + b" ")
    assert too_large.status_code == 413
    assert too_large.content_type == "application/problem+json"
    assert office.count(Contact) == 0


def test_a_megabyte_is_the_most_in_chunks_too(office: Office) -> None:
    body = b'{"email": "ana@example.org"}' + b" " * 1_000_000
    answer = office.client.post(
        "/api/v1/contacts",
        input_stream=io.BytesIO(body),
        headers=JSON | {"Authorization": f"Bearer {office.key}", "Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},  # as granian says
    )
    assert answer.status_code == 413
    assert office.count(Contact) == 0


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_is_not_announced_as_json_is_not_read(office: Office, kind: str) -> None:
    answer = office.ask("POST", "/contacts", data=b'{"email": "ana@example.org"}', headers={"Content-Type": kind})
    problem(answer, 415, "not-json")


def test_an_address_of_400_characters_is_refused(office: Office) -> None:
    found = wrongs(office.post("/contacts", {"email": "a" * 388 + "@example.org"}))
    assert "254" in found["/email"]


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "{{ 7*7 }}", "=?UTF-8?Q?=0A?=Bcc: x@example.org", "Zoë 🎀"]
)
def test_a_strange_name_is_only_a_name(office: Office, name: str) -> None:
    assert office.save(first_name=name)["first_name"] == name


def test_a_name_is_one_line(office: Office) -> None:
    assert list(wrongs(office.post("/contacts", {"email": "a@example.org", "first_name": "A\r\nBcc: x"}))) == [
        "/first_name"
    ]


def test_the_wrong_method_and_an_unknown_path_are_problems_too(office: Office) -> None:
    wrong = office.ask("PUT", "/contacts")
    assert (wrong.status_code, wrong.content_type) == (405, "application/problem+json")
    assert set(wrong.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    lost = office.get("/nowhere")
    assert (lost.status_code, lost.content_type) == (404, "application/problem+json")


def test_while_the_database_is_away_nothing_is_taken_and_then_all_is_well(office: Office, postgres_url: str) -> None:
    office.get("/sequences")
    name = office.runtime.engine.url.database
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as outside:
        outside.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        outside.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        for answer in (office.get("/contacts"), office.post("/contacts", {"email": "ana@example.org"})):
            assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
            assert int(answer.headers["Retry-After"]) > 0
        outside.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())
    assert office.post("/contacts", {"email": "ana@example.org"}).status_code == 201


@pytest.mark.parametrize("name", ["«one»", "«many»"])
def test_a_field_may_be_called_as_we_call_the_shapes_of_a_body(office: Office, name: str) -> None:
    sentence = f"There is no field “{name}” here."
    assert wrongs(office.get("/deliveries", **{name: "true"})) == {name: sentence}
    assert wrongs(office.post("/contacts", {"email": "a@example.org", name: 1})) == {f"/{name}": sentence}
    visit = {"name": "visit.completed", "email": "a@example.org", name: 1}
    assert wrongs(office.post("/events", visit))[f"/{name}"] == sentence
    assert wrongs(office.post("/events", [visit]))[f"/0/{name}"] == sentence
