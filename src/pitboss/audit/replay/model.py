"""What a settlement rests on, what it comes to, and where it does not agree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pitboss.audit.reading.model import ReadFact
from pitboss.kernel.ids import BetId, SelectionId
from pitboss.kernel.shards import Shard
from pitboss.responsible.exclusion.facts import PlayerExcluded
from pitboss.sportsbook.betting.facts import BetAccepted
from pitboss.sportsbook.settlement.facts import BetSettled, MarketResulted
from pitboss.sportsbook.settlement.model import Result, SelectionResult, Settled
from pitboss.sportsbook.voiding.facts import BetVoided

# The first one tells what is wrong; a million tell no more.
DISAGREEMENTS_KEPT = 20
# Between the clocks of who recorded a result and who settled by it, and for a turn that had to
# wait for its locks after it had read its clock.
SKEW_MAX = timedelta(seconds=10)
# So long may a bet wait whose results are known: many wait at once when a match ends.
GRACE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownResult:
    """The results of one market as a fact has them: to compare, and to compute with.

    `superseded_at` is when a newer version of them was recorded, if there is one.
    """

    fact: MarketResulted
    recorded_at: datetime
    superseded_at: datetime | None = None
    told: Mapping[SelectionId, SelectionResult]
    results: Mapping[SelectionId, Result]

    @classmethod
    def of(cls, fact: MarketResulted, recorded_at: datetime) -> KnownResult:
        """Take the results of a market."""
        return cls(
            fact=fact,
            recorded_at=recorded_at,
            told={item.selection_id: item for item in fact.results},
            results={item.selection_id: Result.of(item) for item in fact.results},
        )


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
    """A settlement, or a bet that is void before its results, with each of its inputs."""

    accepted: BetAccepted
    settled: BetSettled | BetVoided
    inputs: tuple[Input, ...]
    replayed: Replayed

    @property
    def ok(self) -> bool:
        """Whether what was told and paid is what the rules make of the inputs."""
        return not self.replayed.disagreements

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON has it."""
        settled, replayed = self.settled, self.replayed
        return {
            "bet_id": settled.bet_id,
            "agrees": self.ok,
            "inputs": [asdict(item) for item in self.inputs],
            "rules": settled.rule if isinstance(settled, BetVoided) else settled.rules,
            "rounding": self.accepted.rounding,
            "told": _told(settled),
            "replayed": {"returns_micros": replayed.returns_micros, "voided": replayed.voided},
            "coin": asdict(replayed.coin),
            "disagreements": list(replayed.disagreements),
        }


def _told(settled: BetSettled | BetVoided) -> dict[str, Any]:
    if isinstance(settled, BetVoided):
        return {"returns_micros": settled.stake_micros, "voided": True}
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

    `voids` are bets that became void before their results.
    """

    facts: int = 0
    settlements: int = 0
    voids: int = 0
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
