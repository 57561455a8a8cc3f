"""Where signups are taken, of newcomers in company, and where events are that begin nothing."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from service.actions.ask_to_confirm import ask_to_confirm
from service.actions.sign_up import SignedUp, sign_up
from service.actions.sign_up_newcomers import Signup, is_plain, sign_up_newcomers
from service.actions.tell import Receipt, Told, is_quiet, tell_quietly
from service.fault import reach
from service.runtime import Runtime
from service.store.journey import journey_now
from service.web.company import Company
from service.web.steady import STEP, Steady
from service.web.transaction import transact


class Reception:
    """One process's. Any thread may call."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._newcomers: Company[Signup, SignedUp] = Company(runtime, self._sign_up, lambda each: each.address.key)
        self._told: Company[Told, Receipt] = Company(runtime, self._tell)
        self._steady = Steady(0 if runtime.settings.form_limits == "off" else STEP)

    def take(self, signup: Signup) -> SignedUp:
        """Take a signup; it is committed when this returns, and the bell rings. Raises what the database raises.

        In steady time, where strangers are limited at all: whether somebody is new is nobody's business.
        """
        with self._steady.time():
            return self._take(signup)

    def _take(self, signup: Signup) -> SignedUp:
        is_for_all = is_plain(self._runtime.published(), signup)
        signed_up = self._newcomers.take(signup) if is_for_all else None
        if signed_up is None:
            signed_up = self._sign_up_alone(signup)
            self._runtime.bell.ring()
        reach("after_signup_commit")
        return signed_up

    def hear(self, told: Told) -> Receipt | None:
        """Keep an event that begins nothing, as `take` does; None where `tell` has to look at it."""
        return self._told.take(told) if is_quiet(self._runtime.published(), told) else None

    def _sign_up(self, session: Session, signups: Sequence[Signup]) -> list[SignedUp | None]:
        published, hash_key = self._runtime.published(), self._runtime.hash_key
        signed_up = sign_up_newcomers(session, published, hash_key, signups, journey_now(session))
        reach("mid_signup")
        return signed_up

    def _sign_up_alone(self, signup: Signup) -> SignedUp:
        """The general way: of whoever is here already, or came through a friend, or is to confirm it first."""
        published, hash_key = self._runtime.published(), self._runtime.hash_key
        filled = (signup.form, signup.address, signup.fields, signup.evidence)
        take = ask_to_confirm if signup.form.double_opt_in else sign_up

        def work(session: Session) -> SignedUp:
            signed_up = take(session, published, hash_key, *filled, journey_now(session))
            reach("mid_signup")
            return signed_up

        return transact(self._runtime, work)

    def _tell(self, session: Session, told: Sequence[Told]) -> list[Receipt | None]:
        return tell_quietly(session, self._runtime.published(), told, journey_now(session))
