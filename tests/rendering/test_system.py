"""Mails that ask one thing: one button, who asks, and no word that a visitor typed."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from service.domain.system_mail import SystemMail
from service.ports import Message, SystemLetter, Unrenderable
from service.rendering.proof import read_proofs
from service.rendering.system_wording import WORDINGS, system_language
from tests.rendering.studio import (
    BASE,
    SENT_AT,
    SIGNER,
    html_of,
    letter,
    opened,
    raw_head,
    read,
    renderer,
    text_of,
    written,
)

ENDS = SENT_AT + timedelta(days=7)
LEFT = "email_templates/system/mail.mjml"
PATHS = {SystemMail.CONFIRM: "confirm", SystemMail.ADDRESS: "address", SystemMail.FORGET: "forget"}


def sent(
    what: SystemMail = SystemMail.CONFIRM, title: str = "", language: str = "en", is_reminder: bool = False
) -> Message:
    system = SystemLetter(what, 71, title, "", ENDS, is_reminder)
    visitor = {"first_name": "BUY NOW", "last_name": "http://evil.example"}
    to = letter(visitor, {}, recipient="ana@example.org", system=system, language=language)
    return renderer(written()).render(to)


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("what", SystemMail)
def test_each_has_one_button_in_both_parts_with_a_token_of_its_own(what: SystemMail, language: str) -> None:
    message = sent(what, language=language)
    address = f"{BASE}/{PATHS[what]}/{SIGNER.sign(PATHS[what], '71')}"  # type: ignore[arg-type]
    said = WORDINGS[language][what]
    assert re.findall(r'href="([^"]+)"', html_of(message)) == [address]
    assert f"\n{said.button}:\n{address}\n" in text_of(message)
    for part in (html_of(message), text_of(message)):
        assert said.title in part
        assert said.button in part
        assert "Lindenweg 4, 10969 Berlin" in part
        assert "{" not in re.sub(r"<style.*?</style>", "", part, flags=re.DOTALL)
        assert not re.search("[\ue000-\ue008]", part)
    assert opened(message)["Subject"] == said.subject
    assert f'lang="{language}"' in html_of(message)


@pytest.mark.parametrize("what", SystemMail)
def test_nothing_that_a_visitor_typed_stands_in_it_and_nothing_is_tracked(what: SystemMail) -> None:
    message = sent(what, "The checklist")
    raw = "".join(raw_head(message)) + html_of(message) + text_of(message)
    for word in ("BUY", "evil", "/open/", "/click/", "/unsubscribe/", "List-", "<img"):
        assert word not in raw
    assert opened(message)["To"] == "ana@example.org"
    assert opened(message)["From"] == "Mia at Glow Studio <mia@glow.example>"
    assert opened(message)["Auto-Submitted"] == "auto-generated"
    assert message.recipient == "ana@example.org"


def test_a_form_is_named_by_its_title_and_a_title_is_no_markup() -> None:
    message = sent(title='The <b>club</b> & "friends" {day}')
    assert opened(message)["Subject"] == 'Please confirm: The <b>club</b> & "friends" {day}'
    assert "The &lt;b&gt;club&lt;/b&gt; &amp; " in html_of(message)
    assert "<b>club" not in html_of(message)
    assert 'signed up for “The <b>club</b> & "friends" {day}”' in " ".join(text_of(message).split())


def test_the_day_until_which_it_works_is_said_in_the_reader_s_language() -> None:
    assert "works until Tuesday, March 16." in " ".join(text_of(sent()).split())
    assert "Er gilt bis Dienstag, 16. März." in " ".join(text_of(sent(language="de-AT")).split())


def test_a_reminder_says_so() -> None:
    assert opened(sent(title="The checklist", is_reminder=True))["Subject"] == "Reminder: Please confirm: The checklist"
    german = sent(language="de", is_reminder=True)
    assert opened(german)["Subject"] == "Erinnerung: Bitte bestätige deine Anmeldung"


def test_a_language_that_we_do_not_speak_is_answered_in_the_business_s_else_in_english() -> None:
    assert system_language("es", "de") == "de"
    assert system_language("es", "fr") == "en"
    assert system_language("de_CH", "en") == "de"
    assert 'lang="en"' in html_of(sent(language="es"))


def test_each_is_compiled_once_for_a_form_and_language() -> None:
    studio = renderer(written())
    system = SystemLetter(SystemMail.CONFIRM, 1, "One", "", ENDS)
    first = studio.render(letter({}, {}, recipient="a@example.org", system=system))
    other = SystemLetter(SystemMail.CONFIRM, 2, "Two", "", ENDS)
    second = studio.render(letter({}, {}, recipient="b@example.org", system=other))
    assert ("One" in html_of(first), "Two" in html_of(first)) == (True, False)
    assert ("One" in html_of(second), "Two" in html_of(second)) == (False, True)


def test_check_tells_of_a_layout_that_is_missing_or_broken() -> None:
    files = {path: content for path, content in written().items() if path != LEFT}
    library = read(files)
    (problem,) = read_proofs(library, files)
    assert (problem.code, problem.place.path) == ("unknown-template", LEFT)
    (problem,) = read_proofs(library, files | {LEFT: b"<mjml><mj-body>{{ nothing }"})
    assert (problem.code, problem.place.path) == ("broken-layout", LEFT)
    with pytest.raises(Unrenderable, match=r"the system mail \(confirm\) can't be put into words"):
        renderer(files).render(letter({}, {}, system=SystemLetter(SystemMail.CONFIRM, 1, ends_at=ENDS)))
