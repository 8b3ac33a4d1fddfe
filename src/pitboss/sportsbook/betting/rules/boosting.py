"""Whether boosts are given, and which bet each may raise: pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from pitboss.jurisdictions.model import SportsbookRules
from pitboss.sportsbook.betting.model import (
    Boost,
    BoostAnswer,
    Boosted,
    Boosting,
    BoostRefusal,
    NotBoosted,
    PlaceBet,
    Placing,
    Refusal,
)
from pitboss.sportsbook.returns.model import parse_share


def with_boost(item: Placing, boosts: Mapping[str, Boost]) -> Placing:
    """Return a placing whose shape says by how much it is boosted, whatever it said itself."""
    shape = item.command.shape
    if shape is None or (shape.boost is None and shape.boosted is None):
        return item
    boost = boosts.get(shape.boost or "")
    if boost is not None and boost.player_id != item.command.player_id:
        # What somebody else was given is nobody's business.
        boost = None
    shape = replace(shape, boosted=None if boost is None else boost.share)
    return replace(item, command=replace(item.command, shape=shape))


def judge_boost(
    command: PlaceBet, known: Mapping[str, Boost], *, allowed: bool, now: datetime
) -> Refusal | None:
    """Return why a bet cannot be raised by the boost that it names.

    Args:
        command: what is asked for; its shape names a boost.
        known: those that were given, with whatever bets they raise already.
        allowed: whether the licence lets anybody have boosts.
        now: by the turn's clock.
    """
    shape = command.shape
    boost = None if shape is None else known.get(shape.boost or "")
    if boost is None or boost.player_id != command.player_id:
        return Refusal.UNKNOWN_BOOST
    if shape is None or not shape.may_be_boosted or boost.currency != command.currency:
        # The edge has looked; a command that came another way is refused, not set aside.
        return Refusal.UNREADABLE
    if not allowed:
        return Refusal.BOOSTS_NOT_ALLOWED
    if command.stake_micros > boost.stake_micros_max:
        return Refusal.BOOST_STAKE_TOO_LARGE
    if command.bet_id in boost.bet_ids:
        # It was kept for this bet in time, as a stake is held.
        return None
    if boost.bet_ids:
        return Refusal.BOOST_USED
    return Refusal.BOOST_EXPIRED if now >= boost.expires_at else None


def judge_boosting(
    wanted: Boosting,
    earlier: Boost | None,
    player_currency: str | None,
    licence: SportsbookRules | None,
    *,
    minor_unit_micros: int,
    now: datetime,
) -> BoostAnswer:
    """Answer whether a boost is given.

    Args:
        wanted: what is to be given.
        earlier: what was given under its id before.
        player_currency: the player's; None if there is no such player.
        licence: what the player's licence says of bets; None if there is none.
        minor_unit_micros: of the boost's currency.
        now: by the turn's clock.

    Raises:
        Malformed: its share is none between 0 and 1.
    """
    if earlier is not None:
        same = all(
            getattr(earlier, name) == getattr(wanted, name) for name in Boosting.__struct_fields__
        )
        return Boosted(changed=False) if same else NotBoosted(reason=BoostRefusal.KEY_REUSED)
    if player_currency is None or licence is None:
        return NotBoosted(reason=BoostRefusal.UNKNOWN_PLAYER)
    parse_share(wanted.share, field="share")
    wrong = {
        BoostRefusal.BOOSTS_NOT_ALLOWED: not licence.price_boosts,
        BoostRefusal.WRONG_CURRENCY: player_currency != wanted.currency,
        BoostRefusal.STAKE_NOT_WHOLE: wanted.stake_micros_max % minor_unit_micros != 0,
        BoostRefusal.STAKE_TOO_SMALL: wanted.stake_micros_max < max(licence.stake_micros_min, 1),
        BoostRefusal.STAKE_TOO_LARGE: wanted.stake_micros_max > licence.stake_micros_max,
        BoostRefusal.BOOST_EXPIRED: wanted.expires_at <= now,
    }
    reason = next((reason for reason, applies in wrong.items() if applies), None)
    return Boosted(changed=True) if reason is None else NotBoosted(reason=reason)
