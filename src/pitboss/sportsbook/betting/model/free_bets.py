"""Free bets: stakes that staff give."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec import structs

from pitboss.kernel.ids import AccountId, BetId, PlayerId
from pitboss.kernel.shards import Shard
from pitboss.wallet.model import house_account

PROMOTIONS = "promotions"


class GiftRefusal(StrEnum):
    """Why a free bet is not given."""

    UNKNOWN_PLAYER = "unknown_player"
    WRONG_CURRENCY = "wrong_currency"
    STAKE_NOT_WHOLE = "stake_not_whole"
    STAKE_TOO_SMALL = "stake_too_small"
    STAKE_TOO_LARGE = "stake_too_large"
    FREE_BETS_NOT_ALLOWED = "free_bets_not_allowed"
    FREE_BET_EXPIRED = "free_bet_expired"
    KEY_REUSED = "key_reused"


class FreeBet(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A stake that staff gave, good for one bet of this stake before `expires_at`.

    `bet_ids` are the bets that stand on it.  It can be used while there is none: a bet that is void
    gives it back.  Two stand on it if one was void, it was used again, and then the first was no
    longer void: then it is given back by neither before the other is void, too.
    """

    shard: Shard
    id: str
    player_id: PlayerId
    stake_micros: int
    currency: str
    expires_at: datetime
    given_at: datetime
    bet_ids: tuple[BetId, ...] = ()

    def after(self, use: Use) -> FreeBet:
        """Return it as it is once a bet stands on it, or no longer does."""
        bet_ids = bets_after(self.bet_ids, use.bet_id, stands=use.stands)
        return structs.replace(self, bet_ids=bet_ids)


class Use(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A bet that stands on a gift from now on, or, being void or refused, no longer does."""

    shard: Shard
    gift: str
    bet_id: BetId
    stands: bool


class Gift(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A free bet to give, under an id that follows from the giver's key."""

    id: str
    player_id: PlayerId
    stake_micros: int
    currency: str
    expires_at: datetime


class Given(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """It is given; `changed` is false when it was before."""

    changed: bool


class NotGiven(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """It is not given, and why."""

    reason: GiftRefusal


GiftAnswer = Given | NotGiven


def bets_after(before: Sequence[BetId], bet_id: BetId, *, stands: bool) -> tuple[BetId, ...]:
    """Return which bets stand on a gift once this one does, or no longer does.

    The same again changes nothing.
    """
    if stands:
        return tuple(before) if bet_id in before else (*before, bet_id)
    return tuple([other for other in before if other != bet_id])


def promotions_account(shard: Shard, currency: str) -> AccountId:
    """Return the id of the shard's house account that pays what free bets return."""
    return house_account(shard, PROMOTIONS, currency)
