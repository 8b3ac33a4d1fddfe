"""How long a goliath takes to work out, beside its 247 lines multiplied one by one."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import prod
from pathlib import Path
from random import Random

from pitboss.bench import server
from pitboss.bench.report import BenchReport, Latency
from pitboss.kernel.money import Rounding, round_micros
from pitboss.sportsbook import returns
from pitboss.sportsbook.returns.model import WON, Ending, Leg, Ticket

Tell = Callable[[str], None]
_CENT = 10_000
_LEGS = 8


@dataclass(frozen=True, kw_only=True)
class ReturnsOptions:
    """How many goliaths are settled, and the seed of their prices."""

    bets: int = 20_000
    seed: int = 1


async def run(options: ReturnsOptions, *, tell: Tell = lambda _: None) -> BenchReport:
    """Settle goliaths whose legs all won, on one processor and without a database."""
    tell(f"settling {options.bets:,} goliaths")
    tickets = _goliaths(options)
    ended = [Ending(win=WON)] * _LEGS
    took, paid = _timed(tickets, lambda bet: returns.work_out(bet, ended).current_micros)
    tell("the same, line by line")
    slow = tickets[: max(len(tickets) // 20, 1)]
    slow_took, slow_paid = _timed(slow, _line_by_line)
    return BenchReport(
        bench="returns",
        unit="goliaths/s",
        rate=len(took) / sum(took),
        baseline_rate=len(slow_took) / sum(slow_took),
        decide_ms=Latency.of_seconds(took),
        rss_mb={},
        durability={},
        machine=server.describe_machine(Path.cwd()),
        versions=server.describe_versions(),
        options={"bets": options.bets, "seed": options.seed},
        invariants={"the_lines_one_by_one_pay_the_same": slow_paid == paid[: len(slow_paid)]},
    )


def _goliaths(options: ReturnsOptions) -> list[Ticket]:
    chance = Random(options.seed)  # noqa: S311 - prices to calculate with
    return [
        Ticket(
            legs=tuple(Leg(price=Fraction(chance.randint(102, 1500), 100)) for _ in range(_LEGS)),
            bundles=returns.bet_type("goliath").bundles,
            unit_micros=Fraction(1_000_000),
            minor_unit_micros=_CENT,
        )
        for _ in range(options.bets)
    ]


def _timed(tickets: list[Ticket], settle: Callable[[Ticket], int]) -> tuple[list[float], list[int]]:
    took, paid = [], []
    for ticket in tickets:
        before = time.perf_counter()
        paid.append(settle(ticket))
        took.append(time.perf_counter() - before)
    return took, paid


def _line_by_line(ticket: Ticket) -> int:
    prices = [leg.price for leg in ticket.legs]
    total = sum(
        prod(line, start=Fraction(1))
        for size in range(2, _LEGS + 1)
        for line in combinations(prices, size)
    )
    return round_micros(ticket.unit_micros * total, _CENT, Rounding.HALF_UP_V1)
