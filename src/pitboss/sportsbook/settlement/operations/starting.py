"""Writes of starts that nobody had foreseen: the event is under way, and late bets are void."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from pitboss.kernel.ids import EventId
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import Turn
from pitboss.sportsbook import catalog
from pitboss.sportsbook.catalog.model import Event, EventChange, EventStatus
from pitboss.sportsbook.settlement import store
from pitboss.sportsbook.settlement.facts import ResultRefused
from pitboss.sportsbook.settlement.model import (
    A_MOMENT,
    PAST_POSTING,
    Answer,
    Authority,
    Cancel,
    Recorded,
    Refusal,
    Refused,
    Start,
)

from .recording import record_results

# So long before its time may an event have begun; what makes more bets void is a cancel, which is
# shown first, and approved by another agent if it is much.
EARLY_MAX = timedelta(hours=24)


async def record_starts(turn: Turn, starts: Sequence[Start]) -> tuple[Answer, ...]:
    """Record that events have begun, and make void what was accepted of them since then.

    Takes the turn of the catalogue's shard.  An event that was thought not to have begun goes live,
    and every bet on it that was accepted from its real start until now is void, winners and losers
    alike: a window of cancellation on each of its markets.  An event that is known to have begun
    keeps its bets: from then on they were delayed, or refused.  Asking again changes nothing.  What
    has results already staff correct with a cancel that is shown first, and by two if it is much.

    Source: the remedy for late bets, IBAS (void for winners and losers alike).
    """
    events = {
        event.id: event
        for event in await catalog.find_events_by_id(turn.tx, [item.event_id for item in starts])
    }
    begun: set[EventId] = set()
    answers: list[Answer] = []
    for start in starts:
        event = events.get(start.event_id)
        if event is None:
            answers.append(_refuse(turn, start, Refusal.UNKNOWN_EVENT))
        elif start.began_at > turn.now:
            answers.append(_refuse(turn, start, Refusal.FROM_THE_FUTURE))
        elif start.began_at < min(event.starts_at, turn.now) - EARLY_MAX:
            answers.append(_refuse(turn, start, Refusal.BEGAN_TOO_EARLY))
        elif start.authority is Authority.STAFF and await _has_results(turn, event):
            answers.append(_refuse(turn, start, Refusal.ANOTHER_RESULT))
        elif event.state.status is not EventStatus.PREMATCH or event.id in begun:
            answers.append(Recorded(changed=False))
        else:
            begun.add(event.id)
            await catalog.change_events(
                turn, [EventChange(event_id=event.id, status=EventStatus.LIVE)]
            )
            cancels = [
                Cancel(
                    market_id=market.id,
                    source=start.source,
                    reported_at=turn.now,
                    from_at=start.began_at,
                    until=turn.now + A_MOMENT,
                    authority=start.authority,
                    reason=PAST_POSTING,
                )
                for market in event.markets
            ]
            await record_results(turn, cancels)
            answers.append(Recorded(changed=True))
    return tuple(answers)


async def _has_results(turn: Turn, event: Event) -> bool:
    return bool(await store.find_rulings(turn.tx, [market.id for market in event.markets]))


def _refuse(turn: Turn, start: Start, reason: Refusal) -> Refused:
    refused = ResultRefused(event_id=start.event_id, score=None, reason=reason)
    turn.publish(CATALOGUE_SHARD, start.event_id, refused)
    return Refused(reason=reason)
