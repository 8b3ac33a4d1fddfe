"""Boosts: what a bet wins is raised by a share, which staff give."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec import structs

from pitboss.kernel.ids import BetId, PlayerId
from pitboss.kernel.shards import Shard
from pitboss.sportsbook.betting.model.free_bets import Use, bets_after


class BoostRefusal(StrEnum):
    """Why a boost is not given."""

    UNKNOWN_PLAYER = "unknown_player"
    WRONG_CURRENCY = "wrong_currency"
    STAKE_NOT_WHOLE = "stake_not_whole"
    STAKE_TOO_SMALL = "stake_too_small"
    STAKE_TOO_LARGE = "stake_too_large"
    BOOSTS_NOT_ALLOWED = "boosts_not_allowed"
    BOOST_EXPIRED = "boost_expired"
    KEY_REUSED = "key_reused"


class Boosting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A boost to give, under an id that follows from the giver's key.

    It raises what one bet wins by `share`, above 0 and at most 1 (`"1/10"`), on a stake of
    `stake_micros_max` at most.
    """

    id: str
    player_id: PlayerId
    share: str
    stake_micros_max: int
    currency: str
    expires_at: datetime


class Boost(Boosting, frozen=True, kw_only=True, gc=False):
    """A boost that was given, good for one bet before `expires_at`.

    `bet_ids` are the bets that stand on it, as on a `FreeBet`: it can be used while there is none.
    """

    shard: Shard
    given_at: datetime
    bet_ids: tuple[BetId, ...] = ()

    def after(self, use: Use) -> Boost:
        """Return it as it is once a bet stands on it, or no longer does."""
        bet_ids = bets_after(self.bet_ids, use.bet_id, stands=use.stands)
        return structs.replace(self, bet_ids=bet_ids)


class Boosted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """It is given; `changed` is false when it was before."""

    changed: bool


class NotBoosted(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """It is not given, and why."""

    reason: BoostRefusal


BoostAnswer = Boosted | NotBoosted
