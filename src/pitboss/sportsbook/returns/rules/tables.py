"""How the versioned tables of terms are read, and what they say of a race."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from fractions import Fraction

from pitboss.kernel.errors import Malformed
from pitboss.sportsbook.returns.model import (
    NOTHING,
    BetType,
    Bundle,
    EachWayBand,
    EachWayTable,
    PlaceTerms,
    Rule4Table,
)

# Tattersalls Committee, Rules on Betting, Rule 4(c): never more than 90p in the pound.
DEDUCTION_MAX = Fraction(9, 10)


def read_bet_types(text: str) -> Mapping[str, BetType]:
    """Read the named bets, by code; legs count from 1 in the file."""
    return {
        code: BetType(
            code=code,
            selections=entry["selections"],
            bundles=tuple(
                Bundle(
                    legs=tuple(leg - 1 for leg in bundle["legs"])
                    if "legs" in bundle
                    else tuple(range(entry["selections"])),
                    sizes=tuple(bundle["sizes"]),
                )
                for bundle in entry["bundles"]
            ),
        )
        for code, entry in tomllib.loads(text).items()
    }


def read_rule4(text: str) -> Mapping[str, Rule4Table]:
    """Read the tables of Rule 4, by version."""
    return {
        version: Rule4Table(
            version=version,
            source=entry["source"],
            bands=tuple(
                (1 + Fraction(upto) if "/" in upto else Fraction(upto), Fraction(pence, 100))
                for upto, pence in entry["bands"]
            ),
            waived_up_to=Fraction(entry.get("waived_up_to_pence", 0), 100),
        )
        for version, entry in tomllib.loads(text).items()
    }


def read_each_way(text: str) -> Mapping[str, EachWayTable]:
    """Read the tables of each-way terms, by version."""
    return {
        version: EachWayTable(
            version=version,
            source=entry["source"],
            bands=tuple(
                EachWayBand(
                    runners=band["runners"],
                    handicap=band.get("handicap"),
                    terms=PlaceTerms(places=band["places"], fraction=Fraction(band["fraction"])),
                )
                for band in entry["bands"]
            ),
        )
        for version, entry in tomllib.loads(text).items()
    }


def rule4(
    table: Rule4Table, withdrawn: Sequence[Fraction], *, announced: Sequence[Fraction] = ()
) -> Fraction:
    """Return what Rule 4 deducts from winnings for runners withdrawn at these decimal prices.

    Those whose deduction was announced count by that.  Several add up, to 9/10 at most.
    Source: Tattersalls Committee, Rule 4(c).

    Raises:
        Malformed: a price is not above 1.
    """
    if any(price <= 1 for price in withdrawn):
        raise Malformed("withdrawn", "a price is above 1")
    by_price = [_band(table, price) for price in withdrawn]
    deductions = sum((*by_price, *announced), start=NOTHING)
    return NOTHING if deductions <= table.waived_up_to else min(deductions, DEDUCTION_MAX)


def each_way(table: EachWayTable, runners: int, *, handicap: bool) -> PlaceTerms:
    """Return the place terms of a race with so many runners.

    Raises:
        Malformed: no race has so few.
    """
    fitting = [
        band.terms
        for band in table.bands
        if band.runners <= runners and band.handicap in (None, handicap)
    ]
    if not fitting:
        raise Malformed("runners", f"there are no terms for {runners} runners")
    return fitting[-1]


def _band(table: Rule4Table, price: Fraction) -> Fraction:
    return next((deduction for upto, deduction in table.bands if price <= upto), NOTHING)
