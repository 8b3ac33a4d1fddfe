"""Nouns of contacts: whom to watch, and what was told of before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard
from pitboss.responsible.limits.model import LimitKey

Place = tuple[Shard, PlayerId]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A player whose use of money may make the operator get in touch.

    `age` is in whole years; None: it is not known, and the amounts of every age hold.
    """

    shard: Shard
    player_id: PlayerId
    licence: Jurisdiction
    currency: str
    age: int | None

    @property
    def place(self) -> Place:
        """Where the player's rows are."""
        return self.shard, self.player_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """That a player used so much was told of at this moment."""

    shard: Shard
    player_id: PlayerId
    key: LimitKey
    told_at: datetime
