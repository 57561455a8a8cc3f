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
    unsubscribe: str
    preferences: str

    def why(self, basis: str, business: str, topic: str) -> str:
        """One sentence: why the person gets this mail."""
        sentence = {"client": self.why_client, "service": self.why_service}.get(basis, self.why_consent)
        return sentence.format(business=business, topic=topic)


WORDINGS = {
    "en": Wording(
        why_consent="You get this because you asked {business} for “{topic}”.",
        why_client="You get this as a client of {business}, under “{topic}”.",
        why_service="{business} sends you this because it belongs to “{topic}”.",
        unsubscribe="Unsubscribe",
        preferences="Choose what you get",
    ),
    "de": Wording(
        why_consent="Du bekommst diese Mail, weil du „{topic}“ von {business} haben wolltest.",
        why_client="Du bekommst diese Mail als Kundin oder Kunde von {business}, unter „{topic}“.",
        why_service="{business} schickt dir diese Mail, weil sie zu „{topic}“ gehört.",
        unsubscribe="Abmelden",
        preferences="Wähle, was du bekommst",
    ),
}


def wording(language: str) -> Wording:
    """The words for `en`, `de-AT` …; English where there are none."""
    return WORDINGS.get(language.replace("_", "-").partition("-")[0].lower(), WORDINGS["en"])


def direction(language: str) -> str:
    """`rtl` or `ltr`, as HTML's `dir` wants it."""
    return "rtl" if language.replace("_", "-").partition("-")[0].lower() in RIGHT_TO_LEFT else "ltr"
