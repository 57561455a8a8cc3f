"""The mail to a colleague about a task: everything they need, a way to end it, and nothing of marketing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from service.domain.sequence.expression import Record
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.step import Step
from service.ports import Letter, Message, StaffLetter, Unrenderable
from service.rendering.fault import CompileError
from service.rendering.links import StaffLinks
from service.rendering.proof import read_proofs
from tests.rendering.studio import (
    BASE,
    BUSINESS,
    SENT_AT,
    SIGNER,
    html_of,
    letter,
    opened,
    raw_field,
    raw_head,
    read,
    renderer,
    text_of,
    written,
)

STAFFED = BUSINESS + "people: {front-desk: desk@glow.example}\n"
ANA = {"first_name": "Ana", "last_name": "García", "phone": "+34 600 123 456", "address": "Calle Mayor 3\nMadrid"}
TASK = """\
---
title: Letters
stage: nurture
topic: Tips and ideas
enrol: {on: event visit.completed, again: always}
---

## Day 1: hello
Task: call
Assign: front-desk
Due: 2 days
Cost: 6.50
Ask: wish

"""
DUE = SENT_AT + timedelta(days=2)


def files(body: str = "Call them.\n", business: str = STAFFED) -> dict[str, bytes]:
    return written(business=business) | {"sequences/letters.md": (TASK + body).encode()}


def to_desk(contact: Mapping[str, Any] = ANA, event: Mapping[str, Any] | None = None, **staff: Any) -> Letter:
    told = StaffLetter(**{"task_id": 31, "due_at": DUE} | staff)
    names = {"event": Record("event", event or {})}
    return letter(dict(contact), names, recipient="desk@glow.example", staff=told, language="es")


def sent(body: str = "Call them.\n", to: Letter | None = None) -> Message:
    return renderer(files(body)).render(to or to_desk())


def test_it_says_whom_it_is_for_what_it_is_and_by_when() -> None:
    message = sent()
    assert opened(message)["Subject"] == "Call · Ana García · by Thursday, March 11"
    assert text_of(message).startswith(
        "Call · Ana García\n\n"
        "Due: Thursday, March 11\n"
        "Phone: +34 600 123 456\n"
        "Email: ana@example.org\n"
        "Address: Calle Mayor 3\nMadrid\n"
        "May cost: €6.50\n\n"
        "Call them.\n\n"
        "Please note down: wish.\n\n"
        "Done:\n"
    )
    html = html_of(message)
    for words in ("Call · Ana García", "Thursday, March 11", "+34 600 123 456", "Calle Mayor 3<br>Madrid", "€6.50"):
        assert words in html


def test_it_is_no_marketing_and_names_the_client_in_no_header() -> None:
    message = sent()
    names = [each.partition(":")[0] for each in raw_head(message)]
    assert names == [
        "From",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
        "To",
        "Date",
        "Message-ID",
        "Subject",
    ]
    assert raw_field(message, "To") == "desk@glow.example"
    assert raw_field(message, "From") == "Mia at Glow Studio <mia@glow.example>"
    for part in (text_of(message), html_of(message)):
        assert not re.search(r"/(open|click|unsubscribe|preferences|magnets|answer)/", part)


def test_without_outcomes_there_is_a_plain_done() -> None:
    url = f"{BASE}/task/{SIGNER.sign('task', '31.')}"
    assert f'href="{url}"' in html_of(sent())
    assert f"Done:\n{url}\n" in text_of(sent())


def test_each_outcome_is_a_button_of_its_own() -> None:
    message = sent("Call.\n\n[Reached](answer:reached) [Not again, please](answer:never)\n")
    for value, words in (("reached", "Reached"), ("never", "Not again, please")):
        url = f"{BASE}/task/{SIGNER.sign('task', f'31.{value}')}"
        assert f"{words}:\n{url}\n" in text_of(message)
        assert f'href="{url}"' in html_of(message)
    assert html_of(message).count('target="_blank"') == 2  # mrml's mark of a button
    assert "Done" not in text_of(message) + html_of(message)


def test_boxes_to_tick_are_shown_as_boxes() -> None:
    message = sent("- [ ] folder\n- [x] invitation for {{ contact.email }}\n- no box\n")
    assert "- [ ] folder\n- [x] invitation for ana@example.org\n- no box\n" in text_of(message)
    html = html_of(message)
    assert re.findall(r"☐|☑|&#974[45];", html) == ["&#9744;", "&#9745;"]
    assert "[ ]" not in html


@pytest.mark.parametrize(("event", "said"), [({"service": "Cut"}, "is unhappy with the Cut."), ({}, "is unhappy.")])
def test_a_condition_may_stand_inside_a_sentence(event: dict[str, str], said: str) -> None:
    body = "{{ contact.first_name or 'x' }} is unhappy{% if event.service %} with the {{ event.service }}{% endif %}.\n"
    message = sent(body, to_desk(event=event))
    assert f"Ana {said}" in text_of(message)
    assert f"Ana {said}" in html_of(message)


def test_branches_and_nested_conditions_choose_one_way() -> None:
    body = (
        "{% if event.service %}A{% if contact.phone %}B{% else %}C{% endif %}"
        "{% elif contact.phone %}D{% else %}E{% endif %}\n"
    )
    assert "\n\nD\n\n" in text_of(sent(body))
    assert "\n\nAB\n\n" in text_of(sent(body, to_desk(event={"service": "Cut"})))
    assert "\n\nE\n\n" in text_of(sent(body, to_desk({})))


def test_a_reminder_says_that_it_is_still_open() -> None:
    message = sent(to=to_desk(is_reminder=True, due_at=SENT_AT - timedelta(days=2)))
    assert opened(message)["Subject"] == "Still open: Call · Ana García"
    assert text_of(message).startswith("Still open: it was due on Sunday, March 7.\n\nCall · Ana García\n")
    assert "Still open: it was due on Sunday, March 7." in html_of(message)


def test_what_is_due_within_hours_says_the_hour_of_the_business() -> None:
    message = sent(to=to_desk(due_at=datetime(2027, 3, 9, 12, 0, tzinfo=UTC)))
    assert "Due: Tuesday, March 9, 1:00 PM\n" in text_of(message)


def test_the_task_itself_may_say_other_than_the_step() -> None:
    message = sent(
        to=to_desk(what="gift", cost=Decimal(12), due_at=None, remark="It is for you, because “lead” is empty.")
    )
    assert opened(message)["Subject"] == "Gift · Ana García"
    assert "May cost: €12.00\n\nIt is for you, because “lead” is empty.\n" in text_of(message)
    assert "Due" not in text_of(message)


def test_a_reply_that_waits_has_words_of_its_own() -> None:
    to = to_desk(
        what="answer the reply", briefing="Ana has written back.", outcomes=(("go-on", "Go on"), ("end", "End"))
    )
    message = renderer(files()).render(
        Letter(**{name: getattr(to, name) for name in to.__slots__} | {"step": "(reply)"})
    )
    assert opened(message)["Subject"] == "Answer the reply · Ana García · by Thursday, March 11"
    text = text_of(message)
    assert "Ana has written back.\n" in text
    assert f"Go on:\n{BASE}/task/{SIGNER.sign('task', '31.go-on')}\n" in text
    assert f"End:\n{BASE}/task/{SIGNER.sign('task', '31.end')}\n" in text


def test_staff_read_the_language_of_the_business() -> None:
    message = renderer(files(business=STAFFED + "languages: [de]\n")).render(to_desk(is_reminder=True))
    assert opened(message)["Subject"] == "Noch offen: Call · Ana García"
    assert "Noch offen: Fällig war Donnerstag, 11. März." in text_of(message)
    assert '<html lang="de"' in html_of(message)
    assert "Erledigt" in html_of(message)


@pytest.mark.parametrize("name", ['<script>alert("1")</script>', "{{ 7*7 }}", "\ue002contact.email\ue003", "slot0end"])
def test_a_clients_name_is_data(name: str) -> None:
    message = sent(to=to_desk({"first_name": name}))
    html = html_of(message)
    assert "<script>" not in html
    assert "49" not in str(opened(message)["Subject"])
    assert "ana@example.org" not in str(opened(message)["Subject"])
    assert "Bcc" not in [
        each.partition(":")[0] for each in raw_head(sent(to=to_desk({"first_name": "A\r\nBcc: x@y.z"})))
    ]


def test_a_file_that_a_colleague_opens_is_no_click_of_the_client() -> None:
    text = text_of(sent("[The list](magnet:checklist)\n"))
    assert f"The list: {BASE}/magnets/{SIGNER.sign('magnet', '0.checklist')}" in text


def task_of(source: dict[str, bytes]) -> tuple[Library, Step]:
    library = read(source)
    return library, library.sequences[0].steps[0]


def test_check_reads_a_briefing_with_all_its_branches() -> None:
    source = files("{% if contact.phone %}\n![Jana](images/jana.jpg)\n{% endif %}\n")
    library, _ = task_of(source)
    assert read_proofs(library, source) == []
    del source["email_templates/staff/task.mjml"]
    (problem,) = read_proofs(library, source)
    assert (problem.code, problem.place.line) == ("unknown-template", 8)


@pytest.mark.parametrize("address", ["link:preferences", "link:my-data", "link:referral", "join:your-visits"])
def test_what_is_the_clients_own_is_not_for_a_colleague(address: str) -> None:
    links = StaffLinks(task_of(files())[0].business, Place("sequences/letters.md"))
    with pytest.raises(CompileError, match="can't stand in a briefing"):
        links.template(address)


def test_links_of_a_briefing_lead_straight_there() -> None:
    message = sent("[Book](link:booking) or [ask](form:favourites).\n")
    assert 'href="https://glow.example/book?from=mail&amp;for=hair"' in html_of(message)
    assert f"ask: {BASE}/forms/favourites" in text_of(message)


def test_something_empty_holds_it() -> None:
    with pytest.raises(Unrenderable, match=r"event\.at is empty"):
        sent("They came on {{ event.at | day }}.\n")
