"""The report of a season: for machines and for people.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pitboss.adapters.football_data import SkippedRow
from pitboss.kernel.money import currency, format_micros
from pitboss.sim.season.books import Figures
from pitboss.sim.season.checks import Check
from pitboss.sim.season.model import CURRENCY, SeasonConfig
from pitboss.sim.season.reckoning import BetCounts, GameCounts, SaleCounts, SeasonBooks

SKIPPED_SHOWN_MAX = 20
_UNIT = currency(CURRENCY)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonReport:
    """How a season went.  `seconds` counts everything, `phases` say where they went."""

    config: SeasonConfig
    events: int
    match_days: int
    races: int
    abandoned: int
    skipped: tuple[SkippedRow, ...]
    books: SeasonBooks
    checks: tuple[Check, ...]
    seconds: float
    phases: Mapping[str, float]
    rss_mb: Mapping[str, float]
    requests: int

    @property
    def ok(self) -> bool:
        """Whether every check holds."""
        return all(check.ok for check in self.checks)


def to_json(report: SeasonReport) -> dict[str, object]:
    """Return the report as plain values; money is decimal text, a margin a share of turnover."""
    books = report.books
    return {
        "ok": report.ok,
        "checks": {check.name: check.ok for check in report.checks},
        "failed_checks": {
            check.name: list(check.details) for check in report.checks if not check.ok
        },
        "bets": msgspec.to_builtins(books.bets),
        "cash_outs": _sales(books.sales),
        "games": _games(books.games),
        "refused_early": dict(books.refused_early),
        "refusals": dict(books.refusals),
        "payments": dict(books.payments),
        "currency": CURRENCY,
        "markets": {name: _figures(figures) for name, figures in books.markets.items()},
        "total": _figures(books.total),
        "books_sha256": books.digest,
        "season": str(report.config.path),
        "events": report.events,
        "match_days": report.match_days,
        "races": report.races,
        "abandoned": report.abandoned,
        "skipped": [_skipped(row) for row in report.skipped],
        "players": report.config.players,
        "seed": report.config.seed,
        "seconds": round(report.seconds, 2),
        "phases": {name: round(seconds, 2) for name, seconds in report.phases.items()},
        "rss_mb": dict(report.rss_mb),
        "requests": report.requests,
    }


def to_tables(report: SeasonReport) -> RenderableType:
    """Return the report as tables for a terminal."""
    return Group(
        _market_table(report.books),
        Text(_bet_sentence(report.books.bets)),
        Text(_sale_sentence(report.books)),
        Text(_game_sentence(report.books.games)),
        *_skipped_lines(report),
        _check_table(report.checks),
        Text(_effort_sentence(report)),
    )


def _skipped(row: SkippedRow) -> dict[str, object]:
    return {
        "file": row.file,
        "line": row.line,
        "column": row.column,
        "value": row.value,
        "reason": row.reason,
    }


def _sales(sales: SaleCounts) -> dict[str, object]:
    return {
        "looks": sales.looks,
        "wholes": sales.wholes,
        "parts": sales.parts,
        "sold": format_micros(sales.sold, _UNIT),
        "paid": format_micros(sales.paid, _UNIT),
        "unsold": dict(sales.unsold),
    }


def _games(games: GameCounts) -> dict[str, object]:
    return {
        "played": games.played,
        "undone": games.undone,
        "refused": games.refused,
        "staked": format_micros(games.staked, _UNIT),
        "won": format_micros(games.won, _UNIT),
    }


def _figures(figures: Figures) -> dict[str, object]:
    margin = figures.margin
    return {
        "bets": figures.bets,
        "turnover": format_micros(figures.turnover, _UNIT),
        "returns": format_micros(figures.returns, _UNIT),
        "ggr": format_micros(figures.ggr, _UNIT),
        "margin": None if margin is None else round(float(margin), 4),
    }


def _market_table(books: SeasonBooks) -> Table:
    table = Table(title="Settled bets by market")
    table.add_column("market")
    for heading in ("bets", "turnover", "returns", "GGR", "margin"):
        table.add_column(heading, justify="right")
    for name, figures in books.markets.items():
        table.add_row(name, *_cells(figures))
    table.add_section()
    table.add_row("all", *_cells(books.total), style="bold")
    return table


def _cells(figures: Figures) -> tuple[str, ...]:
    return (
        f"{figures.bets:,}",
        _money(figures.turnover),
        _money(figures.returns),
        _money(figures.ggr),
        _share(figures.margin),
    )


def _money(micros: int) -> str:
    whole, _, fraction = format_micros(abs(micros), _UNIT).partition(".")
    sign = "-" if micros < 0 else ""
    return f"{sign}{int(whole):,}.{fraction} {CURRENCY}"


def _share(share: Fraction | None) -> str:
    return "" if share is None else f"{float(share):.2%}"


def _bet_sentence(bets: BetCounts) -> str:
    return (
        f"{bets.acknowledged:,} bets acknowledged: {bets.accepted:,} accepted, of which"
        f" {bets.settled:,} settled ({bets.voided:,} void, {bets.corrected:,} corrected) and"
        f" {bets.cashed_out:,} sold as a whole, and {bets.refused:,} refused."
        f"  {bets.refused_early:,} requests were refused before that, {bets.repeated:,} repeated."
    )


def _sale_sentence(books: SeasonBooks) -> str:
    sales = books.sales
    return (
        f"{books.bets.systems:,} of them were systems, {books.bets.each_way:,} each way."
        f"  {sales.looks:,} looks at what a bet would"
        f" fetch: {sales.wholes:,} sold all of it and {sales.parts:,} a part,"
        f" {_money(sales.sold)} of stakes for {_money(sales.paid)};"
        f" {sum(sales.unsold.values()):,} came to nothing."
    )


def _game_sentence(games: GameCounts) -> str:
    return (
        f"{games.played:,} rounds of a game, from the same wallets: {_money(games.staked)} staked,"
        f" {_money(games.won)} won; {games.undone:,} undone, {games.refused:,} refused."
    )


def _skipped_lines(report: SeasonReport) -> list[Text]:
    shown = [Text(f"skipped: {row}", "yellow") for row in report.skipped[:SKIPPED_SHOWN_MAX]]
    more = len(report.skipped) - len(shown)
    return [*shown, Text(f"and {more} more rows", "yellow")] if more else shown


def _check_table(checks: tuple[Check, ...]) -> Table:
    table = Table(title="Checks")
    table.add_column("check")
    table.add_column("holds")
    table.add_column("what differs")
    for check in checks:
        word = Text("yes", "green") if check.ok else Text("NO", "bold red")
        table.add_row(check.name.replace("_", " "), word, "\n".join(check.details))
    return table


def _effort_sentence(report: SeasonReport) -> str:
    largest = max(report.rss_mb.items(), key=lambda item: item[1], default=("no process", 0.0))
    return (
        f"{report.events:,} events on {report.match_days:,} match days, {report.races:,} races,"
        f" {report.config.players:,} players, {report.requests:,} requests,"
        f" {report.seconds:.1f} seconds; most memory: {largest[0]}, {largest[1]:.0f} MB."
    )
