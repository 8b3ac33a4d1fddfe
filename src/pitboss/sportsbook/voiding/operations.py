"""Writes of voiding: exclusions are heard in the one order of facts, and open bets made void."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from pitboss import jurisdictions, messages, order
from pitboss.db import Transaction
from pitboss.jurisdictions.model import OpenBets
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.errors import Fault
from pitboss.kernel.ids import EventId, PlayerId
from pitboss.kernel.instants import parse_instant, write_instant
from pitboss.kernel.shards import Shard, shard_of
from pitboss.kernel.upcasting import Schemas
from pitboss.messages import Turn
from pitboss.order.model import PlacedFact
from pitboss.players import identity
from pitboss.responsible import limits
from pitboss.responsible.exclusion.facts import PlayerExcluded
from pitboss.responsible.exclusion.model import Kind
from pitboss.sportsbook import betting, catalog
from pitboss.sportsbook.betting.model import Closing, Waiting
from pitboss.sportsbook.voiding.errors import ExclusionBroken
from pitboss.sportsbook.voiding.facts import BetVoided
from pitboss.sportsbook.voiding.model import Heard, Reason

from . import rules, store

# Few in a step, because for each of them a shard may be looked through.
EXCLUSIONS_MAX = 100
# As many as a step of settlement takes, for the same reason: nobody waits long for the turn.
BETS_MAX = 2_000
# So long voiding goes on without an exclusion that breaks it.
ASIDE_FOR = timedelta(minutes=5)
# The bytes by which a fact of this type is told from all others, as the seal writes them.
_MARK = b'"type":"player.excluded"'


class _Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """Of a stored fact, what voiding needs to know."""

    data: dict[str, Any]
    rec: str
    sv: int
    cause: str = ""


_decode = msgspec.json.Decoder(_Envelope).decode
_schemas = Schemas((PlayerExcluded,))


async def void_waiting(
    tx: Transaction, *, now: datetime, entropy: Entropy, limit: int = BETS_MAX
) -> int | None:
    """Void the open bets of players whose exclusions were recorded and not heard yet.

    Returns how many bets were made void; None when there was nothing to hear, or a twin is at it.
    How far it is moves in the same transaction, so a crash repeats nothing and forgets nothing.  An
    exclusion has a position only once it is committed, and from its commit on no bet is accepted:
    so looking before locking misses none of the bets that were accepted before it.  What became of
    them meanwhile is read again under the turn: who settles first has the bet.

    Args:
        tx: the caller's; it is committed with what was done.
        now: the platform's time.
        entropy: for the ids of facts.
        limit: at most so many bets in a step; the rest of a player's waits for the next one.

    Raises:
        ExclusionBroken: one of them breaks this; `set_aside` lets the others go on.

    Source: the licence's `exclusion.open_bets`; AGCO 2.14.
    """
    position = await store.lock_cursor(tx)
    if position is None:
        return None
    resting = await store.find_due_aside(tx, now)
    if resting is not None:
        return await _try_again(tx, resting, now, entropy, limit)
    found, heard_to = await order.read_marked(
        tx, _MARK, from_position=position, limit=EXCLUSIONS_MAX
    )
    if heard_to == position:
        return None
    voided = 0
    for fact in found:
        voided = await _void_for(tx, fact, now, entropy, limit)
        if voided:
            # One player in a transaction: who takes turns one after the other, and not in the
            # order of shards, could deadlock.  If there may be more bets of this one, it is heard
            # once more.
            heard_to = fact.position if voided >= limit else fact.position + 1
            break
    await store.move_cursor(tx, heard_to)
    return voided


async def set_aside(tx: Transaction, position: int, *, why: str, now: datetime) -> None:
    """Go on without an exclusion that breaks voiding, and try it again some minutes later."""
    cursor = await store.lock_cursor(tx)
    if cursor is None:
        # A twin is at it, and meets the same.
        return
    await store.save_aside(tx, position, why=why, now=now, again_at=now + ASIDE_FOR)
    # Of those before it in the same step none had anything to void.
    await store.move_cursor(tx, max(cursor, position + 1))


async def _try_again(
    tx: Transaction, position: int, now: datetime, entropy: Entropy, limit: int
) -> int:
    """Hear an exclusion that was set aside; it rests no longer once all its bets are void."""
    (placed,), _ = await order.read_marked(tx, _MARK, from_position=position, limit=1)
    voided = await _void_for(tx, placed, now, entropy, limit)
    if voided < limit:
        await store.end_aside(tx, position)
    return voided


async def _void_for(
    tx: Transaction, placed: PlacedFact, now: datetime, entropy: Entropy, limit: int
) -> int:
    """Void what an exclusion makes void, and say how many bets that were.

    Raises:
        ExclusionBroken: a mistake of ours, or something of this player that cannot be read.
    """
    try:
        return await _void_bets(tx, placed, now, entropy, limit)
    except Fault:
        raise
    except Exception as error:
        raise ExclusionBroken(placed.position) from error


async def _void_bets(
    tx: Transaction, placed: PlacedFact, now: datetime, entropy: Entropy, limit: int
) -> int:
    heard = await _hear(tx, placed)
    if heard is None:
        return 0
    open_bets = await betting.find_open_bets_of(
        tx, heard.shard, heard.player_id, decided_before=heard.ends_at
    )
    starts = await _starts(tx, open_bets)
    void = [
        bet
        for bet in open_bets
        if rules.is_void(bet.legs, starts, heard.open_bets, excluded_at=heard.excluded_at)
    ]
    if not void:
        return 0
    async with messages.join_turn(
        tx, {heard.shard}, now=now, actor="voiding", entropy=entropy
    ) as turn:
        still = await betting.find_waiting(tx, [(bet.shard, bet.id) for bet in void[:limit]])
        await _void(turn, heard, still)
    return min(len(void), limit)


async def _hear(tx: Transaction, placed: PlacedFact) -> Heard | None:
    """Return an exclusion that makes bets void, if this is one; a time-out lets them stand."""
    envelope = _decode(placed.body)
    fact = _schemas.read_fact(envelope.sv, envelope.data)
    if not isinstance(fact, PlayerExcluded) or fact.kind != Kind.EXCLUSION:
        return None
    shard = shard_of(fact.player_id)
    rule = await _rule_of(tx, shard, fact.player_id)
    if rule is OpenBets.LET_STAND:
        return None
    return Heard(
        shard=shard,
        player_id=fact.player_id,
        key=envelope.cause,
        excluded_at=parse_instant(envelope.rec, field="rec"),
        ends_at=None if fact.ends_at is None else parse_instant(fact.ends_at, field="ends_at"),
        open_bets=rule,
    )


async def _rule_of(tx: Transaction, shard: Shard, player_id: PlayerId) -> OpenBets:
    players = await identity.find_players(tx, [(shard, player_id)])
    return jurisdictions.get(players[player_id].jurisdiction).exclusion.open_bets


async def _starts(tx: Transaction, bets: Sequence[Waiting]) -> dict[EventId, datetime]:
    """Return when the events of these bets start, without those that are known to have begun."""
    wanted = {leg.event_id for bet in bets for leg in bet.legs}
    events = await catalog.find_events_by_id(tx, sorted(wanted)) if wanted else []
    return {event.id: event.starts_at for event in events if not event.state.status.has_begun}


async def _void(turn: Turn, heard: Heard, bets: Sequence[Waiting]) -> None:
    if not bets:
        return
    closings = [
        Closing(bet=bet, returns_micros=bet.void_micros, voided=True, final=True) for bet in bets
    ]
    movements = await betting.close_bets(turn, closings)
    facts: list[tuple[Shard, BetVoided]] = []
    for bet, moved in zip(bets, movements, strict=True):
        fact = BetVoided(
            bet_id=bet.id,
            player_id=bet.player_id,
            stake_micros=bet.stake_micros,
            currency=bet.currency,
            reason=Reason.EXCLUSION,
            rule=heard.open_bets,
            exclusion=heard.key,
            excluded_at=write_instant(heard.excluded_at),
            movements=moved,
        )
        turn.publish(bet.shard, bet.player_id, fact, cause=heard.key)
        facts.append((bet.shard, fact))
    await limits.count(turn, facts)
