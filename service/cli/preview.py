"""`everafter preview`: look at a mail, or at a whole sequence on one page, before anybody receives it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import click

from service.cli.shown import Shown, read_shown
from service.clock import machine_now
from service.domain.persona import as_answered
from service.domain.sequence.model.step import Step
from service.domain.token import Signer
from service.rendering.approval import approval_page
from service.rendering.compiled import Compiled
from service.rendering.preview import UNKNOWN_KEY, Preview, sample_letter
from service.rendering.preview import preview as look_at
from service.rendering.renderer import StepRenderer
from service.settings import read_settings

EPILOG = """\b
Example: everafter preview salon-checklist                   the whole sequence: sequence.html
         everafter preview salon-checklist your-checklist    one mail: message.eml, .html and .txt
         everafter preview after-visit --as tests/ana.yaml   as a scenario's contact sees it"""


@click.command(help=__doc__, epilog=EPILOG)
@click.argument("sequence")
@click.argument("step", required=False)
@click.option("--contact", metavar="EMAIL", help="As somebody in the database sees it.")
@click.option(
    "--as",
    "scenario",
    metavar="FILE.yaml",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="As the contact of a scenario sees it.",
)
@click.option("--language", default="", metavar="CODE", help="As somebody who reads `de` sees it.")
@click.option(
    "--out",
    default=".",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the files go; here without it.",
)
@click.pass_context
def preview(
    context: click.Context,
    sequence: str,
    step: str | None,
    contact: str | None,
    scenario: Path | None,
    language: str,
    out: Path,
) -> None:
    settings = read_settings()
    shown = read_shown(settings, sequence, contact, scenario, language)
    compiled = Compiled(shown.library, shown.files, {})
    renderer = StepRenderer(Signer([UNKNOWN_KEY]), settings.base_url, lambda _: compiled)
    look = partial(_look, shown, renderer)
    out.mkdir(parents=True, exist_ok=True)
    reasons = _one(shown.step(step), look(shown.step(step), None), out) if step else _all(shown, look, out)
    for reason in reasons:
        click.echo(f"Would be held: {reason}.", err=True)
    context.exit(1 if reasons else 0)


def _look(shown: Shown, renderer: StepRenderer, step: Step, arm: str | None) -> Preview:
    facts = as_answered(shown.persona.facts(shown.sequence, shown.now), step)
    if arm is not None:
        facts = replace(facts, arm=arm)
    letter = sample_letter(facts, shown.sequence, step, shown.persona.language, machine_now())
    return look_at(renderer, letter, shown.files)


def _one(step: Step, seen: Preview, out: Path) -> list[str]:
    """Write one mail; why production would hold it."""
    if not step.is_email and step.task is None:
        raise click.BadParameter(f"“{step.key}” sends nothing; it is an action", param_hint="STEP")
    if seen.fault:
        return [seen.fault]
    for name, content in (("eml", seen.raw), ("html", seen.html.encode()), ("txt", seen.text.encode())):
        path = out / f"message.{name}"
        path.write_bytes(content)
        click.echo(str(path))
    return list(seen.reasons)


def _all(shown: Shown, look: Callable[[Step, str | None], Preview], out: Path) -> list[str]:
    """Write the page of the whole sequence; why production would hold any of it."""
    person = shown.persona
    reader = person.contact.get("first_name") or "somebody without a name"
    page, reasons = approval_page(shown.library, shown.sequence, look, reader, person.language)
    path = out / "sequence.html"
    path.write_text(page, encoding="utf-8")
    click.echo(str(path))
    return reasons
