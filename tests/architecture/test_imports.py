"""Arrows point inward: the contracts of pyproject.toml, read by import-linter."""

from __future__ import annotations

from importlinter.cli import lint_imports

from service.settings import ROOT


def test_the_rooms_import_only_what_lies_below_them(capsys, tmp_path):
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), cache_dir=str(tmp_path), no_logo=True)
    assert status == 0, capsys.readouterr().out
