"""`sequences/README.md`: every example in it is read by the real parser, and every table is the one in force."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise

import pytest

from service.domain.kind import DEFAULT_KIND, MANNERS
from service.domain.policy import Policy
from service.domain.sequence import enrolling, fields, forms, front_matter, throttle
from service.domain.sequence.consent import CONSENT
from service.domain.sequence.declared import BASES
from service.domain.sequence.filters import FILTERS
from service.domain.sequence.library import read_library
from service.domain.sequence.links import BUILT_IN, NAMED
from service.domain.sequence.model.consent import ConsentPolicy
from service.domain.sequence.model.duration import Unit
from service.domain.sequence.model.magnet import MagnetKind
from service.domain.sequence.model.problem import Severity
from service.domain.sequence.model.retention import Retention
from service.domain.sequence.model.sequence import Status
from service.domain.sequence.names import BUSINESS, CONTACT, COUPON, EVENT, FUNCTIONS, REFERRAL
from service.domain.sequence.retention import RETENTION
from service.domain.sequence.vocabulary import Kind, Stage
from service.rendering.proof import read_proofs
from tests.rendering.studio import shipped

FILES = shipped()
GUIDE = FILES["sequences/README.md"].decode()
BLOCKS = re.findall(r"^```(\w+(?: \w+)?)\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)
RIGHT = [text for kind, text in BLOCKS if kind == "markdown"]
WRONG = [(text, told) for (kind, text), (_, told) in pairwise(BLOCKS) if kind == "markdown wrong"]
PROSE = re.sub(r"^```.*?^```$", "", GUIDE, flags=re.DOTALL | re.MULTILINE)

FRONT = (
    "---\ntitle: Example\nstage: nurture\ntopic: Tips and ideas\nenrol: {on: signup, form: salon-checklist}\n---\n\n"
)
# A step that an example may speak of, and one that holds a letter shown without its heading.
ABOVE = "## Day 0: fifteen minutes\nKind: service\nSubject: Fifteen minutes\n\n[Pick a time](link:booking)\n\n"
HEADING = "## Day 1 at 10:00: example\nSubject: An example\n\n"
ORDER = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "last"]


def with_example(text: str, name: str = "example") -> dict[str, bytes]:
    """The business that ships, and this sequence beside the ones it has."""
    whole = text if text.startswith("---\n") else FRONT + ABOVE + HEADING + text
    return FILES | {f"sequences/{name}.md": whole.encode()}


@pytest.mark.parametrize("example", RIGHT, ids=[example.splitlines()[1] for example in RIGHT])
def test_every_example_is_read_without_a_remark(example: str) -> None:
    files = with_example(example)
    library, problems = read_library(files)
    assert [str(each) for each in problems] == []
    assert library is not None
    assert library.sequence("example")
    assert read_proofs(library, files) == []


@pytest.mark.parametrize(("example", "told"), WRONG)
def test_an_example_that_is_wrong_is_told_exactly_what_the_guide_shows(example: str, told: str) -> None:
    (name,) = set(re.findall(r"^sequences/([a-z0-9-]+)\.md:", told, re.MULTILINE))
    library, problems = read_library(with_example(example, name))
    assert library is None
    assert [str(each) for each in problems] == told.splitlines()


def test_the_guide_shows_examples_of_each_sort() -> None:
    assert len(RIGHT) >= 6
    assert len(WRONG) >= 1
    parts = [kind for kind, _ in BLOCKS if kind.startswith("yaml")]  # of business.yaml, each with a test of its own
    assert len(BLOCKS) == len(RIGHT) + 2 * len(WRONG) + len(parts)


def test_the_forms_that_the_guide_shows_are_among_those_that_ship() -> None:
    shown = [text for kind, text in BLOCKS if kind == "yaml"]
    assert len(shown) == 2
    assert [form for form in shown if form not in FILES["sequences/business.yaml"].decode()] == []


def test_every_key_of_a_form_is_explained_and_no_other() -> None:
    assert first_cells("What else a form may say:\n\n| key | what it does |") == set(forms.FORM_KEYS)


def test_the_magnets_that_the_guide_shows_can_be_written_so() -> None:
    (magnets,) = [text for kind, text in BLOCKS if kind == "yaml magnets"]
    written = FILES["sequences/business.yaml"].decode()
    business = re.sub(r"^magnets:.*?^(?=\S)", magnets, written, flags=re.DOTALL | re.MULTILINE)
    library, problems = read_library(FILES | {"sequences/business.yaml": business.encode()})
    assert [str(each) for each in problems] == []
    assert library is not None
    assert [magnet.kind for magnet in library.business.magnets] == list(MagnetKind)


def test_what_the_guide_says_of_consent_is_what_holds() -> None:
    (settings,) = [text for kind, text in BLOCKS if kind == "yaml consent"]
    plain = FILES["sequences/business.yaml"].decode()
    assert "\nconsent:" not in plain
    library, problems = read_library(FILES | {"sequences/business.yaml": f"{plain}\n{settings}".encode()})
    assert [str(each) for each in problems if each.severity is Severity.ERROR] == []
    assert library is not None
    assert library.business.consent == ConsentPolicy()
    assert re.findall(r"^  ([a-z ]+):", settings, re.MULTILINE) == [*CONSENT]
    assert first_cells(
        "A `topic` has a `basis`, the law’s reason for writing at all:\n\n| `basis` | who gets it |"
    ) == set(BASES)


def test_the_limits_that_the_guide_shows_are_the_ones_in_force_and_all_there_are() -> None:
    (limits,) = [text for kind, text in BLOCKS if kind == "yaml throttle"]
    plain = FILES["sequences/business.yaml"].decode()
    assert "\nthrottle:" not in plain
    library, problems = read_library(FILES | {"sequences/business.yaml": f"{plain}\n{limits}".encode()})
    assert [str(each) for each in problems if each.severity is Severity.ERROR] == []
    assert library is not None
    assert library.business.throttle == Policy(keeps={Kind.NEWSLETTER: MANNERS[Kind.NEWSLETTER].keeps})
    keys = {each.key for each in (*throttle.LIMITS, *throttle.TIMES, *sum(throttle.GROUPS.values(), ()))}
    written = re.findall(r"^ +([a-z -]+):", limits, re.MULTILINE)
    assert {*keys, *throttle.THROTTLE, "weights", "ceilings"} - {*written} == set()
    named = dict(re.findall(r"(weights|ceilings): \{([^}]*)\}", limits))
    assert set(re.findall(r"([a-z-]+):", named["weights"])) == set(Kind) - {Kind.SERVICE}
    assert throttle.OFFER_DUE in named["ceilings"]


def test_the_times_of_keeping_that_the_guide_shows_are_the_ones_in_force_and_all_there_are() -> None:
    (kept,) = [text for kind, text in BLOCKS if kind == "yaml retention"]
    plain = FILES["sequences/business.yaml"].decode()
    assert "\nretention:" not in plain
    library, problems = read_library(FILES | {"sequences/business.yaml": f"{plain}\n{kept}".encode()})
    assert [str(each) for each in problems if each.severity is Severity.ERROR] == []
    assert library is not None
    assert library.business.retention == Retention()
    assert tuple(re.findall(r"^  ([a-z ]+):", kept, re.MULTILINE)) == RETENTION


def test_the_table_of_kinds_is_the_one_in_force() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+)[^|]* \| (\d+) days \| ([^|]*) \|$", GUIDE, re.MULTILINE)
    assert [row[0] for row in rows] == [kind.value for kind in Kind]
    for name, goes, keeps, usage in rows:
        manner = MANNERS[Kind(name)]
        assert timedelta(days=int(keeps)) == manner.keeps
        assert ORDER.index(goes) == manner.priority
        stages = {stage for stage in Stage if DEFAULT_KIND[stage] is Kind(name)}
        assert {stage for stage in Stage if f"`{stage}`" in usage} == stages


def first_cells(heading: str) -> set[str]:
    """The words that a table's first column explains."""
    table = PROSE.partition(heading)[2].partition("\n\n")[0]
    assert table, heading
    cells = re.findall(r"^\| (`[^|]*) \|", table, re.MULTILINE)
    return {word for cell in cells for word in re.findall(r"`([^`]*)`", cell)}


def test_every_key_of_the_front_matter_is_explained_and_no_other() -> None:
    assert first_cells("| key | what it means |") == set(front_matter.KEYS)


def test_every_way_in_is_explained_and_no_other() -> None:
    explained = first_cells("| `on:` | who comes in |\n")
    assert {cell.split()[0] for cell in explained} == set(enrolling.WAYS)
    assert all(enrolling.read_trigger(cell) for cell in explained)
    assert {key for key in enrolling.KEYS if f"`{key}:" in PROSE} == set(enrolling.KEYS)


def test_every_field_of_a_step_is_explained_and_no_other() -> None:
    explained = {cell.partition(":")[0] for cell in first_cells("| field | what it does |")}
    assert explained == set(fields.FIELDS)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_function_is_explained(function: str) -> None:
    assert f'`{function}("' in PROSE


@pytest.mark.parametrize("name", sorted({*CONTACT, *EVENT, *BUSINESS, *REFERRAL} - {"tags", "timezone"}))
def test_every_name_that_a_letter_may_print_is_in_the_guide(name: str) -> None:
    assert f"`{name}`" in PROSE


def test_every_other_word_of_the_language_is_in_the_guide() -> None:
    units = {unit.value for unit in Unit}
    words = units | set(Status) | set(Stage)
    assert {word for word in words if f"`{word}`" not in PROSE} == set()
    assert {name for name in FILTERS if f"| {name}" not in PROSE} == set()
    assert {field for field in COUPON if f".{field}" not in PROSE} == set()
    links = {f"link:{name}" for name in BUILT_IN} | {f"{name}:" for name in NAMED}
    assert {link for link in links if f"`{link}" not in PROSE} == set()


def test_the_sequences_that_ship_are_all_listed() -> None:
    library, problems = read_library(FILES)
    assert [each for each in problems if each.severity is Severity.ERROR] == []
    assert library is not None
    rows = re.findall(r"^\| (\w+) \| (\[`.*) \|$", PROSE.partition("## What ships")[2], re.MULTILINE)
    listed = {key: stage for stage, cell in rows for key in re.findall(r"\]\(([a-z-]+)\.md\)", cell)}
    assert listed == {each.key: each.stage.value for each in library.sequences}
