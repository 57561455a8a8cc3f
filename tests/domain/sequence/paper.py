"""Paper to write on: a small business, and a sequence whose front matter or steps a test replaces."""

from __future__ import annotations

from service.domain.sequence.library import read_library
from service.domain.sequence.model.library import Library
from service.domain.sequence.model.problem import Problem

BUSINESS = """\
name: Glow Studio
from: Mia at Glow Studio <mia@glow.example>
address: Lindenweg 4, 10969 Berlin
time zone: Europe/Berlin
people: {front-desk: desk@glow.example}
topics: {Newsletter: {}, Offers: {}}
links: {booking: https://glow.example/book}
fields: {favourite_dish: text, lead: person, prefers: [email, phone]}
events: {deep-dive.held: {topic: text, recording: link}}
segments: {regulars: count("visit.completed") > 4}
forms:
  checklist: {magnet: checklist, fields: {hair: {type: text, required: yes}}}
magnets: {checklist: files/checklist.pdf}
coupons: {WELCOME-BACK: {}}
"""

FRONT = """\
title: The checklist
stage: nurture
topic: Newsletter
enrol:
  on: signup
"""

STEP = """\
## Day 0: your checklist
Subject: Here it is

Did you try it? [Book](link:booking)
"""

MARK = "▸"  # stands in a test's text where the problem is to be found


def sequence(front: str = FRONT, steps: str = STEP) -> str:
    return f"---\n{front}---\n\n{steps}"


def files(text: str = sequence(), business: str = BUSINESS, **more: str) -> dict[str, bytes]:
    """A library of one sequence, `welcome`; `more` are sequences by name."""
    return {
        "sequences/business.yaml": business.encode(),
        "sequences/welcome.md": text.encode(),
        "sequences/files/checklist.pdf": b"%PDF-",
        "sequences/images/jana.jpg": b"\xff\xd8",
    } | {f"sequences/{name}.md": words.encode() for name, words in more.items()}


def read(text: str = sequence(), business: str = BUSINESS) -> Library:
    """The library of a text in which nothing is wrong."""
    library, problems = read_library(files(text, business))
    assert library is not None, "\n".join(map(str, problems))
    return library


def problems_of(text: str, business: str = BUSINESS, **more: str) -> list[Problem]:
    """What is wrong with a text, whatever is built yet."""
    return read_library(files(text, business, **more))[1]


def marked(text: str) -> tuple[str, str]:
    """A text without its MARK, and the mark's place as `line:column`."""
    before, mark, after = text.partition(MARK)
    assert mark, "the text says nowhere what is wrong"
    return before + after, f"{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
