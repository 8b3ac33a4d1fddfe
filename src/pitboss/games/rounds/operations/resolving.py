"""Rounds that nobody closed: ended by rule, or by staff, in the player's turn."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from pitboss import wallet
from pitboss.games import rewards
from pitboss.games.rounds import store
from pitboss.games.rounds.facts import RoundResolved
from pitboss.games.rounds.model import (
    BY_RESOLUTION,
    Booking,
    ClosedBy,
    Kind,
    NotResolved,
    Refusal,
    Resolution,
    Resolved,
    Round,
    promotions_account,
    stakes_account,
)
from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.ids import derived_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import Shard
from pitboss.messages import Turn
from pitboss.responsible import limits
from pitboss.wallet.model import Booked, TransferRequest, player_account


async def resolve(
    turn: Turn, places: Sequence[tuple[Shard, str]], how: Resolution, *, by: ClosedBy
) -> list[Resolved | NotResolved]:
    """End rounds that are open, each by itself and in order.

    `close` ends it as it stands: what was staked and not won is lost, and a win that comes late is
    paid all the same.  `void` gives the stakes back, unless its provider has said what was won, be
    it nothing: then it is closed.  A round that is over is not touched, so repeating does nothing.
    """
    ensure(
        all(shard in turn.heads for shard, _ in places),
        "rounds are resolved by who holds the players' turn",
    )
    rounds = {item.id: item for item in await store.find_rounds(turn.tx, places)}
    bookings: dict[str, list[Booking]] = {}
    if how is Resolution.VOID:
        for item in await store.find_bookings_of(turn.tx, places):
            bookings.setdefault(item.round_id or "", []).append(item)
    answers: list[Resolved | NotResolved] = []
    for _, round_id in places:
        round_ = rounds.get(round_id)
        if round_ is None:
            answers.append(NotResolved(reason=Refusal.UNKNOWN_ROUND))
        elif round_.closed_at is not None:
            answers.append(NotResolved(reason=Refusal.ROUND_CLOSED))
        else:
            done = await _resolve(turn, round_, bookings.get(round_id, ()), by)
            rounds[round_id] = structs.replace(round_, closed_at=turn.now, closed_by=by)
            answers.append(done)
    return answers


async def _resolve(
    turn: Turn, round_: Round, bookings: Sequence[Booking], by: ClosedBy
) -> Resolved:
    # A win of nothing says so too: that what was staked is lost.
    told = any(item.kind is Kind.WIN and item.reversed_by is None for item in bookings)
    stakes = [
        item
        for item in bookings
        if item.kind is Kind.STAKE
        and item.refusal is None
        and item.reversed_by is None
        and not told
    ]
    requests = [_refund(item) for item in stakes if item.micros]
    movements = []
    for answer in await wallet.book(turn, requests, unseen=True):
        if not isinstance(answer, Booked) or answer.movement is None:
            raise InvariantBroken("a stake is given back once, by the house")
        movements.append(answer.movement)
    undone = [structs.replace(item, reversed_by=BY_RESOLUTION) for item in stakes]
    await store.change_bookings(turn.tx, undone)
    given = sum(item.micros for item in stakes)
    closed = structs.replace(
        round_,
        staked_micros=round_.staked_micros - given,
        closed_at=turn.now,
        closed_by=by,
    )
    await store.save_rounds(turn.tx, [closed])
    micros = sum(item.micros for item in stakes if not item.free)
    fact = RoundResolved(
        round_id=round_.id,
        player_id=round_.player_id,
        provider=round_.provider,
        by=by,
        resolution=Resolution.VOID if stakes else Resolution.CLOSE,
        micros=micros,
        currency=round_.currency,
        first_at=write_instant(round_.opened_at),
        stakes=tuple(item.external_id for item in stakes),
        movements=tuple(movements),
    )
    turn.publish(round_.shard, round_.player_id, fact)
    freed = [item for item in stakes if item.free]
    await rewards.give_back(
        turn, [(item.shard, item.provider, item.external_id, item.player_id) for item in freed]
    )
    await limits.count(turn, [(round_.shard, fact)])
    return Resolved(round_id=round_.id, refunded_micros=micros)


def _refund(item: Booking) -> TransferRequest:
    purse = player_account(item.player_id, item.currency)
    payee = promotions_account(item.shard, item.currency) if item.free else purse
    return TransferRequest(
        shard=item.shard,
        key=derived_id("game refund", item.id),
        debit_id=stakes_account(item.shard, item.provider, item.currency),
        credit_id=payee,
        micros=item.micros,
        currency=item.currency,
    )
