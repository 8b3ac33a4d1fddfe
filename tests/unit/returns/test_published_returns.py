"""What others have published is what we pay; where it is not, the document says so."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import pytest

from pitboss.kernel.errors import Malformed
from pitboss.kernel.odds import OddsFormat, read_odds, risk_of, write_odds
from pitboss.sportsbook import returns
from unit.returns import published

pytestmark = pytest.mark.skipif(
    not published.DATA.exists(), reason="the published vectors are not at ../shared/data"
)
DOCUMENT = Path(__file__).parents[3] / "docs" / "settlement.md"
QUOTED = (OddsFormat.DECIMAL, OddsFormat.FRACTIONAL, OddsFormat.AMERICAN)


def test_the_document_lists_exactly_what_differs() -> None:
    listed = set(re.findall(r"^\| `([\w\[\]]+)` \|", DOCUMENT.read_text(), re.MULTILINE))

    assert published.deviating() == listed


def test_no_published_case_hides_behind_the_name_of_another() -> None:
    names = [name for name, _ in published.cases()]

    assert len(names) == len(set(names))
    assert len(names) > 700


def test_every_format_says_the_published_price() -> None:
    for row in published.load("odds_formats.json")["vectors"]:
        if "format" in row:
            form = OddsFormat(row["format"])
            risk = risk_of(row["odds"], form)
            assert risk == Fraction(row["risk"])
            assert risk * read_odds(row["odds"], form) == Fraction(row["payout"])
            continue
        prices = {read_odds(row[form], form) for form in QUOTED}
        assert len(prices) == 1
        price = prices.pop()
        assert write_odds(price, OddsFormat.AMERICAN) == row["american"]
        assert write_odds(price, OddsFormat.FRACTIONAL) == row["fractional"]


def test_what_is_published_as_no_odds_is_refused_in_every_format() -> None:
    for text in published.load("odds_formats.json")["invalid"]:
        for form in QUOTED:
            with pytest.raises(Malformed):
                read_odds(text, form)


def test_the_decimal_tables_of_rule_4_are_the_published_ones() -> None:
    tables = published.load("rule4_tables.json")
    for band in tables["decimal_bands_unibet"]:
        for end in ("min", "max"):
            if band[end] is not None:
                assert deducted("decimal_unibet.v1", band[end]) == Fraction(band["pence"], 100)
    for band in tables["decimal_upper_bounds_monkeytilt"]:
        assert deducted("decimal_monkeytilt.v1", band["le"]) == Fraction(band["pct"], 100)


def deducted(version: str, price: str) -> Fraction:
    """Return what a table takes for one runner withdrawn at this decimal price."""
    return returns.rule4_deduction(version, [Fraction(price)])
