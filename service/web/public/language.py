"""In which language a page speaks to the holder of a link."""

from __future__ import annotations

from service.domain.sequence.model.business import Business
from service.store.contact import Contact

SPOKEN = ("en", "de")


def language_of(contact: Contact | None, business: Business) -> str:
    """The person's language, else the business's; English where our pages don't speak it."""
    wished = (contact.language if contact else None) or business.languages[0]
    short = wished.replace("_", "-").partition("-")[0].lower()
    return short if short in SPOKEN else SPOKEN[0]
