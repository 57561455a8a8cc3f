"""A sequence's front matter: what stands between the two lines of `---`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.domain.kind import DEFAULT_KIND
from service.domain.sequence.draft import Asked, Draft
from service.domain.sequence.enrolling import read_enrol
from service.domain.sequence.findings import Fault, Findings
from service.domain.sequence.keys import Keys, as_keys, inner_place
from service.domain.sequence.model.duration import Duration
from service.domain.sequence.model.exit import AtMost, Exit
from service.domain.sequence.model.sequence import Sequence, Status
from service.domain.sequence.sender import read_sender
from service.domain.sequence.times import read_duration, read_moment, read_window
from service.domain.sequence.vocabulary import Kind, Stage
from service.domain.sequence.yaml_tree import Listing, Node, Table

KEYS = (
    "title",
    "stage",
    "topic",
    "kind",
    "enrol",
    "date",
    "every",
    "stop",
    "goal",
    "at most",
    "window",
    "test",
    "status",
    "from",
    "reply to",
    "template",
)
MAX_TITLE = 200
FOLLOW_UPS = AtMost(3, unanswered=True)
ASKING = frozenset({Stage.NURTURE, Stage.REBOOKING, Stage.REFERRAL})  # where silence ends a sequence by itself

_AT_MOST = re.compile(r"(\d{1,4}) (unanswered|emails?)")
_DATED = re.compile(r"(contact|event|form)\.(\w+)")
_SHARE = re.compile(r"(\d{1,3}) ?%")


@dataclass(slots=True)
class FrontMatterReader:
    """Reads one file's front matter into a `Sequence` without steps; the words to look up go to the draft."""

    keys: Keys
    draft: Draft
    findings: Findings

    def read(self, key: str) -> Sequence:
        """The sequence, its steps still to come. Where a value can't be read, a default stands in for it."""
        keys = self.keys
        keys.missing("title", "say what people see, like `title: The five-minute checklist`")
        keys.missing("stage", "write one of " + ", ".join(Stage))
        keys.missing("topic", "name a topic of business.yaml, like `topic: Newsletter`")
        keys.missing("enrol", "say who enters, like `enrol:` and below it `  on: signup`")
        stage = Stage(keys.choice("stage", Stage, "unknown-stage", "stage") or Stage.NURTURE)
        kind = keys.choice("kind", Kind, "unknown-kind", "kind of mail")
        status = keys.choice("status", Status, "unknown-status", "status")
        topic = keys.scalar("topic")
        if topic:
            self.draft.refer("topic", topic.text, inner_place(topic))
        at_most = keys.read("at most", read_at_most)
        sequence = Sequence(
            key=key,
            title=read_title(keys, self.findings),
            stage=stage,
            topic=topic.text if topic else "",
            kind=Kind(kind) if kind else DEFAULT_KIND[stage],
            enrol=read_enrol(keys, stage, self.draft, self.findings),
            steps=(),
            place=keys.place,
            date=self._date(),
            every=self._every(),
            stop=self._stops(),
            goal=self._goal(),
            at_most=at_most or (FOLLOW_UPS if stage in ASKING else None),
            window=keys.read("window", read_window),
            arms=self._arms(),
            status=Status(status) if status else Status.LIVE,
            sender=keys.read("from", read_sender),
            reply_to=keys.read("reply to", read_sender),
            template=self._template(),
        )
        self._fits(sequence)
        return sequence

    def _fits(self, sequence: Sequence) -> None:
        """Keys that need one another."""
        ways = {trigger.on for trigger in sequence.enrol.on}
        if "date" in ways and "date" not in self.keys:
            message = "Nobody knows which date this waits for."
            hint = "add `date: contact.birthday`, `date: 2026-12-03` or the like to the front matter"
            self.findings.error(self.keys.place_of("enrol"), "no-date", message, hint)
        if sequence.every and "date" not in self.keys:
            message = "`every` says how often a date returns, and here is no `date`."
            self.findings.error(self.keys.place_of("every"), "no-date", message, "add `date:`, or remove this line")
        if "event" not in ways:
            for each in (*sequence.stop, sequence.goal):
                if each is not None and each.same:
                    message = "`same` means the thing that began this, and here no event begins anything."
                    self.findings.error(each.place, "no-event", message, f"write `event: {each.same}`")

    def _template(self) -> str:
        template = self.keys.scalar("template")
        if template is None:
            return "letter"
        self.draft.refer("template", template.text, inner_place(template))
        return template.text

    def _date(self) -> str | None:
        scalar = self.keys.scalar("date")
        if scalar is None:
            return None
        place = inner_place(scalar)
        named = _DATED.fullmatch(scalar.text)
        if named:
            self.draft.refer(f"{named[1]} date", named[2], place)
        elif scalar.text.startswith("calendar "):
            self.draft.refer("calendar", scalar.text.removeprefix("calendar ").strip(), place)
        elif scalar.text[:1].isdigit():
            self.findings.attempt(place, read_moment, scalar.text)
        else:
            message = f"`{scalar.text[:60]}` is not a date to count from."
            hint = "write a day like `2026-12-03`, `contact.birthday`, `event.starts` or `calendar mothers-day`"
            self.findings.error(place, "bad-date", message, hint)
        return scalar.text

    def _every(self) -> Duration | None:
        return self.keys.read("every", read_every)

    def _stops(self) -> tuple[Exit, ...]:
        node = self.keys.node("stop")
        if node is None:
            return ()
        if not isinstance(node, Listing):
            message = "`stop` takes a list."
            hint = "begin each line below it with `- `, like `- event: appointment.booked`"
            self.findings.error(node.place, "wrong-shape", message, hint)
            return ()
        stops = [self._exit(item, "`stop`", ("event", "same", "when")) for item in node.items]
        return tuple(each for each in stops if each is not None)

    def _goal(self) -> Exit | None:
        node = self.keys.node("goal")
        return None if node is None else self._exit(node, "`goal`", ("event", "same", "when", "within", "stay"))

    def _exit(self, node: Node, what: str, known: tuple[str, ...]) -> Exit | None:
        if not isinstance(node, Table):
            as_keys(node, self.findings, what, known)
            return None
        keys = Keys(node, self.findings, what, known)
        if sum(key in keys for key in ("event", "same", "when")) != 1:
            message = f"{what} needs exactly one of `event`, `same` and `when`."
            self.findings.error(keys.place, "wrong-shape", message, "like `event: appointment.booked`")
        for key in ("event", "same"):
            scalar = keys.scalar(key)
            if scalar:
                self.draft.refer("event", scalar.text, inner_place(scalar))
        when = keys.expression("when")
        if when:
            self.draft.asked.append(Asked(when))
        return Exit(
            place=keys.place,
            event=keys.text("event") or None,
            same=keys.text("same") or None,
            when=when,
            within=keys.read("within", read_duration),
            stay=keys.yes("stay"),
        )

    def _arms(self) -> tuple[tuple[str, int], ...]:
        if self.keys.node("test") is None:
            return ()
        keys = self.keys.table("test")
        arms = []
        for name in keys:
            share = keys.read(name, read_share)
            if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", name):
                message = f"`{name[:60]}` can't be an arm's name."
                self.findings.error(keys.place_of(name), "bad-test", message, "small letters, digits and hyphens")
            elif share is not None:
                arms.append((name, share))
        if sum(share for _, share in arms) != 100 and not self.findings.faulty(keys.place.path):
            message = f"The arms make {sum(share for _, share in arms)}% together."
            self.findings.error(keys.place, "bad-test", message, "the shares have to make 100%")
        return tuple(arms)


def read_title(keys: Keys, findings: Findings) -> str:
    """The `title`, empty where there is none; a problem where it is too long to be one."""
    title = keys.scalar("title")
    if title is None:
        return ""
    if len(title.text) > MAX_TITLE or "\n" in title.text:
        message = f"A title is one line of at most {MAX_TITLE} characters."
        findings.error(title.place, "too-long", message, "say it shorter")
    return title.text


def read_at_most(text: str) -> AtMost:
    """`3 unanswered` or `5 emails`. Raises Fault `bad-at-most`."""
    found = _AT_MOST.fullmatch(text.strip())
    if found is None or int(found[1]) == 0:
        hint = "write `3 unanswered` (mails in a row without an answer) or `5 emails`"
        raise Fault("bad-at-most", f"`{text[:60]}` is not a number of mails.", hint)
    return AtMost(int(found[1]), found[2] == "unanswered")


def read_every(text: str) -> Duration:
    """`year`, `3 months`. Raises Fault `bad-duration`."""
    return read_duration(text if text[:1].isdigit() else f"1 {text}")


def read_share(text: str) -> int:
    """`45%`, in percent. Raises Fault `bad-test`."""
    found = _SHARE.fullmatch(text.strip())
    if found is None or not 0 < int(found[1]) <= 100:
        raise Fault("bad-test", f"`{text[:60]}` is not a share.", "write one like `45%`")
    return int(found[1])
