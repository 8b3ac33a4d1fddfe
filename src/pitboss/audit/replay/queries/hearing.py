"""What both ways to replay share: facts of one kind each, taken as they are."""

from __future__ import annotations

from typing import get_args

import msgspec

from pitboss.audit.reading.model import ReadFact
from pitboss.audit.replay import rules
from pitboss.audit.replay.model import (
    HeardExclusion,
    Paid,
    Replayed,
)
from pitboss.kernel.folding import Told
from pitboss.responsible.exclusion.facts import PlayerExcluded
from pitboss.sportsbook.betting.facts import BetAccepted
from pitboss.sportsbook.cash_out.facts import BetBoughtBack
from pitboss.sportsbook.catalog.facts import (
    EventChanged,
    EventEnded,
    EventOpened,
    MarketsOpened,
)
from pitboss.sportsbook.settlement.facts import BetResettled, MarketRuled
from pitboss.sportsbook.settlement.model import RuleBook

NEVER_PAID = Paid(version=0, returns_micros=None, voided=False)

# What tells which markets there are, when their events start, and how they ended.
OF_MARKETS = frozenset(
    {EventOpened, MarketsOpened, EventChanged, EventEnded, *get_args(MarketRuled)}
)


def left_over(accepted: Told, sold: BetBoughtBack) -> Told:
    """Return the terms with the stake that is left after a sale; of none they stay as they are."""
    assert isinstance(accepted.fact, BetAccepted)  # noqa: S101 - nothing else is kept
    left = rules.left_of(accepted.fact, sold)
    return accepted if left is None else msgspec.structs.replace(accepted, fact=left)


def take_market(markets: rules.Markets, read: ReadFact) -> str | None:
    """Take a fact of the catalogue; return why it does not follow from those before it."""
    fact = read.told.fact
    if isinstance(fact, EventOpened):
        markets.open(fact, read.told.recorded_at)
    elif isinstance(fact, MarketsOpened):
        markets.open_more(fact)
    elif isinstance(fact, EventEnded):
        markets.end(fact)
    elif isinstance(fact, EventChanged):
        markets.change(fact, read.told.recorded_at)
    elif isinstance(fact, MarketRuled):
        return markets.rule(fact, read.told.recorded_at)
    return None


def worked_out(
    accepted: Told,
    paid: Paid,
    told: Told,
    fact: BetResettled,
    markets: rules.Markets,
    book: RuleBook,
) -> Replayed:
    """Work a correction out again; `told` is its fact in its place."""
    terms = accepted.fact
    assert isinstance(terms, BetAccepted)  # noqa: S101 - it was looked for as such
    return rules.replay_correction(
        terms,
        paid,
        fact,
        markets.known,
        book,
        accepted_at=accepted.recorded_at,
        corrected_at=told.recorded_at,
    )


def heard_of(told: Told) -> HeardExclusion:
    """Return an exclusion as its fact tells it."""
    assert isinstance(told.fact, PlayerExcluded)  # noqa: S101 - it was looked for as such
    return HeardExclusion(fact=told.fact, recorded_at=told.recorded_at)
