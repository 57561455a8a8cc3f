"""Addresses of our own site that carry a token: each purpose with its path, and with what its token says.

None of them is tracked: opening one is no click, and what it does is done by a button on its page.
"""

from __future__ import annotations

from dataclasses import dataclass

from service.domain.token import Purpose, Signer
from service.ports import Letter

# purpose -> the path round the token, and the token's value; see `service.domain.token`
_FORMS: dict[Purpose, tuple[str, str]] = {
    "open": ("/open/{}.gif", "{delivery}"),
    "magnet": ("/magnets/{}", "{delivery}.{word}"),
    "answer": ("/answer/{}", "{delivery}.{word}"),
    "task": ("/task/{}", "{task}.{word}"),
    "join": ("/join/{}", "{contact}.{delivery}.{word}"),
    "share": ("/share/{}", "{contact}"),
    "my-data": ("/my-data/{}", "{contact}.{sent}"),
    "calendar": ("/calendar/{}.ics", "{delivery}"),
    "confirm": ("/confirm/{}", "{request}"),
    "address": ("/address/{}", "{request}"),
    "forget": ("/forget/{}", "{request}"),
}


@dataclass(frozen=True, slots=True)
class Signed:
    """One such address. `word` is the magnet's key, the answer's value or the topic's slug, where there is one."""

    purpose: Purpose
    word: str = ""

    def path(self, letter: Letter, signer: Signer) -> str:
        """The path for the person of a letter, to stand behind BASE_URL; a colleague's names no mail of theirs."""
        path, value = _FORMS[self.purpose]
        said = value.format(
            delivery=0 if letter.staff else letter.delivery_id,
            contact=letter.contact_id,
            task=letter.staff.task_id if letter.staff else 0,
            request=letter.system.enrolment_id if letter.system else 0,
            sent=int(letter.sent_at.timestamp()),
            word=self.word,
        )
        return path.format(signer.sign(self.purpose, said))
