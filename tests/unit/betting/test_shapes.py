"""Which legs may be together in one bet, and what a bet of several lines may return."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

import pytest
from msgspec import structs

from pitboss import jurisdictions
from pitboss.kernel.ids import BetId, EventId, MarketId, PlayerId, SelectionId
from pitboss.sportsbook.betting.model import Leg, Lines, PlaceBet, Refusal, Shape, SlipLeg
from pitboss.sportsbook.betting.rules import are_related, judge
from pitboss.sportsbook.catalog.model import Offer

UNIT = 1_000_000
NOW = datetime(2026, 8, 1, tzinfo=UTC)
A, B, C = (EventId(name) for name in "ABC")
TRIXIE = Shape(lines=(Lines(legs=(0, 1, 2), sizes=(2, 3)),))


@pytest.mark.parametrize(
    ("events", "lines", "related"),
    [
        ((A, B), (), False),
        ((A, A), (), True),
        ((A, A), (Lines(legs=(0, 1), sizes=(1,)),), False),
        ((A, A), (Lines(legs=(0, 1), sizes=(1, 2)),), True),
        ((A, B, A), (Lines(legs=(0, 1), sizes=(2,)), Lines(legs=(1, 2), sizes=(2,))), False),
        ((A, B, A), (Lines(legs=(0, 1, 2), sizes=(2,)),), True),
        # A banker is together with every other leg, and with every other banker.
        ((A, A, B), (Lines(legs=(1, 2), sizes=(1,), bankers=(0,)),), True),
        ((A, A, B), (Lines(legs=(2,), sizes=(0, 1), bankers=(0, 1)),), True),
        ((A, B, B), (Lines(legs=(1, 2), sizes=(1,), bankers=(0,)),), False),
        ((A, B, B), (Lines(legs=(1, 2), sizes=(0,), bankers=(0,)),), False),
        ((A, A, B), (Lines(legs=(1, 2), sizes=(0,), bankers=(0,)),), False),
    ],
)
def test_legs_are_related_if_a_line_names_their_event_twice(
    events: tuple[EventId, ...], lines: tuple[Lines, ...], related: bool
) -> None:
    assert are_related(events, lines) is related


def asked(
    shape: Shape | None, *events: EventId, units: int = 4, returns_units_max: int = 1_000
) -> tuple[Leg, ...] | Refusal:
    """Judge a bet on a selection at 10.00 of each of these events."""
    offers = {
        SelectionId(f"selection {place}"): Offer(
            selection_id=SelectionId(f"selection {place}"),
            market_id=MarketId(f"market {place}"),
            event_id=event,
            price=Fraction(10),
            price_text="10/1",
            tick=1,
            market_open=True,
            starts_at=datetime(2026, 8, 2, tzinfo=UTC),
        )
        for place, event in enumerate(events)
    }
    command = PlaceBet(
        bet_id=BetId("bet"),
        player_id=PlayerId("player"),
        currency="EUR",
        stake_micros=units * UNIT,
        legs=tuple(SlipLeg(selection_id=selection, tick=1) for selection in offers),
        shape=shape,
    )
    return judge(
        command,
        offers,
        minor_unit_micros=10_000,
        licence=structs.replace(
            jurisdictions.get("demo").sportsbook, returns_micros_max=returns_units_max * UNIT
        ),
        now=NOW,
    )


def test_all_lines_together_may_return_what_the_licence_allows() -> None:
    # Three doubles of 100 and a treble of 1,000.
    assert asked(TRIXIE, A, B, C, returns_units_max=1_299) is Refusal.RETURNS_TOO_LARGE
    assert isinstance(asked(TRIXIE, A, B, C, returns_units_max=1_300), tuple)
    assert asked(TRIXIE, A, B, C, units=8, returns_units_max=1_300) is Refusal.RETURNS_TOO_LARGE


def test_a_system_names_an_event_once_in_each_line() -> None:
    singles = Shape(lines=(Lines(legs=(0, 1), sizes=(1,)),))

    assert asked(TRIXIE, A, A, B) is Refusal.RELATED_LEGS
    assert isinstance(asked(singles, A, A), tuple)


@pytest.mark.parametrize(
    "lines",
    [
        Lines(legs=(0, 1, 2), sizes=(2,)),
        Lines(legs=(0,), sizes=(1,)),
        Lines(legs=(0, 0), sizes=(1,)),
        Lines(legs=(0, 1), sizes=()),
        Lines(legs=(0, 1), sizes=(3,)),
        Lines(legs=(-1, 0, 1), sizes=(1,)),
    ],
)
def test_lines_that_do_not_fit_the_legs_are_refused_and_break_nothing(lines: Lines) -> None:
    assert asked(Shape(lines=(lines,)), A, B) is Refusal.UNREADABLE
