"""What a batch of messages changes, worked out in their order: each sees what those before it did.

A desk holds the world as the batch found it and changes its own copy; what is to be done outside is
in its plan, and which marks are new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pitboss.sportsbook.feeds.model import (
    AboutEvent,
    Board,
    BoardMarket,
    Delivery,
    FeedName,
    ForeignEvent,
    Hold,
    Mark,
    Note,
    Phase,
    Plan,
    ProducerId,
    ProducerTerms,
    Reason,
    Scope,
    Verdict,
    feed_of,
)

from . import ordering

# A message of what happened longer ago says nothing of how it is now.
STALE_MS = 7 * 24 * 3_600 * 1_000

OPEN = "open"
SUSPENDED = "suspended"
# Bets are never taken on these again by what a feed says of prices.
OVER = frozenset({"closed", "settled", "cancelled"})

NOTHING = Delivery(feed=FeedName(""), body=b"")

MarksKey = tuple[ProducerId, ForeignEvent]


@dataclass(slots=True, kw_only=True)
class Desk:
    """The world of a batch: whose messages are read, our events by theirs, what was heard last."""

    terms: Mapping[ProducerId, ProducerTerms]
    boards: Mapping[ForeignEvent, Board]
    marks: dict[MarksKey, dict[str, Mark]]
    now_ms: int
    plan: Plan = field(default_factory=Plan)
    fresh: dict[tuple[ProducerId, ForeignEvent, str], Mark] = field(default_factory=dict)
    delivery: Delivery = NOTHING

    def marks_of(self, said: AboutEvent) -> dict[str, Mark]:
        """Return what was heard last of an event from the producer of this message, by key."""
        return self.marks.setdefault((said.producer, said.event), {})

    def judge(self, said: AboutEvent, scope: Scope, key: str, digest: bytes) -> Verdict:
        """Say whether this is news; nothing is noted of it yet."""
        mark = self.marks_of(said).get(ordering.name_of(scope, key))
        verdict = ordering.judge(mark, said.generated_ms, digest)
        self.plan.counts[verdict] += 1
        return verdict

    def mark(self, said: AboutEvent, scope: Scope, key: str, digest: bytes) -> None:
        """Note that this is the newest that was heard of it."""
        mark = Mark(generated_ms=said.generated_ms, digest=digest)
        name = ordering.name_of(scope, key)
        self.marks_of(said)[name] = mark
        self.fresh[said.producer, said.event, name] = mark

    def mark_end(self, said: AboutEvent, key: str) -> None:
        """Note for every producer of the feed when this was said to be over, if that is news."""
        name = ordering.name_of(Scope.QUOTES, key)
        mark = Mark(generated_ms=said.generated_ms, digest=b"")
        for producer in self.terms:
            marks = self.marks.setdefault((producer, said.event), {})
            if ordering.judge(marks.get(name), said.generated_ms, b"") is Verdict.FRESH:
                marks[name] = self.fresh[producer, said.event, name] = mark

    def note(
        self,
        said: AboutEvent,
        reason: Reason,
        subject: str,
        detail: str = "",
        *,
        owed: bool = False,
    ) -> None:
        """Have something parked, for staff to see."""
        self.plan.notes.append(
            Note(
                producer=said.producer,
                reason=reason,
                subject=subject,
                detail=detail,
                owed=owed,
                body=self.delivery.body,
                retry_of=self.delivery.retry_of,
            )
        )

    def suspend(self, market: BoardMarket) -> None:
        """Take no more bets on a market, until its producer says otherwise.

        What people have suspended is not open either, once they let go of it.
        """
        if market.status == OPEN:
            self._set(market, to_open=False)
        elif market.status == SUSPENDED and market.hold is None:
            self._hold(market, Hold.BOTH)

    def reopen(self, market: BoardMarket) -> None:
        """Take bets on a market again, if it is a feed alone that has suspended it."""
        if market.status != SUSPENDED or market.hold is None:
            return
        if market.hold is Hold.BOTH:
            self._hold(market, None)
        else:
            self._set(market, to_open=True)

    def _set(self, market: BoardMarket, *, to_open: bool) -> None:
        market.status = OPEN if to_open else SUSPENDED
        self.plan.statuses.append((market.id, to_open))
        self._hold(market, None if to_open else Hold.FEED)

    def _hold(self, market: BoardMarket, hold: Hold | None) -> None:
        market.hold = self.plan.holds[market.id] = hold

    def may_change(self, said: AboutEvent, market: BoardMarket, *, sells: bool) -> bool:
        """Say whether this producer's word counts for a market.

        The live producer takes a market over from the prematch one of its feed by selling it,
        which may come before the prematch one has said that it lets go; never the other way round.
        """
        owner = market.producer
        if owner == said.producer:
            return True
        if owner is None or feed_of(owner) != feed_of(said.producer) or market.status in OVER:
            return False
        mine, theirs = self.terms[said.producer], self.terms.get(owner)
        if not sells or mine.phase is not Phase.LIVE:
            return False
        if theirs is not None and theirs.phase is Phase.LIVE:
            return False
        market.producer = said.producer
        self.plan.taken_over[market.id] = said.producer
        return True
