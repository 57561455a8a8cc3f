"""What the page says around all that is stored about a person."""

from __future__ import annotations

WORDS = {
    "en": {
        "title": "What we keep about you",
        "intro": "This is all that {business} has stored about you: what, since when, and where it came from.",
        "file": "Download it as a file",
        "file_hint": "The file holds more detail (JSON): each open and each click with its time among them.",
        "nothing": "We keep nothing about you any more.",
        "nothing_hint": "At most a code stands on the list of whom not to write to; no address can be read from it.",
        "late": "This link has done its time.",
        "late_hint": "It works for 30 days, so that nobody else finds it later. Our newest mail has a fresh one.",
        "none": "Nothing.",
        "older": "Older ones, {} of them, stand in the file.",
        "all": "All marketing",
        "unknown": "Is something wrong, or should it go? Write to us:",
    },
    "de": {
        "title": "Was wir über dich wissen",
        "intro": "Das ist alles, was {business} über dich gespeichert hat: was, seit wann und woher.",
        "file": "Als Datei herunterladen",
        "file_hint": "In der Datei (JSON) steht mehr: auch jedes Öffnen und jeder Klick mit seiner Zeit.",
        "nothing": "Wir haben nichts mehr über dich gespeichert.",
        "nothing_hint": "Höchstens ein Code steht auf der Liste derer, denen wir nicht schreiben; "
        "daraus kann niemand eine Adresse lesen.",
        "late": "Dieser Link hat seine Zeit gehabt.",
        "late_hint": "Er gilt 30 Tage, damit ihn später niemand findet. In unserer neuesten Mail steht ein frischer.",
        "none": "Nichts.",
        "older": "Die älteren, {} an der Zahl, stehen in der Datei.",
        "all": "Alle Werbung",
        "unknown": "Stimmt etwas nicht, oder soll es weg? Schreib uns:",
    },
}
