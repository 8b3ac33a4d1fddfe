"""Rules of the catalogue: lines that settle, ids that are nobody else's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import EventId, MarketId, SelectionId, derived_id
from pitboss.sportsbook.catalog import rules
from pitboss.sportsbook.catalog.model import (
    MarketKind,
    NewEvent,
    NewMarket,
    NewSelection,
    parse_line,
    write_line,
)

RESULT, TOTAL, HANDICAP = (
    MarketKind.MATCH_RESULT,
    MarketKind.TOTAL_GOALS,
    MarketKind.ASIAN_HANDICAP,
)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("2.5", Fraction(5, 2)),
        ("-0.75", Fraction(-3, 4)),
        ("+1.25", Fraction(5, 4)),
        ("-3/4", Fraction(-3, 4)),
        ("0", Fraction(0)),
        ("1000", Fraction(1000)),
    ],
)
def test_a_line_is_a_whole_number_of_quarters(text: str, line: Fraction) -> None:
    assert parse_line(text, HANDICAP) == line
    assert parse_line(write_line(line), HANDICAP) == line


@pytest.mark.parametrize(
    "text",
    ["", "0.3", "1/3", "1/0", "1000.25", "1e3", "1e99999999", "2,5", " 2.5", "2.5 ", "nan", "½"],
)
def test_what_is_not_a_line_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        parse_line(text, TOTAL)


def test_a_market_has_a_line_or_has_none_by_its_kind() -> None:
    assert parse_line(None, RESULT) is None
    assert write_line(None) is None
    for text, kind in (("2.5", RESULT), (None, TOTAL), (None, HANDICAP)):
        with pytest.raises(Malformed):
            parse_line(text, kind)


@pytest.mark.parametrize("twin", ["market", "selection", "selection of another market"])
def test_an_id_names_one_market_or_selection(twin: str) -> None:
    event = an_event()
    first, second = event.markets
    if twin == "market":
        second = replace(second, id=first.id)
    elif twin == "selection":
        one, other = second.selections
        second = replace(second, selections=(one, replace(other, id=one.id)))
    else:
        one, other = second.selections
        second = replace(second, selections=(one, replace(other, id=first.selections[0].id)))

    rules.check_event(event, field="events[0]")
    with pytest.raises(Malformed, match=r"events\[0\].markets\[1\]"):
        rules.check_event(replace(event, markets=(first, second)), field="events[0]")


def an_event() -> NewEvent:
    """Return an event with two markets."""
    return NewEvent(
        id=EventId(derived_id("event")),
        sport="football",
        competition="League",
        home="Home",
        away="Away",
        starts_at=datetime(2026, 8, 15, tzinfo=UTC),
        markets=tuple(
            NewMarket(
                id=MarketId(derived_id("market", kind)),
                kind=kind,
                line=Fraction(5, 2) if kind.has_line else None,
                selections=tuple(
                    NewSelection(
                        id=SelectionId(derived_id("selection", kind, code)),
                        code=code,
                        price=Fraction(2),
                    )
                    for code in kind.codes
                ),
            )
            for kind in (RESULT, TOTAL)
        ),
    )
