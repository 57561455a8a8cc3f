"""Our own words on a form and its thanks page, and on what does not fit; the rest are the business's own."""

from __future__ import annotations

from werkzeug.datastructures import LanguageAccept

from service.domain.sequence.model.business import Business
from service.domain.sequence.model.form import FormField
from service.web.public.language import SPOKEN, language_of

WORDS = {
    "en": {
        "title": "Sign up",
        "heading": "Hello! Let’s stay in touch.",
        "button": "Sign up",
        "optional": "(optional)",
        "trap": "Please leave this empty",
        "month-day": "Month and day, like 05-24.",
        "agreed": "{business} may write to me by email. Every mail has a link to leave with one click.",
        "look": "Please look once more at what is marked.",
        "often": "Too many signups came from here in a short time. Please try again in {wait}.",
        "full": "A great many people are signing up just now. Please try again in {wait}.",
        "seconds": "{} seconds",
        "minutes": "{} minutes",
        "fast": "That was very quick. Is everything as you want it? Then please press the button once more.",
        "away": "We could not be reached just now, and nothing was sent. Please try again in a moment.",
        "page": "Or use this page",
    },
    "de": {
        "title": "Anmelden",
        "heading": "Hallo! Lass uns in Verbindung bleiben.",
        "button": "Anmelden",
        "optional": "(freiwillig)",
        "trap": "Bitte frei lassen",
        "month-day": "Monat und Tag, etwa 05-24.",
        "agreed": "{business} darf mir per E-Mail schreiben. "
        "In jeder Mail steht ein Link, mit dem ich mich mit einem Klick abmelde.",
        "look": "Bitte sieh dir noch einmal an, was markiert ist.",
        "often": "Von hier kamen in kurzer Zeit zu viele Anmeldungen. Bitte versuch es in {wait} noch einmal.",
        "full": "Gerade melden sich sehr viele Menschen an. Bitte versuch es in {wait} noch einmal.",
        "seconds": "{} Sekunden",
        "minutes": "{} Minuten",
        "fast": "Das ging sehr schnell. Stimmt alles so? Dann drück bitte noch einmal auf den Knopf.",
        "away": "Wir waren gerade nicht zu erreichen, und nichts wurde geschickt. Bitte versuch es gleich noch einmal.",
        "page": "Oder nimm diese Seite",
    },
}
# What a visitor reads after: a heading, what follows from it, and a hint.
THANKS = {
    "en": {
        "heading": "Thank you!",
        "magnet": "What you asked for is on its way: please look into your mailbox in a minute or two.",
        "confirm": "One step is left: we send you a mail with a button. Press it, and you’re in. "
        "Have you done so before? Then there is nothing to do.",
        "card": "It is noted.",
        "box": "Did you say yes to mail? Then one with a button is on its way, unless you have pressed it before. "
        "Press it, and you’re in.",
        "mail": "You’re on the list. Our next mail comes to your mailbox.",
        "spam": "Nothing there? It may have landed among the spam; "
        "moving it to your inbox tells your mailbox to let us in.",
    },
    "de": {
        "heading": "Danke!",
        "magnet": "Was du dir gewünscht hast, ist unterwegs: Bitte sieh in ein, zwei Minuten in dein Postfach.",
        "confirm": "Ein Schritt fehlt noch: Wir schicken dir eine Mail mit einem Knopf. Drück ihn, und du bist dabei. "
        "Hast du das schon einmal getan? Dann brauchst du nichts zu tun.",
        "card": "Es ist notiert.",
        "box": "Hast du Ja zu Mails gesagt? Dann ist eine mit einem Knopf unterwegs, wenn du ihn nicht schon einmal "
        "gedrückt hast. Drück ihn, und du bist dabei.",
        "mail": "Du stehst auf der Liste. Unsere nächste Mail kommt in dein Postfach.",
        "spam": "Nichts da? Vielleicht liegt die Mail im Spam; "
        "wenn du sie in den Posteingang ziehst, lässt dein Postfach uns herein.",
    },
}
# What to say of a field's answer; where a language is missing, the reader's own sentence stands.
FAULTS = {
    "en": {
        "missing": "Please fill this in.",
        "missing email": "Please give your email address.",
        "missing choice": "Please choose one.",
        "number missing": "Please give the number, or take the tick away.",
        "disposable": "Mailboxes of this sort are gone before our mail arrives. Please give an address that stays.",
    },
    "de": {
        "missing": "Bitte füll das aus.",
        "missing email": "Bitte gib deine E-Mail-Adresse an.",
        "missing choice": "Bitte wähle etwas aus.",
        "number missing": "Bitte gib die Nummer an, oder nimm das Häkchen weg.",
        "disposable": "Solche Postfächer verschwinden, bevor unsere Mail kommt. Bitte nimm eine Adresse, die bleibt.",
        "choice": "Das steht nicht zur Wahl.",
        "email": "Das sieht nicht nach einer E-Mail-Adresse aus.",
        "phone": "Das ist keine Telefonnummer; schreib sie mit Ziffern, etwa „+49 30 5550123“.",
        "number": "Bitte gib eine Zahl an, etwa 12 oder 12.5.",
        "money": "Bitte gib einen Betrag an, etwa 48.00.",
        "date": "Das ist kein Tag; schreib Jahr, Monat und Tag, etwa „2026-12-24“.",
        "month-day": "Das ist kein Tag im Jahr; schreib Monat und Tag, etwa „05-24“.",
        "time": "Das ist kein Zeitpunkt; schreib ihn wie „2026-01-27 16:00“.",
        "link": "Das ist kein Link; er beginnt mit https://.",
        "timezone": "Bitte gib eine Zeitzone an, etwa Europe/Berlin.",
        "text": "Bitte nimm nur Buchstaben, Ziffern und Satzzeichen, in einer Zeile, höchstens 200 Zeichen.",
    },
}


def own_language(business: Business) -> str | None:
    """The language of the form's own words, the business's first, where we speak it."""
    first = _short(business.languages[0])
    return first if first in SPOKEN else None


def language_for(business: Business, accepted: LanguageAccept) -> str:
    """The language of the form's own words; where we don't speak it, the visitor's, if the business does; else
    English."""
    known = [_short(each) for each in business.languages if _short(each) in SPOKEN]
    return own_language(business) or accepted.best_match(known) or language_of(None, business)


def fault_of(language: str, question: FormField, reader_says: str) -> str:
    """What to say of an answer that its reader refuses."""
    kind = question.name if question.name == "timezone" else "choice" if question.choices else question.type
    words = FAULTS[language]
    return words.get(kind) or words.get("text") or reader_says


def _short(language: str) -> str:
    return language.partition("-")[0].lower()
