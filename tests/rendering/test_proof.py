"""What is found before anything is published (checklist 15 and 16), and what is not let through."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.domain.sequence.model.library import Library
from service.domain.sequence.model.problem import Severity
from service.domain.sequence.model.words import Body
from service.ports import Unrenderable
from service.rendering.compiled import Compiled, link_targets
from service.rendering.proof import SETTING, read_proofs
from service.rendering.weight import CLIPPED_BY_GMAIL
from tests.rendering.studio import PICTURE, html_of, read, rendered, shipped, written


def saying(markdown: str) -> Library:
    """A library whose one letter says this, whatever the parser would think of it."""
    library = read(written())
    sequence = library.sequences[0]
    step = replace(sequence.steps[0], body=Body((("text", None, markdown),), ()))
    return replace(library, sequences=(replace(sequence, steps=(step,)),))


@pytest.mark.parametrize(
    ("markdown", "code"),
    [
        ("[x](javascript:alert(1))", "not-a-link"),
        ("[x](data:text/html,x)", "not-a-link"),
        ("[x](//evil.example)", "not-a-link"),
        ("[x](page.html)", "not-a-link"),
        ("[x](https://)", "not-a-link"),
        ("[x](https://a.example/\ue0000\ue001)", "merge-in-address"),
        ("[x](link:nowhere)", "unknown-link"),
        ("[x](magnet:nothing)", "unknown-magnet"),
        ("[x](form:nobody)", "unknown-form"),
        ("[x](answer:Sehr_Gut)", "bad-answer"),
        ("[x](join:nothing)", "unknown-topic"),
        ("![](images/jana.jpg)", "no-alternative-text"),
        ("![Jana](images/gone.jpg)", "unknown-file"),
        ("![Jana](../../business.yaml.jpg)", "unknown-file"),
        ("![Jana](images/jana.svg)", "not-a-picture"),
        ("- ![Jana](images/jana.jpg) inside", "picture-inside"),
    ],
)
def test_a_step_that_cannot_become_a_mail_is_told_with_its_place(markdown: str, code: str) -> None:
    (problem,) = read_proofs(saying(markdown), written())
    assert problem.code == code
    assert str(problem.place).startswith("sequences/letters.md:")


def test_a_mail_that_gmail_would_cut_is_an_error_with_its_weight() -> None:
    files = written("A paragraph of forty characters or so it is.\n\n" * 500)
    (problem,) = read_proofs(read(files), files)
    assert problem.code == "heavy-mail"
    assert "Gmail cuts it at 102 kB" in problem.message


def many(bodies: list[str]) -> tuple[Library, dict[str, bytes]]:
    """A library with one letter for each body, and its files."""
    files = written()
    library = read(files)
    first = library.sequences[0]
    steps = tuple(
        replace(first.steps[0], key=f"hello-{number}", body=Body((("text", None, body),), ()))
        for number, body in enumerate(bodies)
    )
    return replace(library, sequences=(replace(first, steps=steps),)), files


def test_every_mail_is_weighed_not_only_the_first_of_its_layout() -> None:
    library, files = many(["Hello.\n", "A paragraph of forty characters or so it is.\n\n" * 500, "Hello.\n"])
    assert [(each.code, each.severity) for each in read_proofs(library, files)] == [("heavy-mail", Severity.ERROR)]


def test_every_mail_is_set_not_only_the_first_of_its_layout() -> None:
    library, files = many(["Hello.\n", "[x](link:nowhere)\n", "- ![Jana](images/jana.jpg)\n"])
    assert [each.code for each in read_proofs(library, files)] == ["unknown-link", "picture-inside"]


def test_a_mail_that_only_seems_too_heavy_is_compiled_to_be_sure() -> None:
    bodies = ["Hello.\n", "Short.\n\n" * 60]
    library, files = many(bodies)
    compiled = Compiled(library, files, {})
    assert compiled.step("letters", "hello-1").weight < CLIPPED_BY_GMAIL
    assert read_proofs(library, files) == []


@pytest.mark.parametrize(
    "body",
    [
        "One.\n\n" * 30,
        '[Book](link:booking "button")\n\n' * 30,
        "![Jana](images/jana.jpg)\n\n" * 30,
        "- one\n- two\n\n" * 30,
        '> quoted & "said"\n\n' * 30,
        "### Headline\n\n---\n\n" * 15,
    ],
)
@pytest.mark.parametrize("template", ["letter", "plain"])
def test_what_surrounds_a_paragraph_is_never_more_than_is_reckoned(body: str, template: str) -> None:
    files = written(body, template=template)
    light = Compiled(read(written("x\n", template=template)), files, {}).step("letters", "hello").weight
    exact = Compiled(read(files), files, {}).step("letters", "hello").weight
    parts = body.count("\n\n")
    assert exact - light < SETTING * parts


def test_a_layout_that_can_not_be_read_is_told_once_and_by_its_own_path() -> None:
    library, files = many(["Hello.\n", "Hello again.\n"])
    (problem,) = read_proofs(library, files | {"email_templates/layouts/letter.mjml": b"<mjml><mj-body>{{ body }"})
    assert (problem.code, problem.place.path) == ("broken-layout", "email_templates/layouts/letter.mjml")


@pytest.mark.parametrize("paragraphs", [1, 50, 150])
def test_the_weight_is_that_of_the_finished_mail_give_or_take_a_kilobyte(paragraphs: int) -> None:
    files = written("Hello {{ contact.first_name or 'there' }}, [book](link:booking).\n\n" * paragraphs)
    library = read(files)
    weight = Compiled(library, files, {}).step("letters", "hello").weight
    real = len(html_of(rendered(files)).encode())
    assert abs(weight - real) < 1000 + 120 * paragraphs
    assert weight < CLIPPED_BY_GMAIL


def test_what_we_ship_has_no_fault_and_no_heavy_mail() -> None:
    files = shipped()
    assert read_proofs(read(files), files) == []


def test_the_targets_of_all_links_are_known_before_publishing() -> None:
    files = written(
        "[a](https://b.example/ü) [b](link:booking) [c](form:favourites) [d](magnet:checklist) [e](https://b.example/ü)\n"
    )
    assert link_targets(read(files), files) == (
        "/forms/favourites",
        "https://b.example/%C3%BC",
        "https://glow.example/book?from=mail&for=hair",
    )


def test_a_fault_that_nobody_looked_for_holds_the_mail_instead_of_sending_it() -> None:
    compiled = Compiled(saying("[x](link:nowhere)"), written(), {})
    with pytest.raises(Unrenderable, match="There is no link `nowhere`"):
        compiled.step("letters", "hello")


def test_a_step_is_compiled_once() -> None:
    files = written()
    compiled = Compiled(read(files), files, {})
    assert compiled.step("letters", "hello") is compiled.step("letters", "hello")


def test_a_picture_has_the_address_of_its_content_and_its_own_width() -> None:
    small = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (120).to_bytes(4, "big") + (80).to_bytes(4, "big") + bytes(5)
    files = written("![Small](images/small.png)\n\n![Wide](images/jana.jpg)\n") | {"sequences/images/small.png": small}
    html = html_of(rendered(files))
    assert "https://mail.glow.example/files/" in html
    assert '/small.png" width="120"' in html
    assert '/jana.jpg" width="' in html
    assert len(PICTURE) < 80_000
