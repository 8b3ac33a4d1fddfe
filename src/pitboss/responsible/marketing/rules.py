"""Whether a consent counts.  Pure."""

from __future__ import annotations

from pitboss.responsible.exclusion.model import Exclusion, Kind
from pitboss.responsible.marketing.model import Change, Consent, Refusal


def counts(consent: Consent, exclusions: int) -> bool:
    """Say whether somebody may be written to, as far as the consent goes.

    Any exclusion or time-out since it was given takes it back, and its end does not bring it back:
    the player has to give it anew.  Counted and not timed, so that no clock can be wrong.

    Args:
        consent: what the player last said of the channel.
        exclusions: how many exclusions and time-outs the player has taken by now.

    Source: LCCP SR 3.5.3, 3.5.8 (marketing stops); AGCO 2.14; N.J.S.A. 5:12-95.25; SE-07.
    """
    return consent.given and consent.heeded == exclusions


def refusal_to_change(change: Change, kept_away: Exclusion | None) -> Refusal | None:
    """Return why a consent is not taken; withdrawing one is always possible."""
    if kept_away is None or not change.given:
        return None
    if kept_away.kind is Kind.TIME_OUT:
        return Refusal.PLAYER_ON_TIME_OUT
    return Refusal.PLAYER_EXCLUDED
