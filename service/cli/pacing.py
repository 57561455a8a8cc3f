"""`everafter pacing`: how fast mail leaves, by mailbox provider, and what waits for whom."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import click
from redis.exceptions import RedisError

from service.domain.pacing import pace_in_words, quota_of
from service.domain.pacing_sight import GroupSight, Sight
from service.local.servers import servers
from service.pace_sight import read_sight
from service.runtime import NothingPublished, Runtime
from service.settings import read_settings

HEADINGS = ("", "left today", "at most", "factor", "may leave now", "paused", "waiting")


@click.command(help=__doc__, epilog="\b\nExample: everafter pacing\n         everafter pacing --json")
@click.option("--json", "as_json", is_flag=True, help="Print an object that programs can read.")
def pacing(as_json: bool) -> None:
    with servers(read_settings(), "everafter pacing") as settings:
        runtime = Runtime(settings)
        try:
            with runtime.session() as session:
                sight = read_sight(runtime, session)
        except RedisError as error:
            raise click.ClickException(
                f"The pace is kept in Valkey, which does not answer ({type(error).__name__}). "
                "Until it does, each process keeps to its share of the limits."
            ) from None
        except NothingPublished as error:
            raise click.ClickException(str(error)) from None
        finally:
            runtime.close()
        unpaced = settings.provider == "mailbox"
    click.echo(json.dumps(_plain(sight, unpaced), indent=2) if as_json else "\n".join(_lines(sight, unpaced)))


def _plain(sight: Sight, unpaced: bool) -> dict[str, object]:
    return {
        "sender": sight.sender,
        "paced": not unpaced,
        "warm_up_day": sight.warm_up,
        "groups": [asdict(each) for each in sight.groups],
    }


def _lines(sight: Sight, unpaced: bool) -> Iterator[str]:
    if unpaced:
        yield "Mail goes into the development mailbox, as fast as it can. Paced is what goes to a mail service."
    elif sight.warm_up is not None:
        quota = quota_of(sight.warm_up)
        yield f"{sight.sender} is in day {sight.warm_up} of its warm-up: {quota} mails a day to each mailbox provider."
    else:
        yield f"{sight.sender} is not being warmed up."
    yield ""
    table = [HEADINGS, *(_cells(each) for each in sight.groups)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for row in table:
        yield _aligned(row, widths)


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.rjust(width) if at else cell.ljust(width) for at, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "   ".join([first, *others]).rstrip()


def _cells(each: GroupSight) -> tuple[str, ...]:
    return (
        each.title,
        f"{each.left} of {each.quota}" if each.quota is not None else str(each.left or ""),
        pace_in_words(each.rate) if each.rate else "any",
        f"{each.factor:.2f}",
        _now(each),
        f"{each.paused / 60:.0f} min" if each.paused else "",
        str(each.waiting or ""),
    )


def _now(each: GroupSight) -> str:
    """How many may leave at this moment."""
    limits = [] if each.tokens is None else [int(max(0.0, each.tokens))]
    if each.allowed is not None:
        limits.append(max(0, each.allowed - each.left))
    return "0" if each.paused else str(min(limits)) if limits else "any"
