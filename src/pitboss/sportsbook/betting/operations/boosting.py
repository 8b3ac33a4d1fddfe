"""Giving boosts: inside the turn of the players' shards, safe to repeat with the same ids."""

from __future__ import annotations

from collections.abc import Sequence

from pitboss import jurisdictions
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.sportsbook.betting import rules, store
from pitboss.sportsbook.betting.facts import BoostGiven, BoostRefused
from pitboss.sportsbook.betting.model import Boost, BoostAnswer, Boosting, NotBoosted
from pitboss.sportsbook.betting.operations.terms import minor_unit


async def give_boosts(turn: Turn, wanted: Sequence[Boosting]) -> tuple[BoostAnswer, ...]:
    """Give players boosts for one bet each, and answer each one in order.

    The same one again changes nothing; another one under its id is refused.  Refusals are told
    too.  The turn is that of the players' shards.

    Raises:
        Malformed: a share is none between 0 and 1.
    """
    places = [(shard_of(item.player_id), item.id) for item in wanted]
    known = await store.find_gifts(turn.tx, store.BOOSTS, places)
    players = await identity.find_players(
        turn.tx, [(shard_of(item.player_id), item.player_id) for item in wanted]
    )
    fresh: list[Boost] = []
    answers: list[BoostAnswer] = []
    for item, (shard, _) in zip(wanted, places, strict=True):
        player = players.get(item.player_id)
        licence = None if player is None else jurisdictions.find(player.jurisdiction)
        answer = rules.judge_boosting(
            item,
            known.get(item.id),
            None if player is None else player.currency,
            None if licence is None else licence.sportsbook,
            minor_unit_micros=minor_unit(item.currency),
            now=turn.now,
        )
        answers.append(answer)
        if isinstance(answer, NotBoosted):
            turn.publish(shard, item.player_id, _not_given(item, answer))
        elif answer.changed:
            given = known[item.id] = Boost(
                shard=shard,
                id=item.id,
                player_id=item.player_id,
                share=item.share,
                stake_micros_max=item.stake_micros_max,
                currency=item.currency,
                expires_at=item.expires_at,
                given_at=turn.now,
            )
            fresh.append(given)
            turn.publish(shard, item.player_id, _given(given))
    await store.save_gifts(turn.tx, store.BOOSTS, fresh)
    return tuple(answers)


def _given(boost: Boost) -> BoostGiven:
    return BoostGiven(
        boost=boost.id,
        player_id=boost.player_id,
        share=boost.share,
        stake_micros_max=boost.stake_micros_max,
        currency=boost.currency,
        expires_at=write_instant(boost.expires_at),
    )


def _not_given(wanted: Boosting, answer: NotBoosted) -> BoostRefused:
    return BoostRefused(
        boost=wanted.id,
        player_id=wanted.player_id,
        share=wanted.share,
        stake_micros_max=wanted.stake_micros_max,
        currency=wanted.currency,
        reason=answer.reason,
    )
