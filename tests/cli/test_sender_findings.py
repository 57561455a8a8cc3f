"""What `doctor` says of the sender, asked of a real name server."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from service.cli.sender_findings import sender_findings
from service.domain.sequence.library import read_library
from service.rendering.signature import Dkim
from service.settings import Settings
from tests.providers.name_server import Zone, naming
from tests.web.shop import FILES

LIBRARY, _ = read_library(FILES)
assert LIBRARY is not None
BUSINESS = LIBRARY.business
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")
SIGNED = {"dkim_domain": "glow.example", "dkim_selector": "spring", "dkim_key": PEM}
MX = {"glow.example": ("10 mx.glow.example.",)}
DMARC = {("_dmarc.glow.example", "TXT"): ('"v=DMARC1; p=none"',)}
SMTP = {"provider": "smtp", "smtp_url": "smtp://u:p@out.mail.example:587"}


def found(settings: Settings, zone: Zone, **told: object) -> dict[str, str]:
    """What is amiss, by name, with what to do; and "well" for the rest."""
    abroad = {"base_url": "https://mail.glow.example"}
    with naming(zone) as resolver:
        findings = list(sender_findings(settings.model_copy(update=abroad | told), BUSINESS, resolver))
    return {each.what: each.advice or "well" for each in findings}


def test_nothing_is_looked_up_while_mail_stays_on_this_machine(settings: Settings) -> None:
    zone = Zone()
    assert found(settings, zone, provider="mailbox") == {"sender": "well"}
    assert found(settings, zone, **SMTP, base_url="http://127.0.0.1:8000") == {"sender": "well"}
    assert zone.asked == []


def test_our_own_key_is_what_has_to_be_published(settings: Settings) -> None:
    advice = found(settings, Zone(MX, DMARC), **SMTP, **SIGNED)
    public, bits = Dkim("glow.example", "spring", PEM).published()
    assert bits == 2048
    assert f'spring._domainkey.glow.example: "v=DKIM1; k=rsa; p={public}"' in advice["DKIM"]
    assert (advice["DMARC"], advice["alignment"], advice["MX"]) == ("well", "well", "well")
    spring = {("spring._domainkey.glow.example", "TXT"): tuple(_pieces(f"v=DKIM1; k=rsa; p={public}"))}
    assert found(settings, Zone(MX, DMARC | spring), **SMTP, **SIGNED)["DKIM"] == "well"


def _pieces(text: str) -> list[str]:
    """A long TXT record as name servers keep it."""
    return [" ".join(f'"{text[start : start + 200]}"' for start in range(0, len(text), 200))]


def test_a_service_over_http_looks_after_its_own_domain(settings: Settings) -> None:
    assert found(settings, Zone(MX, DMARC), provider="postmark") == {"DMARC": "well", "MX": "well"}


def test_mail_signed_by_somebody_else_is_not_aligned(settings: Settings) -> None:
    other = SIGNED | {"dkim_domain": "elsewhere.example"}
    advice = found(settings, Zone(MX, DMARC), **SMTP, **other, bounce_address="bounces@elsewhere.example")
    assert "DKIM_DOMAIN" in advice["alignment"]
