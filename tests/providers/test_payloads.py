"""What each provider posts, and what we understand of it; how it proves that it was the provider."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.domain.feedback import What
from service.ports import NotAuthentic, NotUnderstood, Received
from service.providers import SERVICES, open_receiver
from service.providers.service import Service
from service.settings import read_settings
from tests.providers.bench import dialect_of
from tests.providers.dialects import Dialect, webhook_body
from tests.providers.payloads import Case, cases, shown

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LEAST = {What.DELIVERED, What.DEFERRED, What.BOUNCED, What.COMPLAINED, What.OPENED, What.CLICKED, What.OTHER}


@pytest.fixture(params=SERVICES)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    return dialect_of(request.param)


def opened(dialect: Dialect, secrets: str = "") -> tuple[Service, dict[str, tuple[str, ...]]]:
    """The receiver, with these secrets or all that the provider has."""
    settings = {**dialect.given, dialect.secret: secrets or ",".join(dialect.secrets)}
    found = open_receiver(dialect.name, read_settings(settings))
    assert found is not None
    receiver, by_name = found
    assert isinstance(receiver, Service)
    return receiver, dict(by_name)


def posted(case: Case) -> Received:
    return dialect_of(case.provider).post(case.body, NOW, headers=case.headers)


@pytest.mark.parametrize("case", cases(), ids=str)
def test_a_documented_event_is_understood(case: Case) -> None:
    receiver, secrets = opened(dialect_of(case.provider))
    received = posted(case)
    receiver.authenticate(received, secrets[""])
    told = receiver.told(received)
    assert [shown(each) for each in told] == case.told
    assert all(0 < len(each.key) <= 200 for each in told)
    again = replace(received, at=NOW + timedelta(hours=1), headers=kept(receiver, received))
    assert receiver.told(again) == told, "what was kept of it is read the same later"


def kept(receiver: Service, received: Received) -> dict[str, str]:
    return {name: value for name, value in received.headers.items() if name in receiver.reads}


def test_each_event_has_a_key_of_its_own(dialect: Dialect) -> None:
    receiver, _ = opened(dialect)
    keys = [each.key for case in cases(dialect.name) for each in receiver.told(posted(case))]
    assert len(keys) == len(set(keys))
    assert len(keys) > 10


def test_all_that_it_may_tell_is_among_the_payloads(dialect: Dialect) -> None:
    whats = {What(each["what"]) for case in cases(dialect.name) for each in case.told}
    assert whats >= LEAST - dialect.never_tells


def test_a_proof_by_any_of_the_secrets_is_good_the_new_one_and_the_old(dialect: Dialect) -> None:
    case = cases(dialect.name)[0]
    receiver, secrets = opened(dialect)
    for nth in (0, 1):
        receiver.authenticate(dialect.post(case.body, NOW, nth, case.headers), secrets[""])


def test_a_secret_that_was_taken_out_proves_nothing_any_more(dialect: Dialect) -> None:
    case = cases(dialect.name)[0]
    receiver, secrets = opened(dialect, dialect.secrets[0])
    with pytest.raises(NotAuthentic):
        receiver.authenticate(dialect.post(case.body, NOW, 1, case.headers), secrets[""])


def test_a_secret_with_a_name_is_good_at_its_own_address_only(dialect: Dialect) -> None:
    case = cases(dialect.name)[0]
    receiver, secrets = opened(dialect, f"berlin={dialect.secrets[0]},{dialect.secrets[1]}")
    assert secrets == {"berlin": (dialect.secrets[0],), "": (dialect.secrets[1],)}
    received = dialect.post(case.body, NOW, 0, case.headers)
    receiver.authenticate(received, secrets["berlin"])
    with pytest.raises(NotAuthentic):
        receiver.authenticate(received, secrets[""])


def test_wrong_missing_and_malformed_proofs_are_refused(dialect: Dialect) -> None:
    receiver, secrets = opened(dialect)
    forged = dialect.forged(cases(dialect.name)[0].body, NOW)
    assert set(forged) == {"wrong", "missing", "malformed"}
    for kind, those in forged.items():
        assert len(those) >= 2, kind
        for received in those:
            with pytest.raises((NotAuthentic, NotUnderstood)):
                receiver.authenticate(received, secrets[""])
    with pytest.raises(NotAuthentic):
        receiver.authenticate(dialect.post(cases(dialect.name)[0].body, NOW), ())


@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_posted_proves_nothing_and_breaks_nothing(dialect: Dialect, data: st.DataObject) -> None:
    receiver, secrets = opened(dialect)
    real = dialect.post(cases(dialect.name)[0].body, NOW)
    names = st.sampled_from(sorted({*real.headers, "authorization"}))
    headers = data.draw(st.dictionaries(names, st.text(st.characters(max_codepoint=255), max_size=80)))
    body = data.draw(st.one_of(st.binary(max_size=200), st.just(b'{"signature": {"token": "a"}}')))
    with pytest.raises((NotAuthentic, NotUnderstood)):
        receiver.authenticate(Received(headers, body, NOW), secrets[""])


def test_a_proof_holds_as_long_as_the_provider_repeats_it_and_no_longer(dialect: Dialect) -> None:
    receiver, secrets = opened(dialect)
    received = dialect.post(cases(dialect.name)[0].body, NOW)
    if dialect.good_for is None:
        receiver.authenticate(replace(received, at=NOW + timedelta(days=365)), secrets[""])
        return
    receiver.authenticate(replace(received, at=NOW + dialect.good_for), secrets[""])
    for at in (NOW + dialect.good_for + timedelta(minutes=1), NOW - timedelta(days=1)):
        with pytest.raises(NotAuthentic):
            receiver.authenticate(replace(received, at=at), secrets[""])


def test_what_was_posted_twice_has_the_same_keys(dialect: Dialect) -> None:
    """A replay as well as a repetition: it counts once, whenever it is signed."""
    receiver, _ = opened(dialect)
    for case in cases(dialect.name):
        received = posted(case)
        later = replace(received, at=NOW + timedelta(hours=3))
        assert [each.key for each in receiver.told(received)] == [each.key for each in receiver.told(later)]


STRANGE = (b"", b"{", b"null", b"7", b'"x"', b"\xff\xfe", b"[[]]", b"[1]", b"{}", b'{"event": {}}', b"[" * 5_000)


@pytest.mark.parametrize("body", STRANGE, ids=lambda body: repr(body[:12]))
def test_what_no_provider_documents_tells_nothing(dialect: Dialect, body: bytes) -> None:
    receiver, _ = opened(dialect)
    try:
        told = receiver.told(Received({}, body, NOW))
    except (NotUnderstood, NotAuthentic):
        return
    assert told == []


def test_events_with_fields_of_any_kind_are_told_or_not_understood(dialect: Dialect) -> None:
    """Each field of each payload in turn is something else than documented."""
    receiver, _ = opened(dialect)
    for case in cases(dialect.name):
        if isinstance(case.body, bytes):
            continue
        for changed in variations(case.body):
            received = Received(dict(case.headers), webhook_body(changed), NOW)
            try:
                told = receiver.told(received)
            except (NotUnderstood, NotAuthentic):
                continue
            for each in told:
                orjson.dumps(shown(each))
                assert "\x00" not in each.words + each.code + each.recipient + each.provider_id + each.message_id
                assert len(each.words) <= 500


def variations(body: object) -> list[object]:
    """The body with one value changed each."""
    odd = (None, True, -1, 1e300, "\x00", [], {"a": []}, "x" * 3_000)
    if isinstance(body, dict):
        inner = [{**body, name: new} for name, value in body.items() for new in (*odd, *variations(value))]
        return [*inner, *({key: value for key, value in body.items() if key != name} for name in body)]
    if isinstance(body, list):
        return [[*body[:i], new, *body[i + 1 :]] for i, value in enumerate(body) for new in (*odd, *variations(value))]
    return []
