"""Reads of identity."""

from __future__ import annotations

from collections.abc import Sequence

from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard, shard_of
from pitboss.messages import Turn
from pitboss.players.identity.errors import PlayerMissing
from pitboss.players.identity.model import Email, Login, Player
from pitboss.players.personal.model import PersonalKeys

from . import rules, store


async def find_login(tx: Transaction, email: Email, *, keys: PersonalKeys) -> Login | None:
    """Return what a login with this e-mail is checked against, if anybody has it."""
    return await store.find_login(tx, rules.email_digest(keys, email))


async def find_login_of(tx: Transaction, player_id: PlayerId) -> Login | None:
    """Return what a player logs in with; None if they were forgotten."""
    return await store.find_login_of(tx, player_id)


async def find_players(
    tx: Transaction, places: Sequence[tuple[Shard, PlayerId]]
) -> dict[PlayerId, Player]:
    """Return those of the players who exist, in one statement for all of them.

    Under the turn of their shards this is the last word; elsewhere it may be late.
    """
    return await store.find_players(tx, places)


async def recall_players(
    turn: Turn, places: Sequence[tuple[Shard, PlayerId]]
) -> dict[PlayerId, Player]:
    """Return those of the players who exist, as they are; whom the turn remembers is not fetched.

    The turn holds their shards.
    """
    known = {shard: turn.recall(shard, Player) for shard in {shard for shard, _ in places}}
    missing = [place for place in places if place[1] not in known[place[0]]]
    if missing:
        for player in (await store.find_players(turn.tx, missing)).values():
            known[player.shard][player.id] = player
    return {
        player_id: known[shard][player_id]
        for shard, player_id in places
        if player_id in known[shard]
    }


async def get_player(tx: Transaction, player_id: PlayerId) -> Player:
    """Return a player who must exist.

    Raises:
        PlayerMissing: there is none with this id.
    """
    players = await store.find_players(tx, [(shard_of(player_id), player_id)])
    if player_id not in players:
        raise PlayerMissing(f"there is no player {player_id}")
    return players[player_id]
