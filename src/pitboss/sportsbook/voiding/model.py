"""Nouns of voiding: the exclusions that bets are void for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pitboss.jurisdictions.model import OpenBets
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard


class Reason(StrEnum):
    """Why an accepted bet is void although nobody knows yet how it would have ended."""

    EXCLUSION = "exclusion"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """An exclusion as its fact told it.

    `key` is the exclusion's own; `excluded_at` is when it was recorded, `ends_at` when its term is
    over (None: never), and `open_bets` what the player's licence says of open bets.
    """

    shard: Shard
    player_id: PlayerId
    key: str
    excluded_at: datetime
    ends_at: datetime | None
    open_bets: OpenBets


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """How far the facts were heard: those with a position before this one."""

    position: int
