"""Which prices a player takes, and which slips are the same: decided without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from msgspec import structs

from pitboss import jurisdictions
from pitboss.jurisdictions.model import InPlayKind
from pitboss.kernel.ids import BetId, EventId, MarketId, PlayerId, SelectionId
from pitboss.kernel.price import parse_price
from pitboss.sportsbook.betting.model import (
    BOOK_MIN,
    DUPLICATE_WINDOW,
    IN_PLAY_DELAY_SECONDS_MIN,
    IN_PLAY_PRICE_AGE_MAX,
    Lines,
    PlaceBet,
    PricePolicy,
    Refusal,
    Shape,
    SlipLeg,
    likeness,
)
from pitboss.sportsbook.betting.rules import (
    Recent,
    delay_of,
    refusal_after_delay,
    refusal_of,
    see,
    share_a_competition,
)
from pitboss.sportsbook.catalog.model import EventStatus, Offer

NOW = datetime(2026, 8, 1, tzinfo=UTC)
DEMO = jurisdictions.get("demo").sportsbook
ANN, BET = PlayerId("ann"), BetId("bet")
ONE, TWO, THREE = (SelectionId(name) for name in ("one", "two", "three"))
NONE, BETTER, ANY = PricePolicy
MOMENT = timedelta(milliseconds=1)


@pytest.mark.parametrize(
    ("policy", "current", "taken"),
    [
        (NONE, "5/2", False),
        (BETTER, "5/2", True),
        (BETTER, "2501/1000", True),
        (BETTER, "2499/1000", False),
        (ANY, "101/100", True),
    ],
)
def test_another_tick_is_taken_as_the_policy_says(
    policy: PricePolicy, current: str, *, taken: bool
) -> None:
    leg = SlipLeg(selection_id=ONE, tick=3, price="5/2")

    assert leg.takes(parse_price(current), 4, policy) is taken
    assert leg.takes(Fraction(2), 3, policy)


def test_nothing_is_better_than_a_price_that_was_not_said() -> None:
    assert not SlipLeg(selection_id=ONE, tick=3).takes(Fraction(1000), 4, BETTER)


def test_the_order_of_legs_makes_another_slip_only_under_lines() -> None:
    lines = Shape(lines=(Lines(bankers=(0,), legs=(1, 2), sizes=(1,)),))

    assert likeness(ANN, "EUR", 5, [ONE, TWO, THREE], None) == likeness(
        ANN, "EUR", 5, [THREE, ONE, TWO], None
    )
    assert likeness(ANN, "EUR", 5, [ONE, TWO, THREE], lines) != likeness(
        ANN, "EUR", 5, [TWO, ONE, THREE], lines
    )
    assert likeness(ANN, "EUR", 5, [ONE, TWO, THREE], None) != likeness(
        ANN, "EUR", 5, [ONE, TWO, THREE], lines
    )


def test_a_slip_is_recent_until_the_window_is_over_on_either_side() -> None:
    key = likeness(ANN, "EUR", 5, [ONE], None)
    recent = Recent()
    recent.note(key, NOW)

    assert recent.has(key, NOW + DUPLICATE_WINDOW - MOMENT)
    assert recent.has(key, NOW - DUPLICATE_WINDOW + MOMENT)
    assert not recent.has(key, NOW + DUPLICATE_WINDOW)
    assert not recent.has(likeness(ANN, "EUR", 6, [ONE], None), NOW)


def test_what_is_too_old_is_forgotten_so_that_memory_stays_bounded() -> None:
    recent = Recent()
    for number in range(1_000):
        recent.note(likeness(ANN, "EUR", number, [ONE], None), NOW + number * DUPLICATE_WINDOW / 10)

    assert len(recent) == 10


def test_a_slip_that_is_taken_once_more_is_as_young_as_its_youngest() -> None:
    key = likeness(ANN, "EUR", 5, [ONE], None)
    recent = Recent()
    recent.note(key, NOW)
    recent.note(key, NOW + DUPLICATE_WINDOW / 2)
    recent.note(likeness(ANN, "EUR", 6, [ONE], None), NOW + DUPLICATE_WINDOW)

    assert recent.has(key, NOW + DUPLICATE_WINDOW)


def offer(name: str = "one", /, **said: Any) -> Offer:
    """Return a selection that can be bet on before play, but for what is said of it."""
    plain: dict[str, Any] = {
        "selection_id": SelectionId(name),
        "market_id": MarketId(f"market of {name}"),
        "event_id": EventId(f"event of {name}"),
        "price": Fraction(2),
        "price_text": "2/1",
        "tick": 1,
        "market_open": True,
        "starts_at": NOW + timedelta(hours=1),
        "priced_at": NOW,
        "sport": "football",
        "competition": "Cup",
        "kind": "1x2",
    }
    return Offer(**(plain | said))


LIVE: dict[str, Any] = {
    "in_play": True,
    "event_status": EventStatus.LIVE,
    "starts_at": NOW - timedelta(hours=1),
}


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        ({}, None),
        ({"starts_at": NOW}, Refusal.EVENT_STARTED),
        ({"starts_at": NOW + MOMENT}, None),
        # It has begun, whenever it was to begin.
        ({"event_status": EventStatus.LIVE, "market_open": False}, Refusal.EVENT_STARTED),
        ({"event_status": EventStatus.ENDED}, Refusal.EVENT_STARTED),
        ({"market_open": False}, Refusal.MARKET_NOT_OPEN),
        ({"market_open": False, "producer_up": False}, Refusal.PRODUCER_DOWN),
        ({"book": BOOK_MIN}, None),
        ({"book": BOOK_MIN - Fraction(1, 10**9)}, Refusal.PALPABLE_ERROR),
        ({"book": Fraction(3)}, None),
        # Before play a price may be as old as it is.
        ({"priced_at": NOW - timedelta(days=30)}, None),
        (LIVE, None),
        (LIVE | {"market_open": False}, Refusal.MARKET_NOT_OPEN),
        (LIVE | {"priced_at": NOW - IN_PLAY_PRICE_AGE_MAX}, None),
        (LIVE | {"priced_at": NOW - IN_PLAY_PRICE_AGE_MAX - MOMENT}, Refusal.PRICE_STALE),
    ],
)
def test_a_selection_is_refused_for_the_first_thing_that_is_wrong(
    said: dict[str, Any], refusal: Refusal | None
) -> None:
    assert refusal_of(offer(**said), DEMO, NOW) is refusal


def test_a_licence_that_forbids_play_in_play_is_heeded() -> None:
    forbids = structs.replace(DEMO, in_play_allowed=False, in_play_kinds=())

    assert refusal_of(offer(**LIVE), forbids, NOW) is Refusal.IN_PLAY_NOT_OFFERED
    assert refusal_of(offer(), forbids, NOW) is None


def test_a_licence_that_names_kinds_lets_those_be_offered_in_play_and_no_other() -> None:
    names = structs.replace(DEMO, in_play_kinds=(InPlayKind.MATCH_RESULT,))

    assert refusal_of(offer(**LIVE | {"kind": "1x2"}), names, NOW) is None
    other = refusal_of(offer(**LIVE | {"kind": "correct_score"}), names, NOW)
    assert other is Refusal.IN_PLAY_NOT_OFFERED
    assert refusal_of(offer(**LIVE | {"kind": "correct_score"}), DEMO, NOW) is None


def test_the_longest_delay_of_the_legs_in_play_counts() -> None:
    offers = {
        item.selection_id: item
        for item in (
            offer("one", bet_delay_seconds=30),
            offer("two", bet_delay_seconds=4, **LIVE),
            offer("three", bet_delay_seconds=7, **LIVE),
            offer("none", bet_delay_seconds=0, **LIVE),
        )
    }

    def delay(*names: str) -> int:
        legs = tuple(SlipLeg(selection_id=SelectionId(name), tick=1) for name in names)
        command = PlaceBet(bet_id=BET, player_id=ANN, currency="EUR", stake_micros=1, legs=legs)
        return delay_of(command, offers) // timedelta(seconds=1)

    # Of a leg before play, whatever its event will have.
    assert delay("one") == 0
    assert delay("one", "two") == 4
    assert delay("three", "two") == 7
    assert delay("none") == IN_PLAY_DELAY_SECONDS_MIN


@pytest.mark.parametrize(
    ("later", "refusal"),
    [
        ({}, None),
        ({"tick": 2}, None),
        ({"status_no": 8}, Refusal.MARKET_INTERRUPTED),
        ({"live_no": 4}, Refusal.SCORE_CHANGED),
        ({"live_no": 4, "status_no": 8}, Refusal.SCORE_CHANGED),
    ],
)
def test_only_what_happened_meanwhile_refuses_a_delayed_bet(
    later: dict[str, Any], refusal: Refusal | None
) -> None:
    before = offer(status_no=7, live_no=3, **LIVE)
    command = PlaceBet(
        bet_id=BET,
        player_id=ANN,
        currency="EUR",
        stake_micros=1,
        legs=(SlipLeg(selection_id=ONE, tick=1),),
    )
    seen = see(command, {ONE: before})

    after = offer(**({"status_no": 7, "live_no": 3} | LIVE | later))

    assert refusal_after_delay(seen, {ONE: after}) is refusal
    assert refusal_after_delay(seen, {}) is Refusal.UNKNOWN_SELECTION


WINNER: dict[str, Any] = {"kind": "outright_winner"}


@pytest.mark.parametrize(
    ("offers", "lines", "related"),
    [
        ([offer("a"), offer("b")], (), False),
        ([offer("a", **WINNER), offer("b")], (), True),
        ([offer("a"), offer("b", **WINNER)], (), True),
        ([offer("a", **WINNER), offer("b", competition="League")], (), False),
        ([offer("a", **WINNER), offer("b", sport="tennis")], (), False),
        ([offer("a", **WINNER), offer("b", kind="top_scorer")], (), True),
        # As singles they are never in one line.
        ([offer("a", **WINNER), offer("b")], (Lines(legs=(0, 1), sizes=(1,)),), False),
        ([offer("a", **WINNER), offer("b")], (Lines(legs=(1,), bankers=(0,), sizes=(1,)),), True),
    ],
)
def test_what_a_competition_comes_to_is_in_no_line_with_its_events(
    offers: list[Offer], lines: tuple[Lines, ...], *, related: bool
) -> None:
    assert share_a_competition(offers, lines) is related
