"""Reads of location."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pitboss.db import Transaction
from pitboss.jurisdictions.model import LocationRules
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard, shard_of
from pitboss.location.model import (
    HISTORY_MAX,
    SHARERS_MAX,
    CheckRequest,
    History,
    Permit,
    Place,
    Standing,
    Verdict,
)
from pitboss.messages import Turn

from . import rules, store


async def recall_permits(turn: Turn, places: Sequence[Place]) -> dict[Place, Permit]:
    """Return what the checks of these sessions came to; what the turn remembers is not fetched.

    One statement for all of them.  The turn holds their players' shards, so it is the last word.
    Whether a permit is still good is asked of its end and its network.
    """
    known: dict[Place, Permit] = {}
    missing: list[Place] = []
    for place in dict.fromkeys(places):
        remembered = turn.recall(_shard(place), Permit)
        permit = remembered.get(_key(place))
        if permit is None:
            missing.append(place)
        else:
            known[place] = permit
    for place, permit in (await store.find_permits(turn.tx, missing)).items():
        turn.recall(permit.shard, Permit)[_key(place)] = permit
        known[place] = permit
    return known


async def find_permit(tx: Transaction, place: Place) -> Permit | None:
    """Return what the checks of a session came to, if there was one; it may be late."""
    return (await store.find_permits(tx, [place])).get(place)


def state_of(
    licence: LocationRules, permit: Permit | None, *, network: str | None, now: datetime
) -> Standing:
    """Say whether a session may stake now, from this network, by what its checks came to.

    `network` is the tag of the request's address, `now` the platform's time.
    """
    return rules.standing(licence, permit, network=network, now=now)


def rehearse(licence: LocationRules, request: CheckRequest, *, now: datetime) -> Verdict:
    """Say what a sighting would come to in a session without a history; nothing is written.

    For trying an area's maps before anybody plays in it, and whenever a regulator asks.
    Source: OH 3775-17-01(F); GEO-12 in the reference.
    """
    return rules.judge(
        licence,
        request,
        device_bound=None,
        device=None,
        replayed=False,
        permit=None,
        last=None,
        now=now,
    )


async def find_history(tx: Transaction, player_id: PlayerId) -> History:
    """Return a player's newest checks, and who else was located on the same devices."""
    checks = await store.find_newest(tx, player_id, limit=HISTORY_MAX)
    return rules.history(checks, await store.find_sharers(tx, player_id, limit=SHARERS_MAX))


def _key(place: Place) -> str:
    return f"{place.player_id} {place.session_id}"


def _shard(place: Place) -> Shard:
    return shard_of(place.player_id)
