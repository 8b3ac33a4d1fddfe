"""Bets that wait for a trader: above what one may win, and within what a trader may take."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from pitboss.kernel.ids import BetId, PlayerId, derived_id
from pitboss.kernel.shards import Shard
from pitboss.sportsbook.betting.model.bets import Bet

# For how long a bet waits for a trader where nobody says otherwise.
REFERRAL_LIFE = timedelta(seconds=30)


class Word(StrEnum):
    """What a trader says of a bet: take it, take less of it, or do not."""

    ACCEPT = "accept"
    REDUCE = "reduce"
    REFUSE = "refuse"


class ReferralRefusal(StrEnum):
    """Why a trader's word is not taken."""

    UNKNOWN_REFERRAL = "unknown_referral"
    REFERRAL_ANSWERED = "referral_answered"
    REFERRAL_OVER = "referral_over"
    REFERRAL_STAKE = "referral_stake"


class Referral(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Why a bet waits for a trader, as `bet.delayed` tells it.

    `stake_micros_max` would have passed without one.  On one selection it wins `winnings_micros`,
    of `winnings_micros_max` that are allowed to one bet.  `takes_less`: its player takes a smaller
    stake.  However soon a trader answers, nothing is
    decided before `earliest_at`, when its delay in play is over.
    """

    stake_micros_max: int
    winnings_micros: int
    winnings_micros_max: int
    takes_less: bool
    earliest_at: str


class Said(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a trader has said of a bet; `stake_micros` is what they take instead, if less."""

    word: Word
    stake_micros: int | None
    by: str
    at: datetime


class ReferredBet(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A bet that waits for a trader, or once did, and what has been said of it.

    `decide_at` is when it is decided; None if it was.
    """

    shard: Shard
    bet_id: BetId
    earliest_at: datetime
    stake_micros_max: int
    winnings_micros: int
    winnings_micros_max: int
    takes_less: bool
    decide_at: datetime | None
    said: Said | None = None


class Trader(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A trader's word about a player's bet."""

    bet_id: BetId
    player_id: PlayerId
    word: Word
    stake_micros: int | None
    by: str


class Heard(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """It is on record; `changed` is false when it was before."""

    said: Said
    changed: bool


class Unheard(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """It is not taken, and why; nothing changed."""

    reason: ReferralRefusal


class OnDesk(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A bet on the traders' desk: as it stands, why it waits, and until when."""

    bet: Bet
    referred: ReferredBet
    decide_at: datetime


def release_key(bet_id: BetId) -> str:
    """Return the key under which it is released what a trader does not take of a held stake."""
    return derived_id("referral", bet_id)
