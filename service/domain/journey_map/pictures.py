"""The map's few colours, and the pictures on its lines: each drawn round (0, 0), within a circle of radius 12."""

from __future__ import annotations

from service.domain.journey_map.story import Sort
from service.domain.journey_map.svg import element
from service.domain.sequence.vocabulary import Stage

PAPER, CARD, INK, MUTED, HAIR = "#fbf6ee", "#fffdfa", "#2b2521", "#6b5f55", "#e4d8c8"
PEOPLE, PEOPLE_INK = "#c4492e", "#9c3520"  # whatever a person does; its ink on a card 6.9:1

# A stage's colour (4:1 and more on a card), and who it is that stands there.
COLOURS: dict[Stage, str] = {
    Stage.NURTURE: "#4f7a3a",
    Stage.ONBOARDING: "#1f7d78",
    Stage.DELIGHT: "#97650f",
    Stage.REBOOKING: "#33689e",
    Stage.REFERRAL: "#85467f",
    Stage.FAREWELL: "#75665a",
}
PEOPLE_OF: dict[Stage, str] = {
    Stage.NURTURE: "stranger → lead",
    Stage.ONBOARDING: "new client",
    Stage.DELIGHT: "client",
    Stage.REBOOKING: "regular",
    Stage.REFERRAL: "advocate",
    Stage.FAREWELL: "goodbye",
}
MEANING: dict[Sort, str] = {
    Sort.MAIL: "a mail",
    Sort.CALL: "a call by a person",
    Sort.CARD: "a card by hand",
    Sort.GIFT: "a gift",
    Sort.HAND: "something else by hand",
    Sort.ACTION: "happens by itself",
}

_PATHS: dict[Sort, str] = {
    Sort.MAIL: "M-6.5,-4.5 H6.5 V4.5 H-6.5 Z M-6.5,-4.2 L0,1 L6.5,-4.2",
    Sort.CALL: (
        "M-5.2,-5.2 L-3,-6 L-1,-2.6 L-2.6,-1.2 C-2,0.6 -0.6,2 1.2,2.6 L2.6,1 L6,3 L5.2,5.2 "
        "C4.4,6.2 3,6.2 1.8,5.7 C-2,4.2 -4.2,2 -5.7,-1.8 C-6.2,-3 -6.2,-4.4 -5.2,-5.2 Z"
    ),
    Sort.CARD: (
        "M-5.8,-5.2 H5.8 V5.2 H-5.8 Z "
        "M0,3 C-4.6,0 -3,-3.4 -1,-2.8 Q-0.2,-2.5 0,-1.6 Q0.2,-2.5 1,-2.8 C3,-3.4 4.6,0 0,3 Z"
    ),
    Sort.GIFT: (
        "M-5.5,-2 H5.5 V5.8 H-5.5 Z M0,-2 V5.8 M-5.5,1 H5.5 "
        "M0,-2 C-5,-3 -4.4,-6.8 -2,-6 Q-0.4,-5.2 0,-2 Q0.4,-5.2 2,-6 C4.4,-6.8 5,-3 0,-2"
    ),
    Sort.HAND: (
        "M-4.6,0.5 V-2.4 Q-3.8,-3.4 -3,-2.4 V-0.4 M-3,-0.6 V-5 Q-2.1,-6 -1.2,-5 V-0.6 M-1.2,-0.8 V-6 Q-0.2,-7 0.8,-6 "
        "V-0.6 M0.8,-0.8 V-5 Q1.7,-6 2.6,-5 V1.6 L4.2,-0.2 Q5.4,-0.6 5.6,0.6 C4.4,3.6 3,6.4 -0.2,6.4 "
        "C-3,6.4 -4.6,4 -4.6,0.5"
    ),
    Sort.ACTION: "M0,-6 L6,0 L0,6 L-6,0 Z",
}
FLAG = "M-4,5.5 V-5.5 M-4,-5 H4.5 L2.4,-2.2 L4.5,0.6 H-4"
EXIT = "M-1,-4.5 H-5 V4.5 H-1 M-2,0 H5.5 M2.8,-2.8 L5.5,0 L2.8,2.8"
ENTRY = "M-2.5,-3.6 L3.6,0 L-2.5,3.6 Z"


def stroke(path: str, colour: str, **more: object) -> str:
    """A path drawn with a fine, round pen."""
    pen: dict[str, object] = {"fill": "none", "stroke_width": 1.3}
    return element("path", d=path, stroke=colour, stroke_linecap="round", stroke_linejoin="round", **pen | more)


def touch(sort: Sort, colour: str, *, conditional: bool = False) -> str:
    """The picture of a touch: mails in their stage's colour, people's touches full of theirs; asked first, dashed."""
    ring = PEOPLE if sort.by_people else colour
    dashes: dict[str, object] = {"stroke_dasharray": "3.1 2.4"} if conditional else {}
    back = element("circle", r=12.6, fill=CARD)
    if sort is Sort.ACTION:
        return back + stroke(_PATHS[sort], colour, **dashes)
    outer = element("circle", r=11, fill=CARD, stroke=ring, stroke_width=1.6, **dashes)
    if not sort.by_people:
        return back + outer + stroke(_PATHS[sort], colour)
    inner = element("circle", r=8.8 if conditional else 11, fill=PEOPLE)
    size = "scale(0.82)" if conditional else "scale(1)"
    return back + outer + inner + element("g", stroke(_PATHS[sort], CARD, stroke_width=1.4), transform=size)
