"""Amazon SES by the role of a machine: its keys are asked for where AWS leaves them, and renewed before they end."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from service.clock import machine_now
from service.ports import Sent, TryLater
from service.providers import refuse_faults
from service.providers.aws_role import _session, role_keys
from service.providers.ses import Ses
from service.settings import SettingsError, read_settings
from tests.providers.dialects.ses import Ses as Account
from tests.providers.mails import message
from tests.providers.one_service import sent_one


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """A machine that has nothing of AWS on it, and a process that has asked for nothing yet."""
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    _session.cache_clear()
    yield
    _session.cache_clear()


@pytest.fixture
def container(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Where a container asks for its keys; each answer is good for ten minutes, and noted."""
    given: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given.append(f"token-{len(given) + 1}")
            keys = {
                "AccessKeyId": "AKIDEXAMPLE",
                "SecretAccessKey": Account.given["AWS_SECRET_ACCESS_KEY"],
                "Token": given[-1],
                "Expiration": (machine_now() + timedelta(minutes=10)).isoformat().replace("+00:00", "Z"),
            }
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(keys).encode())

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{server.server_port}/keys")
    yield given
    server.shutdown()
    server.server_close()


class OfARole(Account):
    """The same account, for whom no keys are set."""

    def __init__(self) -> None:
        super().__init__()
        self.given = {
            **{name: value for name, value in self.given.items() if not name.startswith("AWS_")},
            "AWS_SECRET_ACCESS_KEY": "",
            "SES_ROLE": "true",
        }

    def _is_signed(self, request: object) -> bool:
        self.given["AWS_SECRET_ACCESS_KEY"] = Account.given["AWS_SECRET_ACCESS_KEY"]
        return super()._is_signed(request)  # type: ignore[arg-type]


def test_a_mail_is_signed_with_the_keys_of_the_role(container: list[str]) -> None:
    dialect = OfARole()
    assert isinstance(sent_one(Ses, dialect, message()), Sent)
    assert container
    assert role_keys().token == container[-1]


def test_keys_that_end_soon_are_renewed(container: list[str]) -> None:
    first = role_keys().token
    assert role_keys().token != first, "ten minutes are less than botocore keeps in hand"
    assert len(set(container)) == len(container) >= 2


def test_without_a_role_all_mail_waits_and_is_told_why() -> None:
    outcome = sent_one(Ses, OfARole(), message())
    assert isinstance(outcome, TryLater)
    assert outcome.in_all
    assert outcome.reason == "ses: this machine has no role of AWS"


def test_a_role_takes_the_place_of_keys_and_does_not_stand_beside_them() -> None:
    own = {"MAIL_PROVIDER": "ses", "SES_REGION": "eu-west-1", "SES_ROLE": "true"}
    refuse_faults(read_settings(own))
    with pytest.raises(SettingsError, match=r"SES_ROLE: .*leave AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY out"):
        refuse_faults(read_settings({**own, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE"}))
    with pytest.raises(SettingsError, match="AWS_ACCESS_KEY_ID"):
        refuse_faults(read_settings({**own, "SES_ROLE": "false"}))
