"""Works for a crew of processes, which import them from here: no module of tests by its path.

Of the packages that somebody has installed there may be one that is named `tests`.
"""

from __future__ import annotations

import os
from typing import Any

from integration.sportsbook.world import Given
from pitboss.audit.reading.model import ALL_FACTS, Reader
from pitboss.audit.reading.ports import Lot, Spread
from pitboss.audit.rebuild.model import Part
from pitboss.audit.rebuild.queries import check_shards
from pitboss.db import Transaction
from pitboss.kernel.errors import PlatformError


class Broken(PlatformError):
    """What a work may raise."""


async def count_facts(tx: Transaction, lot: Lot) -> tuple[int, int]:
    """Return who counted, and how many facts these shards have."""
    rows = await tx.fetch("SELECT seq FROM shard_head WHERE shard = ANY($1::smallint[])", list(lot))
    return os.getpid(), sum(row["seq"] for row in rows)


async def fold(tx: Transaction, lot: Lot) -> Part:
    """Fold with a reader that knows the facts of these tests too."""
    return await check_shards(tx, lot, reader=Reader((*ALL_FACTS, Given)))


def folding(spread: Spread) -> Any:
    """Return how the same is spread with that reader."""
    return lambda tx, _, lots: spread(tx, fold, lots)


async def break_down(tx: Transaction, lot: Lot) -> None:
    """Fail, whatever the lot."""
    raise Broken(f"lot {lot[0]}")
