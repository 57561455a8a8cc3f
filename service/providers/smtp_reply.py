"""What an SMTP server says, cut into replies (RFC 5321 §4.2.1): a code and words, on one line or on several."""

from __future__ import annotations

from functools import lru_cache


class Replies:
    """What was heard and not answered for yet is in `unread`."""

    def __init__(self) -> None:
        self.unread = b""

    def hear(self, data: bytes) -> None:
        self.unread += data

    def next(self) -> tuple[int, str] | None:
        """The next whole reply, its code (-1 where it has none) and its words; None while more is to come."""
        line, end, rest = self.unread.partition(b"\n")
        before = ""
        while end:
            code, words, is_last = _read(line)
            if is_last:  # nearly always the first is
                self.unread = rest
                return code, before + words
            before += words + "\n"
            line, end, rest = rest.partition(b"\n")
        return None


@lru_cache(maxsize=64)  # a server says the same to nearly every mail
def _read(line: bytes) -> tuple[int, str, bool]:
    """The code and the words of a line, and whether it ends a reply."""
    line = line.strip()
    code = int(line[:3]) if line[:3].isdigit() else -1
    return code, line[4:].decode("utf-8", "replace"), line[3:4] != b"-"
