"""Writes of combinations: inside the caller's turn of the catalogue's shard."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from pitboss.kernel.price import write_price
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import Turn
from pitboss.sportsbook import catalog
from pitboss.sportsbook.combinations.facts import CombinationPriced, CombinationRefused
from pitboss.sportsbook.combinations.model import (
    Answer,
    Combination,
    NotPriced,
    Refusal,
    Wish,
    id_of,
)

from . import rules, store


async def price(turn: Turn, wishes: Sequence[Wish], *, by: str) -> tuple[Answer, ...]:
    """Sell selections of an event together at a price, or take them off sale; answered in order.

    The same selections are the same combination, in whatever order; the price that it has already
    changes nothing, unless it was made from other prices of its parts.  In play, where prices grow
    old, it is confirmed by saying it again.  One refusal stops no other; refusals are told too.
    """
    wishes = [
        replace(wish, parts=tuple(sorted(wish.parts, key=lambda part: part.selection_id)))
        for wish in wishes
    ]
    offers = await catalog.Shelf().seen(
        turn.tx, {part.selection_id for wish in wishes for part in wish.parts}
    )
    known = await store.find(turn.tx, {id_of(wish.parts) for wish in wishes})
    changed: dict[str, Combination] = {}
    answers: list[Answer] = []
    for wish in wishes:
        combination_id = id_of(wish.parts)
        refusal = rules.judge(wish, offers)
        if refusal is not None:
            answers.append(_refuse(turn, combination_id, wish, refusal, by))
            continue
        answer = rules.decide(wish, known.get(combination_id), offers, by=by, now=turn.now)
        answers.append(answer)
        if answer.combination is not known.get(combination_id):
            known[combination_id] = changed[combination_id] = answer.combination
            turn.publish(CATALOGUE_SHARD, combination_id, _told(answer.combination))
    await store.save(turn.tx, [*changed.values()])
    return tuple(answers)


def _told(one: Combination) -> CombinationPriced:
    return CombinationPriced(
        combination_id=one.id,
        event_id=one.event_id,
        parts=one.parts,
        price=one.price,
        tick=one.tick,
        by=one.priced_by,
    )


def _refuse(turn: Turn, combination_id: str, wish: Wish, reason: Refusal, by: str) -> NotPriced:
    fact = CombinationRefused(
        combination_id=combination_id,
        parts=wish.parts,
        price=None if wish.price is None else write_price(wish.price),
        reason=reason,
        by=by,
    )
    turn.publish(CATALOGUE_SHARD, combination_id, fact)
    return NotPriced(reason=reason)
