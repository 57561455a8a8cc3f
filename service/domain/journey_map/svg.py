"""Writes SVG: elements as text, with every word and attribute escaped."""

from __future__ import annotations

from html import escape

SERIF = "Georgia, Iowan Old Style, Times New Roman, serif"
SANS = "Avenir Next, Segoe UI, Helvetica Neue, Arial, sans-serif"


def element(name: str, *children: str, **attributes: object) -> str:
    """`<name …>children</name>`. The children are SVG already; `stroke_width=2` becomes `stroke-width="2"`."""
    told = "".join(f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"' for key, value in attributes.items())
    return f"<{name}{told}>{''.join(children)}</{name}>" if children else f"<{name}{told}/>"


def words(text: str, x: float, y: float, size: float, **attributes: object) -> str:
    """A line of text, its baseline at `y`."""
    return element("text", escaped(text), x=x, y=y, font_size=size, **attributes)


def said(name: str, text: str) -> str:
    """A `title` or `desc`: what a screen reader says, and a pointer shows."""
    return element(name, escaped(text))


def escaped(text: str) -> str:
    """Text as it may stand in an element or attribute, without the signs that XML 1.0 can't hold (section 2.2)."""
    return escape(
        "".join(sign for sign in text if sign >= " " and not "\ud800" <= sign <= "\udfff" and sign < "\ufffe")
    )


def number(value: float) -> str:
    """A coordinate with a tenth of a unit, and no more signs than it needs."""
    return f"{round(value, 1) + 0:.1f}".removesuffix(".0")


def _value(value: object) -> str:
    return number(value) if isinstance(value, int | float) else escaped(str(value))
