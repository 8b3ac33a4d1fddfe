"""Nouns of exclusion: who wanted a player kept away, from when, until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard


class Kind(StrEnum):
    """A time-out is short and ends by itself; an exclusion ends as the licence says."""

    TIME_OUT = "time_out"
    EXCLUSION = "exclusion"


class Initiator(StrEnum):
    """Who wants the player kept away."""

    PLAYER = "player"
    STAFF = "staff"
    REGISTER = "register"


class Reason(StrEnum):
    """Why: a closed list, because free words would be personal data in a fact."""

    PLAYERS_CHOICE = "players_choice"
    PLAYER_ASKED_STAFF = "player_asked_staff"
    RISK_OF_HARM = "risk_of_harm"
    COURT_OR_REGULATOR = "court_or_regulator"
    REGISTER = "register"


class Refusal(StrEnum):
    """Why nobody is kept away, or let back in."""

    TERM_NOT_OFFERED = "term_not_offered"
    UNKNOWN_JURISDICTION = "unknown_jurisdiction"
    KEY_REUSED = "key_reused"
    NOT_EXCLUDED = "not_excluded"
    TERM_NOT_OVER = "term_not_over"
    NEVER_LIFTED = "never_lifted"
    HELD_BY_REGISTER = "held_by_register"
    HELD_BY_STAFF = "held_by_staff"


class Exclusion(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A player is kept away; `ends_at` None: without an end.

    `return_asked_at` is when the player first asked, after the term, to come back.  `released_at`
    is when a national register was first heard not to name the player any more.
    """

    shard: Shard
    player_id: PlayerId
    key: str
    kind: Kind
    initiator: Initiator
    reason: Reason
    starts_at: datetime
    ends_at: datetime | None
    return_asked_at: datetime | None = None
    released_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Keep a player away from now on.

    A time-out has `hours`; an exclusion has `months`, or neither if it shall have no end.
    """

    key: str
    player_id: PlayerId
    kind: Kind
    initiator: Initiator
    reason: Reason
    hours: int | None = None
    months: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Excluded:
    """Yes: the player is kept away, now and from every product."""

    exclusion: Exclusion
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Returning:
    """Yes: the player may play again from then on."""

    returns_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No, and why; nothing changed."""

    reason: Refusal


Answer = Excluded | Refused
ReturnAnswer = Returning | Refused
Place = tuple[Shard, PlayerId]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """All exclusions of a player, as a turn remembers them."""

    exclusions: tuple[Exclusion, ...]
