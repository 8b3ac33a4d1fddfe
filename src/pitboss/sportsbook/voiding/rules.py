"""Which open bets an exclusion makes void.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from pitboss.jurisdictions.model import OpenBets
from pitboss.kernel.ids import EventId
from pitboss.sportsbook.betting.model import Leg


def is_void(
    legs: Sequence[Leg],
    starts: Mapping[EventId, datetime],
    rule: OpenBets,
    *,
    excluded_at: datetime,
) -> bool:
    """Say whether an open bet is void because its player was excluded at that moment.

    Where bets are void whose event has not begun, one leg that has begun lets the whole bet stand:
    no leg of it can be taken out without making it another bet than the one that was struck.  An
    event of which nobody knows when it is still to start has begun.

    Args:
        legs: those of the bet.
        starts: when the events of these legs start that are not known to have begun already,
            before their time.
        rule: what the licence says of open bets.
        excluded_at: when the exclusion was recorded; what begins at that moment has begun.

    Source: AGCO Registrar's Standards for Internet Gaming, 2.14, 3.01(2) (refund if the event has
    not begun); the licence's `exclusion.open_bets`.
    """
    match rule:
        case OpenBets.LET_STAND:
            return False
        case OpenBets.VOID_ALL:
            return True
        case OpenBets.VOID_IF_NOT_STARTED:
            return all(
                (starts_at := starts.get(leg.event_id)) is not None and excluded_at < starts_at
                for leg in legs
            )
