"""Reads of terms."""

from __future__ import annotations

from collections.abc import Mapping

from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players.terms.model import Acceptance, Terms

from . import rules, store


async def find_current(tx: Transaction, jurisdiction: str) -> Terms | None:
    """Return the version of a licence's terms that is in force, if there is any."""
    return rules.current(await store.find_published(tx, [jurisdiction])).get(jurisdiction)


async def find_acceptance(tx: Transaction, player_id: PlayerId) -> Acceptance:
    """Return what a player has accepted; outside the player's turn it may be late."""
    found = await store.find_acceptances(tx, [player_id])
    return found.get(player_id) or Acceptance(player_id=player_id)


async def recall_agreed(turn: Turn, licences: Mapping[PlayerId, str]) -> dict[PlayerId, bool]:
    """Say of each player, by licence, whether they have accepted what is in force there.

    The turn holds the players' shards.  A licence without terms costs one statement for a batch;
    whom the turn remembers is not fetched.
    """
    codes = set(licences.values())
    current = rules.current(await store.find_published(turn.tx, codes)) if codes else {}
    asked = [player_id for player_id, code in licences.items() if code in current]
    missing = [
        player_id
        for player_id in asked
        if player_id not in turn.recall(shard_of(player_id), Acceptance)
    ]
    if missing:
        found = await store.find_acceptances(turn.tx, missing)
        for player_id in missing:
            acceptance = found.get(player_id) or Acceptance(player_id=player_id)
            turn.recall(shard_of(player_id), Acceptance)[player_id] = acceptance
    return dict.fromkeys(licences, True) | {
        player_id: rules.has_agreed(
            turn.recall(shard_of(player_id), Acceptance)[player_id], current[licences[player_id]]
        )
        for player_id in asked
    }
