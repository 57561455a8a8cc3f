"""`/forms`: the signup forms in force. Their source is git; here they are read."""

from __future__ import annotations

from flask import Response
from pydantic import Field

from service.domain.access import Scope
from service.domain.consent import version_of
from service.domain.entry import consented_topics
from service.domain.sequence.model.form import MAIL, Form
from service.domain.sequence.model.library import Library
from service.web.api.operation import operation
from service.web.api.schema import Out
from service.web.api.unit import Unit, read
from service.web.current import current_runtime
from service.web.public.evidence import consent_wording
from service.web.public.form_page import current_language
from service.web.public.questions import questions


class FieldOut(Out):
    """A question."""

    name: str
    label: str
    type: str = Field(description="`text`, `email`, `phone`, `date`, `month-day`, `number`, `yes-no` …")
    required: bool
    choices: list[str] = Field(description="The only words it takes; empty where it takes others.")


class WordingOut(Out):
    """What people agree to, word for word."""

    channel: str = Field(description="`email`, `phone` or `text`.")
    field: str | None = Field(description="The box to tick; without one, the button agrees.")
    wording: str
    version: str | None = Field(description="The first 12 digits of the wording's SHA-256; each consent keeps its own.")


class FormOut(Out):
    """A signup form. It is filled in by POST to `url`, without a key."""

    slug: str
    title: str
    text: str
    button: str
    url: str = Field(description="The hosted page, and where signups go.")
    script: str = Field(description="The script that puts it into any page.")
    fields: list[FieldOut]
    topics: list[str] = Field(description="What whoever agrees to mail agrees to.")
    magnet: str | None = Field(description="What it gives.")
    opt_in: str = Field(description="`single` or `double`.")
    consents: list[WordingOut]
    thanks: str | None = Field(description="Where visitors go after; without it, our own page.")
    origins: list[str] = Field(description="The sites whose scripts may post to it.")
    disposable: bool = Field(description="Whether it takes addresses of throw-away mailboxes.")


class FormList(Out):
    """All forms that are published."""

    items: list[FormOut]


@operation("get", "/forms", scope=Scope.FORMS_READ, answers={200: FormList})
def list_forms() -> Response:
    """List the signup forms in force."""

    def look(unit: Unit) -> FormList:
        library = unit.published.library
        return FormList(items=[_described(library, each) for each in library.business.forms])

    return read(look)


def _described(library: Library, form: Form) -> FormOut:
    language = current_language(library.business)
    url = f"{current_runtime().settings.base_url}/forms/{form.slug}"
    asked = [
        FieldOut(name=each.name, label=each.label, type=each.type, required=each.required, choices=list(each.choices))
        for each in questions(form, library.business, language)
    ]
    return FormOut(
        slug=form.slug,
        title=form.title,
        text=form.text,
        button=form.button,
        url=url,
        script=f"{url}/embed.js",
        fields=asked,
        topics=list(consented_topics(library, form)),
        magnet=form.magnet,
        opt_in="double" if form.double_opt_in else "single",
        consents=_wordings(library, form, language),
        thanks=form.thanks,
        origins=list(form.origins),
        disposable=form.disposable,
    )


def _wordings(library: Library, form: Form, language: str) -> list[WordingOut]:
    by_button = consent_wording(library, form, language)
    wordings: list[tuple[str, str | None, str]] = [(MAIL, None, by_button)] if by_button else []
    wordings += [(box.channel, box.name, box.wording) for box in form.boxes]
    return [
        WordingOut(channel=channel, field=field, wording=words, version=version_of(words))
        for channel, field, words in wordings
    ]
