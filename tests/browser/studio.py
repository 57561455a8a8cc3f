"""The studio that is visited: an installation as `everafter up` starts it, with a worker, and a mail server."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from itertools import count
from pathlib import Path

import requests

from tests.end_to_end.inbox import Inbox, receiving
from tests.end_to_end.installation import Installation, installed

WRITTEN = Path(__file__).with_name("sequences")
SETTINGS = {"EVERAFTER_SEQUENCES": str(WRITTEN), "FORM_LIMITS": "300/minute"}  # everybody comes from this machine
numbers = count(1)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that arrived, as far as its reader sees it."""

    subject: str
    html: str

    def link(self, kind: str) -> str:
        """The address of the first link in it that leads to our own `/KIND/…`."""
        found = re.search(rf'href="([^"]+/{re.escape(kind)}/[^"]+)"', self.html)
        assert found is not None, f"there is no link to /{kind}/ in “{self.subject}”"
        return unescape(found[1])


@dataclass(frozen=True, slots=True)
class Studio:
    """One installation for all stories; everybody in them is somebody else."""

    installation: Installation
    inbox: Inbox

    @property
    def base(self) -> str:
        return self.installation.base

    def somebody(self) -> str:
        """An address that nobody else has."""
        return f"visitor{next(numbers)}@example.org"

    def sign_up(self, address: str, form: str = "checklist", **fields: str) -> None:
        """As a visitor does, where how they do it is another story's."""
        answer = requests.post(
            f"{self.base}/forms/{form}",
            data={"email": address} | fields,
            allow_redirects=False,
            timeout=60,
        )
        assert answer.status_code == 303, answer.text

    def answer(self, address: str, value: str) -> None:
        """Press the button behind the question of their first letter."""
        link = self.letter_to(address).link("answer")
        assert requests.post(link, data={"answer": value}, timeout=60).status_code == 200

    def letters_to(self, address: str) -> list[Letter]:
        """Their mails, in the order they came."""
        return [Letter(mail.subject, mail.part("html")) for mail in self.inbox.of(address)]

    def letter_to(self, address: str, subject: str = "", seconds: float = 120) -> Letter:
        """The first mail to somebody whose subject holds these words, once it has come."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for letter in self.letters_to(address):
                if subject in letter.subject:
                    return letter
            time.sleep(0.05)
        came = [letter.subject for letter in self.letters_to(address)]
        raise AssertionError(f"after {seconds:g} s no “{subject}” has come, only {came}\n{self.installation.log()}")


@contextmanager
def open_studio(folder: Path) -> Iterator[Studio]:
    """A studio that is open until the `with` ends."""
    with receiving() as inbox, installed(folder / "home", inbox.url, **SETTINGS) as installation:
        form = requests.get(f"{installation.base}/forms/checklist", timeout=60)
        assert form.status_code == 200, installation.log()  # what is written has a fault, so nothing was published
        yield Studio(installation, inbox)
