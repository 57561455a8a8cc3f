"""What a system mail says, in each language that we can ask in.

`{business}`, the `{title}` of a form and the `{day}` until which the button works stand in the words.
"""

from __future__ import annotations

from dataclasses import dataclass

from service.domain.system_mail import SystemMail
from service.rendering.wording import plain


@dataclass(frozen=True, slots=True)
class SystemWording:
    """`above` and `below` are the paragraphs round the button, `named` the first of them where a form has a title."""

    subject: str
    title: str
    above: tuple[str, ...]
    button: str
    below: tuple[str, ...]
    why: str
    named: str = ""
    named_subject: str = ""


REMIND = {"en": "Reminder: {subject}", "de": "Erinnerung: {subject}"}
WORDINGS: dict[str, dict[SystemMail, SystemWording]] = {
    "en": {
        SystemMail.CONFIRM: SystemWording(
            subject="Please confirm your signup",
            named_subject="Please confirm: {title}",
            title="Was that you?",
            above=("Somebody, most likely you, signed up at {business} with this address.",),
            named="Somebody, most likely you, signed up for “{title}” at {business} with this address.",
            button="Yes, that was me",
            below=(
                "The button opens a page where you confirm, and works until {day}.",
                "It wasn’t you? Then do nothing, and nothing will come of it.",
            ),
            why="You get this mail because this address was typed into a form of {business}.",
        ),
        SystemMail.ADDRESS: SystemWording(
            subject="Please confirm your new address",
            title="Is this your new address?",
            above=("Somebody, most likely you, asked {business} to write to this address from now on.",),
            button="Yes, write to me here",
            below=(
                "The button opens a page where you confirm, and works until {day}.",
                "It wasn’t you? Then do nothing, and we won’t write here again.",
            ),
            why="You get this mail because this address was given to {business} as a new one.",
        ),
        SystemMail.FORGET: SystemWording(
            subject="Shall we forget you?",
            title="Shall we forget you?",
            above=(
                "You asked {business} to delete all that we keep about you.",
                "What is deleted can’t be brought back.",
            ),
            button="Yes, forget me",
            below=(
                "The button opens a page where you confirm, and works until {day}.",
                "It wasn’t you, or you changed your mind? Then do nothing, and everything stays as it is.",
            ),
            why="You get this mail because it was asked for on your own page at {business}.",
        ),
    },
    "de": {
        SystemMail.CONFIRM: SystemWording(
            subject="Bitte bestätige deine Anmeldung",
            named_subject="Bitte bestätige: {title}",
            title="Warst du das?",
            above=("Jemand, vermutlich du, hat sich bei {business} mit dieser Adresse angemeldet.",),
            named="Jemand, vermutlich du, hat sich bei {business} mit dieser Adresse für „{title}“ angemeldet.",
            button="Ja, das war ich",
            below=(
                "Der Knopf öffnet eine Seite, auf der du bestätigst. Er gilt bis {day}.",
                "Du warst das nicht? Dann tu einfach nichts, und es passiert nichts weiter.",
            ),
            why="Du bekommst diese Mail, weil diese Adresse in ein Formular von {business} eingetragen wurde.",
        ),
        SystemMail.ADDRESS: SystemWording(
            subject="Bitte bestätige deine neue Adresse",
            title="Ist das deine neue Adresse?",
            above=("Jemand, vermutlich du, hat {business} gebeten, künftig an diese Adresse zu schreiben.",),
            button="Ja, schreibt mir hierher",
            below=(
                "Der Knopf öffnet eine Seite, auf der du bestätigst. Er gilt bis {day}.",
                "Du warst das nicht? Dann tu einfach nichts, und wir schreiben nicht mehr hierher.",
            ),
            why="Du bekommst diese Mail, weil {business} diese Adresse als neue genannt wurde.",
        ),
        SystemMail.FORGET: SystemWording(
            subject="Sollen wir dich vergessen?",
            title="Sollen wir dich vergessen?",
            above=(
                "Du hast {business} gebeten, alles zu löschen, was wir über dich gespeichert haben.",
                "Was gelöscht ist, lässt sich nicht zurückholen.",
            ),
            button="Ja, vergesst mich",
            below=(
                "Der Knopf öffnet eine Seite, auf der du bestätigst. Er gilt bis {day}.",
                "Du warst das nicht, oder hast es dir anders überlegt? Dann tu einfach nichts, und alles bleibt, "
                "wie es ist.",
            ),
            why="Du bekommst diese Mail, weil auf deiner eigenen Seite bei {business} darum gebeten wurde.",
        ),
    },
}


def system_language(*languages: str) -> str:
    """The first of these languages that we can ask in; English where there is none."""
    return next((plain(each) for each in languages if plain(each) in WORDINGS), "en")
