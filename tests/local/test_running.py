"""What commands beside a running `up` share with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.local.home import Home
from service.local.running import Running, environment, read_running, settings_beside
from service.providers import open_service
from service.settings import SettingsError, read_settings

POSTMARK = {"MAIL_PROVIDER": "postmark", "POSTMARK_TOKEN": "a-token", "POSTMARK_STREAM": "news"}


def test_a_provider_of_mail_is_shared_with_its_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`up` has them from its own environment, which no other shell knows."""
    home = Home(tmp_path)
    home.make()
    for name, value in POSTMARK.items():
        monkeypatch.setenv(name, value)
    Running(1, environment(read_settings({"EVERAFTER_HOME": str(tmp_path)}))).write(home)
    for name in POSTMARK:
        monkeypatch.delenv(name)
    running = read_running(home)
    assert running is not None
    beside = settings_beside(read_settings({"EVERAFTER_HOME": str(tmp_path)}), running.environment)
    service = open_service(beside)
    assert service is not None
    assert service.model_dump(include={"token", "stream"}) == {"token": "a-token", "stream": "news"}
    assert environment(beside) == running.environment
    [note] = home.run.glob("running.json")
    assert note.stat().st_mode & 0o077 == 0


def test_what_a_provider_lacks_is_said_before_anything_is_started() -> None:
    with pytest.raises(SettingsError, match="POSTMARK_TOKEN: MAIL_PROVIDER=postmark needs it"):
        environment(read_settings({"MAIL_PROVIDER": "postmark"}))
