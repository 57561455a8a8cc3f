"""One choice of the preferences page: what was chosen, kept, and told in a sentence.

`topic` leaves a topic and `again` gets it back, `all` leaves all marketing; `less` (yes or no) says how often, `pause`
(days; 0 goes on) for how long nothing comes; `channel` ends calls or text messages; `address` asks for mail at another
one, `forget` to be forgotten, both by a button in a mail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parseaddr

from sqlalchemy.orm import Session

from service.actions.ask_by_mail import ask_address, ask_forget
from service.actions.join import join
from service.actions.less_often import wish_less_often
from service.actions.pause import pause
from service.actions.stop_channel import stop_channel
from service.actions.unsubscribe import unsubscribe
from service.domain.contact import MAX_ADDRESS, BadAddress, read_address
from service.domain.pause import CHOICES
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.form import CHANNELS, MAIL
from service.ports import Published
from service.store.journey import journey_now
from service.web.current import current_runtime
from service.web.public.evidence import pressed
from service.web.public.preference_words import WORDS
from service.web.public.recipient import Recipient, find_recipient, shortened, title_of

BY_MAIL = frozenset({"address", "forget"})  # these make us write a mail, and are not asked for without end
# The words of the choices that have no others.
KNOWN = {
    "less": frozenset({"yes", "no"}),
    "pause": frozenset({"0", *map(str, CHOICES)}),
    "channel": frozenset(CHANNELS) - {MAIL},
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen: a name from above, and the word with it."""

    kind: str
    word: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told on the page. `left` is the number of a leaving that can be taken back, `topic` what was left;
    `write_to` an address to write to; `is_wrong`: nothing was changed; `typed` is an address that was none."""

    text: str
    is_wrong: bool = False
    left: int | None = None
    topic: str = ""
    write_to: str = ""
    typed: str = ""


def read_choice(business: Business, entry: Mapping[str, object]) -> Choice | None:
    """What was chosen; None where that is not clear."""
    if entry.get("all"):
        return Choice("all")
    for kind in ("topic", "again"):
        topic = str(entry.get(kind) or "")
        if business.topic(topic) is not None:
            return Choice(kind, topic)
    for kind, known in KNOWN.items():
        if str(entry.get(kind)) in known:
            return Choice(kind, str(entry[kind]))
    if isinstance(entry.get("address"), str):
        return Choice("address", str(entry["address"]))
    return Choice("forget") if entry.get("forget") else None


def keep(session: Session, *, published: Published, token: str, choice: Choice) -> tuple[Recipient, Notice]:
    """The recipient as they are once it is kept, and what is told about it. Nothing is kept of who was forgotten."""
    recipient = find_recipient(session, published, token)
    if not recipient.address:
        return recipient, Notice("")
    notice = KEEPERS[choice.kind](session, published, recipient, choice.word)
    session.flush()
    return find_recipient(session, published, token), notice


def _leave(session: Session, published: Published, recipient: Recipient, topic: str) -> Notice:
    business, words = published.library.business, WORDS[recipient.language]
    evidence, now, name = pressed("preferences"), journey_now(session), topic or None
    left = unsubscribe(session, published, recipient.contact_id, now, topic=name, source="page", evidence=evidence)
    title = title_of(business, name, recipient.language)
    said = "service_off" if _is_service(business, topic) else "topic_left"
    return Notice(words[said].format(topic=title), left=left, topic=title)


def _get_again(session: Session, published: Published, recipient: Recipient, name: str) -> Notice:
    """The topic comes again, with the words on the page as the evidence of the consent."""
    business, words = published.library.business, WORDS[recipient.language]
    topic, title = business.topic(name), title_of(business, name, recipient.language)
    evidence = pressed("preferences", words["wording"].format(topic=title))
    mail, now = recipient.delivery_id, journey_now(session)
    if topic is None or not join(session, published, recipient.contact_id, mail, topic, evidence, now):
        writes_to = parseaddr(business.sender)[1]
        return Notice(words["barred_notice"].format(topic=title), is_wrong=True, write_to=writes_to)
    return Notice(words["service_on" if _is_service(business, name) else "topic_again"].format(topic=title))


def _be_less(session: Session, published: Published, recipient: Recipient, wish: str) -> Notice:
    wish_less_often(session, published, recipient.contact_id, wish == "yes", journey_now(session))
    return Notice(WORDS[recipient.language]["less_done" if wish == "yes" else "as_before_done"])


def _pause(session: Session, published: Published, recipient: Recipient, days: str) -> Notice:
    words = WORDS[recipient.language]
    until = pause(session, published, recipient.contact_id, int(days), journey_now(session))
    return Notice(words["pause_done"].format(day=recipient.day(until)) if until else words["go_on_done"])


def _stop(session: Session, published: Published, recipient: Recipient, channel: str) -> Notice:
    words = WORDS[recipient.language]
    evidence = pressed("preferences", words["stop_aria"].format(way=words[channel]))
    stop_channel(session, recipient.contact_id, channel, journey_now(session), evidence)
    return Notice(words["stopped"].format(way=words[channel]))


def _move(session: Session, published: Published, recipient: Recipient, text: str) -> Notice:
    words, hash_key = WORDS[recipient.language], current_runtime().hash_key
    try:
        address = read_address(text)
    except BadAddress:
        return Notice(words["address_bad"], is_wrong=True, typed=text[:MAX_ADDRESS])
    if not ask_address(session, published, hash_key, recipient.contact_id, address, journey_now(session)):
        return Notice(words["address_same"])
    return Notice(words["address_sent"].format(address=shortened(address.email)))


def _forget(session: Session, published: Published, recipient: Recipient, _: str) -> Notice:
    ask_forget(session, published, recipient.contact_id, journey_now(session))
    return Notice(WORDS[recipient.language]["forget_sent"].format(address=recipient.address))


def _is_service(business: Business, name: str) -> bool:
    topic = business.topic(name)
    return topic is not None and topic.basis == "service"


KEEPERS: dict[str, Callable[[Session, Published, Recipient, str], Notice]] = {
    "topic": _leave,
    "all": _leave,
    "again": _get_again,
    "less": _be_less,
    "pause": _pause,
    "channel": _stop,
    "address": _move,
    "forget": _forget,
}
