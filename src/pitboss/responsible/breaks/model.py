"""Nouns of breaks: sessions as clocks, reality checks and what was said to them, breaks.

Amounts are in micros of the player's currency; intervals are in minutes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard

# From its first moment to its last.
Stay = tuple[datetime, datetime]


class Pace(StrEnum):
    """Whether play may go on in a session.

    `session_over`: the session has reached its longest time, or the player has left it, or none
    was named under a licence that counts them.
    """

    GOES_ON = "goes_on"
    SESSION_OVER = "session_over"
    ON_BREAK = "on_break"
    CHECK_DUE = "check_due"


class Reply(StrEnum):
    """What a player says to a reality check; `seen` is of one that needs no answer."""

    CONTINUE = "continue"
    LEAVE = "leave"
    SEEN = "seen"


class Refusal(StrEnum):
    """Why a reality check is not answered, or its interval not changed."""

    INTERVAL_NOT_OFFERED = "interval_not_offered"
    REALITY_CHECK_DUE = "reality_check_due"
    NO_CHECK_DUE = "no_check_due"
    ANSWER_NEEDED = "answer_needed"
    ANSWERED_OTHERWISE = "answered_otherwise"


class Clock(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A session as its clock: when it began, and when it ends at the latest, if that is capped.

    `since` and `before` are the play that it goes on with, if the player did not pause before it:
    when that began, and its sessions.  Another login does not set the clock back.
    """

    session_id: str
    player_id: PlayerId
    opened_at: datetime
    ends_at: datetime | None = None
    since: datetime | None = None
    before: tuple[str, ...] = ()

    @property
    def counts_from(self) -> datetime:
        """From when on its reality checks count, if none was answered."""
        return self.opened_at if self.since is None else self.since

    @property
    def place(self) -> Place:
        """Where it is looked up."""
        return self.player_id, self.session_id


Place = tuple[PlayerId, str]


class RealityCheck(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The newest reality check of a session that was answered."""

    shard: Shard
    session_id: str
    player_id: PlayerId
    due_at: datetime
    reply: Reply
    answered_at: datetime


class Interval(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How often a player wants a reality check; None: not unless the licence wants it."""

    shard: Shard
    player_id: PlayerId
    minutes: int | None
    set_at: datetime


class State(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is known of a session's checks, as a turn remembers it.

    `answered_before` is when a check was answered last in the sessions that it goes on with.
    """

    player_id: PlayerId
    interval: Interval | None = None
    newest: RealityCheck | None = None
    answered_before: datetime | None = None


class Break(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A mandatory break: the one that runs, or the next one."""

    starts_at: datetime
    ends_at: datetime


class Planned(StrEnum):
    """How a player's plan for games stands towards one more stake."""

    NOT_NEEDED = "not_needed"
    HOLDS = "holds"
    MISSING = "missing"
    OVER = "over"


class GamePlan(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a player planned before a session of games: how long, how much, and the rest after.

    `spent_micros` is what of the plan was spent so far; `reached_at` is when nothing was left of
    it, if that was before its time was over.
    """

    player_id: PlayerId
    made_at: datetime
    minutes: int
    spend_micros: int
    rest_minutes: int
    spent_micros: int = 0
    reached_at: datetime | None = None


class Totals(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a player has done from some moment on, in micros; the words are those of a `Play`."""

    staked: int = 0
    settled: int = 0
    returned: int = 0
    deposited: int = 0
    withdrawn: int = 0

    @property
    def net_position(self) -> int:
        """What was won less what was lost; open stakes are neither.  Source: RTS 2E (GB)."""
        return self.returned - self.settled

    @property
    def amounts(self) -> tuple[int, int, int, int, int]:
        """All of them, in the order of a `Play`."""
        return self.staked, self.settled, self.returned, self.deposited, self.withdrawn

    def since(self, before: Totals) -> Totals:
        """Return what was done after a moment at which these were the totals."""
        return totals(now - then for now, then in zip(self.amounts, before.amounts, strict=True))


def totals(amounts: Iterable[int]) -> Totals:
    """Return totals from amounts in the order of a `Play`."""
    staked, settled, returned, deposited, withdrawn = amounts
    return Totals(
        staked=staked,
        settled=settled,
        returned=returned,
        deposited=deposited,
        withdrawn=withdrawn,
    )


class Start(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A session's first moment, and all that the player had done until then."""

    shard: Shard
    session_id: str
    player_id: PlayerId
    opened_at: datetime
    before: Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What was done from a session's first moment until the next one began, or until now.

    Stakes and deposits are only asked for in sessions, so those are the session's own.  What was
    settled between its end and the next login stands here too: every amount is in one statement.
    """

    done: Totals
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Have a reality check this often; None: not at all."""

    player_id: PlayerId
    minutes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """Say this to the check of a session that was due then."""

    clock: Clock
    due_at: datetime
    reply: Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Yes: this is how often."""

    minutes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Yes: it is noted; `repeated` if it was before."""

    check: RealityCheck
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No, and why; nothing changed."""

    reason: Refusal


ChoiceAnswer = Chosen | Refused
CheckAnswer = Answered | Refused
# Further back nobody looks for where a stretch of play began: nobody plays for days on end without
# as much as one break.
LOOKED_BACK = timedelta(days=3)
