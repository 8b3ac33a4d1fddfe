"""What a settlement rests on, what it comes to, and where it does not agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pitboss.audit.reading.model import ReadFact
from pitboss.kernel.ids import BetId, SelectionId
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import Shard
from pitboss.responsible.exclusion.facts import PlayerExcluded
from pitboss.sportsbook.betting.facts import BetAccepted
from pitboss.sportsbook.cash_out.facts import BetBoughtBack
from pitboss.sportsbook.settlement.facts import (
    BetResettled,
    BetSettled,
    MarketResulted,
    MarketRuled,
)
from pitboss.sportsbook.settlement.model import (
    VOID,
    Effect,
    Result,
    SelectionResult,
    Settled,
    Window,
)
from pitboss.sportsbook.voiding.facts import BetVoided
from pitboss.sportsbook.voiding.folding import came_back

# The first one tells what is wrong; a million tell no more.
DISAGREEMENTS_KEPT = 20
# Between the clocks of who recorded a result and who settled by it, and for a turn that had to
# wait for its locks after it had read its clock.
SKEW_MAX = timedelta(seconds=10)
# So long may a bet wait whose results are known: many wait at once when a match ends.
GRACE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownResult:
    """What counted of one market after a fact about it: to compare, and to compute with.

    `superseded_at` is when something else was said, if it was.
    """

    fact: MarketRuled
    recorded_at: datetime
    superseded_at: datetime | None = None
    told: Mapping[SelectionId, SelectionResult]
    results: Mapping[SelectionId, Result]
    windows: tuple[Window, ...]

    @classmethod
    def of(
        cls, fact: MarketRuled, recorded_at: datetime, effect: Effect | None = None
    ) -> KnownResult:
        """Take what counts of a market since a fact; without more, the results that it tells."""
        if effect is None:
            ensure(isinstance(fact, MarketResulted), "only results say by themselves what counts")
            effect = Effect(results=fact.results if isinstance(fact, MarketResulted) else ())
        return cls(
            fact=fact,
            recorded_at=recorded_at,
            told={item.selection_id: item for item in effect.results},
            results={item.selection_id: Result.of(item) for item in effect.results},
            windows=effect.windows,
        )

    def told_of(self, selection_id: SelectionId, accepted_at: datetime) -> SelectionResult | None:
        """Return how a selection ended for a bet that was accepted then."""
        if any(window.holds(accepted_at) for window in self.windows):
            return VOID.told_of(selection_id)
        return self.told.get(selection_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardExclusion:
    """An exclusion as a fact has it, and when that was recorded."""

    fact: PlayerExcluded
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Coin:
    """What moved, in micros: taken from the player, paid to the player, given back unplayed."""

    taken: int = 0
    paid: int = 0
    released: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A settlement worked out again.

    `returns_micros` and `voided` are what the rules on record make of the inputs; None if they
    make nothing of them.  `disagreements` say in words where this is not what was told and paid.
    """

    bet_id: BetId
    returns_micros: int | None
    voided: bool | None
    coin: Coin
    disagreements: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paid:
    """What a bet returned by its `version`th settlement; nothing while it is open again.

    No result changes one any more that is `final`.
    """

    version: int
    returns_micros: int | None
    voided: bool
    final: bool = False

    @classmethod
    def by(cls, fact: BetSettled | BetResettled) -> Paid:
        """Take what a fact says that a bet returns."""
        return cls(
            version=fact.version if isinstance(fact, BetResettled) else 1,
            returns_micros=fact.returns_micros,
            voided=fact.voided,
            final=not isinstance(fact, BetResettled) and fact.final,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpaid:
    """What an open bet comes to, and since when all is known that says so."""

    outcome: Settled
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A fact that a settlement rests on, as it lies in the record.

    `index` is its place in the one order of all facts; None while the sequencer has not seen it.
    `hash` is of the bytes as they were read just now.
    """

    what: str
    index: int | None
    shard: Shard
    seq: int
    hash: str
    said: Mapping[str, Any]

    @classmethod
    def of(cls, what: str, fact: ReadFact, index: int | None, said: Mapping[str, Any]) -> Input:
        """Show a fact that was read."""
        return cls(
            what=what,
            index=index,
            shard=fact.sealed.shard,
            seq=fact.sealed.seq,
            hash=fact.hash,
            said=said,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BetReplay:
    """A settlement, a bet that is void before its results, or the sale of all that was left of one.

    Each with its inputs; `accepted` has the stake that was left by then.  `corrections` are the
    settlements after the first one, each worked out again.
    """

    accepted: BetAccepted
    settled: BetSettled | BetVoided | BetBoughtBack
    inputs: tuple[Input, ...]
    replayed: Replayed
    corrections: tuple[tuple[BetResettled, Replayed], ...] = ()

    @property
    def ok(self) -> bool:
        """Whether what was told and paid is what the rules make of the inputs."""
        return not any(
            item.disagreements for item in (self.replayed, *(done for _, done in self.corrections))
        )

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON has it."""
        settled, replayed = self.settled, self.replayed
        return {
            "bet_id": settled.bet_id,
            "agrees": self.ok,
            "inputs": [asdict(item) for item in self.inputs],
            "rules": _rules(self.accepted, settled),
            "rounding": self.accepted.rounding,
            "told": _told(settled),
            "replayed": {"returns_micros": replayed.returns_micros, "voided": replayed.voided},
            "coin": asdict(replayed.coin),
            "disagreements": list(replayed.disagreements),
            "corrections": [_corrected(fact, done) for fact, done in self.corrections],
        }


def _corrected(fact: BetResettled, done: Replayed) -> dict[str, Any]:
    return {
        "version": fact.version,
        "was_micros": fact.was_micros,
        "told": {"returns_micros": fact.returns_micros, "voided": fact.voided},
        "replayed": {"returns_micros": done.returns_micros, "voided": done.voided},
        "cause": fact.cause,
        "reason": fact.reason,
        "owed_micros": fact.owed_micros,
        "absorbed_micros": fact.absorbed_micros,
        "coin": asdict(done.coin),
        "disagreements": list(done.disagreements),
    }


def _rules(accepted: BetAccepted, settled: BetSettled | BetVoided | BetBoughtBack) -> str:
    if isinstance(settled, BetVoided):
        return settled.rule
    return settled.rules if isinstance(settled, BetSettled) else accepted.rules


def _told(settled: BetSettled | BetVoided | BetBoughtBack) -> dict[str, Any]:
    if isinstance(settled, BetBoughtBack):
        return {"returns_micros": settled.quote.offer_micros, "voided": False}
    if isinstance(settled, BetVoided):
        return {"returns_micros": came_back(settled), "voided": True}
    return {"returns_micros": settled.returns_micros, "voided": settled.voided}


@dataclass(frozen=True, slots=True, kw_only=True)
class Disagreement:
    """A settlement, or a market's results, that do not follow from what they rest on."""

    what: str
    index: int | None
    shard: Shard
    seq: int
    why: str

    def __str__(self) -> str:
        place = "not sequenced yet" if self.index is None else f"index {self.index}"
        return f"{self.what} (fact {self.seq} of shard {self.shard}, {place}): {self.why}"


@dataclass(slots=True, kw_only=True)
class Report:
    """What was replayed, and what did not agree; `waiting` bets have nothing that settles them.

    `voids` are bets that became void before their results, `corrections` settlements after the
    first one of a bet, and `sales` what was bought back of bets.
    """

    facts: int = 0
    settlements: int = 0
    voids: int = 0
    corrections: int = 0
    sales: int = 0
    results: int = 0
    waiting: int = 0
    disagreeing: int = 0
    disagreements: list[Disagreement] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything agreed."""
        return not self.disagreeing

    def disagree(self, what: str, shard: Shard, seq: int, why: str) -> None:
        """Note what does not agree; only the first ones are kept."""
        self.disagreeing += 1
        if len(self.disagreements) < DISAGREEMENTS_KEPT:
            self.disagreements.append(
                Disagreement(what=what, index=None, shard=shard, seq=seq, why=why)
            )
