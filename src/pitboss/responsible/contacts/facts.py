"""What contacts publish.  Source: the licence's `limits.contact_above`; RTS 12E (GB)."""

from __future__ import annotations

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import PlayerId


class ContactDue(Fact, frozen=True, kw_only=True, tag="contact.due"):
    """A player is above an amount that makes the operator get in touch; staff has a case of it.

    `when`: so much was used, or set as a limit.  `above` is the licence's amount, `reached` the
    player's, in micros, or in minutes of play; None: there shall be no such limit at all.
    """

    player_id: PlayerId
    kind: str
    when: str
    above: int
    period: str | None = None
    reached: int | None = None


class LimitsReviewed(Fact, frozen=True, kw_only=True, tag="limits.reviewed"):
    """A player has looked at the account and its limits again, as the licence wants them asked."""

    player_id: PlayerId


# Every type of this room, for who reads facts.
FACTS = (ContactDue, LimitsReviewed)
