"""Looks up the words that one file writes and another declares: topics, forms, events, links, files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from service.domain.sequence.draft import Draft, Reference
from service.domain.sequence.findings import Findings
from service.domain.sequence.heading import slug
from service.domain.sequence.links import BUILT_IN, beside
from service.domain.sequence.names import Scope, Shape, Shelf
from service.domain.sequence.spelling import did_you_mean

LAYOUTS = "email_templates/layouts/"
LAYOUT = ".mjml"
SHIPPED = ("letter", "plain")  # what there is where no folder of layouts was read

# For each kind of word: its problem's code, what is said of a word that nobody knows, and where it would be declared.
_UNKNOWN = {
    "topic": ("topic", "There is no topic `{}`.", "declare it under `topics` in business.yaml"),
    "form": ("form", "There is no form `{}`.", "declare it under `forms` in business.yaml"),
    "template": ("template", "There is no template `{}`.", "put it into email_templates/layouts"),
    "event": ("event", "There is no event `{}`.", "declare it under `events` in business.yaml"),
    "contact field": ("field", "`contact` has no field `{}`.", "declare it under `fields` in business.yaml"),
    "event field": ("event-field", "`event` has no field `{}`.", "declare it under `events` in business.yaml"),
    "form field": ("field", "`form` has no field `{}`.", "declare it under the form's `fields` in business.yaml"),
    "calendar": ("calendar", "There is no calendar `{}`.", "declare it under `calendar` in business.yaml"),
    "person": ("person", "There is nobody called `{}`.", "declare them under `people` in business.yaml"),
    "person field": ("person", "No field `contact.{}` holds a person.", "declare it as `person` under `fields`"),
    "event link": ("event-field", "No field `event.{}` holds a link.", "declare it as `link` under `events`"),
    "sequence": ("sequence", "There is no sequence `{}`.", "name a file of this folder, without `.md`"),
    "link": ("link", "There is no link `{}`.", "declare it under `links` in business.yaml"),
    "magnet": ("magnet", "There is no magnet `{}`.", "declare it under `magnets` in business.yaml"),
    "join": ("topic", "There is no topic `{}`.", "write a topic's name in small letters, with hyphens for spaces"),
}


class ReferenceCheck:
    """Holds each reference of a draft against what is known."""

    def __init__(self, shelf: Shelf, files: Mapping[str, bytes], findings: Findings) -> None:
        self.shelf = shelf
        self.files = files
        self.findings = findings
        business = shelf.business
        layouts = [path for path in files if path.startswith(LAYOUTS) and path.endswith(LAYOUT)]
        self.known: dict[str, Iterable[str]] = {
            "topic": {topic.name for topic in business.topics},
            "form": {form.slug for form in business.forms},
            "template": {path[len(LAYOUTS) : -len(LAYOUT)] for path in layouts} or set(SHIPPED),
            "event": shelf.events,
            "contact field": shelf.contact,
            "calendar": dict(business.calendar),
            "person": dict(business.people),
            "person field": _holding(shelf.contact, {"person"}),
            "sequence": shelf.steps,
            "link": {*dict(business.links), *BUILT_IN},
            "magnet": dict(business.magnets),
            "join": {slug(topic.name) for topic in business.topics},
        }

    def check(self, draft: Draft, scope: Scope) -> None:
        """A problem for each word of the draft that nobody declares."""
        known = self.known | {
            "event field": scope.event or {},
            "form field": scope.form,
            "event link": _holding(scope.event or {}, {"link"}),
            "date": {"calendar"} if scope.date else set(),
        }
        for each in draft.references:
            if each.kind in {"picture", "file"}:
                self._file(draft, each)
            elif each.word not in known[each.kind]:
                self._unknown(each, known[each.kind])
            if each.kind == "event":
                self.findings.use(f"event {each.word}", each.place)

    def _unknown(self, reference: Reference, known: Iterable[str]) -> None:
        if reference.kind == "date":
            hint = "add `date:` to the front matter"
            self.findings.error(reference.place, "no-date", "This sequence has no date.", hint)
            return
        code, message, where = _UNKNOWN[reference.kind]
        hint = did_you_mean(reference.word, known, where)
        self.findings.error(reference.place, f"unknown-{code}", message.format(reference.word[:60]), hint)

    def _file(self, draft: Draft, reference: Reference) -> None:
        path = beside(draft.path, reference.word)
        if path is not None and path in self.files:
            return
        folder = draft.path.rpartition("/")[0] + "/"
        near = [each.removeprefix(folder) for each in self.files if not each.endswith((".md", ".yaml", LAYOUT))]
        message = f"There is no file `{reference.word[:60]}` beside {draft.path.rpartition('/')[2]}."
        self.findings.error(
            reference.place, "unknown-file", message, did_you_mean(reference.word, near, "put it there")
        )


def _holding(fields: Mapping[str, Shape], types: set[str]) -> list[str]:
    return [name for name, shape in fields.items() if shape in types]
