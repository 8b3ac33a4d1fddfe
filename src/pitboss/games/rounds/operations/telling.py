"""What is told of steps that were done."""

from __future__ import annotations

from typing import Any

from pitboss.games.rounds import rules
from pitboss.games.rounds.facts import (
    RollbackNoted,
    RoundReversed,
    RoundStaked,
    RoundWon,
    StakeRefused,
)
from pitboss.games.rounds.model import Booking, Kind, Session, Win
from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.facts import Fact, Movement
from pitboss.kernel.instants import write_instant


def fact_of(deed: rules.Deed, booking: Booking, moved: tuple[Movement, ...]) -> Fact:
    """Return the fact of a step, as its booking was left and with what it moved."""
    about: dict[str, Any] = {
        "provider": booking.provider,
        "player_id": booking.player_id,
        "external_id": booking.external_id,
        "game": booking.game,
        "currency": booking.currency,
        "balance_micros": booking.balance_micros,
        "promo": booking.promo,
        "said": booking.said,
    }
    if booking.refusal is not None:
        return StakeRefused(
            **about,
            micros=booking.micros,
            round_id=booking.round_id or "",
            reason=booking.refusal,
            free=booking.free,
            ref=booking.original_id,
        )
    if booking.kind is Kind.REVERSAL and deed.original is None:
        return RollbackNoted(
            **about,
            original_id=booking.original_id or "",
            round_id=booking.round_id,
            tombstone=deed.tombstone is not None,
        )
    about |= {
        "micros": booking.micros,
        "round_id": booking.round_id or "",
        "closes": deed.closes,
        "free": booking.free,
        "movements": moved,
    }
    if booking.kind is Kind.REVERSAL and deed.original is not None:
        return RoundReversed(
            **about,
            original_id=booking.original_id or "",
            of=deed.original.kind,
            original_at=write_instant(deed.original.booked_at),
            owed_micros=booking.owed_micros,
            jackpot_micros=booking.jackpot_micros,
        )
    offer = deed.asking.offer
    about["version"] = "" if offer is None else offer.version.version
    about["round_ref"] = deed.asking.request.round_ref or ""
    return _of_play(deed, booking, about)


def _of_play(deed: rules.Deed, booking: Booking, about: dict[str, Any]) -> Fact:
    if isinstance(deed.step, Win):
        return RoundWon(
            **about,
            jackpot_micros=booking.jackpot_micros,
            stake_id=booking.original_id,
            settles=deed.original is not None and not deed.asking.request.dialect.reverses_settled,
        )
    permit, session = deed.permit, deed.asking.session
    if permit is None:
        raise InvariantBroken("a stake rests on the gate's yes")
    return RoundStaked(
        **about,
        jurisdiction=permit.jurisdiction,
        rules_version=permit.rules_version,
        check_id=permit.check_id,
        session_id=session.id if isinstance(session, Session) else None,
        ref=booking.original_id,
    )
