"""What a process says in its log as it reads what is published."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from service.runtime import Runtime
from service.settings import Settings
from tests.web.shop import Shop

SMTP = {"provider": "smtp", "smtp_url": "smtp://127.0.0.1:9"}
OURS = {"dkim_domain": "glow.example", "dkim_selector": "a", "dkim_key": "k"}


@pytest.mark.parametrize(
    ("more", "is_warned"),
    [
        ({**SMTP, "bounce_address": "bounces@elsewhere.example", **OURS, "dkim_domain": "elsewhere.example"}, True),
        ({**SMTP, "bounce_address": "bounces@mail.glow.example", **OURS, "dkim_domain": "elsewhere.example"}, False),
        ({**SMTP, "bounce_address": "bounces@elsewhere.example", **OURS}, False),
        ({}, False),
    ],
)
def test_mail_that_would_leave_unaligned_is_warned_of(
    settings: Settings, more: dict[str, str], is_warned: bool
) -> None:
    """DMARC asks that the signature or the envelope is of From's own domain, which is glow.example."""
    runtime = Runtime(settings.model_copy(update=more))
    Shop(runtime).publish()
    with capture_logs() as logs:
        runtime.published()
    runtime.close()
    warned = [each for each in logs if each["event"] == "mail.unaligned"]
    assert [each["sender"] for each in warned] == (["glow.example"] if is_warned else [])
