"""An instance at a glance: what waits, how fast it goes, who runs.  What `pitboss top` shows."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

from pitboss import cashier, messages
from pitboss.app.home import Home
from pitboss.app.roster import Post, read_roster
from pitboss.db import Database
from pitboss.messages.model import Backlog
from pitboss.settings import Settings
from pitboss.sportsbook import settlement

ACK_BUCKET = "pitboss_api_ack_seconds_bucket"
_REFUSALS = ("pitboss_api_refusals_total", "pitboss_bets_refused_total")
_FIGURES_SECONDS_MAX = 1.0

Buckets = Mapping[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """A process: its memory in bytes and the seconds of processor time that it has used."""

    post: Post
    resident: int
    cpu_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """How an instance stands.

    `commands` and `facts` count since ever; rates are differences of two overviews, `taken` is the
    loop's time of this one.  `acks` are the cumulative buckets of the acknowledgements' latency.
    """

    taken: float
    now: datetime
    backlogs: tuple[Backlog, ...]
    commands: int
    facts: int
    results_waiting: int
    payments_open: int
    acks: Buckets
    refusals: Mapping[str, float]
    lives: tuple[Life, ...]


async def look(settings: Settings, database: Database, now: datetime) -> Overview:
    """Look once, at the database and at every process of the home.

    Raises:
        DatabaseAway: PostgreSQL cannot be reached.
    """
    async with database.reading() as tx:
        backlogs = await messages.find_backlogs(tx)
        ends = await messages.read_ends(tx)
        heads = await messages.read_heads(tx)
        lags = await settlement.find_lags(tx)
        payments_open = await cashier.count_open(tx)
    roster = read_roster(Home(settings.home).path)
    acks, refusals = await _read_figures(roster)
    return Overview(
        taken=asyncio.get_running_loop().time(),
        now=now,
        backlogs=tuple(backlogs),
        commands=sum(ends.values()),
        facts=sum(head.seq for head in heads),
        results_waiting=sum(lags.values()),
        payments_open=payments_open,
        acks=acks,
        refusals=refusals,
        lives=tuple(life for post in roster if (life := _life(post)) is not None),
    )


def quantile(before: Buckets, after: Buckets, share: float) -> float | None:
    """Return the bucket's bound under which this share of what came between two looks lies."""
    fresh = {bound: count - before.get(bound, 0.0) for bound, count in sorted(after.items())}
    total = max(fresh.values(), default=0.0)
    if total <= 0:
        return None
    return next((bound for bound, count in fresh.items() if count >= share * total), None)


async def _read_figures(roster: tuple[Post, ...]) -> tuple[dict[float, float], dict[str, float]]:
    async with httpx.AsyncClient(timeout=_FIGURES_SECONDS_MAX, trust_env=False) as client:
        texts = await asyncio.gather(*(_read_text(client, post) for post in roster if post.port))
    acks: dict[float, float] = {}
    refusals: dict[str, float] = {}
    for text in texts:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == ACK_BUCKET:
                    bound = float(sample.labels["le"])
                    acks[bound] = acks.get(bound, 0.0) + sample.value
                elif sample.name in _REFUSALS:
                    reason = sample.labels["reason"]
                    refusals[reason] = refusals.get(reason, 0.0) + sample.value
    return acks, refusals


async def _read_text(client: httpx.AsyncClient, post: Post) -> str:
    """Return a process's figures; a process that is away just now has none."""
    with contextlib.suppress(httpx.TransportError):
        answer = await client.get(f"http://{post.host}:{post.port}/metrics")
        if answer.is_success:
            return answer.text
    return ""


def _life(post: Post) -> Life | None:
    try:
        process = psutil.Process(post.pid)
        times = process.cpu_times()
        return Life(
            post=post,
            resident=process.memory_info().rss,
            cpu_seconds=times.user + times.system,
        )
    except psutil.Error:
        return None
