"""What follows from a round: what ends it and is settled by it, and its game.  Pure."""

from __future__ import annotations

from pitboss.games.rounds.model import Booking, ClosedBy, Effect, Round
from pitboss.games.rounds.rules.drafting import Draft

_UNFOUND = (Effect.TOMBSTONED, Effect.NOTHING)


def closes(draft: Draft) -> bool:
    """Say whether a request ends its round; a mere repeat changes nothing.

    Nor does a rollback that undoes nothing, where that is answered with no: whoever hears no
    believes that nothing was done, and the round goes on.
    """
    request = draft.asking.request
    if not request.closes or (request.steps and not draft.deeds):
        return False
    unfound = all(step.effect in _UNFOUND for step in draft.done)
    return not request.steps or not unfound or request.dialect.closes_unfound


def game_of(draft: Draft, round_: Round | None) -> str:
    """Return the game that something is won in: the round's, where the request names none."""
    named = draft.asking.request.game
    return named if named or round_ is None else round_.game


def is_settled(booking: Booking, round_: Round | None) -> bool:
    """Say whether a booking was paid, or its round, which is this, ended by its provider."""
    return booking.settled or (round_ is not None and round_.closed_by is ClosedBy.PROVIDER)
