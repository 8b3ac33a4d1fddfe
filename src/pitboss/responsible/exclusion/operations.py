"""Writes of exclusion: inside the caller's turn, safe to repeat with the same keys.

What is excluded here is refused by the gate from the same commit on, for every product: who
decides about a stake holds the player's shard, and so does who excludes.
"""

from __future__ import annotations

from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.instants import write_instant
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.responsible.exclusion.facts import (
    ExclusionRefused,
    PlayerExcluded,
    ReturnAsked,
    ReturnRefused,
)
from pitboss.responsible.exclusion.model import (
    Answer,
    Excluded,
    Exclusion,
    Refusal,
    Refused,
    ReturnAnswer,
    Returning,
    Standing,
    Wish,
)

from . import rules, store


async def exclude(turn: Turn, wish: Wish, licence: Jurisdiction) -> Answer:
    """Keep a player away from every product, from the commit of this turn on.

    The same key again gives the same exclusion; with other words it is refused.  Nothing shortens
    what runs already.  Source: AGCO 2.13, 2.14; LCCP SR 3.5.3; PT 5.3.2(6), (7).
    """
    shard = shard_of(wish.player_id)
    ensure(shard in turn.heads, "players are excluded by who holds their turn")
    known = await store.find_exclusions(turn.tx, [(shard, wish.player_id)])
    earlier = next((item for item in known if item.key == wish.key), None)
    if earlier is not None:
        same = (earlier.kind, earlier.ends_at) == (
            wish.kind,
            rules.end_of(wish, earlier.starts_at),
        )
        return Excluded(exclusion=earlier, repeated=True) if same else _reused()
    refusal = rules.refusal_to_exclude(wish, licence)
    if refusal is not None:
        _tell_refused(turn, wish)
        return Refused(reason=refusal)
    exclusion = Exclusion(
        shard=shard,
        player_id=wish.player_id,
        key=wish.key,
        kind=wish.kind,
        initiator=wish.initiator,
        reason=wish.reason,
        starts_at=turn.now,
        ends_at=rules.end_of(wish, turn.now),
    )
    await store.save_exclusion(turn.tx, exclusion)
    turn.recall(shard, Standing).pop(wish.player_id, None)
    turn.publish(shard, wish.player_id, _told(exclusion), cause=wish.key)
    return Excluded(exclusion=exclusion)


async def ask_to_return(turn: Turn, player_id: PlayerId, licence: Jurisdiction) -> ReturnAnswer:
    """Ask to play again after the term of every exclusion; the licence says how long that takes.

    Asking again changes nothing.  Source: the licence's `exclusion.lift` and its waiting times.
    """
    shard = shard_of(player_id)
    ensure(shard in turn.heads, "players are let back in by who holds their turn")
    known = await store.find_exclusions(turn.tx, [(shard, player_id)])
    held = [item for item in known if not rules.is_over(item, licence, turn.now)]
    if not held:
        return _keep_away(turn, player_id, Refusal.NOT_EXCLUDED)
    refusals = [rules.refusal_to_return(item, licence, turn.now) for item in held]
    refusal = next((reason for reason in refusals if reason is not None), None)
    if refusal is not None:
        return _keep_away(turn, player_id, refusal)
    fresh = [item for item in held if item.return_asked_at is None]
    asked = [rules.with_return_asked(item, turn.now) for item in held]
    returns_at = max(filter(None, (rules.over_at(item, licence) for item in asked)))
    if fresh:
        await store.note_return(turn.tx, (shard, player_id), [item.key for item in fresh], turn.now)
        turn.recall(shard, Standing).pop(player_id, None)
        fact = ReturnAsked(
            player_id=player_id,
            returns_at=write_instant(returns_at),
            keys=tuple(item.key for item in fresh),
        )
        turn.publish(shard, player_id, fact)
    return Returning(returns_at=returns_at)


def _told(item: Exclusion) -> PlayerExcluded:
    return PlayerExcluded(
        player_id=item.player_id,
        kind=item.kind,
        initiator=item.initiator,
        reason=item.reason,
        ends_at=None if item.ends_at is None else write_instant(item.ends_at),
    )


def _tell_refused(turn: Turn, wish: Wish) -> None:
    fact = ExclusionRefused(
        player_id=wish.player_id,
        kind=wish.kind,
        initiator=wish.initiator,
        reason=wish.reason,
        hours=wish.hours,
        months=wish.months,
    )
    turn.publish(shard_of(wish.player_id), wish.player_id, fact, cause=wish.key)


def _keep_away(turn: Turn, player_id: PlayerId, reason: Refusal) -> Refused:
    fact = ReturnRefused(player_id=player_id, reason=reason)
    turn.publish(shard_of(player_id), player_id, fact)
    return Refused(reason=reason)


def _reused() -> Refused:
    return Refused(reason=Refusal.KEY_REUSED)
