"""`/share/TOKEN`: a referrer's own page, with their link, ways to send it on, a picture of it, and how it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

import segno
from flask import Blueprint, render_template
from markupsafe import Markup
from sqlalchemy.orm import Session

from service.domain.referral_ledger import State
from service.domain.sequence.filters import Speech
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.referral import Reward as Promise
from service.domain.sequence.model.referral import RewardKind, Side
from service.rendering.templates import speak
from service.store.contact import Contact
from service.store.journey import journey_now
from service.store.merged import find_contact
from service.store.referral import Friends, count_friends, give_codes
from service.store.reward import Reward, rewards_of
from service.web.current import current_runtime
from service.web.public.language import language_of
from service.web.public.share_words import COUNTS, STANDS, WORDS
from service.web.public.token import read_token
from service.web.transaction import transact

SHOWN = 20  # rewards, the newest

sharing = Blueprint("share", __name__)


@dataclass(frozen=True, slots=True)
class Line:
    """A reward in a sentence; `code` stands for itself, to be read out or copied."""

    words: str
    code: str = ""


@sharing.get("/share/<token>")
def show(token: str) -> str:
    runtime = current_runtime()
    business = runtime.published().library.business
    contact_id = int(read_token("share", token))

    def look(session: Session) -> tuple[Contact | None, str | None, Friends, Sequence[Reward], datetime]:
        contact = find_contact(session, contact_id)
        mine = contact.id if contact else contact_id
        code = give_codes(session, [mine]).get(mine)
        return contact, code, count_friends(session, mine), rewards_of(session, mine, SHOWN), journey_now(session)

    contact, code, friends, entries, now = transact(runtime, look)
    language = language_of(contact, business)
    link = f"{runtime.settings.base_url}/refer/{code}" if code else ""
    zone = ZoneInfo(business.zone)
    speech = Speech(language, zone, today=now.astimezone(zone).date())
    return render_template(
        "share.html",
        private=True,
        business=business,
        language=language,
        words=WORDS[language],
        link=link,
        picture=qr_code(link, WORDS[language]["picture"]) if link else "",
        promises=promises(business, language),
        ways=ways_to_send(business, language, link),
        message=WORDS[language]["short"].format(business=business.name, link=link),
        standing=how_it_stands(friends, language),
        rewards=[line for each in entries if (line := how_a_reward_stands(each, business, speech)) is not None],
    )


def qr_code(link: str, title: str) -> Markup:
    """An SVG that stands in the page: dark on light with its quiet zone, in the dark mode as well (ISO/IEC 18004)."""
    drawn = segno.make_qr(link, error="m").svg_inline(omitsize=True, border=4, light="#fff", title=title)
    return Markup(drawn.replace("<svg ", '<svg role="img" ', 1))  # noqa: S704 (segno's own drawing, its title escaped)


def ways_to_send(business: Business, language: str, link: str) -> list[tuple[str, str]]:
    """(address, words) of each way to send the link on: the referrer's own programs open, filled in (RFC 6068, RFC
    5724, WhatsApp's "click to chat"). No script of anybody's is asked."""
    words = WORDS[language]
    letter = words["letter"].format(business=business.name, link=link).replace("\n", "\r\n")
    subject = quote(words["subject"].format(business=business.name))
    short = quote(words["short"].format(business=business.name, link=link))
    return [
        (f"https://wa.me/?text={short}", words["whatsapp"]),
        (f"sms:?&body={short}", words["text"]),  # with `&`, which older iPhones need
        (f"mailto:?subject={subject}&body={quote(letter)}", words["send"]),
    ]


def promises(business: Business, language: str) -> list[str]:
    """What each side gets, in sentences, as far as the programme says it in words."""
    programme, words = business.referral, WORDS[language]
    if programme is None:
        return []
    both = (("friend_gets", programme.friend), ("you_get", programme.referrer))
    named = [(key, worth_of(promise, business)) for key, promise in both if promise is not None]
    return [words[key].format(what=what) for key, what in named if what]


def worth_of(promise: Promise, business: Business) -> str:
    """What a reward is worth, in the business's own words; empty where it says none."""
    if promise.kind is RewardKind.COUPON:
        return next((coupon.worth for coupon in business.coupons if coupon.name == promise.name), "")
    return promise.worth or (promise.name if promise.kind in {RewardKind.TEXT, RewardKind.TASK} else "")


def how_it_stands(friends: Friends, language: str) -> list[str]:
    """How many joined, were here, and were thanked for, in sentences."""
    words = COUNTS[language]
    lines = [_counted(words["joined"], friends.joined)]
    if friends.qualified:
        lines.append(_counted(words["qualified"], friends.qualified))
    if friends.rewarded:
        lines.append(_counted(words["rewarded"], friends.rewarded))
    return lines


def how_a_reward_stands(reward: Reward, business: Business, speech: Speech) -> Line | None:
    """One reward in a sentence; None where there is nothing to say yet.

    The page names no friend, because links are passed on; and it does not say why a reward is refused.
    """
    words = STANDS[speech.language]
    whom = words["own" if reward.side == Side.FRIEND else "whom"]
    key, at = _state(reward, business)
    if key not in words or (reward.side == Side.FRIEND and key not in {"granted", "until", "redeemed"}):
        return None
    day = speak("day | day", speech, day=at) if at else ""
    said = words[key].format(who=words["who"], whom=whom, what=reward.what or reward.code or "", day=day)
    return Line(said[:1].upper() + said[1:], reward.code or "" if key in {"granted", "until"} else "")


def _state(reward: Reward, business: Business) -> tuple[str, datetime | None]:
    """Which of the words fit, and the day that they name."""
    match State(reward.state):
        case State.QUALIFIED if reward.asks or business.referral is None:
            return "asks", None
        case State.QUALIFIED if business.referral is not None:
            return "waits", reward.since + business.referral.wait
        case State.GRANTED if reward.expires_at is not None:
            return "until", reward.expires_at
        case State.REDEEMED:
            return "redeemed", reward.redeemed_at
        case state:
            return state.value, None


def _counted(words: tuple[str, str, str], number: int) -> str:
    return words[min(number, 2)].format(number)
