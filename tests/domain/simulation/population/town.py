"""A small town for the tests: the shipped sequences and worlds."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from service.cli.folder import read_folders
from service.domain.policy import Policy
from service.domain.sequence.library import read_library
from service.domain.simulation.population.compare import Town
from service.domain.simulation.population.course import Courses, read_courses
from service.domain.simulation.population.world import World, read_worlds
from service.settings import ROOT

WORLDS_FILE = ROOT / "service" / "domain" / "simulation" / "population" / "worlds.json"


@cache
def worlds() -> dict[str, World]:
    return read_worlds(WORLDS_FILE.read_bytes())


@cache
def courses() -> Courses:
    library, _ = read_library(read_folders([ROOT / "sequences"], ROOT / "email_templates"))
    assert library is not None
    return read_courses(library)


def policy() -> Policy:
    return courses().library.business.throttle


def town(contacts: int = 40, seed: int = 7, days: int = 200, **changes: object) -> Town:
    return Town(courses(), replace(worlds()["base"], **changes), (seed,), contacts, days)
