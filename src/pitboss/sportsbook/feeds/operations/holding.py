"""What people stop that a feed may have stopped as well: neither opens it for the other."""

from __future__ import annotations

from collections.abc import Sequence

from pitboss.kernel.ids import MarketId
from pitboss.messages import Turn
from pitboss.sportsbook import catalog
from pitboss.sportsbook.catalog.model import (
    Answer,
    Done,
    MarketStatus,
    ProducerChange,
    ProducerState,
    StatusChange,
)
from pitboss.sportsbook.feeds import store
from pitboss.sportsbook.feeds.model import Hold


async def set_status(turn: Turn, changes: Sequence[StatusChange]) -> tuple[Answer, ...]:
    """Open, suspend or close markets because people say so.

    One that a feed has suspended stays so when people suspend it too, whatever the feed says then;
    once they let go of it the feed's next price opens it, and nothing before that.
    """
    holds: dict[MarketId, Hold | None] = dict(await _find_holds(turn, changes))
    noted: dict[int, Done] = {}
    for at, change in enumerate(changes):
        hold = holds.get(change.market_id)
        if hold is None:
            continue
        if change.status is MarketStatus.SUSPENDED:
            holds[change.market_id] = Hold.BOTH
            noted[at] = Done(changed=hold is not Hold.BOTH)
        elif change.status is MarketStatus.OPEN:
            holds[change.market_id] = Hold.FEED
            noted[at] = Done(changed=False)
    await store.save_holds(turn.tx, holds)
    others = [change for at, change in enumerate(changes) if at not in noted]
    answers = iter(await catalog.set_status(turn, others))
    return tuple([noted[at] if at in noted else next(answers) for at in range(len(changes))])


async def _find_holds(turn: Turn, changes: Sequence[StatusChange]) -> dict[MarketId, Hold]:
    """Return the holds of those markets that are suspended and still have a producer."""
    holds = await store.find_holds(turn.tx, [change.market_id for change in changes])
    if not holds:
        return {}
    return {
        market.id: holds[market.id]
        for market in await catalog.find_markets(turn.tx, list(holds))
        if market.producer is not None and market.status is MarketStatus.SUSPENDED
    }


async def hold_producer(turn: Turn, producer: str, *, held: bool) -> tuple[Answer, ...]:
    """Stop all markets of a producer in staff's name, or let go of it.

    Its feed neither lifts that nor is disturbed by it: whom it holds to be down stays down when
    staff lets go.  One that no feed vouches for is believed when staff say so.

    Raises:
        Malformed: the name is none of a producer.
    """
    known = {item.producer for item in await catalog.find_producers(turn.tx)}
    if not held and producer not in known:
        # Who was never heard of is not believed for being let go of.
        return (Done(changed=False),)
    vouched_for = any(item.producer == producer for item in await store.find_progress(turn.tx))
    change = ProducerChange(
        producer=producer,
        why="suspended by staff" if held else "let go on by staff",
        state=None if held or vouched_for else ProducerState.UP,
        held=held,
    )
    return await catalog.set_producers(turn, [change])
