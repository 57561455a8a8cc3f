"""`sequences/README.md` and the shipped sequences: everything said in them is true of this version."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from service.domain.kind import DEFAULT_KIND, MANNERS
from service.domain.sequence.expression import function
from service.domain.sequence.library import read_library
from service.domain.sequence.model import Kind, Severity, Stage
from service.rendering.proof import read_proofs
from tests.rendering.studio import html_of, letter, opened, read, renderer, shipped, text_of

FILES = shipped()
GUIDE = FILES["sequences/README.md"].decode()
EXAMPLES = re.findall(r"^```markdown\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)
FRONT = (
    "---\ntitle: Example\nstage: nurture\ntopic: Tips and ideas\nenrol: {on: signup, form: salon-checklist}\n---\n\n"
)
# Steps that an example may speak of, and one that holds a letter shown without its heading.
ABOVE = "## Day 0: fifteen minutes\nKind: service\nSubject: Fifteen minutes\n\n[Pick a time](link:booking)\n\n"
HEADING = "## Day 1 at 10:00: example\nSubject: An example\n\n"

ORDER = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "last"]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 5


@pytest.mark.parametrize("example", EXAMPLES, ids=[example.splitlines()[0] for example in EXAMPLES])
def test_every_example_of_the_guide_is_a_sequence_without_fault(example: str) -> None:
    whole = (
        example
        if example.startswith("---\n")
        else FRONT + (example if example.startswith("## ") else ABOVE + HEADING + example)
    )
    files = {path: content for path, content in FILES.items() if not path.endswith(".md")}
    files["sequences/example.md"] = whole.encode()
    library, problems = read_library(files)
    assert [str(each) for each in problems if each.severity is Severity.ERROR] == []
    assert library is not None
    assert library.sequences
    assert read_proofs(library, files) == []


def test_the_form_that_the_guide_shows_is_the_one_that_ships() -> None:
    (form,) = re.findall(r"^```yaml\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)
    assert form in FILES["sequences/business.yaml"].decode()


def test_the_guides_table_of_kinds_is_the_one_in_force() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\w+)[^|]* \| (\d+) days \| ([^|]*) \|$", GUIDE, re.MULTILINE)
    assert [row[0] for row in rows] == [kind.value for kind in Kind]
    for name, goes, keeps, usage in rows:
        manner = MANNERS[Kind(name)]
        assert timedelta(days=int(keeps)) == manner.keeps
        assert ORDER.index(goes) == manner.priority
        stages = {stage for stage in Stage if DEFAULT_KIND[stage] is Kind(name)}
        assert {stage for stage in Stage if f"`{stage}`" in usage} == stages


def test_what_ships_is_read_without_a_single_remark() -> None:
    library, problems = read_library(FILES)
    assert [str(each) for each in problems] == []
    assert library is not None
    assert {each.key for each in library.sequences} == {"salon-checklist", "client-welcome"}


def test_the_shipped_form_leads_to_the_shipped_sequence_and_its_magnet() -> None:
    library = read(FILES)
    form = library.business.form("salon-checklist")
    sequence = library.sequence("salon-checklist")
    assert form
    assert sequence
    assert (form.double_opt_in, form.magnet, form.topics) == (False, "checklist", ("Tips and ideas",))
    assert sequence.enrol.form == form.slug
    assert sequence.steps[0].kind is Kind.SERVICE
    path = dict(library.business.magnets)["checklist"]
    assert FILES[f"sequences/{path}"].startswith(b"%PDF-")
    assert len(FILES[f"sequences/{path}"]) < 200_000


SHIPPED = [(sequence.key, step.key) for sequence in read(FILES).sequences for step in sequence.steps]


@pytest.mark.parametrize(("sequence", "step"), SHIPPED)
@pytest.mark.parametrize("first_name", ["Ana", None])
@pytest.mark.parametrize("clicked", [True, False])
def test_every_shipped_letter_reads_well_to_somebody_and_to_nobody_in_particular(
    sequence: str, step: str, first_name: str | None, clicked: bool
) -> None:
    names = {"clicked": function(lambda step: clicked), "count": function(lambda name, within=None: 1 + clicked)}
    to = letter({"first_name": first_name}, names, sequence=sequence, step=step)
    message = renderer(FILES).render(to)
    assert 5 < len(opened(message)["Subject"]) <= 70
    assert len(html_of(message).encode()) < 20_000
    text = text_of(message)
    assert text.partition("-" * 40)[0].rstrip().endswith("— Mia")
    assert max(len(line) for line in text.splitlines() if "http" not in line) <= 78
    assert not re.search(r"\bNone\b|⟦|\{\{|\{%", text + html_of(message))
