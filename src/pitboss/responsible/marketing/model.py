"""Nouns of marketing: who may be written to, how, and since when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard


class Channel(StrEnum):
    """How a player can be reached."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    POST = "post"
    PHONE = "phone"


class Refusal(StrEnum):
    """Why a consent is not taken."""

    PLAYER_EXCLUDED = "player_excluded"
    PLAYER_ON_TIME_OUT = "player_on_time_out"


class Consent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a player last said of a channel.

    `heeded` counts the exclusions and time-outs that the player had taken before: a later one takes
    the consent back, for good, without anybody having to write that down.
    """

    shard: Shard
    player_id: PlayerId
    channel: Channel
    given: bool
    changed_at: datetime
    heeded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Give or withdraw the consent for a channel."""

    player_id: PlayerId
    channel: Channel
    given: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Yes: this is what the player has said."""

    consent: Consent


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No, and why; nothing changed."""

    reason: Refusal


Answer = Changed | Refused
Place = tuple[Shard, PlayerId]
