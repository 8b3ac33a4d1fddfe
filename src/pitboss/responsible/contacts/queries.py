"""Reads of contacts."""

from __future__ import annotations

from datetime import datetime

from pitboss.db import Transaction
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of

from . import rules, store


async def is_review_due(
    tx: Transaction,
    player_id: PlayerId,
    licence: Jurisdiction,
    *,
    registered_at: datetime,
    now: datetime,
) -> bool:
    """Say whether a player is to be asked to look at the account and its limits again.

    Source: RTS 12E (GB); the licence's `limits.review_months`.
    """
    if licence.limits.review_months is None:
        return False
    reviewed_at = await store.find_review(tx, (shard_of(player_id), player_id))
    return rules.review_due(licence, since=registered_at, reviewed_at=reviewed_at, now=now)
