"""Reads of identity."""

from __future__ import annotations

from collections.abc import Sequence

from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard, shard_of
from pitboss.players.identity.errors import PlayerMissing
from pitboss.players.identity.model import Email, Login, Player

from . import store


async def find_login(tx: Transaction, email: Email) -> Login | None:
    """Return what a login with this e-mail is checked against, if anybody has it."""
    return await store.find_login(tx, email)


async def find_players(
    tx: Transaction, places: Sequence[tuple[Shard, PlayerId]]
) -> dict[PlayerId, Player]:
    """Return those of the players who exist, in one statement for all of them.

    Under the turn of their shards this is the last word; elsewhere it may be late.
    """
    return await store.find_players(tx, places)


async def get_player(tx: Transaction, player_id: PlayerId) -> Player:
    """Return a player who must exist.

    Raises:
        PlayerMissing: there is none with this id.
    """
    players = await store.find_players(tx, [(shard_of(player_id), player_id)])
    if player_id not in players:
        raise PlayerMissing(f"there is no player {player_id}")
    return players[player_id]
