"""The `everafter` command: a module per command, read only when it is called."""

from __future__ import annotations

import gc
import sys

import click

from service.cli.command import Commands
from service.cli.explain import explain

# name -> where its click command is, and one line of help
COMMANDS = {
    "up": ("service.cli.up:up", "Run everything on this machine."),
    "check": ("service.cli.check:check", "Check sequences and templates."),
    "map": ("service.cli.map:draw_map", "Draw the journey on one page."),
    "preview": ("service.cli.preview:preview", "Look at a mail or a sequence before it is sent."),
    "send-test": ("service.cli.send_test:send_test", "Send one real mail, marked as a test."),
    "simulate": ("service.cli.simulate:simulate", "Show the calendar one contact would live."),
    "plan": ("service.cli.plan:plan", "Say what publishing would do to the people inside."),
    "publish": ("service.cli.publish:publish", "Publish sequences/ for the people inside."),
    "pacing": ("service.cli.pacing:pacing", "Show how fast mail leaves, and what waits."),
    "access": ("service.cli.access:access", "Show all that is stored about a person."),
    "erase": ("service.cli.erase:erase", "Forget a person."),
    "retention": ("service.cli.retention:retention", "Say how long everything is kept, and what would go."),
    "merge": ("service.cli.merge:merge", "Make two contacts of one person one."),
    "import": ("service.cli.import_people:bring_in", "Take people in from a CSV file."),
    "export": ("service.cli.export:export", "Write everybody as CSV."),
    "receive": ("service.cli.receive:receive", "Take one mail that comes in: a bounce, a complaint, a reply."),
    "suppressions": ("service.cli.suppressions:suppressions", "Bring in and take along whom nothing is sent to."),
    "coupons": ("service.cli.coupons:coupons", "Bring in codes that are given as rewards."),
    "referrals": ("service.cli.referrals:referrals", "Say what becomes of friends, and what they are worth."),
    "key": ("service.cli.key:key", "Give programs access, and take it back."),
    "doctor": ("service.cli.doctor:doctor", "Look this installation over."),
    "backup": ("service.cli.backup:backup", "Write all that is kept here into one file."),
    "restore": ("service.cli.restore:restore", "Bring a backup back."),
    "migrate": ("service.cli.migrate:run", "Bring the database up to date."),
    "web": ("service.cli.web:web", "Run one web process."),
    "worker": ("service.cli.worker:worker", "Run one worker."),
    "beat": ("service.cli.beat:beat", "Run the beat."),
    "mailbox": ("service.cli.mailbox:mailbox", "Run the development mailbox."),
}


@click.group(cls=Commands, places=COMMANDS, hidden={"mailbox"})
def everafter() -> None:
    """Email-marketing automation for the client love journey.

    \b
    Example:
      everafter up          everything on this machine; Ctrl-C ends it
      everafter check       look sequences/ over
    """


def main() -> None:
    """Run the command line. A known fault becomes one message on standard error and exit status 1 or 2."""
    gc.set_threshold(50_000, 20, 100)  # a sixth of the time to start went into looking for garbage in code
    try:
        everafter(prog_name="everafter")
    except Exception as error:
        known = explain(error)
        if known is None:
            raise
        click.echo(known.message, err=True)
        sys.exit(known.status)
