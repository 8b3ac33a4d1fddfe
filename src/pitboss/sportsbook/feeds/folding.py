"""The tables of feeds that follow from facts.

How far producers are, who reads them and what was heard last is the reader's bookkeeping: without
it everything is asked for again.
"""

from __future__ import annotations

from pitboss.kernel.folding import Fold, Table, Told
from pitboss.sportsbook.feeds.facts import FeedEventLinked, FeedParked, FeedParkedDecided
from pitboss.sportsbook.feeds.model import ParkedState

_COUNTED = "what is the same again is counted, and not told again"
_KEPT = "what a supplier sent, of which the fact has the digest"
_STATE, _DECIDED_BY = 6, 8


class FeedFold(Fold):
    """Events as suppliers name them, and what was parked."""

    def __init__(self) -> None:
        self.events = Table(
            "feed_event",
            key=("feed", "foreign_id"),
            columns=("feed", "foreign_id", "event_id"),
            sharded=False,
        )
        self.parked = Table(
            "feed_parked",
            key=("parked_id",),
            columns=(
                *("parked_id", "producer", "reason", "subject", "detail", "owed", "state"),
                *("first_at", "decided_by"),
            ),
            sharded=False,
            untold={"times": _COUNTED, "last_at": _COUNTED, "body": _KEPT},
        )
        super().__init__(self.events, self.parked)
        self.takes = {
            FeedEventLinked: self._link,
            FeedParked: self._park,
            FeedParkedDecided: self._decide,
        }

    def _link(self, fact: FeedEventLinked, told: Told) -> None:
        self.events.add([fact.feed, fact.foreign_id, fact.event_id])

    def _park(self, fact: FeedParked, told: Told) -> None:
        what = [fact.parked_id, fact.producer, fact.reason, fact.subject, fact.detail, fact.owed]
        row = [*what, ParkedState.WAITING, told.recorded_at, None]
        self.add_row(self.parked, row, told)

    def _decide(self, fact: FeedParkedDecided, told: Told) -> None:
        row = self.find_row(self.parked, fact.parked_id, told)
        if row is not None:
            row[_STATE], row[_DECIDED_BY] = fact.state, fact.by
