"""The simulator lives by the rules of production: one scenario in both, compared touch by touch."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from service.cli.folder import read_folders
from tests.rendering.studio import ROOT, read
from tests.simulation.same import both, read_life

EXAMPLES = Path("/work/shared/examples")


def test_ana_try(engine: Engine) -> None:
    files = read_folders([EXAMPLES], ROOT / "email_templates")
    library = read(files)
    scenario = read_life(Path("/tmp/simulator/ana.yaml").read_text(), library)
    real, shown, _ = both(engine, library, scenario, 400, files)
    assert real == shown
