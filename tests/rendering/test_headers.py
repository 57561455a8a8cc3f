"""What a name or a subject may hold, and how it arrives (checklist 12 and 13)."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.header import decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.rendering.headers import mailbox_field, text_field
from tests.rendering.studio import letter, opened, raw_field, raw_head, rendered, written

SUBJECT = 'For {{ contact.first_name or "you" }}'
INJECTIONS = [
    "<script>alert(1)</script>",
    "{{ 7*7 }}",
    "{% raw %}",
    "x\r\nBcc: y@evil.example",
    "x\nBcc: y@evil.example",
    "x\rBcc: y@evil.example",
    "x\u2028Bcc: y@evil.example",
    "x\x00y\x0b\x0c\x85Bcc: z",
    "=?UTF-8?Q?=0A?=Bcc: y@evil.example",
    "=?UTF-8?Q?=0D=0ABcc:_y@evil.example?=",
    'Ana" <boss@evil.example>, "',
    "Ana\\",
    "Ana (comment)",
    "Ana, Bea; Cléo:",
    "\ud800 half a pair",
    "\u202egnirts desrever",
    "\ue002_speech\ue003",
]
BARE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@pytest.mark.parametrize("name", INJECTIONS)
def test_no_name_adds_a_header_or_a_recipient(name: str) -> None:
    message = rendered(written(subject=SUBJECT), letter({"first_name": name}))
    usual = rendered(written(subject=SUBJECT), letter())
    assert [each.partition(":")[0] for each in raw_head(message)] == [
        each.partition(":")[0] for each in raw_head(usual)
    ]
    mail = opened(message)
    assert mail["Bcc"] is None
    assert [each.addr_spec for each in mail["To"].addresses] == ["ana@example.org"]
    assert not BARE.search(mail["To"].addresses[0].display_name)
    assert not BARE.search(mail["Subject"])


@pytest.mark.parametrize(
    "name", ["{{ 7*7 }}", "=?UTF-8?Q?=0A?=Bcc: y", "Jürgen", "O'Neil", 'Ana "the wise" Süß', "李雷", "a, b <c>"]
)
def test_a_name_arrives_literally_in_subject_and_recipient(name: str) -> None:
    mail = opened(rendered(written(subject=SUBJECT), letter({"first_name": name})))
    assert mail["Subject"] == f"For {name}"
    assert mail["To"].addresses[0].display_name == name


def test_a_name_of_several_encoded_words_arrives_whole() -> None:
    """Read by `decode_header`: Python's newer parser puts a blank between two encoded words of a display name."""
    field = raw_field(rendered(to=letter({"first_name": "😀" * 20})), "To")
    assert field.count("=?utf-8?") > 1
    assert str(make_header(decode_header(field))) == "😀" * 20 + " <ana@example.org>"


def test_the_last_name_follows_the_first_and_a_person_without_one_is_an_address_alone() -> None:
    assert opened(rendered(to=letter({"last_name": "Süß"})))["To"].addresses[0].display_name == "Ana Süß"
    assert opened(rendered(to=letter({"first_name": None})))["To"] == "ana@example.org"


@given(st.text(max_size=300))
def test_any_text_at_all_becomes_one_header_that_reads_the_same(text: str) -> None:
    field = text_field("Subject", text)
    mail = message_from_bytes(field.encode("ascii") + b"To: x\r\n\r\n", policy=policy.default)
    assert mail.keys() == ["Subject", "To"]
    assert all(len(line) <= 78 for line in field.split("\r\n"))
    assert all(len(word) <= 75 for word in re.findall(r"=\?.*?\?=", field)) or "=?utf-8?" not in field
    if not re.search("[\ud800-\udfff\ue000-\ue0ff\u202a-\u202e\u2066-\u2069\ufeff]", text):
        visible = re.sub("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]", " ", text)
        assert mail["Subject"].split() == visible.split()


@given(st.text(max_size=120))
def test_any_display_name_leaves_exactly_one_address(name: str) -> None:
    field = mailbox_field("To", name, "ana@example.org")
    mail = message_from_bytes(field.encode("ascii") + b"\r\n", policy=policy.default)
    assert mail.keys() == ["To"]
    assert [each.addr_spec for each in mail["To"].addresses] == ["ana@example.org"]
    assert all(len(line) <= 78 for line in field.split("\r\n"))


def test_a_long_subject_of_plain_words_is_folded_between_them() -> None:
    words = "one plain word after another " * 8
    field = text_field("Subject", words)
    assert "=?" not in field
    assert field.replace("\r\n", "") == f"Subject: {words.strip()}"
    assert max(map(len, field.split("\r\n"))) <= 78


def test_a_subject_without_any_blank_is_encoded_rather_than_too_long() -> None:
    field = text_field("Subject", "x" * 2000)
    assert max(map(len, field.split("\r\n"))) <= 78
    mail = message_from_bytes(field.encode() + b"\r\n", policy=policy.default)
    assert mail["Subject"] == "x" * 2000
