"""Writes SVG: elements as text, with every word and attribute escaped."""

from __future__ import annotations

from html import escape

SERIF = "Georgia, 'Iowan Old Style', 'Times New Roman', serif"
SANS = "'Avenir Next', 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"


def element(name: str, *children: str, **attributes: object) -> str:
    """`<name …>children</name>`. The children are SVG already; `stroke_width=2` becomes `stroke-width="2"`."""
    told = "".join(f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"' for key, value in attributes.items())
    return f"<{name}{told}>{''.join(children)}</{name}>" if children else f"<{name}{told}/>"


def words(text: str, x: float, y: float, size: float, **attributes: object) -> str:
    """A line of text, its baseline at `y`."""
    return element("text", escape(_printable(text), quote=False), x=x, y=y, font_size=size, **attributes)


def said(name: str, text: str) -> str:
    """A `title` or `desc`: what a screen reader says, and a pointer shows."""
    return element(name, escape(_printable(text), quote=False))


def number(value: float) -> str:
    """A coordinate with a tenth of a unit, and no more signs than it needs."""
    return (
        f"{value:.1f}".removesuffix(".0").replace("-0", "0") if abs(value) < 0.05 else f"{value:.1f}".removesuffix(".0")
    )


def _value(value: object) -> str:
    return number(value) if isinstance(value, int | float) else escape(_printable(str(value)))


def _printable(text: str) -> str:
    """Without the signs that XML 1.0 can't hold (section 2.2)."""
    return "".join(sign for sign in text if sign >= " " and not 0xD800 <= ord(sign) <= 0xDFFF and ord(sign) < 0xFFFE)
