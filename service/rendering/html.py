"""A body's parts as MJML components, their words held in slots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from markdown_it.common.normalize_url import normalizeLink

from service.domain.sequence.model.expression import Expression
from service.domain.sequence.model.place import Place
from service.domain.sequence.model.words import Body
from service.rendering.fault import CompileError
from service.rendering.links import BASE, Links
from service.rendering.markdown import Button, Divider, Node, Part, Picture, Words, box, link, read_parts
from service.rendering.pictures import address_path, published_path, shown_width
from service.rendering.slots import Slots
from service.rendering.templates import authored, fill, tag

HEADINGS = {"heading": "h2", "subheading": "h3"}


@dataclass(slots=True)
class Typesetter:
    """Turns parts into MJML. `styles` are the layout's inline styles by element: `{"a": "color:#a4432f"}`."""

    files: Mapping[str, bytes]
    place: Place
    links: Links
    slots: Slots
    styles: Mapping[str, str]
    expressions: Sequence[Expression] = ()

    def body(self, body: Body) -> str:
        """The MJML of a whole body: components for a column, conditions as raw text between them."""
        self.expressions = body.expressions
        made: list[str] = []
        for name, condition, markdown in body.blocks:
            if name == "text":
                made += [self._part(part) for part in read_parts(markdown)]
            else:
                made.append(f"<mj-raw>{self.slots.hold(tag(name, condition))}</mj-raw>")
        return "\n".join(made)

    def _part(self, part: Part) -> str:
        match part:
            case Words():
                return f'<mj-text mj-class="{part.kind}">{self.slots.hold(self._words(part))}</mj-text>'
            case Button():
                href = self._address(part.href)
                label = self.slots.hold(self._inline(part.label))
                return f'<mj-button mj-class="button" href="{href}">{label}</mj-button>'
            case Picture():
                return self._picture(part)
            case Divider():
                return '<mj-divider mj-class="divider" />'

    def _picture(self, picture: Picture) -> str:
        if not picture.alt.strip():
            hint = "say what it shows between the square brackets"
            raise CompileError(
                self.place, "no-alternative-text", f"The picture {picture.source} has no alternative text.", hint
            )
        path = published_path(picture.source, self.place, self.files)
        if path is None:
            source, width = escape(normalizeLink(picture.source)), ""
        else:
            source = BASE + escape(address_path(path, self.files[path]))
            width = f' width="{shown_width(self.files[path])}px"'
        alt = self.slots.hold(self._said(picture.alt, flat=True))
        href = f' href="{self._address(picture.href)}"' if picture.href else ""
        return f'<mj-image mj-class="image" src="{self.slots.hold(source)}" alt="{alt}"{width}{href} />'

    def _words(self, words: Words) -> str:
        if words.kind in {"list", "code"}:
            return self._blocks(words.nodes)
        if words.kind == "quote":
            return self._element("blockquote", self._blocks(words.nodes))
        inner = self._inline(words.nodes)
        if words.kind == "signature":
            return inner.lstrip().removeprefix("—").removeprefix("–").lstrip()  # its own look says that it is one
        return self._element(HEADINGS[words.kind], inner) if words.kind in HEADINGS else inner

    def _blocks(self, blocks: Sequence[Node]) -> str:
        return "".join(self._block(block) for block in blocks)

    def _block(self, block: Node) -> str:
        match block.type:
            case "paragraph":
                inner = self._inline(block.children[0].children)
                return inner if block.hidden else self._element("p", inner)
            case "heading":
                return self._element("h3", self._inline(block.children[0].children))
            case "fence" | "code_block":
                return self._element("pre", self._said(block.content.rstrip("\n")))
            case "list_item":
                return self._item(block)
            case "hr":
                return "<hr>"
        name = {"bullet_list": "ul", "ordered_list": "ol", "blockquote": "blockquote"}[block.type]
        start = f' start="{int(block.attrs["start"])}"' if "start" in block.attrs else ""
        return self._element(name, self._blocks(block.children), start)

    def _item(self, item: Node) -> str:
        if not box(item):
            return self._element("li", self._blocks(item.children))
        style = f"list-style:none;text-indent:-26px;{self.styles.get('li', '')}"
        mark = '<span style="display:inline-block;width:26px;text-indent:0">{}</span>'
        sign = mark.format("&#9745;" if box(item) == "x" else "&#9744;")
        return f'<li style="{escape(style)}">{sign}{self._blocks(item.children)}</li>'

    def _inline(self, nodes: Sequence[Node]) -> str:
        return "".join(self._phrase(node) for node in nodes)

    def _phrase(self, node: Node) -> str:
        match node.type:
            case "text":
                return self._said(node.content)
            case "softbreak":
                return " "
            case "hardbreak":
                return "<br>"
            case "code_inline":
                return self._element("code", self._said(node.content))
            case "link":
                href = f' href="{escape(self.links.template(link(node)))}"'
                return self._element("a", self._inline(node.children), href)
            case "image":
                raise CompileError(
                    self.place, "picture-inside", "A picture stands inside other text.", "give it a line of its own"
                )
        return self._element(node.tag, self._inline(node.children))  # em, strong

    def _address(self, href: str) -> str:
        return self.slots.hold(escape(self.links.template(href)))

    def _said(self, text: str, flat: bool = False) -> str:
        return fill(escape(authored(text)), self.expressions, flat)

    def _element(self, name: str, inner: str, attributes: str = "") -> str:
        style = f' style="{escape(self.styles[name])}"' if name in self.styles else ""
        return f"<{name}{attributes}{style}>{inner}</{name}>"
