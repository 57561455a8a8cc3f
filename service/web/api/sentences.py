"""What happened to a person, each in one sentence, for those who read a timeline rather than its data."""

from __future__ import annotations

from collections.abc import Callable

from service.domain.leaving import MEANINGS
from service.domain.sequence.answers import answers_of
from service.domain.sequence.model.sequence import Sequence
from service.domain.sequence.model.step import Step
from service.domain.sequence.model.words import PLACEHOLDER
from service.ports import Published
from service.store.event import Event
from service.store.task import Task


def event_sentence(event: Event, published: Published) -> str | None:
    """The sentence of an event that the service raised itself, of those that need words; None for any other."""
    say = SENTENCES.get(event.name)
    return say(event, published) if say else None


def task_sentence(task: Task) -> str:
    """The sentence of a task that belongs to no touch: one that a reply opened."""
    if task.state == "open":
        return f"Open: {task.what}, for {task.assignee}."
    return task.reason or f"{task.what[:1].upper()}{task.what[1:]}: {task.state}."


def _answered(event: Event, published: Published) -> str:
    sequence, step = _find(event, published)
    value = str(event.data.get("value"))
    language = published.library.business.languages[0]
    words = {each.value: each.words for each in answers_of(step, language)} if step else {}
    said = PLACEHOLDER.sub("…", words.get(value, value))
    asked = step.title if step else str(event.data.get("step"))
    of = f" of “{sequence.title}”" if sequence else ""
    return f"Answered “{said}” to “{asked}”{of}{_note(event)}"


def _of_mail(what: str, event: Event, published: Published) -> str:
    sequence, step = _find(event, published)
    of = f" of “{sequence.title}”" if sequence else ""
    words = event.data.get("words")
    return f"{what} {f'“{step.title}”{of}' if step else 'a mail'}{f', saying “{words}”' if words else ''}."


def _done(event: Event, published: Published) -> str:
    _, step = _find(event, published)
    outcome = event.data.get("value")
    if event.data.get("step") is None:
        return f"Their reply was answered: “{outcome}”{_note(event)}"
    what = step.task.what if step and step.task else str(event.data.get("step"))
    result = f": “{outcome}”" if outcome else ""
    return f"“{what}” was done{result}{_note(event)}"


def _note(event: Event) -> str:
    note = event.data.get("note")
    return f": “{' '.join(str(note).split())}”" if note else "."


def _find(event: Event, published: Published) -> tuple[Sequence | None, Step | None]:
    sequence = published.library.sequence(str(event.data.get("sequence")))
    return sequence, sequence.step(str(event.data.get("step"))) if sequence else None


def _wished(event: Event, _: Published) -> str:
    return "Asked for less mail." if event.data.get("wish") else "Asked for mail as often as before."


def _paused(event: Event, _: Published) -> str:
    days = event.data.get("days")
    return f"Asked for a pause of {days} days." if days else "Asked to go on after a pause."


def _left_because(event: Event, _: Published) -> str:
    said = event.data.get("note")
    words = f", saying “{' '.join(str(said).split())}”" if said else ""
    return f"Gave a reason for leaving: {MEANINGS.get(str(event.data.get('reason')), 'another one')}{words}."


SENTENCES: dict[str, Callable[[Event, Published], str]] = {
    "answer": _answered,
    "reply": lambda *_: "Wrote back.",
    "unengaged": lambda *_: "Many mails, and never a sign of life: they are asked whether to go on.",
    "less-often": _wished,
    "pause": _paused,
    "came-back": lambda *_: "Took back within the hour that they had left.",
    "left-because": _left_because,
    "address-changed": lambda *_: "Changed their address, and confirmed it at the new one.",
    "task.done": _done,
    "bounced": lambda event, published: _of_mail("Their mailbox is dead: it refused", event, published),
    "complained": lambda event, published: _of_mail("Marked as spam:", event, published),
}
