"""Writes about producers: who reads them, whether they may be believed, what is asked for again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pitboss.db import Transaction
from pitboss.kernel.ids import derived_id
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import Turn
from pitboss.sportsbook import catalog
from pitboss.sportsbook.catalog.model import ProducerChange, ProducerState
from pitboss.sportsbook.feeds import store
from pitboss.sportsbook.feeds.errors import LeaseLost
from pitboss.sportsbook.feeds.facts import RecoveryAsked
from pitboss.sportsbook.feeds.model import (
    FeedName,
    Liveness,
    RecoveryWish,
    Why,
    feed_of,
)

# Who has not been heard of for this long may be replaced, and its producers are taken down.
LEASE_SECONDS = 5.0


async def claim(tx: Transaction, feed: FeedName, *, owner: str) -> int | None:
    """Become the reader of a feed; return the epoch to write under, None if another one reads it.

    The same owner, started again, need not wait for its own lease to run out.
    """
    return await store.claim(tx, feed, owner, LEASE_SECONDS)


async def beat(
    tx: Transaction,
    feed: FeedName,
    states: Sequence[Liveness],
    *,
    epoch: int,
    now: datetime,
) -> None:
    """Say that the feed's reader lives, and how far its producers are.

    Raises:
        LeaseLost: somebody else reads the feed now, or has found us silent.
    """
    if not await store.renew(tx, feed, epoch, LEASE_SECONDS):
        raise LeaseLost(f"{feed} is not ours to read any more")
    await store.save_progress(tx, feed, states, now)


async def release(tx: Transaction, feed: FeedName, *, epoch: int) -> None:
    """Let go of a feed in order, once its producers are down."""
    await store.release(tx, feed, epoch)


async def show(turn: Turn, states: Sequence[Liveness]) -> None:
    """Have the catalogue believe these producers, or no longer; what is so already stays."""
    await catalog.set_producers(
        turn,
        [
            ProducerChange(
                producer=state.terms.id,
                state=ProducerState.UP if state.up else ProducerState.DOWN,
                why="recovered" if state.down is None else state.down.value,
            )
            for state in states
        ],
    )


async def note_recovery(turn: Turn, wish: RecoveryWish) -> int:
    """Return the number under which a recovery is to be asked for; it is on record before it is.

    Every number is used once, whatever becomes of the request.
    """
    request_no = await store.count_request(turn.tx, feed_of(wish.producer), wish.producer, turn.now)
    turn.publish(
        CATALOGUE_SHARD,
        derived_id("producer", wish.producer),
        RecoveryAsked(producer=wish.producer, request_no=request_no, after_ms=wish.after_ms),
    )
    return request_no


async def take_down_abandoned(turn: Turn, *, grace_seconds: float) -> list[str]:
    """Take down the producers of feeds whose readers are gone; return which were up.

    A reader that only froze finds its epoch past, and recovers before it opens anything again.
    """
    fallen: list[str] = []
    for feed in await store.find_abandoned(turn.tx, grace_seconds=grace_seconds):
        if not await store.fence(turn.tx, feed, grace_seconds=grace_seconds):
            continue
        standing = await catalog.find_producers(turn.tx)
        up = [
            item.producer
            for item in standing
            if item.state is ProducerState.UP and feed_of(item.producer) == feed
        ]
        changes = [
            ProducerChange(producer=name, state=ProducerState.DOWN, why=Why.READER_GONE.value)
            for name in up
        ]
        await catalog.set_producers(turn, changes)
        fallen += up
    return fallen
