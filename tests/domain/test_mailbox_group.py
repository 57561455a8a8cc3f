"""Whose mailbox it is: by the domain where everybody knows it, else by the mail servers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.mailbox_group import TITLES, group_of, known_group, registered_domain, title_of


@pytest.mark.parametrize(
    ("domain", "group"),
    [
        ("gmail.com", "gmail"),
        ("GoogleMail.com", "gmail"),
        ("hotmail.co.uk", "outlook"),
        ("live.de", "outlook"),
        ("msn.com", "outlook"),
        ("yahoo.com.br", "yahoo"),
        ("aol.com", "yahoo"),
        ("me.com", "icloud"),
        ("gmx.at", "gmx"),
        ("web.de", "gmx"),
        ("t-online.de", "t-online"),
    ],
)
def test_the_great_ones_are_known_by_their_domains(domain: str, group: str) -> None:
    assert known_group(domain) == group
    assert group_of(domain, ["mx.somewhere.example"]) == group


@pytest.mark.parametrize(
    "domain", ["live.glow.example", "outlook.glow.example", "mygmail.com", "gmail.com.evil.example"]
)
def test_a_name_that_only_looks_like_theirs_is_not_theirs(domain: str) -> None:
    assert known_group(domain) is None


@pytest.mark.parametrize(
    ("server", "group"),
    [
        ("aspmx.l.google.com.", "gmail"),
        ("ALT1.ASPMX.L.GOOGLE.COM", "gmail"),
        ("hotmail-com.olc.protection.outlook.com", "outlook"),
        ("glow-example.mail.protection.outlook.com", "microsoft365"),
        ("mta5.am0.yahoodns.net", "yahoo"),
        ("mx01.mail.icloud.com", "icloud"),
        ("mx00.gmx.net", "gmx"),
        ("mx00.kundenserver.de", "kundenserver.de"),
        ("mx1.mail.host.co.uk", "host.co.uk"),
        ("notgoogle.com", "notgoogle.com"),
    ],
)
def test_a_hosted_domain_belongs_to_its_host(server: str, group: str) -> None:
    assert group_of("glow.example", [server, "backup.example"]) == group


def test_without_mail_servers_a_domain_is_its_own_group() -> None:
    assert group_of("Glow.example.") == "glow.example"
    assert title_of("glow.example") == "glow.example"
    assert title_of("gmail") == TITLES["gmail"] == "Gmail"


@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=3))
def test_any_text_has_one_group_and_it_is_in_lower_case(domain: str, servers: list[str]) -> None:
    group = group_of(domain, servers)
    assert group == group_of(domain.upper().casefold(), servers)
    assert registered_domain(group).count(".") <= 2
