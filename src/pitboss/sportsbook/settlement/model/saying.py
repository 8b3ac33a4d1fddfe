"""What is said of markets, by whom, and what counts of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from pitboss.kernel.ids import BetId, EventId, MarketId, PlayerId, SelectionId
from pitboss.kernel.shards import Partition, Shard
from pitboss.sportsbook.betting.model import IN_PLAY_DELAY_SECONDS_MIN, BetState, OpenBet
from pitboss.sportsbook.settlement.model.results import Result, SelectionResult


class Refusal(StrEnum):
    """Why a report is refused."""

    UNKNOWN_EVENT = "unknown_event"
    ANOTHER_RESULT = "another_result"
    UNKNOWN_MARKET = "unknown_market"
    UNKNOWN_SELECTION = "unknown_selection"
    UNKNOWN_VERSION = "unknown_version"
    NOTHING_SAID = "nothing_said"
    CONTRADICTS_ITSELF = "contradicts_itself"
    BEGAN_TOO_EARLY = "began_too_early"
    AGAINST_STAFF = "against_staff"
    FROM_THE_FUTURE = "from_the_future"
    NO_WINDOW = "no_window"
    NOT_AS_SHOWN = "not_as_shown"


class Authority(StrEnum):
    """Who says it: what staff say holds against what feeds say, however new that is."""

    FEED = "feed"
    STAFF = "staff"

    @property
    def rank(self) -> int:
        """The higher one holds against the lower one."""
        return 1 if self is Authority.STAFF else 0


class RulingKind(StrEnum):
    """What was said of a market."""

    RESULT = "result"
    ROLLBACK = "rollback"
    CANCEL = "cancel"
    CANCEL_ROLLBACK = "cancel_rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultReport:
    """How selections of a market ended; None leaves a selection open.

    `source` names who says it, such as a feed's producer, and `reported_at` is when, by the
    source's own clock: of two reports the newer counts, in whatever order they arrive.
    `certainty` is 1 while it may still be reviewed and 2 once it is confirmed.
    Source: Sportradar UOF, bet settlement (`result` -1, `certainty`).
    """

    market_id: MarketId
    source: str
    reported_at: datetime
    results: Mapping[SelectionId, Result | None]
    certainty: int = 2
    authority: Authority = Authority.FEED
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollback:
    """Results of a market do not count any more: of these selections, or of all if none is named.

    It undoes what was reported until then; with a `version`, that one report.
    Source: Sportradar UOF, rollback_bet_settlement.
    """

    market_id: MarketId
    source: str
    reported_at: datetime
    selections: tuple[SelectionId, ...] = ()
    version: int | None = None
    authority: Authority = Authority.FEED
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """A market is void for the bets that were accepted from `from_at` on and before `until`.

    Either end may be open.  It holds in a market that is settled, too.
    Source: Sportradar UOF, bet_cancel (`start_time`, `end_time`).
    """

    market_id: MarketId
    source: str
    reported_at: datetime
    from_at: datetime | None = None
    until: datetime | None = None
    authority: Authority = Authority.FEED
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRollback:
    """A cancel of this window was wrong; without either end, every cancel of the market was.

    Source: Sportradar UOF, rollback_bet_cancel.
    """

    market_id: MarketId
    source: str
    reported_at: datetime
    from_at: datetime | None = None
    until: datetime | None = None
    authority: Authority = Authority.FEED
    reason: str = ""


# So far ahead may be the clocks of who accepts bets, with what they waited for us.  It is no longer
# than the least delay of a bet in play, so that none of those is as early.
A_MOMENT = timedelta(seconds=IN_PLAY_DELAY_SECONDS_MIN)
# Why bets are void that were accepted after an event had begun, when nobody knew it yet.
PAST_POSTING = "past_posting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """An event has really begun at `began_at`, whenever it was to begin."""

    event_id: EventId
    began_at: datetime
    source: str
    authority: Authority = Authority.FEED


Report = ResultReport | Rollback | Cancel | CancelRollback


class Window(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The bets that a cancel is about: accepted from `from_at` on and before `until`."""

    from_at: datetime | None
    until: datetime | None

    def holds(self, accepted_at: datetime) -> bool:
        """Say whether a bet that was accepted then is void."""
        return (self.from_at is None or self.from_at <= accepted_at) and (
            self.until is None or accepted_at < self.until
        )


class Said(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What was said of a market, whoever said it and whatever it was, as it is stored.

    Without `reported_at` it is as old as its record.  A `provisional` result was not certain
    enough to be paid by.  `one_of` is the number of the market's selections if exactly one of them
    wins; then results that cannot all be true do not count.  What was said before anybody kept it
    has 0, and counts as it did.
    """

    kind: RulingKind = RulingKind.RESULT
    source: str = "score"
    authority: Authority = Authority.FEED
    reported_at: datetime | None = None
    results: tuple[SelectionResult, ...] = ()
    open_ids: tuple[SelectionId, ...] = ()
    certainty: int = 2
    provisional: bool = False
    selections: tuple[SelectionId, ...] = ()
    rolls_back: int | None = None
    from_at: datetime | None = None
    until: datetime | None = None
    reason: str = ""
    one_of: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What was said of a market, as its `version`th word."""

    version: int
    said: Said
    recorded_at: datetime

    @property
    def at(self) -> datetime:
        """When it was said, by the clock of who said it."""
        return self.said.reported_at or self.recorded_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What was said of a market, taken together: results that count, windows that are void.

    `torn` are the newest results of selections that do not count because they cannot all be true.
    """

    results: tuple[SelectionResult, ...] = ()
    windows: tuple[Window, ...] = ()
    torn: tuple[SelectionResult, ...] = ()

    def moves(self, before: Effect) -> bool:
        """Say whether something else counts than before, so that bets have to be looked at."""
        return (self.results, self.windows) != (before.results, before.windows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The report is on record; `changed` is false if nothing else counts than before.

    It is `torn` if it cannot be true beside others that are as good, so none of them counts.
    """

    changed: bool
    torn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No, and why."""

    reason: Refusal


Answer = Recorded | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketResult:
    """What counts of a market, under its number in the order of all that was said of markets.

    `said` is what was said last; `selections` and `windows` are what counts since.  `moves` is
    false if nothing else counts than before, so no bet has to be looked at.
    """

    no: int
    market_id: MarketId
    version: int
    event_id: EventId
    selections: tuple[SelectionResult, ...]
    windows: tuple[Window, ...] = ()
    said: Said
    moves: bool = True

    def is_void(self, accepted_at: datetime) -> bool:
        """Say whether the market is void for a bet that was accepted then."""
        return any(window.holds(accepted_at) for window in self.windows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """A result that a partition is settling: the bets of its market up to `after` are done."""

    partition: Partition
    result_no: int
    market_id: MarketId
    after: OpenBet | None


class LeftAside(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A bet that settlement goes on without: why, since when, and where the bet stands."""

    shard: Shard
    bet_id: BetId
    player_id: PlayerId
    why: str
    since: datetime
    state: BetState


@dataclass(slots=True, kw_only=True)
class Aside:
    """Bets that break settlement, which goes on without them; kept by who settles, in memory.

    `looked_at` are the bets of the last step.  `held` are the results that such a bet was met for,
    `ended` those of them that the last step came to the end of, and `resting` those that are not
    to be looked at now.
    """

    bets: set[OpenBet] = field(default_factory=set)
    looked_at: tuple[OpenBet, ...] = ()
    held: set[int] = field(default_factory=set)
    ended: set[int] = field(default_factory=set)
    resting: set[int] = field(default_factory=set)

    def begin(self) -> None:
        """Forget the last step: the next one begins."""
        self.looked_at, self.ended = (), set()

    def put(self, bet: OpenBet) -> None:
        """Go on without a bet."""
        self.bets.add(bet)

    def rest(self) -> None:
        """Let what the last step came to the end of rest: that step is committed."""
        self.resting |= self.ended
        self.ended = set()

    def clear(self) -> None:
        """Try all of them again."""
        self.bets, self.held, self.ended, self.resting = set(), set(), set(), set()
