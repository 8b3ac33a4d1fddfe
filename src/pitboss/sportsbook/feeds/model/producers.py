"""How those who send messages stand: alive, late, recovering."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pitboss.sportsbook.feeds.model.messages import ProducerId


class Why(StrEnum):
    """Why a producer is down."""

    STARTED = "started"
    SILENT = "silent"
    LAGGING = "lagging"
    NOT_SUBSCRIBED = "not_subscribed"
    DISCONNECTED = "disconnected"
    # Its clock, or ours, is not where it was; what came first cannot be said.
    CLOCK = "clock"
    READER_GONE = "reader_gone"
    BY_STAFF = "by_staff"


class Phase(StrEnum):
    """What a producer does: prices of a live one replace those of a prematch one, never back."""

    PREMATCH = "prematch"
    LIVE = "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """How much silence and delay a producer is allowed, and how often it is asked again.

    Source: Sportradar UOF (an `alive` every 10 s; SDKs give up after 20 s of silence or lag; a
    recovery at most every 30 s, again after 1,200 s, for 72 h at most).
    """

    silence_seconds: float = 20.0
    lag_seconds: float = 20.0
    ahead_seconds: float = 20.0
    ask_every_seconds: float = 30.0
    recovery_seconds: float = 1_200.0
    window_seconds: float = 72 * 3_600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProducerTerms:
    """A producer that we read: what it does, and how patient we are with it."""

    id: ProducerId
    phase: Phase
    tolerance: Tolerance = field(default_factory=Tolerance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What was asked for again: everything since `after_ms`, or all there is."""

    request_no: int
    after_ms: int | None
    asked_at: float
    # When its end was generated; None while it still runs.
    done_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Liveness:
    """How a producer stands.  Seconds are of a steady clock, milliseconds of the wall's.

    `down` is None while it is up.  `good_ms`: up to then, by the producer's clock, we have missed
    nothing.  A recovery that was asked for before something went wrong is not kept: its end would
    say nothing.
    """

    terms: ProducerTerms
    down: Why | None = Why.STARTED
    heard_at: float | None = None
    # When the newest `alive` was generated: an older one, or the same again, proves nothing.
    alive_ms: int | None = None
    subscribed: bool = False
    lag_ms: int | None = None
    good_ms: int | None = None
    asked_at: float | None = None
    recovery: Recovery | None = None

    @property
    def up(self) -> bool:
        """Whether bets may rest on its prices."""
        return self.down is None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryWish:
    """A recovery to ask for."""

    producer: ProducerId
    after_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a producer is, as the process that reads it wrote down last."""

    producer: ProducerId
    request_no: int
    good_ms: int | None
    lag_ms: int | None
    beat_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a producer stands; `waiting` is how much of what it said is owed and not done.

    One that is `held` was stopped by staff, who alone let it go.
    """

    producer: str
    up: bool
    held: bool
    why: str | None
    changed_at: datetime | None
    progress: Progress | None
    waiting: int
