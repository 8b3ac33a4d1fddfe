"""Reads of identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pitboss import jurisdictions
from pitboss.db import Transaction
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard, shard_of
from pitboss.messages import Turn
from pitboss.players.identity.errors import PlayerMissing
from pitboss.players.identity.model import (
    BornBy,
    Email,
    Login,
    Player,
    Refusal,
    RegisterRequest,
)
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


def foresee_refusal(request: RegisterRequest, *, now: datetime) -> Refusal | None:
    """Return what `register` would say no for, if the request alone is enough to know.

    Nothing is looked up, so it is asked before anything that costs.
    """
    licence = jurisdictions.find(request.jurisdiction)
    today = now.date() if licence is None else jurisdictions.local_day(now, licence)
    return rules.refusal_to_register(request, licence, today=today)


async def find_alike(
    tx: Transaction, request: RegisterRequest, *, keys: PersonalKeys
) -> dict[PlayerId, Player]:
    """Return the players who look like whoever registers, under any licence of the operator.

    Outside their turns it may be late by what is being committed.
    """
    places = rules.places_anywhere(request, jurisdictions.codes(), keys)
    alike = set((await store.find_likenesses(tx, places)).values())
    return await store.find_players(tx, [(shard_of(item), item) for item in alike])


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


async def recall_ages(turn: Turn, licences: Mapping[PlayerId, Jurisdiction]) -> dict[PlayerId, int]:
    """Return the ages, in whole years, of those players whose licence has rules by age.

    Never more than the true age, and less only in the month of the birthday: the month of birth is
    all that is kept at hand, and no personal data is opened.  Who is left out has no such licence,
    or it is not known; then the rules of every age hold.  The day is the licence's own.  The turn
    holds the players' shards; whom it remembers is not fetched.
    """
    asked = [player_id for player_id, licence in licences.items() if rules.asks_age(licence)]
    missing = [
        player_id
        for player_id in asked
        if player_id not in turn.recall(shard_of(player_id), BornBy)
    ]
    if missing:
        found = await store.find_ages(turn.tx, missing)
        for player_id in missing:
            known = BornBy(day=found.get(player_id))
            turn.recall(shard_of(player_id), BornBy)[player_id] = known
    ages: dict[PlayerId, int] = {}
    for player_id in asked:
        day = turn.recall(shard_of(player_id), BornBy)[player_id].day
        if day is not None:
            today = jurisdictions.local_day(turn.now, licences[player_id])
            ages[player_id] = rules.age_on(today, born_on=day)
    return ages


async def get_player(tx: Transaction, player_id: PlayerId) -> Player:
    """Return a player who must exist.

    Raises:
        PlayerMissing: there is none with this id.
    """
    players = await store.find_players(tx, [(shard_of(player_id), player_id)])
    if player_id not in players:
        raise PlayerMissing(f"there is no player {player_id}")
    return players[player_id]
