"""Put mails that were taken into words. One that can't be is held with its reason, and blocks no other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from service import clock
from service.actions.lease import Lease
from service.actions.proceed import find_step
from service.actions.rule import decided
from service.actions.staff_mail import staff_letters
from service.actions.system_mail import system_letters
from service.domain.clearance import WORDS, held_wordless
from service.domain.referral import prints_code
from service.domain.sequence.model.business import Business
from service.domain.sequence.model.step import Step
from service.domain.sequence.printed import words_ask_the_past
from service.domain.system_mail import is_system
from service.ports import (
    Letter,
    Meanwhile,
    Message,
    Pacer,
    Provider,
    Published,
    Renderer,
    StaffLetter,
    SystemLetter,
    Unrenderable,
)
from service.store.decision import last_said, write_decisions
from service.store.delivery import State
from service.store.due import lock_readers, read_taken
from service.store.history import Past, facts_of, read_pasts, records_of
from service.store.lasting import Begin
from service.store.letter import Unwritten, read_letters
from service.store.referral import give_codes

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Desk:
    """What handing over needs: where sessions come from, the words, the provider, the size of a group, and the pace.

    Without a pacer everything leaves as fast as it can: into the development mailbox.
    """

    begin: Begin
    published: Callable[[], Published]
    renderer: Renderer
    provider: Provider
    group: int
    pacer: Pacer | None = None


class Words:
    """What the mails say that were taken, each as its reader was when this was made. Of a group they are made when it
    is its turn, or before, while something else is waited for."""

    def __init__(self, desk: Desk, lease: Lease) -> None:
        self._desk, self._lease, self._published = desk, lease, desk.published()
        self._letters: dict[int, Unwritten] = {}
        self._made: dict[int, Message | Unrenderable] = {}
        self._sent_at = clock.machine_now()
        self.journey_at: datetime | None = None  # journey time, where it runs apart from the machine's
        if not lease.ids:
            return  # all of them have to wait
        with desk.begin() as session:
            letters, self.journey_at = read_letters(session, lease.ids)
            self._known = _look_up(session, self._published, letters)
        self._letters = {each.mail.id: each for each in letters}

    def ahead(self, ids: Sequence[int]) -> Meanwhile:
        """Makes those of some mails before they are asked for, one each time. Where a publication can't be read for
        them, that is met again when they are."""
        waiting = list(reversed(ids))

        def make_one() -> bool:
            with suppress(SQLAlchemyError):
                self._make(waiting[-1:])
            del waiting[-1:]
            return bool(waiting)

        return make_one

    def of(self, ids: Collection[int]) -> list[Message]:
        """Those of some mails, without any that can't be put into words: they are held, with the reason."""
        self._make(ids)
        made = {each: self._made.pop(each) for each in ids if each in self._made}
        poison = {each: str(error) for each, error in made.items() if isinstance(error, Unrenderable)}
        if poison:
            _hold(self._desk, self._lease, poison, self.journey_at or self._sent_at)
        return [message for message in made.values() if isinstance(message, Message)]

    def readers(self, ids: Collection[int]) -> dict[int, int]:
        """Some mails with whom they are for, or about, as far as they are still there."""
        return {each: self._letters[each].reader.id for each in ids if each in self._letters}

    def _make(self, ids: Collection[int]) -> None:
        for each in ids:
            unwritten = self._letters.get(each)
            if unwritten is None or each in self._made or not self._known.has_words(unwritten):
                continue  # its intent is refused, with the reason
            try:
                letter = _letter(self._published, unwritten, self._known, self._sent_at, self.journey_at)
                self._made[each] = self._desk.renderer.render(letter)
            except Unrenderable as error:
                self._made[each] = error
            except SQLAlchemyError:
                raise
            except Exception as error:  # a fault of ours, or of a template: it blocks nobody else either
                log.exception("delivery.wordless", delivery=each)
                self._made[each] = Unrenderable(f"making it failed ({type(error).__name__}); the worker's log has more")


@dataclass(frozen=True, slots=True)
class _Known:
    """What is looked up for all of a group's mails: their steps as they are written now, which of them have words that
    ask the past, the pasts of their readers, and what mails to colleagues and system mails say."""

    steps: Mapping[tuple[str, str], Step]
    asking: Collection[tuple[str, str]]
    pasts: defaultdict[int, Past]
    staff: Mapping[int, StaffLetter]
    system: Mapping[int, SystemLetter]

    def has_words(self, unwritten: Unwritten) -> bool:
        """Whether what it says is still there."""
        mail = unwritten.mail
        if mail.staff_to is None and (unwritten.enrolment.sequence, mail.step) in self.steps:
            return True
        return mail.id in self.system or mail.id in self.staff

    def names(self, business: Business, unwritten: Unwritten, now: datetime) -> Mapping[str, object]:
        """What the words may name. A system mail names nothing."""
        mail, enrolment, reader = unwritten
        if mail.id in self.system:
            return {}
        if mail.staff_to or (enrolment.sequence, mail.step) in self.asking:
            return facts_of(business, reader, enrolment, self.pasts[reader.id], now).names()
        return records_of(business, reader, enrolment, now)


def _look_up(session: Session, published: Published, letters: Sequence[Unwritten]) -> _Known:
    system = system_letters(published, [each for each in letters if is_system(each.enrolment.sequence)])
    letters = [each for each in letters if each.mail.id not in system] if system else letters
    first = {(each.enrolment.sequence, each.mail.step): each for each in letters}  # one of each step
    found = {key: find_step(published, each.enrolment, each.mail.step) for key, each in first.items()}
    steps = {key: written[1] for key, written in found.items() if written is not None}
    coded = {key for key, step in steps.items() if prints_code(step)}
    asking = {key for key, step in steps.items() if words_ask_the_past(step)}
    to_staff = [each.mail for each in letters if each.mail.staff_to is not None]
    _give_codes(session, letters, coded)
    those = {
        each.reader.id for each in letters if each.mail.staff_to or (each.enrolment.sequence, each.mail.step) in asking
    }
    pasts = read_pasts(session, those) if those else {}
    staff = staff_letters(session, published, to_staff) if to_staff else {}
    return _Known(steps, asking, defaultdict(Past, pasts), staff, system)


def _give_codes(session: Session, letters: Sequence[Unwritten], coded: Collection[tuple[str, str]]) -> None:
    if coded:
        give_codes(session, {each.reader.id for each in letters if (each.enrolment.sequence, each.mail.step) in coded})


def _letter(
    published: Published, unwritten: Unwritten, known: _Known, sent_at: datetime, journey_at: datetime | None
) -> Letter:
    mail, enrolment, reader = unwritten
    business = published.library.business
    staff, system = known.staff.get(mail.id), known.system.get(mail.id)
    own = reader.language or (system and system.language) or business.languages[0]
    return Letter(
        delivery_id=mail.id,
        contact_id=reader.id,
        message_id=mail.message_id,
        recipient=mail.staff_to or reader.email,
        publication_id=published.id,
        sequence=enrolment.sequence,
        step=mail.step,
        language=business.languages[0] if staff else own,
        names=known.names(business, unwritten, journey_at or sent_at),
        sent_at=sent_at,
        arm=enrolment.arm,
        journey_at=journey_at,
        staff=staff,
        system=system,
    )


def _hold(desk: Desk, lease: Lease, reasons: Mapping[int, str], now: datetime) -> None:
    """Hold what can't be put into words: never sent with a gap, never retried hot, never dropped before its end."""
    with desk.begin() as session:
        lock_readers(session, reasons)
        taken = read_taken(session, reasons, lease.token)
        last = last_said(session, WORDS, [(due.contact_id, due.id) for due in taken])
        held = [(due, held_wordless(reasons[due.id], due.expires_at, now)) for due in taken]
        # It is looked at again each hour, and told again when something else is missing.
        told = [decided(*each, is_told=last.get(each[0].id) != each[1].reason) for each in held]
        write_decisions(session, told, (), now, (State.CLEARED,))
    for due, verdict in held:
        log.warning("delivery.held", delivery=due.id, reason=verdict.reason)
