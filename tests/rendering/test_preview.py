"""A mail to look at: the exact one, its gaps said in place, its pictures inside, nothing that counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy

from service.domain.persona import somebody
from service.domain.token import Signer
from service.rendering.compiled import Compiled
from service.rendering.preview import UNKNOWN_KEY, Preview, preview, sample_letter
from service.rendering.renderer import StepRenderer
from tests.rendering.studio import BASE, SIGNER, read, shipped, written

NOW = datetime(2027, 3, 9, 8, 30, tzinfo=UTC)


def seen(files: Mapping[str, bytes], **contact: object) -> Preview:
    library = read(files)
    (sequence,) = library.sequences
    persona = somebody(library.business, NOW.date())
    persona = replace(persona, contact={**persona.contact, **contact})
    compiled = Compiled(library, files, {})
    renderer = StepRenderer(Signer([UNKNOWN_KEY]), BASE, lambda _: compiled)
    letter = sample_letter(persona.facts(sequence, NOW), sequence, sequence.steps[0], persona.language, NOW)
    return preview(renderer, letter, files)


def test_a_friendly_person_fills_every_field() -> None:
    shown = seen(written("Hello {{ contact.first_name or 'you' }}, a {{ contact.wish or 'surprise' }}?\n"))
    assert shown.text.startswith("Hello Ana, a wish?\n")
    assert shown.reasons == ()


def test_the_bytes_are_the_whole_mail() -> None:
    shown = seen(written("How are you?\n"))
    mail = message_from_bytes(shown.raw, policy=policy.default)
    assert (mail["Subject"], mail["To"]) == ("Hello", "Ana García <ana@example.org>")
    assert mail["List-Unsubscribe"]


def test_a_missing_value_is_said_at_its_place_and_why_it_is_held() -> None:
    files = written("You are a {{ contact.stage }}, are you?\n", subject="For {{ contact.stage }}")
    shown = seen(files, stage=None)
    assert shown.subject == "For ⚠ contact.stage is empty ⚠"
    assert "You are a ⚠ contact.stage is empty ⚠, are you?" in shown.text
    assert "You are a ⚠ contact.stage is empty ⚠, are you?" in shown.html
    assert shown.reasons == ('contact.stage is empty and the text has no fallback (`or "…"`)',)


def test_what_cant_be_put_into_words_at_all_is_a_fault() -> None:
    shown = seen(written("Hello?\n"), email="nobody")
    assert shown.html == ""
    assert "can't be written to" in shown.fault
    assert shown.reasons == (shown.fault,)


def test_pictures_stand_inside_and_no_pixel_tells_that_it_was_opened() -> None:
    shown = seen(written("![Jana](images/jana.jpg) and ![again](images/jana.jpg)\n"))
    assert shown.html.count('src="data:image/jpeg;base64,') == 2
    assert "/open/" not in shown.html
    assert "/files/" not in shown.html
    assert b"/open/" in shown.raw.replace(b"=\r\n", b"")


def test_links_lead_straight_there_and_no_server_knows_the_tokens() -> None:
    shown = seen(written("[Book](link:booking) or [not](answer:no).\n"))
    assert 'href="https://glow.example/book?from=mail&amp;for=hair"' in shown.html
    token = shown.text.partition("/answer/")[2].split()[0]
    assert Signer([UNKNOWN_KEY]).read("answer", token) == "0.no"
    assert SIGNER.read("answer", token) is None


def test_every_shipped_mail_and_task_can_be_looked_at() -> None:
    files = shipped()
    library = read(files)
    compiled = Compiled(library, files, {})
    renderer = StepRenderer(Signer([UNKNOWN_KEY]), BASE, lambda _: compiled)
    persona = somebody(library.business, NOW.date())
    for sequence in library.sequences:
        facts = persona.facts(sequence, NOW)
        for step in sequence.steps:
            if step.is_email or step.task:
                shown = preview(renderer, sample_letter(facts, sequence, step, "en", NOW), files)
                assert shown.html, f"{sequence.key}/{step.key}: {shown.fault}"
                assert not shown.fault
