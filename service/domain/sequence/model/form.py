"""A signup form, as `business.yaml` describes it."""

from __future__ import annotations

from dataclasses import dataclass

MAIL = "email"  # the channel of all that this service sends
CHANNELS = (MAIL, "phone", "text")


@dataclass(frozen=True, slots=True)
class FormField:
    name: str
    label: str = ""
    type: str = "text"
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ConsentBox:
    """A box that a visitor may tick: that the business may reach them by `channel`, in these words."""

    channel: str
    wording: str

    @property
    def name(self) -> str:
        """The field of the form that it is."""
        return f"consent_{self.channel}"


@dataclass(frozen=True, slots=True)
class Form:
    """A signup form. `thanks` is where the visitor goes after.

    Whoever presses the button agrees to mail, in the words of `consent`; unless among `boxes` is one for mail: then
    only whoever ticks it. `disposable` says whether addresses of throw-away mailboxes are taken.
    """

    slug: str
    title: str = ""
    text: str = ""
    button: str = ""
    magnet: str | None = None
    topics: tuple[str, ...] = ()
    fields: tuple[FormField, ...] = ()
    double_opt_in: bool = False
    consent: str = ""
    boxes: tuple[ConsentBox, ...] = ()
    thanks: str | None = None
    origins: tuple[str, ...] = ()
    disposable: bool = True

    def box(self, channel: str) -> ConsentBox | None:
        return next((box for box in self.boxes if box.channel == channel), None)
