"""The sender's domain, asked of a real name server: each thing amiss comes with what to publish."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.domain.sender_check import Host, Names, Sending, is_surely_unaligned, parents, remarks
from service.providers.sender_dns import look_up
from tests.providers.name_server import Zone, naming

OURS = Sending("glow.example", "glow.example", "glow.example", "spring", "MIIBpublic", 2048)
WELL = {
    ("glow.example", "TXT"): ('"google-site-verification=x"', '"v=spf1 include:_spf.mail.example " "~all"'),
    ("spring._domainkey.glow.example", "TXT"): ('"v=DKIM1; k=rsa; p=MIIB" "public"',),
    ("_dmarc.glow.example", "TXT"): ('"v=DMARC1; p=none; rua=mailto:mia@glow.example"',),
    ("out.mail.example", "A"): ("203.0.113.9",),
    ("9.113.0.203.in-addr.arpa", "PTR"): ("out.mail.example.",),
}
MX = {"glow.example": ("10 mx.mail.example.",)}


def amiss(
    sending: Sending = OURS, without: tuple[str, str] | None = None, **records: tuple[str, ...]
) -> dict[str, str]:
    """What is amiss with these records, by name, with what to do."""
    zone = Zone(MX, {key: value for key, value in (WELL | dict(records)).items() if key != without})
    with naming(zone) as resolver:
        found = list(remarks(sending, look_up(resolver, sending, "out.mail.example", within=60.0)))
    assert [each.what for each in found] == ["SPF", "DKIM", "DMARC", "alignment", "MX", "PTR"]
    return {each.what: each.advice for each in found if each.advice}


def test_a_domain_that_says_all_is_well():
    assert amiss() == {}


@pytest.mark.parametrize(
    ("name", "kind", "records", "what", "advice"),
    [
        ("glow.example", "TXT", ('"v=spf1 -all"', '"v=spf1 ~all"'), "SPF", "Publish one TXT record at glow.example"),
        ("glow.example", "TXT", ('"v=spf1 +all"',), "SPF", "lets everybody send"),
        ("glow.example", "TXT", ('"v=spf1 ' + "a " * 11 + '-all"',), "SPF", "11 other names"),
        ("glow.example", "TXT", ('"unrelated"',), "SPF", "v=spf1 include:"),
        ("spring._domainkey.glow.example", "TXT", ('"v=DKIM1; p=other"',), "DKIM", "p=MIIBpublic"),
        ("spring._domainkey.glow.example", "TXT", ('"v=DKIM1; p="',), "DKIM", "spring._domainkey.glow.example"),
        ("_dmarc.glow.example", "TXT", ('"v=DMARC1; p=none"', '"v=DMARC1; p=reject"'), "DMARC", "Keep one"),
        ("_dmarc.glow.example", "TXT", ('"v=DMARC1; p=maybe"',), "DMARC", "p=none"),
        ("9.113.0.203.in-addr.arpa", "PTR", ("elsewhere.example.",), "PTR", "PTR"),
    ],
)
def test_what_is_amiss_comes_with_what_to_publish(name, kind, records, what, advice):
    zone = Zone(MX, WELL | {(name, kind): records})
    with naming(zone) as resolver:
        names = look_up(resolver, OURS, "out.mail.example", within=60.0)
    found = {each.what: each.advice for each in remarks(OURS, names)}
    assert [known for known, told in found.items() if told] == [what]
    assert advice in found[what]


@pytest.mark.parametrize("gone", ["spring._domainkey.glow.example", "_dmarc.glow.example"])
def test_what_is_not_there_comes_with_the_whole_record(gone):
    (advice,) = amiss(without=(gone, "TXT")).values()
    assert gone in advice
    assert '"v=D' in advice


def test_mail_that_is_signed_by_another_domain_is_not_aligned():
    other = replace(OURS, signs_as="mail.example", returns_to="mail.example")
    found = {each.what: each for each in remarks(other, Names(dmarc={"glow.example": ("v=DMARC1; p=none",)}))}
    assert "DKIM_DOMAIN" in found["alignment"].advice
    beneath = replace(OURS, domain="news.glow.example", returns_to="bounces.glow.example", signs_as="")
    found = {each.what: each for each in remarks(beneath, Names(dmarc={"glow.example": ("v=DMARC1; p=none",)}))}
    assert found["alignment"].seen == "From is aligned by SPF"


def test_only_what_no_record_can_align_is_surely_not():
    assert not is_surely_unaligned(OURS)
    assert not is_surely_unaligned(replace(OURS, domain="News.glow.example", returns_to="mail.example"))
    assert is_surely_unaligned(replace(OURS, signs_as="mail.example", returns_to="notglow.example"))
    assert is_surely_unaligned(replace(OURS, signs_as="", returns_to="mail.example"))


def test_a_name_server_that_is_silent_is_no_proof_of_anything():
    with naming(Zone(silence=9.0)) as resolver:
        resolver.timeout = resolver.lifetime = 0.2
        names = look_up(resolver, OURS, within=0.2)
    found = {each.what: each.seen for each in remarks(OURS, names)}
    assert found["SPF"] == found["DKIM"] == found["MX"] == "not known"


def test_a_short_key_is_told():
    told = {each.what: each.advice for each in remarks(replace(OURS, bits=768), Names(dkim=("p=MIIBpublic",)))}
    assert "2048" in told["DKIM"]
    assert not told.get("PTR")
    assert [each.advice for each in remarks(OURS, Names(hosts=(Host("203.0.113.9", ()),)))][-1]


def test_dmarc_is_looked_for_at_the_domain_and_above():
    assert parents("a.b.glow.example") == ["a.b.glow.example", "b.glow.example", "glow.example"]
    assert parents("localhost") == ["localhost"]
