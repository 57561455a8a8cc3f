"""How one sequence leads to another: by an event, a stage, an answer, a tag, or by name."""

from __future__ import annotations

from dataclasses import dataclass

from service.domain.journey_map.story import Story


@dataclass(frozen=True, slots=True)
class Link:
    """Names that end (or happen in) the sequences `of` and begin those in `to`; `of` empty: they happen any time."""

    names: tuple[str, ...]
    of: tuple[str, ...]
    to: tuple[str, ...]


def links_of(story: Story, shared: int) -> tuple[Link, ...]:
    """The links of a story. A name that more than `shared` sequences lead to is nobody's in particular."""
    names = dict.fromkeys(name for card in story.cards for name in sorted(card.begins))
    together: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for name in names:
        to = tuple(card.key for card in story.cards if name in card.begins)
        of = tuple(card.key for card in story.cards if name in card.ends and card.key not in to)
        if of:
            together.setdefault((of if len(of) <= shared else (), to), []).append(name)
    return tuple(Link(tuple(names), of, to) for (of, to), names in together.items())
