"""`pitboss top`: an instance at a glance, again each second."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from typing import Any

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table

from pitboss.app.overview import Overview, look, quantile
from pitboss.app.parts import clock_of, open_database, uvloop_runner
from pitboss.cli.outcome import Outcome
from pitboss.db.errors import DatabaseAway
from pitboss.settings import Settings

EVERY_SECONDS = 1.0
_MB = 1024**2


def watch(settings: Settings, told: Outcome, *, looks: int) -> None:
    """Look each second, so many times (0: until Ctrl-C), and show what changed."""
    with uvloop_runner() as runner, contextlib.suppress(KeyboardInterrupt):
        runner.run(_watch(settings, told, looks=looks))


async def _watch(settings: Settings, told: Outcome, *, looks: int) -> None:
    clock = clock_of(settings)
    async with open_database(settings, connections_max=1) as database:
        before = await look(settings, database, clock.now())
        done = 0
        with Live(console=told.console, auto_refresh=False, screen=not looks) as live:
            while not looks or done < looks:
                await asyncio.sleep(EVERY_SECONDS)
                try:
                    after = await look(settings, database, clock.now())
                except DatabaseAway as fault:
                    live.update(f"PostgreSQL is away: {fault}", refresh=True)
                    continue
                live.update(show(before, after), refresh=True)
                told.tell(**as_members(before, after))
                before = after
                done += 1


def as_members(before: Overview, after: Overview) -> dict[str, Any]:
    """Return what changed between two looks, for machines."""
    seconds = max(after.taken - before.taken, 1e-6)
    p50, p99 = (quantile(before.acks, after.acks, share) for share in (0.5, 0.99))
    return {
        "commands_per_second": round((after.commands - before.commands) / seconds, 1),
        "facts_per_second": round((after.facts - before.facts) / seconds, 1),
        "commands_waiting": sum(item.waiting for item in after.backlogs),
        "oldest_seconds": round(max(_ages(after), default=0.0), 3),
        "results_waiting": after.results_waiting,
        "payments_open": after.payments_open,
        "ack_ms": {
            "p50": None if p50 is None else p50 * 1000,
            "p99": None if p99 is None else p99 * 1000,
        },
        "processes": {
            life.post.name: {
                "pid": life.post.pid,
                "rss_mb": round(life.resident / _MB, 1),
                "cpu_percent": _cpu_percent(before, after, life.post.pid),
                "restarts": life.post.restarts,
            }
            for life in after.lives
        },
    }


def show(before: Overview, after: Overview) -> RenderableType:
    """Return the view for a terminal."""
    members = as_members(before, after)
    rates = Table.grid(padding=(0, 3))
    rates.add_row(
        f"[bold]{members['commands_per_second']:,.0f}[/] commands/s",
        f"[bold]{members['facts_per_second']:,.0f}[/] facts/s",
        f"acknowledged p50 ≤ {_ms(members['ack_ms']['p50'])}, "
        f"p99 ≤ {_ms(members['ack_ms']['p99'])}",
    )
    rates.add_row(
        f"{after.results_waiting:,} results to settle",
        f"{after.payments_open:,} payments open",
        f"{after.now:%Y-%m-%d %H:%M:%S} UTC",
    )
    return Group(rates, _log_table(after), _process_table(members), _refusal_table(before, after))


def _log_table(after: Overview) -> Table:
    table = Table(title="the log", title_justify="left")
    for name in ("partition", "waiting", "oldest, s"):
        table.add_column(name, justify="right")
    for item, age in zip(after.backlogs, _ages(after), strict=True):
        table.add_row(str(item.partition), f"{item.waiting:,}", f"{age:.1f}")
    return table


def _process_table(members: dict[str, Any]) -> Table:
    table = Table(title="processes", title_justify="left")
    table.add_column("name")
    for name in ("pid", "cpu %", "memory, MB", "restarts"):
        table.add_column(name, justify="right")
    for name, life in members["processes"].items():
        table.add_row(
            name,
            str(life["pid"]),
            f"{life['cpu_percent']:.0f}",
            f"{life['rss_mb']:.0f}",
            str(life["restarts"]),
        )
    return table


def _refusal_table(before: Overview, after: Overview) -> Table:
    table = Table(title="refused since the last look", title_justify="left")
    table.add_column("reason")
    table.add_column("bets", justify="right")
    for reason, count in sorted(after.refusals.items()):
        fresh = count - before.refusals.get(reason, 0.0)
        if fresh > 0:
            table.add_row(reason, f"{fresh:,.0f}")
    return table


def _ages(after: Overview) -> Iterator[float]:
    for item in after.backlogs:
        waited = None if item.oldest_at is None else (after.now - item.oldest_at).total_seconds()
        yield max(waited or 0.0, 0.0)


def _cpu_percent(before: Overview, after: Overview, pid: int) -> float:
    earlier = next((life.cpu_seconds for life in before.lives if life.post.pid == pid), None)
    later = next((life.cpu_seconds for life in after.lives if life.post.pid == pid), None)
    if earlier is None or later is None:
        return 0.0
    return round(100 * (later - earlier) / max(after.taken - before.taken, 1e-6), 1)


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:g} ms"
