"""`everafter map`: the documented journey on one page, as a picture for the wall."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import click

from service.cli.folder import read_folders
from service.clock import machine_now
from service.domain.journey_map.drawing import draw
from service.domain.sequence.library import read_library
from service.domain.sequence.model.problem import Severity
from service.settings import read_settings

EPILOG = """\b
Example: everafter map
         everafter map --out journey.svg     prints well on A3, on its side"""


@click.command("map", help=__doc__, epilog=EPILOG)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    default=Path("journey.svg"),
    show_default=True,
    help="Where the picture goes; `-` for standard output.",
)
def draw_map(out: Path) -> None:
    settings = read_settings()
    library, problems = read_library(read_folders(settings.sequences, settings.templates))
    if library is None:
        wrong = (str(problem) for problem in problems if problem.severity is Severity.ERROR)
        raise click.ClickException("\n".join(["There is no map of sequences with errors:", *wrong]))
    picture = draw(library, machine_now().astimezone(ZoneInfo(library.business.zone)).date())
    if str(out) == "-":
        click.echo(picture, nl=False)
        return
    try:
        out.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{out} can't be written: {error.strerror}.") from None
    click.echo(f"The journey is drawn in {out}: {len(library.sequences)} sequences. A browser shows and prints it.")
