"""A layout of `email_templates/layouts/`, and its HTML round one body.

A layout is MJML in which Jinja fills in, once a publication, what is the same for everybody: `{{ body }}`,
`{{ business }}` … All of it arrives as slots, so nothing needs escaping there. `{% include %}` reads partials.
`<mj-style inline="inline">` is applied here to the body's own elements, by their names, because mrml does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property

from jinja2 import FunctionLoader, StrictUndefined, TemplateError
from jinja2.sandbox import SandboxedEnvironment
from mjml import mjml2html

from service.domain.sequence.model.place import Place
from service.rendering.fault import CompileError
from service.rendering.slots import Slots

ROOT = "email_templates/"
NO_FONTS: dict[str, str] = {}  # mrml would load Roboto and others from Google, who would see who reads

_INLINE = re.compile(r"""<mj-style\s+inline=["']inline["']\s*>(.*?)</mj-style>""", re.DOTALL)
# MJML itself joins what stands in Outlook's conditional comments side by side; mrml does not.
_SIDE_BY_SIDE = re.compile(r"<!\[endif\]-->\s*<!--\[if mso \| IE\]>")
_STYLE = re.compile(r"(<style[^>]*>)(.*?)(</style>)", re.DOTALL)
_RULE = re.compile(r"([a-z][a-z0-9, ]*)\{([^}]*)\}")


class Layout:
    """One layout by its name. `files` are the published ones; `place` is that of the step that uses it."""

    def __init__(self, name: str, files: Mapping[str, bytes], place: Place, folder: str = "layouts") -> None:
        prefix = f"{ROOT}{folder}/"
        self.path = f"{prefix}{name}.mjml"
        self._files = files
        if self.path not in files:
            known = ", ".join(sorted(path.removeprefix(prefix)[:-5] for path in files if path.startswith(prefix)))
            raise CompileError(
                place, "unknown-template", f"There is no layout {name!r}.", f"known are {known or 'none'}"
            )

    @cached_property
    def styles(self) -> dict[str, str]:
        """The inline styles by element: `{"a": "color:#8f3d2e"}`."""
        source = self._files[self.path].decode("utf-8")
        return {
            element.strip(): re.sub(r"\s*\n\s*", " ", declarations).strip()
            for css in _INLINE.findall(source)
            for elements, declarations in _RULE.findall(css)
            for element in elements.split(",")
        }

    def html(self, words: Mapping[str, object], slots: Slots) -> str:
        """The template of the HTML part. Raises CompileError where Jinja or MJML can't read the layout."""
        environment = SandboxedEnvironment(
            loader=FunctionLoader(self._source), undefined=StrictUndefined, autoescape=False, trim_blocks=True
        )
        try:
            mjml = environment.get_template(self.path.removeprefix(ROOT)).render(words)
            html = mjml2html(_INLINE.sub("", mjml), fonts=NO_FONTS)
        except (TemplateError, ValueError, OSError) as error:
            raise CompileError(Place(self.path), "broken-layout", f"This layout can't be read: {error}") from None
        return slots.give_back(_lean(html))

    def _source(self, name: str) -> str | None:
        content = self._files.get(ROOT + name)
        return None if content is None else content.decode("utf-8")


def _lean(html: str) -> str:
    """The same mail without blanks and comments that no client looks at."""
    html = _SIDE_BY_SIDE.sub("", re.sub(r">\s*\n\s*<", "><", html))
    return _STYLE.sub(lambda match: match[1] + _lean_css(match[2]) + match[3], html)


def _lean_css(css: str) -> str:
    return re.sub(r" ?([{};]) ?", r"\1", " ".join(css.split())).replace(";}", "}")
