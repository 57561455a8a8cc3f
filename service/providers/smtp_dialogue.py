"""What is said in one SMTP session (RFC 5321), without the line it is said over: replies in, bytes and outcomes out.

Where the server offers PIPELINING (RFC 2920), MAIL, RCPT and DATA go in one write, and so does the envelope of the next
mail behind a mail's final dot. What a reply proves: before the final dot, a lost line or a 4xx means that the mail was
not taken; a 5xx that it never will be. After it, silence means that nobody knows (RFC 1047).
"""

from __future__ import annotations

import re
import time
from collections import deque
from dataclasses import dataclass
from enum import Enum, auto

from service.fault import reach
from service.ports import Message, Outcome, Refused, Sent, TryLater, Uncertain
from service.providers.smtp_reply import Replies

COMMAND = 60.0  # seconds for a reply; RFC 5321 §4.5.3.2 asks for minutes, our group's budget for less
END_OF_DATA = 600.0  # seconds, RFC 5321 §4.5.3.2.6; the lease is renewed meanwhile
LONGEST_REPLY = 65_536  # bytes
UNFIT = re.compile(r"[^!-;=?-~]")  # all but ASCII without < and >: would end an address, or the command it stands in


class Closed(Exception):  # noqa: N818 (what it says)
    """The session is over: the server closes it, or speaks no SMTP."""


class Said(Enum):
    """What a reply answers."""

    RSET = auto()
    MAIL = auto()
    RCPT = auto()
    DATA = auto()
    DOT = auto()  # the end of a mail that nobody is to get
    END = auto()  # the final dot of a mail


@dataclass(slots=True, eq=False)
class Mail:
    """A mail on its way through a session. `is_announced`: it stands behind another, and nothing was heard of it yet.

    `refusal` is the first thing said against it, `ends` the place of the byte behind its final dot among all that the
    session writes, 0 before.
    """

    message: Message
    start_by: float
    was_announced: bool
    is_announced: bool
    refusal: Outcome | None = None
    ends: int = 0


class Dialogue:
    """The mails of one session, one behind another. `out` is what is to be written next.

    `settled` holds the outcomes that are known and were not collected yet; `count` is how many mails were begun.
    """

    def __init__(self, *, pipelining: bool) -> None:
        self._pipelining = pipelining
        self._awaited: deque[tuple[Said, Mail]] = deque()
        self._unsaid: deque[tuple[Said, Mail, bytes]] = deque()
        self._replies = Replies()
        self._unclean = False  # a transaction was begun that no data ended
        self._written = 0
        self.out = bytearray()
        self.mails: deque[Mail] = deque()  # begun and not settled
        self.settled: list[tuple[Message, Outcome]] = []
        self.count = 0

    @property
    def is_free(self) -> bool:
        """Whether another mail may begin: nothing is under way, or only the answer to a final dot is awaited."""
        if not self.mails:
            return True
        return self._pipelining and len(self._awaited) == 1 and self._awaited[0][0] is Said.END

    @property
    def patience(self) -> float:
        """Seconds to wait for the next reply."""
        said = self._awaited[0][0] if self._awaited else None
        return END_OF_DATA if said is Said.END or said is Said.DOT else COMMAND

    def begin(self, message: Message, start_by: float) -> None:
        """Say the envelope of a mail; the session must be free.

        Where it stands behind another whose answer comes only after `start_by`, the session is closed instead of it.
        """
        self.count += 1
        behind = bool(self.mails)
        mail = Mail(message, start_by, was_announced=behind, is_announced=behind)
        if UNFIT.search(message.sender) or UNFIT.search(message.recipient):
            self.settled.append((message, Refused("its address can't be said in SMTP", "address")))
            return
        self.mails.append(mail)
        if self._unclean:
            self._unsaid.append((Said.RSET, mail, b"RSET\r\n"))
            self._unclean = False
        self._unsaid += (
            (Said.MAIL, mail, b"MAIL FROM:<%b>\r\n" % message.sender.encode("ascii")),
            (Said.RCPT, mail, b"RCPT TO:<%b>\r\n" % message.recipient.encode("ascii")),
            (Said.DATA, mail, b"DATA\r\n"),
        )
        self._speak()

    def wrote(self, count: int) -> None:
        """So many bytes of `out` were handed to the line."""
        self._written += count
        del self.out[:count]

    def hear(self, data: bytes) -> None:
        """What the server said. Raises Closed where it ends the session; what is settled then stays so."""
        self._replies.hear(data)
        while self._awaited and (reply := self._replies.next()) is not None:
            said, mail = self._awaited.popleft()
            self._heard(said, mail, *reply)
            if self._unsaid:
                self._speak()
        unread = self._replies.unread
        if unread and not self._awaited:
            # Nothing was asked: whoever closes the channel says 421 without being asked (RFC 5321 §3.8).
            raise Closed(unread[:200].decode("utf-8", "replace").strip())
        if len(unread) > LONGEST_REPLY:
            raise Closed("a reply that doesn't end")

    def lose(self, why: str) -> list[Message]:
        """The line is lost: settles what was begun, and returns the mails that had only been announced.

        Those stood behind a mail whose answer was awaited: for them nothing has begun yet.
        """
        announced = []
        for mail in self.mails:
            if mail.ends and self._written >= mail.ends:
                self._settle(mail, Uncertain(f"the line was cut after the mail: {why}", "cut"))
            elif mail.is_announced:
                announced.append(mail.message)
                self.count -= 1
            else:
                self._settle(mail, mail.refusal or TryLater(f"the line was cut before the mail: {why}", "connect"))
        self.mails.clear()
        return announced

    def _heard(self, said: Said, mail: Mail, code: int, words: str) -> None:
        mail.is_announced = False
        if code == 421 or not 200 <= code < 600:  # the server is closing the channel, or speaks no SMTP
            self._finish(mail, mail.refusal or _last_words(said, code, words))
            raise Closed(f"{code} {words}"[:200])
        match said:  # whatever is answered to RSET
            case Said.MAIL:
                if code != 250:  # it has not heard yet whom the mail is for
                    self._refuse(mail, code, words, in_all=True)
            case Said.RCPT:
                if code not in {250, 251}:
                    self._refuse(mail, code, words)
            case Said.DATA:
                self._heard_data(mail, code, words)
            case Said.END if code < 300:
                reach("after_accept")
                self._finish(mail, Sent(words[:200]))
            case Said.END:
                self._finish(mail, _refusal(code, words))
            case Said.DOT:
                assert mail.refusal is not None
                self._finish(mail, mail.refusal)

    def _heard_data(self, mail: Mail, code: int, words: str) -> None:
        if code == 354:
            self._say_content(mail)
            return
        self._refuse(mail, code, words)
        assert mail.refusal is not None
        self._unclean = True
        self._finish(mail, mail.refusal)

    def _refuse(self, mail: Mail, code: int, words: str, *, in_all: bool = False) -> None:
        """Note why the mail can't leave. What is said already gets its replies first."""
        mail.refusal = mail.refusal or _refusal(code, words, in_all=in_all)
        if self._unsaid:  # one command after the other: the rest of this mail's need not be said
            self._unsaid.clear()
            self._unclean = True
            self._finish(mail, mail.refusal)

    def _say_content(self, mail: Mail) -> None:
        """The mail; where its recipient was refused, and the server goes on all the same, nothing but a dot (RFC 2920
        §3.1)."""
        if mail.refusal is not None:
            self.out += b".\r\n"
            self._awaited.append((Said.DOT, mail))
            return
        if mail.was_announced and time.monotonic() > mail.start_by:
            mail.refusal = TryLater("its group's time was over while it stood behind another mail", "budget", 0)
            raise Closed("nothing but that takes a DATA back")
        reach("before_data")
        raw = mail.message.raw
        self.out += _dotted(raw)
        self.out += b".\r\n" if raw.endswith(b"\r\n") else b"\r\n.\r\n"
        self._awaited.append((Said.END, mail))
        mail.ends = self._written + len(self.out)

    def _speak(self) -> None:
        """Say what may be said now: all of it, or one command after the other."""
        while self._unsaid and (self._pipelining or not self._awaited):
            said, mail, line = self._unsaid.popleft()
            self.out += line
            self._awaited.append((said, mail))

    def _finish(self, mail: Mail, outcome: Outcome) -> None:
        self.mails.remove(mail)
        self._settle(mail, outcome)

    def _settle(self, mail: Mail, outcome: Outcome) -> None:
        self.settled.append((mail.message, outcome))


def _refusal(code: int, words: str, *, in_all: bool = False) -> Outcome:
    """What a reply that is not the hoped-for means, with the server's own words."""
    said = f"{code} {words}"[:300]
    return Refused(said, str(code)) if code >= 500 else TryLater(said, str(code), in_all=in_all)


def _last_words(said: Said, code: int, words: str) -> Outcome:
    """What a reply means after which there is no session any more."""
    if said is Said.END and code != 421:
        return Uncertain(f"what was answered to the mail is no reply of SMTP: {words}"[:300], "cut")
    return TryLater(f"{code} {words}"[:300], str(code), in_all=said is Said.MAIL)


def _dotted(raw: bytes) -> bytes:
    """A line that begins with a dot gets another (RFC 5321 §4.5.2)."""
    return (b"." + raw if raw.startswith(b".") else raw).replace(b"\r\n.", b"\r\n..")
