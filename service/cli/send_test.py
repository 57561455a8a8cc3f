"""`everafter send-test`: one real mail through the provider that is set, marked as a test, in no statistics."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import click

from service.cli.shown import Shown, read_shown
from service.clock import machine_now
from service.domain.contact import BadAddress, read_address
from service.domain.persona import as_answered
from service.local.servers import servers
from service.ports import Letter, Sent, TryLater, Unrenderable
from service.rendering.address import mailbox
from service.rendering.compiled import Compiled
from service.rendering.preview import sample_letter
from service.rendering.renderer import StepRenderer
from service.runtime import Runtime, open_dkim
from service.settings import read_settings

PATIENCE = 30.0  # seconds until the first byte has left

EPILOG = """\b
Example: everafter send-test salon-checklist your-checklist --to mia@glow.example
         everafter send-test after-visit how-was-it --to mia@glow.example --as tests/ana.yaml"""


@click.command("send-test", help=__doc__, epilog=EPILOG)
@click.argument("sequence")
@click.argument("step")
@click.option("--to", required=True, metavar="ADDRESS", help="Who gets it.")
@click.option(
    "--as",
    "scenario",
    metavar="FILE.yaml",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Written as if to the contact of a scenario.",
)
@click.option("--language", default="", metavar="CODE", help="Written as if to somebody who reads `de`.")
def send_test(sequence: str, step: str, to: str, scenario: Path | None, language: str) -> None:
    settings = read_settings()
    try:
        address = read_address(to).email
    except BadAddress as error:
        raise click.BadParameter(str(error), param_hint="--to") from None
    shown = read_shown(settings, sequence, None, scenario, language)
    letter = _letter(shown, step, address)
    with servers(settings, "everafter send-test") as running:
        runtime = Runtime(running)
        try:
            click.echo(_send(runtime, shown, letter))
        finally:
            runtime.close()


def _letter(shown: Shown, key: str, address: str) -> Letter:
    step = shown.step(key)
    if not step.is_email and step.task is None:
        raise click.BadParameter(f"“{key}” sends nothing; it is an action", param_hint="STEP")
    facts = as_answered(shown.persona.facts(shown.sequence, shown.now), step)
    letter = sample_letter(facts, shown.sequence, step, shown.persona.language, machine_now())
    domain = mailbox(shown.library.business.sender).domain
    return replace(letter, recipient=address, message_id=f"<test.{uuid4().hex}@{domain}>", is_test=True)


def _send(runtime: Runtime, shown: Shown, letter: Letter) -> str:
    """What came of it, in a sentence. Raises click.ClickException where it did not leave.

    Its tokens are real and name nobody: they lead to our pages, and nothing they do is counted for anybody. Its links
    lead straight to where they lead.
    """
    compiled = Compiled(shown.library, shown.files, {})
    renderer = StepRenderer(runtime.signer, runtime.settings.base_url, lambda _: compiled, open_dkim(runtime.settings))
    try:
        message = renderer.render(letter)
    except Unrenderable as error:
        raise click.ClickException(f"This mail would be held: {error}.") from None
    (outcome,) = runtime.provider.send([message], time.monotonic() + PATIENCE)
    if isinstance(outcome, Sent):
        return f"Sent to {letter.recipient} by {runtime.provider.name}."
    if isinstance(outcome, TryLater):
        raise click.ClickException(f"It was not taken: {outcome.reason} Try again later.")
    raise click.ClickException(f"It was not sent: {outcome.reason}")
