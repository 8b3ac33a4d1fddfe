"""Nouns of registers: who is asked about, what is answered, what that means for play."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from pitboss.jurisdictions.model import Moment, Register
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard
from pitboss.players.personal.model import BulkRead

# So many failures in a row, and a register counts as down: one lost packet does not alarm staff.
FAILURES_MAX = 3
# Who is down is asked this often and not at every login: each would wait for nothing.
REST = timedelta(seconds=5)


class Answer(StrEnum):
    """What a register says of somebody; `lapsed`: named there once, and not any more."""

    EXCLUDED = "excluded"
    LAPSED = "lapsed"
    NOT_EXCLUDED = "not_excluded"


class Verdict(StrEnum):
    """What the registers of a licence mean for a stake or a deposit.

    `elsewhere` is the activity file's: the player is active with another operator.
    """

    NOT_NEEDED = "not_needed"
    CLEAR = "clear"
    EXCLUDED = "excluded"
    ELSEWHERE = "elsewhere"
    NOT_CHECKED = "not_checked"
    DOWN = "down"


class Silence(StrEnum):
    """Why there is no answer; a closed set, so that nothing personal slips into a fact."""

    AWAY = "away"
    CONFUSED = "confused"
    NOT_CONNECTED = "not_connected"
    DETAILS_MISSING = "details_missing"


class Detail(StrEnum):
    """What a register must be told of a person, beside the name and the day of birth."""

    POSTCODE = "postcode"
    NATIONAL_ID = "national_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who a register is asked about.  Nothing of it shows when this is printed."""

    given_name: str = field(repr=False)
    family_name: str = field(repr=False)
    born_on: str = field(repr=False)
    email: str = field(repr=False)
    postcode: str | None = field(repr=False, default=None)
    national_id: str | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Is this person named?  `id` is new every time: registers want it, and it tells nobody who."""

    id: str
    player_id: PlayerId
    person: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a register said of a player; `reference` is its own name for having said so."""

    player_id: PlayerId
    answer: Answer
    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of asking: answers, and of whom there was none, for which reason."""

    told: tuple[Told, ...] = ()
    silent: tuple[PlayerId, ...] = ()
    reason: Silence | None = None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The last that a register said of a player, and since when it has been silent.

    Without an `answer` it has never said anything.
    """

    shard: Shard
    player_id: PlayerId
    register: Register
    moment: Moment
    answer: Answer | None = None
    reference: str | None = None
    checked_at: datetime | None = None
    silent_since: datetime | None = None
    tries: int = 0


class Standings(msgspec.Struct, frozen=True, kw_only=True):
    """All that registers have said of a player, as a turn remembers it."""

    of_registers: tuple[Standing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A player whom it is time to ask a register about."""

    shard: Shard
    player_id: PlayerId
    jurisdiction: str
    moment: Moment
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """People whose data was read in a turn; it is opened when that has committed."""

    bulk: BulkRead = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterState:
    """How a register stands, for staff; `waiting` are players of whom it has yet to answer."""

    register: Register
    up: bool | None
    since: datetime | None
    reason: str | None
    waiting: int
    excluded: int
    answered_at: datetime | None


class Pulse:
    """Whether a register answers, as one process sees it.

    A few failures in a row make it down, one answer makes it up.  While it is down it is asked only
    now and then, so that whoever logs in does not wait for nothing.
    """

    def __init__(self) -> None:
        self.up: bool | None = None
        self.reason: Silence | None = None
        self._failures = 0
        self._failed_at: datetime | None = None

    def rests(self, now: datetime) -> bool:
        """Say whether the register is down and was asked a moment ago."""
        return self.up is False and self._failed_at is not None and now - self._failed_at < REST

    def answered(self) -> None:
        """Take note of an answer."""
        self.up, self.reason, self._failures, self._failed_at = True, None, 0, None

    def failed(self, reason: Silence, now: datetime) -> None:
        """Take note that there was none."""
        self._failures += 1
        self._failed_at, self.reason = now, reason
        if self._failures >= FAILURES_MAX or reason is Silence.NOT_CONNECTED:
            self.up = False
