"""Looks up the words that one file writes and another declares: topics, forms, events, links, files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from service.domain.sequence.draft import Draft, Reference
from service.domain.sequence.findings import Findings
from service.domain.sequence.heading import slug
from service.domain.sequence.links import BUILT_IN, beside
from service.domain.sequence.names import PERSONAL, Scope, Shape, Shelf
from service.domain.sequence.spelling import did_you_mean

LAYOUTS = "email_templates/layouts/"
LAYOUT = ".mjml"
DATES = frozenset({"date", "month-day", "time"})
SHIPPED = ("letter", "plain")  # what there is where no folder of layouts was read

# For each kind of word: its problem's code, what is said of a word that nobody knows, and where it would be declared.
_UNKNOWN = {
    "topic": ("topic", "There is no topic `{}`.", "declare it under `topics` in business.yaml"),
    "form": ("form", "There is no form `{}`.", "declare it under `forms` in business.yaml"),
    "template": ("template", "There is no template `{}`.", "put it into email_templates/layouts"),
    "event": ("event", "There is no event `{}`.", "declare it under `events` in business.yaml"),
    "asked field": ("field", "No colleague can fill in `{}`.", "declare it under `fields` in business.yaml"),
    "calendar": ("calendar", "There is no calendar `{}`.", "declare it under `calendar` in business.yaml"),
    "person": ("person", "There is nobody called `{}`.", "declare them under `people` in business.yaml"),
    "person field": ("person", "No field `contact.{}` holds a person.", "declare it as `person` under `fields`"),
    "event link": ("event-field", "No field `event.{}` holds a link.", "declare it as `link` under `events`"),
    "webhook": ("webhook", "There is no webhook `{}`.", "declare it under `webhooks` in business.yaml"),
    "sequence": ("sequence", "There is no sequence `{}`.", "name a file of this folder, without `.md`"),
    "link": ("link", "There is no link `{}`.", "declare it under `links` in business.yaml"),
    "magnet": ("magnet", "There is no magnet `{}`.", "declare it under `magnets` in business.yaml"),
    "coupon": ("coupon", "There is no coupon `{}`.", "declare it under `coupons` in business.yaml"),
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
            "asked field": {*PERSONAL, *dict(business.fields)},
            "calendar": dict(business.calendar),
            "webhook": dict(business.webhooks),
            "person": dict(business.people),
            "person field": _holding(shelf.contact, {"person"}),
            "sequence": shelf.steps,
            "link": {*dict(business.links), *BUILT_IN},
            "magnet": {magnet.name for magnet in business.magnets},
            "coupon": {coupon.name for coupon in business.coupons},
            "join": {slug(topic.name) for topic in business.topics},
        }

    def check(self, draft: Draft, scope: Scope) -> None:
        """A problem for each word of the draft that nobody declares."""
        known = self.known | {
            "event link": _holding(scope.event or {}, {"link"}),
            "date": {"calendar"} if scope.date else set(),
        }
        for each in draft.references:
            if each.kind in {"picture", "file"}:
                self._file(each)
            elif each.kind.endswith(" date"):
                self._date(each, scope)
            elif each.word not in known[each.kind]:
                self._unknown(each, known[each.kind])

    def _unknown(self, reference: Reference, known: Iterable[str]) -> None:
        if reference.kind == "date":
            hint = "add `date:` to the front matter"
            self.findings.error(reference.place, "no-date", "This sequence has no date.", hint)
            return
        code, message, where = _UNKNOWN[reference.kind]
        hint = did_you_mean(reference.word, known, where)
        self.findings.error(reference.place, f"unknown-{code}", message.format(reference.word[:60]), hint)

    def _date(self, reference: Reference, scope: Scope) -> None:
        """`date: contact.FIELD`, `event.FIELD` or `form.FIELD`: the field is there, and holds a date."""
        record, place = reference.kind.partition(" ")[0], reference.place
        begins = {"event": scope.event is not None, "form": scope.begins_with("signup")}
        if not begins.get(record, True):
            message = f"Nothing is called `{record}` here: see what begins this, `enrol.on`."
            self.findings.error(place, f"no-{record}", message, "write a day, or `contact.FIELD`")
            return
        fields = {"contact": self.shelf.contact, "event": scope.event or {}, "form": scope.form}[record]
        dates = _holding(fields, DATES)
        if reference.word not in fields:
            code, where = f"unknown-{'event-' if record == 'event' else ''}field", "declare it in business.yaml"
            message = f"`{record}` has no field `{reference.word[:60]}`."
            self.findings.error(place, code, message, did_you_mean(reference.word, dates, where))
        elif reference.word not in dates:
            message = f"`{record}.{reference.word}` holds no date."
            hint = did_you_mean(reference.word, dates) or f"declare it as one of {', '.join(sorted(DATES))}"
            self.findings.error(place, "not-a-date", message, hint)

    def _file(self, reference: Reference) -> None:
        home = reference.place.path
        path = beside(home, reference.word)
        if path is not None and path in self.files:
            return
        folder = home.rpartition("/")[0] + "/"
        near = [each.removeprefix(folder) for each in self.files if not each.endswith((".md", ".yaml", LAYOUT))]
        message = f"There is no file `{reference.word[:60]}` beside {home.rpartition('/')[2]}."
        self.findings.error(
            reference.place, "unknown-file", message, did_you_mean(reference.word, near, "put it there")
        )


def _holding(fields: Mapping[str, Shape], types: Collection[str]) -> list[str]:
    return [name for name, shape in fields.items() if shape in types]
