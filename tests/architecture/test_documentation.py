"""What the documentation must say, because people rely on it."""

from __future__ import annotations

import re
from pkgutil import resolve_name

from service.cli import COMMANDS
from service.providers import SERVICES
from service.settings import ROOT, Settings


def test_every_setting_is_in_the_documentation() -> None:
    documented = (ROOT / "docs" / "deployment.md").read_text()
    missing = [
        field.validation_alias
        for field in Settings.model_fields.values()
        if f"`{field.validation_alias}`" not in documented
    ]
    assert missing == []


def test_every_setting_of_a_provider_is_in_the_documentation() -> None:
    documented = (ROOT / "docs" / "providers.md").read_text()
    fields = [field for where, _ in SERVICES.values() for field in resolve_name(where).model_fields.values()]
    names = {str(field.validation_alias) for field in fields if not str(field.validation_alias).endswith("_URL")}
    assert sorted(name for name in names if f"`{name}" not in documented) == []


def test_links_between_documents_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_the_procfile_names_commands_that_exist() -> None:
    lines = (ROOT / "Procfile").read_text().splitlines()
    assert [line.split(":")[0] for line in lines] == ["release", "web", "worker", "beat"]
    assert {line.split()[2] for line in lines} <= set(COMMANDS)


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text()
    assert [page.name for page in sorted(folder.glob("0*.md")) if page.name not in index] == []
