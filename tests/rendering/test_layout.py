"""The layouts: accessible, light, and nothing of the law's left out (checklist 10 and 16)."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from service.rendering.compile import compile_step
from service.rendering.fault import CompileError
from tests.rendering.studio import BASE, BUSINESS, html_of, letter, read, rendered, shipped, written

LAYOUTS = ["letter", "plain"]
VOID = {"img", "br", "meta", "hr"}
EVERYTHING = """Hello {{ contact.first_name or "there" }}, *soft* and **strong**, `code` and [a link](link:booking).

### A headline

#### A smaller one

- a list
- of two

1. and one
2. with numbers

> A sentence that stands out.

![Jana, smiling](images/jana.jpg)

![Elsewhere](https://glow.example/a.jpg)

---

    code as it is

[Pick a time](link:booking "button")

— Mia
"""


class Page(HTMLParser):
    """Every element of a page with its attributes, and whether each one is closed by its own end."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        # Outlook's conditional comments hold tables that nobody else sees; they are looked at too.
        self.feed(re.sub(r"<!--\[if mso \| IE\]>(.*?)<!\[endif\]-->", r"\1", html, flags=re.DOTALL))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page(template: str, body: str = EVERYTHING) -> Page:
    found = Page(html_of(rendered(written(body, template=template))))
    assert found.open == []
    return found


@pytest.mark.parametrize("template", LAYOUTS)
def test_the_page_says_its_language_direction_and_title(template: str) -> None:
    found = page(template)
    assert (found.all("html")[0]["lang"], found.all("html")[0]["dir"]) == ("en", "ltr")
    (article,) = [each for each in found.all("div") if each.get("role") == "article"]
    assert (article["lang"], article["dir"], article["aria-label"]) == ("en", "ltr", "Hello")
    assert len(found.all("title")) == 1


@pytest.mark.parametrize("template", LAYOUTS)
def test_layout_tables_are_presentation_and_pictures_have_words(template: str) -> None:
    found = page(template)
    assert found.all("table")
    assert {each.get("role") for each in found.all("table")} == {"presentation"}
    assert [each["alt"] for each in found.all("img")] == ["Jana, smiling", "Elsewhere", ""]


@pytest.mark.parametrize("template", LAYOUTS)
def test_nothing_but_the_letters_own_pictures_is_loaded(template: str) -> None:
    html = html_of(rendered(written("Hello.\n", template=template)))
    found = Page(html)
    assert found.all("link") == found.all("script") == []
    assert "@import" not in html
    assert "url(" not in html
    assert [str(each["src"]).startswith(f"{BASE}/open/") for each in found.all("img")] == [True]


@pytest.mark.parametrize("template", LAYOUTS)
def test_it_weighs_no_more_than_clients_look_at(template: str) -> None:
    html = html_of(rendered(written("Hello.\n", template=template)))
    assert "<!--[if mso | IE]>" in html
    assert "<![endif]--><!--[if mso | IE]>" not in html
    assert re.search(r"<style[^>]*>[^<]*(\n|  )", html) is None


@pytest.mark.parametrize("template", LAYOUTS)
def test_every_part_of_a_letter_is_set(template: str) -> None:
    found = page(template)
    for tag in ("em", "strong", "code", "pre", "h2", "h3", "ul", "ol", "blockquote"):
        assert len(found.all(tag)) == 1, tag
    styled = [each for each in found.all("a") if "/click/" in str(each["href"])]
    assert len(styled) == 2
    assert all("color:" in str(each["style"]).replace(" ", "") for each in styled)


@pytest.mark.parametrize("template", LAYOUTS)
def test_a_letter_with_everything_in_it_stays_under_20_kilobytes(template: str) -> None:
    html = html_of(rendered(written(EVERYTHING, template=template)))
    assert len(html.encode()) < 20_000


@pytest.mark.parametrize("template", LAYOUTS)
def test_every_colour_of_text_stands_out_from_what_lies_under_it(template: str) -> None:
    """WCAG 2.1, 1.4.3: at least 4.5 to 1. The pairs are those that the layout's first comment names."""
    source = shipped()[f"email_templates/layouts/{template}.mjml"].decode()
    ground = {"letter": "#fffdfa", "plain": "#ffffff"}[template]
    assert ground in source
    inks = set(re.findall(r'(?<![-\w])color="(#\w{6})"', source)) - {ground}
    assert inks
    for ink in inks:
        assert contrast(ink, ground) >= 4.5, ink
    muted = re.search(r'muted = "(#\w{6})"', source)
    table = re.search(r'<mj-body [^>]*background-color="(#\w{6})"', source)
    assert muted
    assert table
    assert contrast(muted[1], table[1]) >= 4.5


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_right_to_left_language_turns_the_page() -> None:
    found = Page(html_of(rendered(written(business=BUSINESS + "languages: [he]\n"))))
    assert (found.all("html")[0]["lang"], found.all("html")[0]["dir"]) == ("he", "rtl")


def test_without_a_phone_the_footer_has_no_empty_line() -> None:
    business = "\n".join(line for line in BUSINESS.splitlines() if not line.startswith("phone"))
    html = html_of(rendered(written(business=business)))
    assert "10969 Berlin</div>" in re.sub(r"\s+<", "<", html)


def test_an_address_of_several_lines_keeps_them() -> None:
    business = BUSINESS.replace("address: Lindenweg 4, 10969 Berlin", "address: |\n  Lindenweg 4\n  10969 Berlin")
    message = rendered(written(business=business))
    assert "Lindenweg 4<br>10969 Berlin" in html_of(message)


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ((b'{% include "partials/footer.mjml" %}', b""), "leaves out the unsubscribe link"),
        ((b"{{ address }}", b""), "leaves out the postal address"),
    ],
)
def test_a_layout_that_leaves_out_what_the_law_asks_for_is_refused(change: tuple[bytes, bytes], missing: str) -> None:
    files = {
        path: content.replace(*change) if path.endswith(".mjml") else content for path, content in written().items()
    }
    with pytest.raises(CompileError, match=missing):
        rendered_step(files)


def test_a_layout_that_is_not_there_is_named_with_those_that_are() -> None:
    files = {path: content for path, content in written().items() if not path.endswith("layouts/letter.mjml")}
    with pytest.raises(CompileError, match=r"There is no layout 'letter'.*known are plain"):
        compile_anyway(files)


@pytest.mark.parametrize("content", [b"<mjml><mj-body>", b"{% if %}", b"{{ nobody }}", b"", b'{% include "x" %}'])
def test_a_broken_layout_is_refused_with_its_own_path(content: bytes) -> None:
    files = written() | {"email_templates/layouts/letter.mjml": content}
    with pytest.raises(CompileError, match=r"^email_templates/layouts/letter\.mjml:1:1: error: "):
        rendered_step(files)


def test_the_plain_layout_has_neither_a_name_at_its_head_nor_a_coloured_button() -> None:
    html = html_of(rendered(written('[Go](link:booking "button")\n', template="plain")))
    assert "background:transparent" in html
    assert html.count("Glow Studio") == 2  # both in the footer


def rendered_step(files: dict[str, bytes]) -> None:
    library = read(files)
    sequence = library.sequences[0]
    compile_step(library, sequence, sequence.steps[0], files)


def compile_anyway(files: dict[str, bytes]) -> None:
    """With the library of all the files, as the parser refuses an unknown layout by itself."""
    library = read(written())
    sequence = library.sequences[0]
    compile_step(library, sequence, sequence.steps[0], files)


def test_a_letter_to_nobody_in_particular_reads_well() -> None:
    html = html_of(rendered(written(EVERYTHING), letter({"first_name": None})))
    assert "Hello there," in html
