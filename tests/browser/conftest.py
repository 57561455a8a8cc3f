"""One studio, one browser and one axe for all stories of a test process; a visitor for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.axe import Axe, install
from tests.browser.chromium import browsing
from tests.browser.elsewhere import Elsewhere, serving
from tests.browser.studio import Studio, open_studio
from tests.browser.visitor import Screen, Visitor, arrive

Visit = Callable[..., Visitor]

ALL = [Screen(width, script) for width in (320, 1280) for script in (True, False)]


@pytest.fixture(scope="package")
def axe(pytestconfig: pytest.Config) -> Axe:
    cache = pytestconfig.cache
    assert cache is not None
    return install(cache.mkdir("axe"))


@pytest.fixture(scope="package")
def elsewhere() -> Iterator[Elsewhere]:
    with serving() as site:
        yield site


@pytest.fixture(scope="package")
def browser(elsewhere: Elsewhere) -> Iterator[Browser]:
    """Its names for servers are its own: somebody else's website is on this machine, and there is no other at all."""
    with browsing(f"--host-resolver-rules=MAP hair.example 127.0.0.1:{elsewhere.port}, MAP *.example ^NOTFOUND") as it:
        yield it


@pytest.fixture(scope="package")
def studio(browser: Browser, axe: Axe, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with open_studio(tmp_path_factory.mktemp("studio")) as studio:
        yield studio


@pytest.fixture
def visit(browser: Browser, axe: Axe, studio: Studio) -> Iterator[Visit]:
    """Lets somebody arrive. At the end each must have been left alone: see `Visitor`."""
    there: list[Visitor] = []

    def one(screen: Screen = ALL[0], *at_home: str) -> Visitor:
        there.append(arrive(browser, screen, axe, studio.base, *at_home))
        return there[-1]

    yield one
    for visitor in there:
        visitor.close()


@pytest.fixture(params=[320, 1280])
def width(request: pytest.FixtureRequest) -> int:
    """Of a small and a large screen, in px: for what is the same with and without JavaScript."""
    found: int = request.param
    return found


@pytest.fixture(params=ALL, ids=str)
def screen(request: pytest.FixtureRequest) -> Screen:
    """A small and a large screen, each with and without JavaScript."""
    found: Screen = request.param
    return found


@pytest.fixture
def visitor(visit: Visit, screen: Screen) -> Visitor:
    return visit(screen)


@pytest.fixture
def onlooker(visit: Visit, width: int) -> Visitor:
    """A visitor with JavaScript, for pages that other stories have seen without."""
    return visit(Screen(width))
