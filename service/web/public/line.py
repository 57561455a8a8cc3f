"""Text that somebody typed, a line or several: what may stand in it, and how much."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 200  # characters

# Controls, halves of characters, private ones, line ends. None belongs into a name, and each could end a header line, a
# log line or a database's patience. (Unassigned ones may pass: new emoji are unassigned to an older Python.)
UNPRINTABLE = frozenset({"Cc", "Cs", "Co", "Zl", "Zp"})
TURNED = re.compile("[\u202a-\u202e\u2066-\u2069\ufffd]")  # what turns other text round; what was not UTF-8


class BadLine(ValueError):  # noqa: N818 (what it says)
    """A text that can't be taken; the message is a sentence for the person who typed it."""


def read_line(text: str, longest: int = LONGEST) -> str:
    """The line, trimmed, in Unicode's composed form. Raises BadLine."""
    line = text.strip()
    if not (line.isascii() and line.isprintable()):  # most are, and need no closer look
        line = unicodedata.normalize("NFC", line)
        if any(unicodedata.category(each) in UNPRINTABLE for each in line) or TURNED.search(line):
            raise BadLine("Please use letters, digits and punctuation only, on one line.")
    if len(line) > longest:
        raise BadLine(f"Please use at most {longest} characters.")
    return line


def read_lines(text: str, longest: int) -> str:
    """Several lines, trimmed, as `read_line` reads each. Raises BadLine."""
    lines = "\n".join(read_line(line, longest) for line in text.strip().splitlines())
    if len(lines) > longest:
        raise BadLine(f"Please use at most {longest:,} characters.")
    return lines
