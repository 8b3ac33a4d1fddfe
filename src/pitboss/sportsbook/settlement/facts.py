"""What settlement publishes."""

from __future__ import annotations

from typing import Any, ClassVar

from pitboss.kernel.facts import Fact, Play, Upcaster, Win
from pitboss.kernel.ids import BetId, EventId, MarketId, PlayerId, SelectionId
from pitboss.sportsbook.settlement.model import SelectionResult


def _of_a_score(data: dict[str, Any]) -> dict[str, Any]:
    """Version 1 knew one source: the score of the event, as it was recorded."""
    return data


def _no_races(data: dict[str, Any]) -> dict[str, Any]:
    """Say nothing of places and withdrawn runners, which nobody knew of."""
    return data


def _each_for_itself(data: dict[str, Any]) -> dict[str, Any]:
    """Say of no market that exactly one selection wins: until then each result counted."""
    return data


def _final_if_free(data: dict[str, Any]) -> dict[str, Any]:
    """Say of a free bet that no result changes it: so it was until then.

    Of every other bet the stake moved, to the house or back.
    """
    kinds = {item["kind"] for item in data.get("movements", ())}
    return data if kinds & {"post", "void"} else {**data, "final": True}


def _of_own_money(data: dict[str, Any]) -> dict[str, Any]:
    """Say nothing of free bets: until then none was corrected."""
    return data


class MarketResulted(Fact, frozen=True, kw_only=True, tag="market.resulted"):
    """Somebody said how a market ended.

    `score` is what the results follow from if the `source` is a score; none if it was abandoned.
    `reported_at` is by the source's own clock; without it the fact is as old as its record.
    `open_ids` are selections that the report leaves open.  A `provisional` result is not
    certain enough to be paid by.  `one_of` is how many selections the market has, if exactly one of
    them wins: then none of those results counts that cannot all be true.
    """

    schema_version: ClassVar[int] = 4
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_of_a_score, _no_races, _each_for_itself)

    market_id: MarketId
    event_id: EventId
    no: int
    version: int
    score: str | None
    rules: str
    results: tuple[SelectionResult, ...]
    source: str = "score"
    authority: str = "feed"
    reported_at: str | None = None
    open_ids: tuple[SelectionId, ...] = ()
    certainty: int = 2
    provisional: bool = False
    reason: str = ""
    one_of: int = 0


class MarketResultRolledBack(Fact, frozen=True, kw_only=True, tag="market.result_rolled_back"):
    """Results of a market do not count any more.

    Those that were reported by then, of these `selections` or of all if none is named;
    with `rolls_back`, those of that version alone.
    """

    market_id: MarketId
    event_id: EventId
    no: int
    version: int
    source: str
    authority: str
    reported_at: str
    selections: tuple[SelectionId, ...] = ()
    rolls_back: int | None = None
    reason: str = ""


class MarketCancelled(Fact, frozen=True, kw_only=True, tag="market.cancelled"):
    """A market is void for bets accepted from `from_at` on and before `until`; ends may be open."""

    market_id: MarketId
    event_id: EventId
    no: int
    version: int
    source: str
    authority: str
    reported_at: str
    from_at: str | None = None
    until: str | None = None
    reason: str = ""


class MarketCancelRolledBack(Fact, frozen=True, kw_only=True, tag="market.cancel_rolled_back"):
    """The cancel of this window does not hold any more; without either end, none of the market."""

    market_id: MarketId
    event_id: EventId
    no: int
    version: int
    source: str
    authority: str
    reported_at: str
    from_at: str | None = None
    until: str | None = None
    reason: str = ""


class MarketReportRefused(Fact, frozen=True, kw_only=True, tag="market.report_refused"):
    """Somebody said something of a market that cannot be; nothing changed."""

    market_id: MarketId
    kind: str
    source: str
    reported_at: str
    reason: str


class ResultRefused(Fact, frozen=True, kw_only=True, tag="result.refused"):
    """Somebody reported how an event ended, and it is none, or has ended otherwise already."""

    event_id: EventId
    score: str | None
    reason: str


class BetSettled(Fact, frozen=True, kw_only=True, tag="bet.settled"):
    """A bet was settled under these rules from these results, and its returns were booked.

    `results` are those of its legs that were known, in the order of the legs; `result_nos` are the
    numbers of the facts of markets that they follow from, one for each.  One that is `final` is
    changed by no other result: free bets were, until version 3.
    """

    schema_version: ClassVar[int] = 3
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_no_races, _final_if_free)

    bet_id: BetId
    player_id: PlayerId
    returns_micros: int
    currency: str
    voided: bool
    rules: str
    rounding: str
    results: tuple[SelectionResult, ...]
    result_nos: tuple[int, ...]
    final: bool = False

    @property
    def plays(self) -> tuple[Play, ...]:
        """The stake that was decided, and what came back for it; of a void bet all came back.

        A free bet is no stake of the player's, and what it returned is counted by no limit.
        """
        stake = sum(item.micros for item in self.movements if item.kind in ("post", "void"))
        if not stake:
            return ()
        returned = stake if self.voided else self.returns_micros
        return (Play(player_id=self.player_id, settled=stake, returned=returned),)

    @property
    def wins(self) -> tuple[Win, ...]:
        """What came back above the stake; of a free bet, all that it returned."""
        stake = sum(item.micros for item in self.movements if item.kind in ("post", "void"))
        won = 0 if self.voided else self.returns_micros - stake
        return (Win(player_id=self.player_id, micros=won),) if won > 0 else ()


class BetResettled(Fact, frozen=True, kw_only=True, tag="bet.resettled"):
    """A bet that was settled before returns something else now, and the difference was booked.

    `version` counts its settlements.  `was_micros` is what it returned before, and
    `returns_micros` what it returns; none while it is open.  `cause` is what was said of a market
    under the number `result_no`, and `reason` why.  Of what was taken back, `owed_micros` is owed
    by the player, who did not have it, and `absorbed_micros` borne by the house.  `settled_at`
    is when that was settled which is corrected.  The stake of one that is `free` is a free bet:
    it was never the player's, and what moved came from the promotions, or went there.
    """

    schema_version: ClassVar[int] = 3
    upcasters: ClassVar[tuple[Upcaster, ...]] = (_no_races, _of_own_money)

    bet_id: BetId
    player_id: PlayerId
    version: int
    stake_micros: int
    was_micros: int | None
    was_voided: bool
    returns_micros: int | None
    voided: bool
    currency: str
    rules: str
    rounding: str
    results: tuple[SelectionResult, ...]
    result_nos: tuple[int, ...]
    cause: str
    reason: str
    result_no: int
    owed_micros: int
    absorbed_micros: int
    settled_at: str | None
    free: bool = False

    @property
    def plays(self) -> tuple[Play, ...]:
        """What was counted too much or too little, in the hour in which it was counted.

        Of a free bet nothing was counted.
        """
        if self.free:
            return ()
        was, now = self.was_micros, self.returns_micros
        settled = self.stake_micros * ((now is not None) - (was is not None))
        returned = (now or 0) - (was or 0)
        return (
            Play(player_id=self.player_id, settled=settled, returned=returned, at=self.settled_at),
        )

    @property
    def wins(self) -> tuple[Win, ...]:
        """What it has won more than before, or less: of each, what is above the stake."""
        stake = 0 if self.free else self.stake_micros
        won = [
            0 if voided else max((returns or 0) - stake, 0)
            for returns, voided in (
                (self.was_micros, self.was_voided),
                (self.returns_micros, self.voided),
            )
        ]
        more = won[1] - won[0]
        return (Win(player_id=self.player_id, micros=more),) if more else ()


class BetSetAside(Fact, frozen=True, kw_only=True, tag="bet.set_aside"):
    """A bet breaks settlement, which goes on without it and tries it again from time to time."""

    bet_id: BetId
    player_id: PlayerId
    why: str


class BetTakenUp(Fact, frozen=True, kw_only=True, tag="bet.taken_up"):
    """A bet that was set aside breaks settlement no more; what it returns is told by itself."""

    bet_id: BetId
    player_id: PlayerId


MarketRuled = MarketResulted | MarketResultRolledBack | MarketCancelled | MarketCancelRolledBack

# Every type of this room, for who reads facts.
FACTS = (
    MarketResulted,
    MarketResultRolledBack,
    MarketCancelled,
    MarketCancelRolledBack,
    MarketReportRefused,
    ResultRefused,
    BetSettled,
    BetResettled,
    BetSetAside,
    BetTakenUp,
)
