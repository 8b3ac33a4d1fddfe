"""Takes producers down whose reader is gone: killed, frozen, or cut off from the database.

It runs where bets are decided, because there it matters: while this process takes bets, it looks.
"""

from __future__ import annotations

import asyncio

import structlog

from pitboss import messages
from pitboss.db import Database
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.errors import Fault
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.kernel.waiting import happened
from pitboss.sportsbook import feeds

LOOK_SECONDS = 1.0
# On top of the lease, for a reader that is only busy.
GRACE_SECONDS = 1.0

_log = structlog.get_logger("feed")


async def run(database: Database, *, clock: Clock, entropy: Entropy, stop: asyncio.Event) -> None:
    """Look until told to stop."""
    while not await happened(stop, LOOK_SECONDS):
        try:
            fallen = await look(database, clock=clock, entropy=entropy)
        except Fault as fault:
            _log.warning("trying again", why=str(fault))
            continue
        if fallen:
            _log.error("a feed's reader is gone", producers=fallen)


async def look(
    database: Database,
    *,
    clock: Clock,
    entropy: Entropy,
    grace_seconds: float = GRACE_SECONDS,
) -> list[str]:
    """Take down the producers of readers that are gone; return which were up."""
    async with database.reading() as tx:
        if not await feeds.is_reader_gone(tx, grace_seconds=grace_seconds):
            return []
    turn = messages.turn(
        database, {CATALOGUE_SHARD}, now=clock.now(), actor="feed-watch", entropy=entropy
    )
    async with turn as held:
        return await feeds.take_down_abandoned(held, grace_seconds=grace_seconds)
