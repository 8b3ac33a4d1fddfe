"""How the shards are shared out among those who read them, each of whom sees the same moment."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from itertools import islice
from typing import Protocol, TypeVar

from pitboss.db import Transaction
from pitboss.kernel.shards import Shard

T = TypeVar("T")

Lot = Sequence[Shard]
Work = Callable[[Transaction, Lot], Awaitable[T]]

# So few that nobody is idle for long at the end, so many that to begin one costs little.
SHARDS_IN_A_LOT = 4


class Spread(Protocol):
    """Has a work done for each lot of shards, in whatever order, by whoever there is."""

    def __call__(
        self, tx: Transaction, work: Work[T], lots: Iterable[Lot]
    ) -> AsyncIterator[tuple[Lot, T]]:
        """Yield each lot with what came of it; `tx` is the moment that all of them see."""
        ...


async def in_turn(
    tx: Transaction, work: Work[T], lots: Iterable[Lot]
) -> AsyncIterator[tuple[Lot, T]]:
    """Do one lot after the other, here."""
    for lot in lots:
        yield lot, await work(tx, lot)


def lots_of(shards: Iterable[Shard]) -> list[Lot]:
    """Divide shards into lots."""
    rest = iter(shards)
    return list(iter(lambda: tuple(islice(rest, SHARDS_IN_A_LOT)), ()))
