"""Writes of pricing: inside the caller's turn of the catalogue's shard."""

from __future__ import annotations

from fractions import Fraction

from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import Turn
from pitboss.sportsbook import catalog
from pitboss.sportsbook.pricing.facts import PricesPushed, PushNotTaken
from pitboss.sportsbook.pricing.model import (
    NotMeant,
    PriceAnswer,
    Push,
    PushAnswer,
    Pushed,
    PushRefused,
    Source,
    stream_of,
    write_answers,
)

from . import rules, store


async def push(turn: Turn, pushed: Push, *, move_max: Fraction) -> PushAnswer:
    """Give selections the prices that a source pushes, if it has not pushed later ones.

    The same push again gets the answers of the first time and changes nothing, but only while it is
    the newest of its source.  Each price is answered by itself; one refusal stops no other.

    Args:
        move_max: how far a price may move without being confirmed, as a share of the smaller one
            of both prices.
    """
    number = pushed.number
    if number is None:
        return Pushed(answers=await _change(turn, pushed, move_max), repeated=False)
    stream = stream_of(number)
    answer = rules.decide_order(await store.find_source(turn.tx, number.source), number)
    if isinstance(answer, PushRefused):
        fact = PushNotTaken(source=number.source, sequence=number.sequence, reason=answer.reason)
        turn.publish(CATALOGUE_SHARD, stream, fact)
    if answer is not None:
        return answer

    answers = await _change(turn, pushed, move_max)
    source = Source(
        source=number.source,
        sequence=number.sequence,
        digest=number.digest,
        answers=write_answers(answers),
    )
    await store.save_source(turn.tx, source)
    told = PricesPushed(
        source=source.source,
        sequence=source.sequence,
        digest=source.digest,
        answers=source.answers,
    )
    turn.publish(CATALOGUE_SHARD, stream, told)
    return Pushed(answers=answers, repeated=False)


async def _change(turn: Turn, pushed: Push, move_max: Fraction) -> tuple[PriceAnswer, ...]:
    prices = pushed.prices
    priced = await catalog.find_priced(turn.tx, [item.change.selection_id for item in prices])
    standing = {selection_id: item.price for selection_id, item in priced.items()}
    not_meant = rules.find_not_meant(standing, prices, move_max=move_max)
    meant = [item.change for place, item in enumerate(prices) if place not in not_meant]
    # A source that says a price again vouches for it, so it is as fresh as a new one.
    made = iter(
        await catalog.change_prices(
            turn, meant, confirming=pushed.number is not None, priced=priced
        )
    )
    return tuple(NotMeant() if place in not_meant else next(made) for place in range(len(prices)))
