"""A signup form, as `business.yaml` describes it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FormField:
    name: str
    label: str = ""
    type: str = "text"
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """A signup form. `consent` is the wording shown beside the button; `thanks` where the visitor goes after."""

    slug: str
    title: str = ""
    text: str = ""
    button: str = ""
    magnet: str | None = None
    topics: tuple[str, ...] = ()
    fields: tuple[FormField, ...] = ()
    double_opt_in: bool = False
    consent: str = ""
    thanks: str | None = None
    origins: tuple[str, ...] = ()
