"""Reads of second factors."""

from __future__ import annotations

from collections.abc import Collection

from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players.factors.model import Factors, SecurityKey

from . import store


async def has_factor(tx: Transaction, player_id: PlayerId) -> bool:
    """Say whether a player proves a second time who they are."""
    return player_id in await store.find_guarded(tx, [(shard_of(player_id), player_id)])


async def recall_guarded(turn: Turn, player_ids: Collection[PlayerId]) -> set[PlayerId]:
    """Return those of the players who have a second factor, in one statement.

    The turn holds their shards, so it is the last word.
    """
    places = [(shard_of(player_id), player_id) for player_id in player_ids]
    return await store.find_guarded(turn.tx, places)


async def find_keys(tx: Transaction, player_id: PlayerId) -> list[SecurityKey]:
    """Return a player's security keys, the oldest first."""
    return await store.find_keys(tx, player_id)


async def find_factors(tx: Transaction, player_id: PlayerId) -> Factors:
    """Return a player's second factors, those that do not count yet included."""
    return await store.find_factors(tx, player_id)
