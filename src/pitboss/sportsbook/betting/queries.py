"""Reads of betting."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import structs

from pitboss import jurisdictions, order
from pitboss.db import Transaction
from pitboss.jurisdictions.model import SportsbookRules
from pitboss.kernel.ids import BetId, MarketId, PlayerId
from pitboss.kernel.money import currency
from pitboss.kernel.shards import Shard, shard_of
from pitboss.kernel.upcasting import Schemas
from pitboss.players import identity
from pitboss.sportsbook import catalog, trading
from pitboss.sportsbook.betting.facts import BetAccepted
from pitboss.sportsbook.betting.model import (
    REFUSALS,
    Accepted,
    Bet,
    Boost,
    FreeBet,
    OnDesk,
    OpenBet,
    PastCorrection,
    Pending,
    PlaceBet,
    Placing,
    Refusal,
    StakeMax,
    Waiting,
)
from pitboss.sportsbook.betting.operations.naming import Named, look_up

from . import rules, store
from .rules import Recent as Recent
from .rules import refusal_of as refusal_of

# As many as somebody reads at a glance; who is behind asks again at once.
TICKER_MAX = 100
# The bytes by which a fact of this type is told from all others, as the seal writes them.
_MARK = b'"type":"bet.accepted"'


class _Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """Of a stored fact, what the ticker needs to know."""

    data: dict[str, Any]
    rec: str
    sv: int


_decode = msgspec.json.Decoder(_Envelope).decode
_schemas = Schemas((BetAccepted,))


async def follow_accepted(
    tx: Transaction, *, from_position: int, limit: int = TICKER_MAX
) -> tuple[list[Accepted], int]:
    """Return the next accepted bets in the one order of facts, and the position to go on from.

    At most 100 of the next 50,000 facts; fewer only at the end, or where so many facts were others.
    """
    found, heard_to = await order.read_marked(
        tx, _MARK, from_position=from_position, limit=min(limit, TICKER_MAX)
    )
    accepted: list[Accepted] = []
    for placed in found:
        envelope = _decode(placed.body)
        if envelope.data.get("type") == BetAccepted.__struct_config__.tag:
            fact = _schemas.read_fact(envelope.sv, envelope.data)
            if isinstance(fact, BetAccepted):
                accepted.append(
                    Accepted(
                        position=placed.position,
                        at=envelope.rec,
                        bet_id=fact.bet_id,
                        player_id=fact.player_id,
                        stake_micros=fact.stake_micros,
                        currency=fact.currency,
                        legs=fact.legs,
                        shape=fact.shape,
                    )
                )
    return accepted, heard_to


# What is shown of each kind of gift to a player.
GIFTS_MAX = 100
# More than a desk of traders can answer while a bet waits.
DESK_MAX = 200


async def find_answered(tx: Transaction) -> list[tuple[Shard, datetime]]:
    """Return when the bets are decided that a trader has answered, with their shards.

    Only those that wait still, of which there are next to none.
    """
    return await store.find_answered(tx)


async def find_desk(tx: Transaction, *, limit: int = DESK_MAX) -> list[OnDesk]:
    """Return bets that wait for a trader, those that are over first first, at most 200."""
    waiting = await store.find_unanswered(tx, limit=min(limit, DESK_MAX))
    bets = await store.find_bets(tx, [(item.shard, item.bet_id) for item in waiting])
    return [
        OnDesk(bet=bets[item.bet_id], referred=item, decide_at=item.decide_at)
        for item in waiting
        if item.decide_at is not None and item.bet_id in bets
    ]


async def find_bet(tx: Transaction, shard: Shard, bet_id: BetId) -> Bet | None:
    """Return a decided bet."""
    return (await store.find_bets(tx, [(shard, bet_id)])).get(bet_id)


async def find_bets(tx: Transaction, places: Collection[tuple[Shard, BetId]]) -> dict[BetId, Bet]:
    """Return those of the bets that are decided."""
    return await store.find_bets(tx, places)


async def find_owner(tx: Transaction, bet_id: BetId) -> PlayerId | None:
    """Return whose bet a decided one is."""
    return await store.find_owner(tx, bet_id)


async def find_recent(tx: Transaction, shards: Collection[Shard]) -> Recent:
    """Return the slips that were taken in these shards a moment ago.

    They are all that there are if the caller holds the turn of the shards.
    """
    return Recent(await store.find_recent(tx, shards))


async def find_next_due(tx: Transaction, shards: Collection[Shard]) -> datetime | None:
    """Return when the next delay of a bet in these shards is over; None if none is delayed."""
    return await store.find_next_due(tx, shards)


async def find_due(
    tx: Transaction, shards: Collection[Shard], *, by: datetime, limit: int
) -> list[Pending]:
    """Return delayed bets of these shards whose time has come by then, the longest due first."""
    return await store.find_due(tx, shards, by=by, limit=limit)


async def find_waiting(tx: Transaction, places: Sequence[tuple[Shard, BetId]]) -> list[Waiting]:
    """Return those of the bets that are accepted and not settled yet, in the order asked."""
    return await store.find_waiting(tx, places)


async def find_changeable(tx: Transaction, places: Sequence[tuple[Shard, BetId]]) -> list[Waiting]:
    """Return those of the bets that results may settle, or have settled, in the order asked.

    Not those that were refused, nor those that another room has ended for good.
    """
    return await store.find_changeable(tx, places)


async def find_corrections(
    tx: Transaction, places: Collection[tuple[Shard, BetId]]
) -> dict[BetId, list[PastCorrection]]:
    """Return, of those bets that have any, the settlements after the first, the oldest first."""
    return await store.find_corrections(tx, places)


async def find_open_bets(
    tx: Transaction,
    market_id: MarketId,
    *,
    shards: tuple[Shard, Shard],
    after: OpenBet | None,
    limit: int,
) -> list[OpenBet]:
    """Return accepted bets with a leg in this market, in order of shard and id.

    `shards` are the first and the last lane to look in; `after` continues behind a bet.
    """
    return await store.find_open_bets(tx, market_id, shards=shards, after=after, limit=limit)


async def find_open_bets_of(
    tx: Transaction, shard: Shard, player_id: PlayerId, *, decided_before: datetime | None
) -> list[Waiting]:
    """Return a player's accepted bets that are not settled yet, by their ids.

    It looks through the bets of the shard, so nobody who is waited for asks it.  With
    `decided_before`, only those that were decided earlier.
    """
    return await store.find_open_bets_of(tx, shard, player_id, decided_before=decided_before)


async def find_totals(tx: Transaction) -> dict[tuple[str, str], tuple[int, int, int]]:
    """Return (bets, stakes, returns) per (currency, state)."""
    return await store.find_totals(tx)


async def find_free_bets_of(
    tx: Transaction, shard: Shard, player_id: PlayerId, *, now: datetime
) -> list[FreeBet]:
    """Return the free bets that a player can use now, at most 100, those that end first first."""
    return await store.find_gifts_of(
        tx, store.FREE_BETS, shard, player_id, now=now, limit=GIFTS_MAX
    )


async def find_boosts_of(
    tx: Transaction, shard: Shard, player_id: PlayerId, *, now: datetime
) -> list[Boost]:
    """Return the boosts that a player can use now, at most 100, those that end first first."""
    kind, most = store.BOOSTS, GIFTS_MAX
    return await store.find_gifts_of(tx, kind, shard, player_id, now=now, limit=most)


async def find_stake_max(
    tx: Transaction, wish: PlaceBet, *, now: datetime
) -> StakeMax | Refusal | None:
    """Return the largest stake that would pass for such a bet now, and which limit says so.

    What the licence allows for one stake, and lets one bet return, counts with the limits of
    trading; the player's own limits and money do not.  A refusal says why no stake would pass.
    None if there is no such player.  Somebody else may have taken the room before the bet comes.

    Args:
        tx: a moment is enough.
        wish: the bet; its stake is not looked at.
        now: the platform's time.
    """
    shard = shard_of(wish.player_id)
    player = (await identity.find_players(tx, [(shard, wish.player_id)])).get(wish.player_id)
    if player is None:
        return None
    allowed = jurisdictions.get(player.jurisdiction).sportsbook
    unit = currency(wish.currency).minor_unit_micros
    offers = await catalog.Shelf().seen(tx, {leg.selection_id for leg in wish.legs})
    wish, named = await _look_up(tx, shard, structs.replace(wish, stake_micros=unit), allowed, now)
    refusal = named.judge(wish, offers, allowed, now)
    if refusal is not None:
        return refusal
    legs = rules.judge(
        wish,
        offers,
        minor_unit_micros=unit,
        licence=allowed,
        now=now,
    )
    if isinstance(legs, Refusal):
        return legs
    most = min(
        StakeMax(micros=allowed.stake_micros_max // unit * unit, bound="stake_too_large"),
        StakeMax(
            micros=rules.stake_within(
                legs, wish.shape, allowed.returns_micros_max, minor_unit_micros=unit
            ),
            bound=Refusal.RETURNS_TOO_LARGE,
        ),
        named.stake_max(wish),
        key=lambda one: one.micros,
    )
    taking = rules.taking_of(
        wish.bet_id,
        shard=shard,
        player_id=wish.player_id,
        currency=wish.currency,
        stake_micros=unit,
        legs=legs,
        shape=wish.shape,
    )
    limited = await trading.find_stake_max(tx, taking)
    if limited is not None and limited.stake_micros_max < most.micros:
        most = StakeMax(micros=limited.stake_micros_max, bound=REFUSALS[limited.bound])
    # So small a stake is no stake, whatever the limits leave.
    return most if most.micros >= allowed.stake_micros_min else structs.replace(most, micros=0)


async def _look_up(
    tx: Transaction, shard: Shard, wish: PlaceBet, licence: SportsbookRules, now: datetime
) -> tuple[PlaceBet, Named]:
    """Return a wish with what the things that it names say, and these things."""
    placing = Placing(shard=shard, command=wish, placed_at=now)
    (struck,), named = await look_up(tx, [placing], [licence])
    return struck.command, named
