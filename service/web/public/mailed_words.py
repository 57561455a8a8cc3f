"""The words of the pages behind a mailed button: a new address is confirmed, somebody is forgotten."""

from __future__ import annotations

# By what a mailed button is for, and how far it is: a heading, and what follows from it.
MAILED: dict[str, dict[str, dict[str, tuple[str, str]]]] = {
    "en": {
        "address": {
            "ask": ("Is this your new address?", "We write to {address} from now on. One press, and it is done."),
            "done": ("Done. This is your address now.", "We write to {address} from now on."),
            "over": ("This button has been used, or is too old.", "Nothing was changed by it just now."),
        },
        "forget": {
            "ask": (
                "Shall we forget you?",
                "All that we keep about you is deleted: your name, what you chose, what we sent you. It can’t be "
                "brought back.",
            ),
            "done": (
                "Done. We have forgotten you.",
                "Only a code stays, so that nobody writes to you again; no address can be read from it. "
                "Take good care of yourself.",
            ),
            "over": ("This button has been used, or is too old.", "Nothing was deleted by it just now."),
        },
    },
    "de": {
        "address": {
            "ask": ("Ist das deine neue Adresse?", "Wir schreiben dir ab jetzt an {address}. Ein Druck genügt."),
            "done": ("Fertig. Das ist jetzt deine Adresse.", "Wir schreiben dir ab jetzt an {address}."),
            "over": ("Dieser Knopf wurde schon benutzt, oder er ist zu alt.", "Damit wurde eben nichts geändert."),
        },
        "forget": {
            "ask": (
                "Sollen wir dich vergessen?",
                "Wir löschen alles, was wir über dich gespeichert haben: deinen Namen, was du gewählt hast, was wir "
                "dir geschickt haben. Das lässt sich nicht zurückholen.",
            ),
            "done": (
                "Fertig. Wir haben dich vergessen.",
                "Nur ein Code bleibt, damit dir niemand mehr schreibt; eine Adresse lässt sich daraus nicht lesen. "
                "Mach’s gut.",
            ),
            "over": ("Dieser Knopf wurde schon benutzt, oder er ist zu alt.", "Damit wurde eben nichts gelöscht."),
        },
    },
}
BUTTONS = {
    "en": {"address": "Yes, write to me there", "forget": "Yes, forget me"},
    "de": {"address": "Ja, schreibt mir dorthin", "forget": "Ja, vergesst mich"},
}
