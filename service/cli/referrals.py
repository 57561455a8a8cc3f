"""`everafter referrals`: what becomes of friends, and what they are worth beside all others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import click

from service.local.servers import servers
from service.runtime import Runtime
from service.settings import read_settings
from service.store.journey import journey_now
from service.store.referral_report import Worth, compare_worth, count_doubtful, count_referrals, count_rewards


@click.command(help=__doc__, epilog="\b\nExample: everafter referrals --days 90")
@click.option("--days", type=click.IntRange(1, 1_096), default=365, show_default=True, help="So many days up to now.")
def referrals(days: int) -> None:
    with servers(read_settings(), "everafter referrals") as settings:
        runtime = Runtime(settings)
        try:
            with runtime.session() as session:
                until = journey_now(session)
                since = until - timedelta(days=days)
                friends = count_referrals(session, since, until)
                rewards, doubtful = count_rewards(session), count_doubtful(session)
                worth = compare_worth(session, since, until)
        finally:
            runtime.close()
    click.echo(f"Friends in {days} days: " + ", ".join(f"{count:,} {what}" for what, count in friends.items()))
    for side, state, count in rewards:
        click.echo(f"  {side:<8}  {state:<10}  {count:>7,}")
    if doubtful:
        click.echo(f"{doubtful:,} wait for a person: GET /api/v1/referrals?doubtful=true, or the mail about each.")
    _show(worth)


def _show(worth: Sequence[Worth]) -> None:
    if not worth:
        return
    click.echo("\n            clients   visits         value   each")
    for each in worth:
        name = "by a friend" if each.referred else "all others"
        share = each.value / each.clients if each.clients else 0
        money = f"{each.value:>13,.2f} {share:>6,.2f} {each.currency}" if each.currency else f"{'without':>13}"
        click.echo(f"{name:<11} {each.clients:>7,} {each.visits:>8,} {money}")
