"""Nouns of terms."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from pitboss.kernel.ids import PlayerId


class Refusal(StrEnum):
    """Why nothing is published or accepted."""

    UNKNOWN_PLAYER = "unknown_player"
    UNKNOWN_JURISDICTION = "unknown_jurisdiction"
    TERMS_NOT_CURRENT = "terms_not_current"
    ANOTHER_UNDER_THIS_ID = "another_under_this_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """A published version; `digest` is the SHA-256 of its text, in hexadecimal.

    Versions of one licence are numbered from 1; the greatest is in force.
    """

    jurisdiction: str
    number: int
    version: str
    digest: str
    published_at: datetime


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """The newest version that a player has accepted; 0 and None if there is none.

    A Struct, because the gate makes one for every player of a batch.
    """

    player_id: PlayerId
    number: int = 0
    accepted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishRequest:
    """Put a version in force for all players of a licence."""

    jurisdiction: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptRequest:
    """A player accepts a version, which must be the one in force."""

    player_id: PlayerId
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Yes; `repeated` if that was so before."""

    terms: Terms
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No, and why."""

    reason: Refusal


Answer = Done | Refused
