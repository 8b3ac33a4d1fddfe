"""Writes of contacts: inside the caller's turn, safe to repeat."""

from __future__ import annotations

from collections.abc import Sequence

from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.responsible import limits
from pitboss.responsible.contacts.facts import LimitsReviewed
from pitboss.responsible.contacts.model import Telling, Watched
from pitboss.responsible.limits.model import Answer, Changed

from . import rules, store


async def about_use(turn: Turn, players: Sequence[Watched]) -> None:
    """Tell of players who have used so much that the operator gets in touch: once in a period.

    Whoever moves their money asks, after it was counted, in the same turn.  Repeating tells of
    nothing twice.  Source: the licence's `limits.contact_above`.
    """
    keys = {one.player_id: found for one in players if (found := rules.watched_keys(one))}
    watched = [one for one in players if one.player_id in keys]
    if not watched:
        return
    places = [one.place for one in watched]
    ensure(
        all(shard in turn.heads for shard, _ in places),
        "contacts are told of by who holds the player's turn",
    )
    licences = {one.player_id: one.licence for one in watched}
    used = await limits.measure(turn.tx, places, licences, keys, now=turn.now)
    told = await store.find_tellings(turn.tx, places)
    tellings: list[Telling] = []
    for one in watched:
        mine = keys[one.player_id]
        began = {key: limits.time_since(key, one.licence, now=turn.now) for key in mine}
        due = rules.about_use(one, used[one.player_id], told.get(one.player_id, {}), began)
        for key, fact in due.items():
            turn.publish(one.shard, one.player_id, fact)
            tellings.append(
                Telling(shard=one.shard, player_id=one.player_id, key=key, told_at=turn.now)
            )
    if tellings:
        await store.save_tellings(turn.tx, tellings)


async def about_limit(
    turn: Turn, answer: Answer, licence: Jurisdiction, *, age: int | None
) -> None:
    """Tell of a limit that was just set, or asked for, above what makes the operator get in touch.

    Whoever changes a limit says so here, with the answer, in the same turn.  A wish that was
    refused, or that changed nothing, is not told of.  Source: spelinspektionen.se; the licence's
    `limits.contact_above`.
    """
    limit = answer.limit if isinstance(answer, Changed) else None
    if limit is None or not rules.is_new(limit, turn.now):
        return
    wanted = limit.value if limit.waiting is None else limit.waiting.value
    fact = rules.about_limit(limit.player_id, limit.key, wanted, licence, age=age)
    if fact is not None:
        turn.publish(limit.shard, limit.player_id, fact)


async def review(turn: Turn, player_id: PlayerId) -> None:
    """Note that a player has looked at the account and its limits again."""
    shard = shard_of(player_id)
    ensure(shard in turn.heads, "limits are reviewed by who holds the player's turn")
    await store.save_review(turn.tx, (shard, player_id), turn.now)
    turn.publish(shard, player_id, LimitsReviewed(player_id=player_id))
