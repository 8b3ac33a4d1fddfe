"""Reads of the gate."""

from __future__ import annotations

from datetime import datetime, timedelta

from pitboss import jurisdictions
from pitboss.db import Transaction
from pitboss.gate.model import Mailing
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.players import identity
from pitboss.players.identity.model import PlayerStatus
from pitboss.responsible import exclusion, marketing
from pitboss.responsible.marketing.model import Channel


async def find_mailing(
    tx: Transaction, channel: Channel, *, now: datetime, after: PlayerId | None, limit: int
) -> Mailing:
    """Return who may be contacted by a channel, page by page.

    Only who has consented since the last exclusion or time-out, is not kept away now (by
    themselves, by staff or by a register), and whose account is active: neither closed, nor
    suspended, as who turned out to be under age is.  At most 1,000 consents are looked at.

    Args:
        tx: one moment of the database.
        channel: how they would be reached.
        now: the platform's time.
        after: the page before ended with this player.
        limit: at most so many consents are looked at.

    Source: the licence's `exclusion.marketing_hours_max`; LCCP SR 3.5.8; AGCO 2.14.
    """
    place = None if after is None else (shard_of(after), after)
    consents, next_place = await marketing.find_contactable(tx, channel, after=place, limit=limit)
    found = await identity.find_players(tx, [(item.shard, item.player_id) for item in consents])
    licences: dict[PlayerId, Jurisdiction] = {}
    for player_id, player in found.items():
        licence = jurisdictions.find(player.jurisdiction)
        if licence is not None and player.status is PlayerStatus.ACTIVE:
            licences[player_id] = licence
    kept_away = await exclusion.find_kept_away(tx, licences, now=now)
    chosen = [
        item.player_id
        for item in consents
        if item.player_id in licences and item.player_id not in kept_away
    ]
    hours = [licences[player_id].exclusion.marketing_hours_max for player_id in chosen]
    return Mailing(
        player_ids=tuple(chosen),
        use_before=now + timedelta(hours=min(hours, default=0)),
        next_after=None if next_place is None else next_place[1],
    )
