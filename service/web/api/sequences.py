"""`/sequences`: what is published, and how many people are inside. Their source is git; here they are read."""

from __future__ import annotations

from flask import Response

from service.domain.access import Scope
from service.domain.sequence.model.sequence import Sequence
from service.store.enrolment import count_enrolments
from service.web.api.operation import operation
from service.web.api.refusal import refuse
from service.web.api.sequence_schema import SequenceList, SequenceOut, SequencePath, describe, summarize
from service.web.api.unit import Unit, read

ON = ("read_sequence", "enrol_contact")


def find_sequence(unit: Unit, key: str) -> Sequence:
    """The published sequence of this key; refuses the request where there is none."""
    sequence = unit.published.library.sequence(key)
    if sequence is None:
        refuse("not-found", "No sequence of this key is published.")
    return sequence


@operation("get", "/sequences", scope=Scope.SEQUENCES_READ, answers={200: SequenceList}, leads_to={"items/0/key": ON})
def list_sequences() -> Response:
    """List the sequences in force."""

    def look(unit: Unit) -> SequenceList:
        counts = count_enrolments(unit.session)
        sequences = unit.published.library.sequences
        return SequenceList(items=[summarize(each, counts.get(each.key, {})) for each in sequences])

    return read(look)


@operation(
    "get",
    "/sequences/<key>",
    scope=Scope.SEQUENCES_READ,
    answers={200: SequenceOut},
    leads_to={"key": ("enrol_contact",)},
)
def read_sequence(path: SequencePath) -> Response:
    """Read a sequence with its steps."""

    def look(unit: Unit) -> SequenceOut:
        sequence = find_sequence(unit, path.key)
        return describe(sequence, count_enrolments(unit.session, sequence.key).get(sequence.key, {}))

    return read(look)
