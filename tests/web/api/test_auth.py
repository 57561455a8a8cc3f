from __future__ import annotations

import hashlib

import pytest
from sqlalchemy import text

from service.actions.grant import revoke
from service.domain.access import KEY, OF_THE_API, Scope
from service.store.access import ApiKey
from service.web.api import auth
from tests.web.api.office import Office, problem

# An operation of each method and path, and the scope that it needs.
NEEDED = {
    ("POST", "/contacts"): Scope.CONTACTS_WRITE,
    ("GET", "/contacts"): Scope.CONTACTS_READ,
    ("POST", "/contacts/search"): Scope.CONTACTS_READ,
    ("GET", "/contacts/1"): Scope.CONTACTS_READ,
    ("PATCH", "/contacts/1"): Scope.CONTACTS_WRITE,
    ("DELETE", "/contacts/1"): Scope.CONTACTS_WRITE,
    ("GET", "/contacts/1/timeline"): Scope.CONTACTS_READ,
    ("POST", "/events"): Scope.EVENTS_WRITE,
    ("GET", "/sequences"): Scope.SEQUENCES_READ,
    ("GET", "/sequences/tips"): Scope.SEQUENCES_READ,
    ("POST", "/sequences/tips/enrolments"): Scope.ENROLMENTS_WRITE,
    ("GET", "/enrolments/1"): Scope.ENROLMENTS_READ,
    ("DELETE", "/enrolments/1"): Scope.ENROLMENTS_WRITE,
    ("GET", "/deliveries"): Scope.DELIVERIES_READ,
    ("GET", "/deliveries/1"): Scope.DELIVERIES_READ,
    ("POST", "/deliveries/1/resolve"): Scope.DELIVERIES_WRITE,
    ("POST", "/contacts/1/merge"): Scope.CONTACTS_WRITE,
    ("GET", "/forms"): Scope.FORMS_READ,
    ("GET", "/magnets"): Scope.FORMS_READ,
    ("GET", "/suppressions"): Scope.SUPPRESSIONS_READ,
    ("GET", "/suppressions/1"): Scope.SUPPRESSIONS_READ,
    ("POST", "/suppressions/search"): Scope.SUPPRESSIONS_READ,
    ("POST", "/suppressions"): Scope.SUPPRESSIONS_WRITE,
    ("DELETE", "/suppressions/1"): Scope.SUPPRESSIONS_WRITE,
    ("GET", "/tasks"): Scope.TASKS_READ,
    ("GET", "/tasks/1"): Scope.TASKS_READ,
    ("POST", "/tasks/1/done"): Scope.TASKS_WRITE,
    ("POST", "/tasks/1/skip"): Scope.TASKS_WRITE,
    ("POST", "/tasks/1/snooze"): Scope.TASKS_WRITE,
    ("GET", "/referrals"): Scope.REFERRALS_READ,
    ("POST", "/referrals/1/reward"): Scope.REFERRALS_WRITE,
    ("POST", "/referrals/1/approve"): Scope.REFERRALS_WRITE,
    ("POST", "/referrals/1/refuse"): Scope.REFERRALS_WRITE,
    ("POST", "/referrals/redeem"): Scope.REFERRALS_WRITE,
    ("GET", "/reports/referrals"): Scope.REFERRALS_READ,
}


def test_every_operation_has_a_scope_and_is_tested_here(office: Office) -> None:
    rules = {
        (method, rule.rule.replace("<row:id>", "1").replace("<key>", "tips"))
        for rule in office.app.url_map.iter_rules()
        if rule.endpoint.startswith("api.")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert rules == {(method, f"/api/v1{path}") for method, path in NEEDED}


def test_a_key_with_every_scope_but_the_one_needed_is_refused(office: Office) -> None:
    keys = {scope: office.make_key(f"all-but-{scope.replace(':', '-')}", OF_THE_API - {scope}) for scope in OF_THE_API}
    for (method, path), scope in NEEDED.items():
        answer = office.ask(method, path, key=keys[scope], json={} if method in {"POST", "PATCH"} else None)
        assert str(scope) in problem(answer, 403, "scope")["detail"]
        challenge = answer.headers["WWW-Authenticate"]
        assert challenge == f'Bearer realm="Everafter", error="insufficient_scope", scope="{scope}"'


def test_a_key_with_the_one_scope_needed_is_let_pass(office: Office) -> None:
    keys = {scope: office.make_key(f"only-{scope.replace(':', '-')}", [scope]) for scope in OF_THE_API}
    for (method, path), scope in NEEDED.items():
        answer = office.ask(method, path, key=keys[scope], json={} if method in {"POST", "PATCH"} else None)
        assert answer.status_code in {200, 404, 422}, (method, path, answer.text)


def test_without_a_key_nothing_is_told_but_how_to_get_one(office: Office) -> None:
    answer = office.client.get("/api/v1/contacts")
    problem(answer, 401, "no-key")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Everafter"'


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer ea_short",
        "Bearer ea_" + "x" * 43,
        "Bearer ea_" + "x" * 100_000,
        "Bearer ea_" + "é" * 43,
        "Bearer ' OR 1=1 --",
    ],
)
def test_a_key_that_is_none_is_refused(office: Office, header: str) -> None:
    answer = office.client.get("/api/v1/contacts", headers={"Authorization": header})
    problem(answer, 401, "unknown-key")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("header", ["Basic YTpi", "ea_key", "Token ea_key", ""])
def test_another_way_to_prove_who_one_is_is_no_key(office: Office, header: str) -> None:
    problem(office.client.get("/api/v1/contacts", headers={"Authorization": header}), 401, "no-key")


def test_the_scheme_may_be_written_in_any_case(office: Office) -> None:
    for scheme in ("bearer", "BEARER"):
        answer = office.client.get("/api/v1/sequences", headers={"Authorization": f"{scheme} {office.key}"})
        assert answer.status_code == 200


def test_a_revoked_key_is_refused_within_seconds(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "REMEMBERED", 0.0)
    key = office.make_key("till")
    assert office.ask("GET", "/sequences", key=key).status_code == 200
    with office.runtime.session() as session:
        assert revoke(session, "till")
    problem(office.ask("GET", "/sequences", key=key), 401, "unknown-key")


def test_a_key_is_looked_up_once_and_then_remembered_for_a_moment(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert auth.REMEMBERED <= 5
    monkeypatch.setattr(auth, "REMEMBERED", 3600.0)  # a moment that ends after this test
    office.get("/sequences")
    with office.runtime.session() as session:
        session.execute(text("UPDATE api_key SET revoked_at = now()"))
    assert office.get("/sequences").status_code == 200


def test_only_the_hash_of_a_key_is_kept(office: Office) -> None:
    key = office.make_key("till")
    assert KEY.fullmatch(key)
    row = next(each for each in office.all(ApiKey) if each.name == "till")
    assert row.digest == hashlib.sha256(key.encode()).digest()
    with office.runtime.session() as session:
        everything = str(session.execute(text("SELECT api_key::text FROM api_key")).all())
    assert key not in everything
    assert key[3:] not in everything
