"""`everafter doctor`: look this installation over, and say of each thing amiss what to do. Changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import click
from redis.exceptions import RedisError
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from service.agreement import name_of, what_must_agree
from service.cli.feedback_findings import feedback_findings
from service.cli.finding import Finding
from service.cli.provider_findings import provider_findings
from service.cli.sender_findings import sender_findings
from service.clock import machine_now
from service.local.servers import servers
from service.providers import open_resolver
from service.runtime import NothingPublished, Runtime
from service.settings import Settings, read_settings
from service.store.delivery import Delivery, State
from service.store.host import Host, read_hosts
from service.store.partition import TABLES
from service.store.revision import Unready, refuse_older
from service.store.secret import KeysDiffer

OLDEST = 150_000  # PostgreSQL 15, as it counts its versions
SKEW = 2.0  # seconds between a host's clock and the database's
WAITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
SAFE = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}
EPILOG = "\b\nExample: everafter doctor\n         everafter doctor --json"


@click.command(help=__doc__, epilog=EPILOG)
@click.option("--json", "as_json", is_flag=True, help="Print a list that programs can read.")
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    with servers(read_settings(), "everafter doctor") as settings:
        runtime = Runtime(settings)
        try:
            findings = list(examine(runtime, settings))
        finally:
            runtime.close()
    if as_json:
        click.echo(json.dumps([asdict(each) for each in findings], ensure_ascii=False, indent=2))
    else:
        click.echo("\n".join(_lines(findings)))
    context.exit(1 if any(each.advice for each in findings) else 0)


def examine(runtime: Runtime, settings: Settings) -> Iterator[Finding]:
    """All that can be seen from here. Raises sqlalchemy.exc.OperationalError where the database is away."""
    with runtime.session() as session:
        yield _version(session)
        try:
            refuse_older(session.connection())
        except Unready as error:
            yield Finding("migrations", "behind", str(error))
            return
        yield Finding("migrations", "up to date")
        yield from _settings_of_postgres(session)
        yield _parts(session)
        yield _uncertain(session)
        yield from feedback_findings(session)
        hosts = read_hosts(session)
        yield _connections(session, hosts)
    yield _keys(runtime)
    yield _redis(runtime)
    yield from provider_findings(settings)
    yield from _sender(runtime, settings)
    yield from _hosts(hosts, name_of(settings), what_must_agree(settings, runtime.hash_key))


def _sender(runtime: Runtime, settings: Settings) -> Iterator[Finding]:
    try:
        business = runtime.published().library.business
    except NothingPublished:
        yield Finding("sender", "nobody yet: nothing is published")
        return
    yield from sender_findings(settings, business, open_resolver())


def _version(session: Session) -> Finding:
    number = int(_shown(session, "server_version_num"))
    seen = f"PostgreSQL {_shown(session, 'server_version').split()[0]}"
    return Finding("database", seen, "Everafter needs PostgreSQL 15 or newer." if number < OLDEST else "")


def _settings_of_postgres(session: Session) -> Iterator[Finding]:
    unsafe = [name for name, value in SAFE.items() if _shown(session, name) != value]
    safe = "an acknowledged signup is on the disk"
    yield Finding("durability", f"{', '.join(unsafe)} off" if unsafe else safe, "Set them to on." if unsafe else "")
    endless = [name for name in WAITS if _shown(session, name) in {"0", "0ms"}]
    advice = "A pooler takes our waits away: give the role its own, as docs/operations.md says under PgBouncer."
    yield Finding("waits", f"{', '.join(endless)} without an end" if endless else "bounded", advice if endless else "")


def _parts(session: Session) -> Finding:
    astray = [table for table in TABLES if session.scalar(text(f"SELECT EXISTS (SELECT FROM {table}_rest)"))]  # noqa: S608
    advice = (
        "Rows stand in no month: a clock is wrong, or beat has not run for months. Beat moves them within the hour."
    )
    return Finding("months", f"astray in {', '.join(astray)}" if astray else "made ahead", advice if astray else "")


def _uncertain(session: Session) -> Finding:
    count = session.scalar(select(func.count()).select_from(Delivery).where(Delivery.state == State.UNCERTAIN)) or 0
    advice = "Ask the mail server's log for each, and say what came of it: GET /api/v1/deliveries?state=uncertain."
    return Finding("uncertain mails", str(count), advice if count else "")


def _connections(session: Session, hosts: Sequence[Host]) -> Finding:
    room = int(_shown(session, "max_connections")) - int(_shown(session, "superuser_reserved_connections"))
    most = sum(each.connections for each in hosts)
    advice = "Raise max_connections, run fewer processes, or put PgBouncer between (docs/operations.md)."
    return Finding("connections", f"{most} at most, room for {room}", advice if most > room else "")


def _keys(runtime: Runtime) -> Finding:
    try:
        runtime.signer  # noqa: B018 (it reads the keys, and refuses where other hosts sign with others)
    except KeysDiffer as error:
        return Finding("keys", "others than the hosts sign with", str(error))
    return Finding("keys", "the ones in use")


def _redis(runtime: Runtime) -> Finding:
    try:
        info = runtime.redis.info()
    except RedisError as error:
        return Finding("Redis", f"away ({type(error).__name__})", "Mail goes on, slower. Look at REDIS_URL.")
    seen = f"{'Valkey' if 'valkey_version' in info else 'Redis'} {info.get('valkey_version') or info['redis_version']}"
    if info.get("maxmemory", 0) and info.get("maxmemory_policy") != "noeviction":
        return Finding("Redis", seen, "It may throw hits away: set maxmemory-policy to noeviction.")
    return Finding("Redis", seen, "" if info.get("aof_enabled") else "A restart loses hits: set appendonly to yes.")


def _hosts(hosts: Sequence[Host], here: str, ours: dict[str, str]) -> Iterator[Finding]:
    """Each host against the first, this one included, and each clock against the database's."""
    if not hosts:
        yield Finding(
            "hosts", "none", "No beat is at work: nothing is sent. Start `everafter up`, or `everafter beat`."
        )
        return
    yield Finding("hosts", f"{len(hosts)}: {', '.join(each.name for each in hosts)}")
    told = {each.name: dict(each.settings) for each in hosts} | {here: ours}
    names = sorted({name for settings in told.values() for name in settings})
    for name in names:
        values = {host: settings.get(name, "not set") for host, settings in sorted(told.items())}
        if len(set(values.values())) > 1:
            seen = "; ".join(f"{value} on {host}" for host, value in values.items())
            yield Finding(name, seen, "Set it alike on all hosts, and restart them.")
    for each in hosts:
        skew = each.skew.total_seconds()
        if abs(skew) > SKEW:
            advice = "Let NTP set it. Leases are safe, they go by the database's clock; links and hits are not."
            yield Finding("clock", f"{skew:+.1f} s on {each.name}", advice)
    yield Finding("looked at", f"{machine_now():%Y-%m-%d %H:%M} UTC")


def _shown(session: Session, name: str) -> str:
    return str(session.scalar(text("SELECT current_setting(:name)"), {"name": name}))


def _lines(findings: Sequence[Finding]) -> Iterator[str]:
    width = max(len(each.what) for each in findings)
    for each in findings:
        yield f"  {'!' if each.advice else ' '} {each.what:<{width}}   {each.seen}"
        if each.advice:
            yield f"    {'':<{width}}   {each.advice}"
