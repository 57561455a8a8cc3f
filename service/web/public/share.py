"""`/share/TOKEN`: a referrer's own page, with their link, a picture of it for a friend's phone, and how it stands."""

from __future__ import annotations

from urllib.parse import quote

import segno
from flask import Blueprint, render_template
from markupsafe import Markup
from sqlalchemy.orm import Session

from service.domain.sequence.model.business import Business
from service.store.contact import Contact
from service.store.referral import Friends, count_friends, give_codes
from service.web.current import current_runtime
from service.web.public.language import language_of
from service.web.public.token import read_token
from service.web.transaction import transact

WORDS = {
    "en": {
        "title": "Bring a friend",
        "intro": "This link is yours alone. Whoever signs up by it, we know that you sent them.",
        "link": "Your link",
        "hint": "Touch it, hold, and copy.",
        "send": "Send it by email",
        "subject": "You might like {business}",
        "letter": "Hello,\n\nI go to {business}, and I think you would like it there. Here is my link:\n\n{link}\n",
        "scan": "Or let your friend point a phone at this.",
        "picture": "The link as a QR code",
        "friends": "Your friends so far",
        "gone": "There is no link any more.",
        "nobody": "We keep nothing about you any more, so nobody can come by your link.",
    },
    "de": {
        "title": "Bring jemanden mit",
        "intro": "Dieser Link gehört nur dir. Wer sich darüber anmeldet, von dem wissen wir: du hast ihn geschickt.",
        "link": "Dein Link",
        "hint": "Antippen, halten, kopieren.",
        "send": "Per E-Mail schicken",
        "subject": "{business} könnte dir gefallen",
        "letter": "Hallo,\n\nich gehe zu {business} und glaube, dir würde es dort gefallen. "
        "Hier ist mein Link:\n\n{link}\n",
        "scan": "Oder lass dein Gegenüber ein Telefon hierauf richten.",
        "picture": "Der Link als QR-Code",
        "friends": "Bisher",
        "gone": "Diesen Link gibt es nicht mehr.",
        "nobody": "Wir haben nichts mehr über dich gespeichert, also kann niemand über deinen Link kommen.",
    },
}
# For none, for one, and for more.
COUNTS = {
    "en": {
        "joined": ("Nobody yet, and that is fine.", "One friend has signed up.", "{} friends have signed up."),
        "qualified": ("", "One has been here.", "{} have been here."),
        "rewarded": ("", "For one you have had our thanks.", "For {} you have had our thanks."),
    },
    "de": {
        "joined": (
            "Noch niemand, und das ist in Ordnung.",
            "Eine Person hat sich angemeldet.",
            "{} Leute haben sich angemeldet.",
        ),
        "qualified": ("", "Eine davon war schon hier.", "{} davon waren schon hier."),
        "rewarded": ("", "Für eine haben wir dir gedankt.", "Für {} haben wir dir gedankt."),
    },
}

sharing = Blueprint("share", __name__)


@sharing.get("/share/<token>")
def show(token: str) -> str:
    runtime = current_runtime()
    business = runtime.published().library.business
    value = read_token("share", token)
    contact_id = int(value)

    def look(session: Session) -> tuple[Contact | None, str | None, Friends]:
        code = give_codes(session, [contact_id]).get(contact_id)
        return session.get(Contact, contact_id), code, count_friends(session, contact_id)

    contact, code, friends = transact(runtime, look)
    language = language_of(contact, business)
    link = f"{runtime.settings.base_url}/refer/{code}" if code else ""
    return render_template(
        "share.html",
        private=True,
        business=business,
        language=language,
        words=WORDS[language],
        link=link,
        picture=qr_code(link, WORDS[language]["picture"]) if link else "",
        mailto=mail_to_a_friend(business, language, link),
        standing=how_it_stands(friends, language),
    )


def qr_code(link: str, title: str) -> Markup:
    """An SVG that stands in the page: dark on light with its quiet zone, in the dark mode as well (ISO/IEC 18004)."""
    drawn = segno.make_qr(link, error="m").svg_inline(omitsize=True, border=4, light="#fff", title=title)
    return Markup(drawn.replace("<svg ", '<svg role="img" ', 1))  # noqa: S704 (segno's own drawing, its title escaped)


def mail_to_a_friend(business: Business, language: str, link: str) -> str:
    """A letter that waits in the referrer's own mail program for an address (RFC 6068)."""
    words = WORDS[language]
    letter = words["letter"].format(business=business.name, link=link).replace("\n", "\r\n")
    return f"mailto:?subject={quote(words['subject'].format(business=business.name))}&body={quote(letter)}"


def how_it_stands(friends: Friends, language: str) -> list[str]:
    """How many joined, were here, and were thanked for, in sentences."""
    words = COUNTS[language]
    lines = [_counted(words["joined"], friends.joined)]
    if friends.qualified:
        lines.append(_counted(words["qualified"], friends.qualified))
    if friends.rewarded:
        lines.append(_counted(words["rewarded"], friends.rewarded))
    return lines


def _counted(words: tuple[str, str, str], number: int) -> str:
    return words[min(number, 2)].format(number)
