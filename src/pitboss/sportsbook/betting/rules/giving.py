"""Whether free bets are given, and which bet each may be the stake of: pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pitboss.jurisdictions.model import SportsbookRules
from pitboss.sportsbook.betting.model import (
    FreeBet,
    Gift,
    GiftAnswer,
    GiftRefusal,
    Given,
    NotGiven,
    PlaceBet,
    Refusal,
)


def judge_free_bet(
    command: PlaceBet, known: Mapping[str, FreeBet], *, allowed: bool, now: datetime
) -> Refusal | None:
    """Return why the stake of a bet cannot be the free bet that it names.

    Args:
        command: what is asked for; its shape names a free bet.
        known: those that were given, with whatever bets they are the stake of already.
        allowed: whether the licence lets anybody have free bets.
        now: by the turn's clock.
    """
    free_bet = None if command.shape is None else known.get(command.shape.free_bet or "")
    if free_bet is None or free_bet.player_id != command.player_id:
        return Refusal.UNKNOWN_FREE_BET
    if not allowed:
        return Refusal.FREE_BETS_NOT_ALLOWED
    if command.bet_id in free_bet.bet_ids:
        # It was held for this bet in time, as a stake is held.
        return None
    if free_bet.bet_ids:
        return Refusal.FREE_BET_USED
    if now >= free_bet.expires_at:
        return Refusal.FREE_BET_EXPIRED
    if (free_bet.stake_micros, free_bet.currency) != (command.stake_micros, command.currency):
        return Refusal.FREE_BET_OTHER_STAKE
    return None


def judge_gift(
    gift: Gift,
    earlier: FreeBet | None,
    player_currency: str | None,
    licence: SportsbookRules | None,
    *,
    minor_unit_micros: int,
    now: datetime,
) -> GiftAnswer:
    """Answer whether a free bet is given.

    Args:
        gift: what is to be given.
        earlier: what was given under its id before.
        player_currency: the player's; None if there is no such player.
        licence: what the player's licence says of bets; None if there is none.
        minor_unit_micros: of the gift's currency.
        now: by the turn's clock.
    """
    if earlier is not None:
        said = (earlier.player_id, earlier.stake_micros, earlier.currency, earlier.expires_at)
        asked = (gift.player_id, gift.stake_micros, gift.currency, gift.expires_at)
        return Given(changed=False) if said == asked else NotGiven(reason=GiftRefusal.KEY_REUSED)
    if player_currency is None or licence is None:
        return NotGiven(reason=GiftRefusal.UNKNOWN_PLAYER)
    wrong = {
        GiftRefusal.FREE_BETS_NOT_ALLOWED: not licence.free_bets,
        GiftRefusal.WRONG_CURRENCY: player_currency != gift.currency,
        GiftRefusal.STAKE_NOT_WHOLE: gift.stake_micros % minor_unit_micros != 0,
        GiftRefusal.STAKE_TOO_SMALL: gift.stake_micros < max(licence.stake_micros_min, 1),
        GiftRefusal.STAKE_TOO_LARGE: gift.stake_micros > licence.stake_micros_max,
        GiftRefusal.FREE_BET_EXPIRED: gift.expires_at <= now,
    }
    reason = next((reason for reason, applies in wrong.items() if applies), None)
    return Given(changed=True) if reason is None else NotGiven(reason=reason)
