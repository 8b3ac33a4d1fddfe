"""What is looked up for every bet and never changes while a process lives."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from pitboss import jurisdictions
from pitboss.gate.model import Answer as GateAnswer
from pitboss.gate.model import Permit
from pitboss.jurisdictions.model import SportsbookRules
from pitboss.kernel.money import currency


@cache
def minor_unit(code: str) -> int:
    """Return the micros of one minor unit of a currency."""
    return currency(code).minor_unit_micros


def licences_of(permits: Sequence[GateAnswer]) -> list[SportsbookRules | None]:
    """Return what the licences of those say of bets whom the gate permits them."""
    return [
        allowed(permit.jurisdiction) if isinstance(permit, Permit) else None for permit in permits
    ]


@cache
def allowed(jurisdiction: str) -> SportsbookRules:
    """Return what the licence says of bets; licences are files of this package."""
    return jurisdictions.get(jurisdiction).sportsbook
