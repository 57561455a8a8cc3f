"""The few words that every mail carries beside its author's, in the languages a business may write in."""

from __future__ import annotations

from dataclasses import dataclass

RIGHT_TO_LEFT = {"ar", "fa", "he", "ur", "yi"}


@dataclass(frozen=True, slots=True)
class Wording:
    """`why_…` by the basis of the topic; `{business}` and `{topic}` stand in them."""

    why_consent: str
    why_client: str
    why_service: str
    why_inquiry: str
    unsubscribe: str
    preferences: str

    def why(self, basis: str, business: str, topic: str) -> str:
        """One sentence: why the person gets this mail."""
        sentence = {
            "client": self.why_client,
            "service": self.why_service,
            "inquiry": self.why_inquiry,
        }.get(basis, self.why_consent)
        return sentence.format(business=business, topic=topic)


WORDINGS = {
    "en": Wording(
        why_consent="You get this because you asked {business} for “{topic}”.",
        why_client="You get this as a client of {business}, under “{topic}”.",
        why_service="{business} sends you this because it belongs to “{topic}”.",
        why_inquiry="You get this because you inquired at {business}, under “{topic}”.",
        unsubscribe="Unsubscribe",
        preferences="Choose what you get",
    ),
    "de": Wording(
        why_consent="Du bekommst diese Mail, weil du „{topic}“ von {business} haben wolltest.",
        why_client="Du bekommst diese Mail als Kundin oder Kunde von {business}, unter „{topic}“.",
        why_service="{business} schickt dir diese Mail, weil sie zu „{topic}“ gehört.",
        why_inquiry="Du bekommst diese Mail, weil du bei {business} angefragt hast, unter „{topic}“.",
        unsubscribe="Abmelden",
        preferences="Wähle, was du bekommst",
    ),
}


@dataclass(frozen=True, slots=True)
class StaffWording:
    """What a mail about a task says to a colleague; `{day}`, `{task}` and the like stand in it."""

    by: str
    late: str
    open: str
    still_open: str
    phone: str
    email: str
    address: str
    due: str
    cost: str
    ask: str
    done: str
    how: str
    why: str


STAFF_WORDINGS = {
    "en": StaffWording(
        by="by {day}",
        late="Still open: it was due on {day}.",
        open="Still open.",
        still_open="Still open: {task}",
        phone="Phone",
        email="Email",
        address="Address",
        due="Due",
        cost="May cost",
        ask="Please note down: {fields}.",
        done="Done",
        how="A button opens a page with room for a note; the task ends when you confirm there.",
        why="{business} has this task for you: it is a step of “{sequence}”.",
    ),
    "de": StaffWording(
        by="bis {day}",
        late="Noch offen: Fällig war {day}.",
        open="Noch offen.",
        still_open="Noch offen: {task}",
        phone="Telefon",
        email="E-Mail",
        address="Adresse",
        due="Fällig",
        cost="Darf kosten",
        ask="Bitte notiere: {fields}.",
        done="Erledigt",
        how="Ein Knopf öffnet eine Seite mit Platz für eine Notiz; erst dort schließt du die Aufgabe ab.",
        why="{business} hat diese Aufgabe für dich: Sie ist ein Schritt von „{sequence}“.",
    ),
}


def wording(language: str) -> Wording:
    """The words for `en`, `de-AT` …; English where there are none."""
    return WORDINGS.get(plain(language), WORDINGS["en"])


def staff_wording(language: str) -> StaffWording:
    """The words to a colleague for `en`, `de-AT` …; English where there are none."""
    return STAFF_WORDINGS.get(plain(language), STAFF_WORDINGS["en"])


def direction(language: str) -> str:
    """`rtl` or `ltr`, as HTML's `dir` wants it."""
    return "rtl" if plain(language) in RIGHT_TO_LEFT else "ltr"


def plain(language: str) -> str:
    """`de` of `de-AT` or `DE_ch`."""
    return language.replace("_", "-").partition("-")[0].lower()
