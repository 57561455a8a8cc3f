"""The header of a bulk mail, as it stands on the wire (checklist 1 and 2 of the email standards)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from service.domain.mark import Marks
from service.domain.sequence.model.business import Topic
from service.ports import Unrenderable
from service.rendering.envelope import label
from service.rendering.renderer import LONGEST_BASE, StepRenderer
from tests.rendering.studio import (
    BASE,
    BUSINESS,
    SIGNER,
    letter,
    opened,
    raw_field,
    raw_head,
    rendered,
    renderer,
    written,
)

ONCE = (
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "MIME-Version",
    "Content-Type",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "List-Id",
    "Feedback-ID",
    "Auto-Submitted",
    "Precedence",
)
MANAGE = SIGNER.sign("manage", "7.12")


def test_a_marketing_mail_has_each_field_exactly_once() -> None:
    names = sorted(each.partition(":")[0] for each in raw_head(rendered()))
    assert names == sorted(ONCE)


def test_the_fields_say_what_they_should() -> None:
    mail = opened(rendered())
    assert mail["From"] == "Mia at Glow Studio <mia@glow.example>"
    assert mail["To"] == "Ana <ana@example.org>"
    assert mail["Subject"] == "Hello"
    assert mail["Date"].datetime == datetime(2027, 3, 9, 8, 30, tzinfo=UTC)
    assert mail["Message-ID"] == "<12.5f2c@glow.example>"
    assert mail["List-Unsubscribe"] == f"<{BASE}/unsubscribe/{MANAGE}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Precedence"] == "bulk"


def test_list_id_names_business_and_topic() -> None:
    field = raw_field(rendered(), "List-Id").replace("\r\n", "")
    assert field == '"Glow Studio, Tips and ideas" <tips-and-ideas.glow.example>'


def test_feedback_id_is_the_same_for_everybody_and_ends_with_a_sender_id_of_5_to_15_characters() -> None:
    writer = renderer(written())
    others = [writer.render(letter(delivery_id=number, contact_id=number)) for number in (1, 2, 3)]
    (field,) = {raw_field(message, "Feedback-ID") for message in others}
    campaign, topic, kind, sender = field.split(":")
    assert (campaign, topic, kind) == ("letters", "tips-and-ideas", "letter")
    assert 5 <= len(sender) <= 15


def test_a_short_domain_still_makes_a_sender_id_of_five_characters() -> None:
    business = BUSINESS.replace("mia@glow.example", "m@a.de")
    sender = raw_field(rendered(written(business=business)), "Feedback-ID").rpartition(":")[2]
    assert len(sender) == 5


@pytest.mark.parametrize("length", [30, 120, 400, LONGEST_BASE])
def test_list_unsubscribe_is_one_line_and_one_address_however_long_the_base_url_is(length: int) -> None:
    base = "https://mail.glow.example/" + "x" * (length - 26)
    field = raw_field(renderer(written(), base_url=base).render(letter()), "List-Unsubscribe")
    assert field == f"<{base}/unsubscribe/{MANAGE}>"
    assert "=?" not in field
    assert "\r\n" not in field
    assert field.count("<") == 1


def test_a_base_url_that_no_header_line_can_hold_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="at most 700"):
        StepRenderer(SIGNER, "https://" + "x" * LONGEST_BASE, lambda _: pytest.fail("nothing is loaded"))


def test_no_address_of_a_person_stands_in_any_url() -> None:
    assert b"ana@example.org" not in rendered().raw.partition(b"\r\n\r\n")[2]


def test_service_mail_can_be_left_too_but_is_no_bulk() -> None:
    names = {each.partition(":")[0] for each in raw_head(rendered(written(kind="service")))}
    assert {"List-Unsubscribe", "List-Unsubscribe-Post", "List-Id"} <= names
    assert "Precedence" not in names


def test_a_topic_that_outlives_unsubscribing_promises_no_one_click() -> None:
    message = rendered(written(kind="service", topic="Your appointments"))
    names = {each.partition(":")[0] for each in raw_head(message)}
    assert not {"List-Unsubscribe", "List-Unsubscribe-Post", "List-Id"} & names
    assert {"Feedback-ID", "Auto-Submitted"} <= names


def test_journey_time_is_told_only_where_it_runs_apart() -> None:
    assert not [each for each in raw_head(rendered()) if each.startswith("X-Everafter")]
    at = datetime(2027, 5, 1, 12, 0, tzinfo=timezone(timedelta(hours=2)))
    message = rendered(to=letter(journey_at=at))
    assert raw_field(message, "X-Everafter-Journey-Time") == "2027-05-01T10:00:00Z"
    assert opened(message)["Date"].datetime == datetime(2027, 3, 9, 8, 30, tzinfo=UTC)


def test_a_sequence_may_have_another_sender_and_replies_may_go_elsewhere() -> None:
    message = rendered(written(more="from: Ben Süß <ben@glow.example>\nreply to: desk@glow.example\n"))
    mail = opened(message)
    assert mail["From"].addresses[0].display_name == "Ben Süß"
    assert mail["Reply-To"] == "desk@glow.example"
    assert message.sender == "ben@glow.example"


def test_the_message_carries_what_the_envelope_needs() -> None:
    message = rendered()
    assert (message.delivery_id, message.key) == (12, "12.5f2c@glow.example")
    assert (message.sender, message.recipient) == ("mia@glow.example", "ana@example.org")


def test_with_a_bounce_address_each_mail_comes_back_to_one_of_its_own() -> None:
    marks = Marks("bounces@mail.glow.example", SIGNER)
    message = renderer(written(), marks=marks).render(letter())
    assert marks.by_address(message.sender) == 12
    assert message.raw == rendered().raw, "what people see stays what it is"


def test_a_message_id_is_taken_with_or_without_its_brackets() -> None:
    assert rendered(to=letter(message_id="1@x.example")).raw == rendered(to=letter(message_id="<1@x.example>")).raw


def test_the_name_of_the_business_stands_in_for_a_sender_without_one() -> None:
    business = BUSINESS.replace("Mia at Glow Studio <mia@glow.example>", "mia@glow.example")
    assert opened(rendered(written(business=business)))["From"] == "Glow Studio <mia@glow.example>"


def test_a_topic_in_any_script_makes_a_label_of_a_list_id() -> None:
    assert label(Topic("Schöne Grüße")) == "schoene-gruesse"
    assert label(Topic("お知らせ")).startswith("topic-")
    assert label(Topic("お知らせ")) != label(Topic("ニュース"))
    assert len(label(Topic("very long " * 20))) <= 63


def test_an_empty_subject_is_never_sent() -> None:
    message = written(subject='{{ contact.first_name or " " }}')
    with pytest.raises(Unrenderable, match="the subject is empty"):
        rendered(message, letter({"first_name": ""}))
