"""What an SMTP server says, cut into replies (RFC 5321 §4.2.1): a code and words, on one line or on several."""

from __future__ import annotations


class Replies:
    """What was heard and not answered for yet is in `unread`."""

    def __init__(self) -> None:
        self.unread = b""

    def hear(self, data: bytes) -> None:
        self.unread += data

    def next(self) -> tuple[int, str] | None:
        """The next whole reply, its code (-1 where it has none) and its words; None while more is to come."""
        end = self.unread.find(b"\n")
        if end >= 0 and self.unread[3:4] != b"-":  # nearly always one line
            line, self.unread = self.unread[:end].strip(), self.unread[end + 1 :]
            return _code(line), line[4:].decode("utf-8", "replace")
        words, start = [], 0
        while (end := self.unread.find(b"\n", start)) >= 0:
            line = self.unread[start:end].strip()
            start = end + 1
            words.append(line[4:].decode("utf-8", "replace"))
            if line[3:4] != b"-":
                self.unread = self.unread[start:]
                return _code(line), "\n".join(words)
        return None


def _code(line: bytes) -> int:
    return int(line[:3]) if line[:3].isdigit() else -1
