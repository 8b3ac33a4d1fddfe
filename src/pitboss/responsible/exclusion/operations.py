"""Writes of exclusion: inside the caller's turn, safe to repeat with the same keys.

What is excluded here is refused by the gate from the same commit on, for every product: who
decides about a stake holds the player's shard, and so does who excludes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.instants import write_instant
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.responsible.exclusion.facts import (
    ExclusionRefused,
    ExclusionReleased,
    PlayerExcluded,
    ReturnAsked,
    ReturnRefused,
)
from pitboss.responsible.exclusion.model import (
    Answer,
    Excluded,
    Exclusion,
    Initiator,
    Kind,
    Reason,
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


async def exclude_by_register(
    turn: Turn, keys: Mapping[PlayerId, str], licences: Mapping[PlayerId, Jurisdiction]
) -> tuple[PlayerId, ...]:
    """Keep players away whom a national register names; return those whom it did not keep before.

    `keys` has the exclusion's own key for each.  It has no end of ours: the register's is the end.
    """
    held = {
        item.player_id for item in await _find(turn, tuple(keys)) if rules.is_held_by_register(item)
    }
    fresh = tuple(player_id for player_id in keys if player_id not in held)
    for player_id in fresh:
        wish = Wish(
            key=keys[player_id],
            player_id=player_id,
            kind=Kind.EXCLUSION,
            initiator=Initiator.REGISTER,
            reason=Reason.REGISTER,
        )
        answer = await exclude(turn, wish, licences[player_id])
        ensure(isinstance(answer, Excluded), "a register keeps away for any term")
    return fresh


async def release(turn: Turn, licences: Mapping[PlayerId, Jurisdiction]) -> tuple[PlayerId, ...]:
    """Note of these players that no national register names them; return of whom that is news.

    What rests on a register is released; when play is open again is their licence's to say.
    Asking again changes nothing.  Source: the licence's `exclusion.lift`.
    """
    found = await _find(turn, tuple(licences))
    freed = [
        item for item in found if rules.rests_on_register(item, licences[item.player_id], turn.now)
    ]
    if not freed:
        return ()
    await store.note_release(turn.tx, freed, turn.now)
    players = tuple(dict.fromkeys(item.player_id for item in freed))
    for player_id in players:
        shard = shard_of(player_id)
        turn.recall(shard, Standing).pop(player_id, None)
        mine = tuple(item.key for item in freed if item.player_id == player_id)
        turn.publish(shard, player_id, ExclusionReleased(player_id=player_id, keys=mine))
    return players


async def lift_imposed(
    turn: Turn, player_id: PlayerId, licence: Jurisdiction, *, cause: str
) -> Refusal | None:
    """Let staff end the exclusions that it imposed on a player; return why not, if so.

    All of them, once the term of each is over.  Those that the player or a register began stay.
    Lifting again finds nothing.  `cause` is the approval that four eyes gave.
    """
    found = await _find(turn, (player_id,))
    refusal = rules.refusal_to_lift(found, licence, turn.now)
    if refusal is not None:
        return refusal
    freed = [item for item in found if rules.is_imposed(item) and item.released_at is None]
    await store.note_release(turn.tx, freed, turn.now)
    shard = shard_of(player_id)
    turn.recall(shard, Standing).pop(player_id, None)
    keys = tuple(item.key for item in freed)
    turn.publish(shard, player_id, ExclusionReleased(player_id=player_id, keys=keys), cause=cause)
    return None


async def _find(turn: Turn, player_ids: Sequence[PlayerId]) -> list[Exclusion]:
    places = [(shard_of(player_id), player_id) for player_id in player_ids]
    ensure(
        all(shard in turn.heads for shard, _ in places),
        "players are kept away, or not, by who holds their turn",
    )
    return await store.find_exclusions(turn.tx, places) if places else []


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
