"""Nouns of a played season: what is asked for, and who is told how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

# Everybody of a season plays in one currency, so that its figures can be added up.
CURRENCY = "GBP"
JURISDICTION = "demo"
MICROS_PER_CENT = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonConfig:
    """What to play: which season, with how many players and bets, from which seed."""

    path: Path
    players: int
    bets: int
    seed: int


class Progress(Protocol):
    """Somebody who wants to know how far it is."""

    def advance(self, text: str, done: int, total: int) -> None:
        """Take note of what is being done, and how much of all there is to do is done."""
        ...


def show_cents(cents: int) -> str:
    """Write an amount of cents as the API reads it: `"12.50"`."""
    return f"{cents // 100}.{cents % 100:02d}"
