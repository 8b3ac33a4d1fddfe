"""Reads of central files."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from pitboss.central.model import (
    Activity,
    ActivityState,
    CentralState,
    FiledDeposit,
    FiledLimit,
    Remembered,
    Waiting,
)
from pitboss.db import Transaction
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import Shard
from pitboss.messages import Turn
from pitboss.players.identity.model import Player
from pitboss.registers.model import Verdict

from . import rules, store


async def recall_activity(
    turn: Turn, players: Collection[Player], licences: Mapping[str, Jurisdiction]
) -> dict[PlayerId, Verdict]:
    """Return what the activity file means for these players' stakes, in one statement at most.

    Players whose licence has no such file are left out.  The turn holds their shards, so it is the
    last word; whom the turn remembers is not fetched.
    """
    asked = [
        player
        for player in players
        if player.jurisdiction in licences
        and licences[player.jurisdiction].sessions.elsewhere_refused
    ]
    if not asked:
        return {}
    ensure(all(item.shard in turn.heads for item in asked), "who asks holds the players' turn")
    missing = [item for item in asked if item.id not in turn.recall(item.shard, Remembered)]
    if missing:
        found: dict[PlayerId, set[ActivityState]] = {item.id: set() for item in missing}
        for activity in await store.find_open(turn.tx, list(found)):
            found[activity.player_id].add(activity.state)
        for item in missing:
            known = Remembered(states=frozenset(found[item.id]))
            turn.recall(item.shard, Remembered)[item.id] = known
    return {
        item.id: rules.verdict(
            licences[item.jurisdiction], turn.recall(item.shard, Remembered)[item.id].states
        )
        for item in asked
    }


async def find_due(tx: Transaction, *, at: datetime, limit: int) -> list[FiledDeposit]:
    """Return deposits of which the limit file is to be told now, by the machine's clock."""
    return await store.find_due_deposits(tx, at=at, limit=limit)


async def find_due_limits(
    tx: Transaction, *, at: datetime, now: datetime, limit: int
) -> list[FiledLimit]:
    """Return limits of which the limit file is to be told now.

    `at` is the machine's time, by which the file is asked; `now` the platform's, by which a looser
    limit counts.
    """
    return await store.find_due_limits(tx, at=at, now=now, limit=limit)


async def find_waiting(tx: Transaction) -> Waiting:
    """Return how many deposits the limit file has yet to hear of, and since when the oldest."""
    return await store.find_waiting(tx)


async def find_active(
    tx: Transaction, *, after: tuple[Shard, str] | None = None, limit: int
) -> list[Activity]:
    """Return a page of the times at which players are active with us, or want to be."""
    return await store.find_page(tx, after=after, limit=limit)


async def find_leaving(tx: Transaction, *, at: datetime, limit: int) -> list[Activity]:
    """Return times of which the activity file is to be told now that they are over."""
    return await store.find_leaving(tx, at=at, limit=limit)


async def find_state(tx: Transaction) -> CentralState:
    """Return how the central files stand, for staff."""
    return await store.find_state(tx)
