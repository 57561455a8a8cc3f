"""The words of the pages on which somebody leaves, says why, and takes it back."""

from __future__ import annotations

from service.domain.leaving import MEANINGS

LEAVING: dict[str, dict[str, str]] = {
    "en": {
        "title": "Unsubscribe",
        "ask": "Leave our mail?",
        "ask_hint": "We write to {address}. One press, and we stop.",
        "already": "You have already left.",
        "already_hint": "We send no marketing mail to {address} any more. If you still get some, press once more.",
        "all": "Unsubscribe from everything",
        "only": "Only leave “{topic}”",
        "nobody": "We keep nothing about you any more, so there is nobody to write to.",
        "gone_topic": "There is no such topic any more. You can leave everything here, or choose on the page below.",
        "manage": "See everything you get from us",
    },
    "de": {
        "title": "Abmelden",
        "ask": "Unsere Mail abbestellen?",
        "ask_hint": "Wir schreiben an {address}. Ein Druck, und wir hören auf.",
        "already": "Du hast dich schon abgemeldet.",
        "already_hint": "An {address} geht keine Werbung mehr. Wenn doch noch etwas kommt, drück noch einmal.",
        "all": "Von allem abmelden",
        "only": "Nur „{topic}“ abbestellen",
        "nobody": "Wir haben nichts mehr über dich gespeichert, also gibt es niemanden, dem wir schreiben könnten.",
        "gone_topic": "Dieses Thema gibt es nicht mehr. Hier kannst du dich von allem abmelden, oder auf der Seite "
        "unten wählen.",
        "manage": "Alles ansehen, was du von uns bekommst",
    },
}

# By what has come of it: a heading, and what follows from it.
LEFT: dict[str, dict[str, tuple[str, str]]] = {
    "en": {
        "all": (
            "Done. You have left.",
            "{address} gets no more marketing mail from us. Thank you for having had us in your mailbox.",
        ),
        "topic": (
            "Done. You have left “{topic}”.",
            "{address} gets no more mail of this kind. Anything else you asked for still comes.",
        ),
        "done": ("Welcome back.", "Everything is as it was before you left, and nothing is sent twice."),
        "already": ("You are back already.", "Everything is as it was before you left."),
        "late": (
            "That was more than an hour ago.",
            "It can’t be undone with a press any more; we keep to what you chose. You can always sign up again.",
        ),
        "gone": ("There is nothing left to do.", "We keep nothing about you any more, so there is nobody to write to."),
        "thanks": ("Thank you.", "That helps us to write better mail, or less of it."),
    },
    "de": {
        "all": (
            "Fertig. Du bist abgemeldet.",
            "An {address} geht keine Werbung mehr von uns. Danke, dass wir in deinem Postfach sein durften.",
        ),
        "topic": (
            "Fertig. „{topic}“ ist abbestellt.",
            "An {address} geht davon nichts mehr. Alles andere, worum du gebeten hast, kommt weiter.",
        ),
        "done": (
            "Schön, dass du wieder da bist.",
            "Alles ist so, wie es vor dem Abmelden war, und nichts kommt doppelt.",
        ),
        "already": ("Du bist schon wieder da.", "Alles ist so, wie es vor dem Abmelden war."),
        "late": (
            "Das ist mehr als eine Stunde her.",
            "Mit einem Druck lässt es sich nicht mehr rückgängig machen; wir halten uns an deine Wahl. Du kannst dich "
            "jederzeit neu anmelden.",
        ),
        "gone": (
            "Hier ist nichts mehr zu tun.",
            "Wir haben nichts mehr über dich gespeichert, also gibt es niemanden, dem wir schreiben könnten.",
        ),
        "thanks": ("Danke.", "Das hilft uns, bessere Mail zu schreiben, oder weniger."),
    },
}

AFTER: dict[str, dict[str, str]] = {
    "en": {
        "undo": "Undo",
        "undo_hint": "Pressed by mistake? For an hour you can take it back, and all goes on as before.",
        "why": "Would you tell us why?",
        "why_hint": "Only if you like. You have left either way.",
        "note": "Anything else?",
        "optional": "optional",
        "send": "Send",
        "too_long": "Please use at most 300 characters, on one line.",
        "all": "Unsubscribe from everything",
        "manage": "See everything you get from us",
    },
    "de": {
        "undo": "Rückgängig machen",
        "undo_hint": "Aus Versehen gedrückt? Eine Stunde lang kannst du es zurücknehmen, und alles geht weiter wie "
        "vorher.",
        "why": "Sagst du uns, warum?",
        "why_hint": "Nur wenn du magst. Abgemeldet bist du so oder so.",
        "note": "Noch etwas?",
        "optional": "wenn du magst",
        "send": "Abschicken",
        "too_long": "Bitte höchstens 300 Zeichen, auf einer Zeile.",
        "all": "Von allem abmelden",
        "manage": "Alles ansehen, was du von uns bekommst",
    },
}

# The reasons by their names, in the order in which they stand on the page.
REASONS: dict[str, dict[str, str]] = {
    "en": {
        "too-often": "Too much mail",
        "not-for-me": "It was not for me",
        "not-expected": "I had expected something else",
        "never-asked": "I never asked for it",
        "no-longer": "I don’t need it any more",
        "other": "Something else",
    },
    "de": {
        "too-often": "Zu viel Mail",
        "not-for-me": "Es war nichts für mich",
        "not-expected": "Ich hatte etwas anderes erwartet",
        "never-asked": "Ich habe nie darum gebeten",
        "no-longer": "Ich brauche es nicht mehr",
        "other": "Etwas anderes",
    },
}
assert all(list(names) == list(MEANINGS) for names in REASONS.values())
