"""A source that corrects, in staff's name, a score that was reported the wrong way round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from pitboss import messages
from pitboss.db import Database
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import Entropy, SystemEntropy
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.sim.season.programme import ListedEvent
from pitboss.sportsbook import catalog, settlement
from pitboss.sportsbook.settlement.folding import RULE_BOOK
from pitboss.sportsbook.settlement.model import (
    Authority,
    Recorded,
    Result,
    ResultReport,
    Score,
    ScoreReport,
)

SOURCE = "feed"
# So much later than the wrong score, by the feed's own clock.
LATER = timedelta(seconds=1)


@dataclass(slots=True, kw_only=True)
class Feed:
    """Says how events ended, selection by selection."""

    database: Database
    clock: Clock
    entropy: Entropy = field(default_factory=SystemEntropy)

    async def correct(self, event: ListedEvent) -> None:
        """Report how every selection of an event really ended, whatever was said before."""
        score = Score(home=event.row.goals_home, away=event.row.goals_away)
        async with messages.turn(
            self.database,
            [CATALOGUE_SHARD],
            now=self.clock.now(),
            actor=SOURCE,
            entropy=self.entropy,
        ) as turn:
            opened = await catalog.find_event(turn.tx, event.id)
            ensure(opened is not None, "what has ended was opened")
            ended = (
                {}
                if opened is None
                else RULE_BOOK.current.results(opened, ScoreReport(event_id=event.id, score=score))
            )
            reports = [
                ResultReport(
                    market_id=market_id,
                    source=SOURCE,
                    reported_at=turn.now + LATER,
                    results={item.selection_id: Result.of(item) for item in results},
                    # Staff said the wrong score, and what they say holds against feeds.
                    authority=Authority.STAFF,
                    reason="wrong_score",
                )
                for market_id, results in ended.items()
            ]
            answers = await settlement.record_results(turn, reports)
            ensure(all(isinstance(item, Recorded) for item in answers), "a feed is believed")


def find_misreported(events: Sequence[ListedEvent]) -> ListedEvent | None:
    """Return the first event whose score reads otherwise the other way round."""
    return next(
        (
            event
            for event in events
            if not event.abandoned and event.row.goals_home != event.row.goals_away
        ),
        None,
    )
