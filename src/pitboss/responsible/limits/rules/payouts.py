"""When what was won is paid out by itself.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from msgspec import structs

from pitboss.jurisdictions.model import (
    Jurisdiction,
)
from pitboss.kernel.facts import Fact
from pitboss.kernel.money import currency
from pitboss.kernel.shards import Shard
from pitboss.responsible.limits.model import (
    Payout,
    PayoutWish,
    Place,
    Refusal,
)
from pitboss.responsible.limits.rules.changing import MICROS_MAX


def sum_wins(facts: Iterable[tuple[Shard, Fact]]) -> dict[Place, int]:
    """Return what facts say was won, by player, in micros."""
    sums: Counter[Place] = Counter()
    for shard, fact in facts:
        for win in fact.wins:
            sums[shard, win.player_id] += win.micros
    return sums


def refusal_to_name(wish: PayoutWish, licence: Jurisdiction) -> Refusal | None:
    """Return why wins are not paid out above this sum, if so; taking a sum back is always possible.

    Source: GlüStV 2021, § 6b(3) (DE); the licence's `payments.auto_payout_offered`.
    """
    if wish.micros is None:
        return None
    if not licence.payments.auto_payout_offered:
        return Refusal.PAYOUT_NOT_OFFERED
    if not 0 <= wish.micros <= MICROS_MAX:
        return Refusal.AMOUNT_OUT_OF_RANGE
    unit = currency(wish.currency).minor_unit_micros
    return Refusal.AMOUNT_NOT_WHOLE if wish.micros % unit else None


def named(before: Payout | None, wish: PayoutWish, *, shard: Shard, now: datetime) -> Payout:
    """Return a player's payout with the sum that was named, or without one.

    Who changes the sum keeps what was won; who names one anew begins with nothing.
    """
    if before is not None and before.micros is not None and wish.micros is not None:
        return structs.replace(before, micros=wish.micros, set_at=now)
    return Payout(
        shard=shard,
        player_id=wish.player_id,
        currency=wish.currency,
        micros=wish.micros,
        set_at=now,
        # It goes on: no two payments of a player have the same number.
        number=0 if before is None else before.number,
    )
