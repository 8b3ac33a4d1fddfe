"""Which pushes are taken, and which prices in them must be confirmed."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitboss.kernel.ids import SelectionId
from pitboss.sportsbook.catalog.model import Done, PriceChange, Refused
from pitboss.sportsbook.catalog.model import Refusal as CatalogRefusal
from pitboss.sportsbook.pricing import rules
from pitboss.sportsbook.pricing.model import (
    NotMeant,
    Numbered,
    PriceAnswer,
    Pushed,
    PushedPrice,
    PushRefused,
    Refusal,
    Source,
    is_far,
    read_answers,
    write_answers,
)

HALF = Fraction(1, 2)
LAST = Source(source="desk", sequence=7, digest="aa", answers="cs")
PRICES = st.fractions(min_value=Fraction(101, 100), max_value=1000, max_denominator=100)
ANSWERS: tuple[PriceAnswer, ...] = (
    Done(changed=True),
    Done(changed=False),
    NotMeant(),
    Refused(reason=CatalogRefusal.UNKNOWN_SELECTION),
    Refused(reason=CatalogRefusal.MARKET_CLOSED),
)


def price(text: str, *, of: str = "s", confirmed: bool = False) -> PushedPrice:
    """Return a price that is pushed."""
    change = PriceChange(selection_id=SelectionId(of), price=Fraction(text))
    return PushedPrice(change=change, confirmed=confirmed)


def not_meant(standing: str, *prices: PushedPrice) -> set[int]:
    """Return which of these prices are not taken while one stands."""
    return rules.find_not_meant({SelectionId("s"): Fraction(standing)}, prices, move_max=HALF)


@pytest.mark.parametrize(
    ("sequence", "digest", "answer"),
    [
        (8, "aa", None),
        (1_000, "bb", None),
        (7, "aa", Pushed(answers=(Done(changed=True), Done(changed=False)), repeated=True)),
        (7, "bb", PushRefused(reason=Refusal.PUSH_REUSED, sequence=7)),
        (6, "aa", PushRefused(reason=Refusal.PUSH_OVERTAKEN, sequence=7)),
        (1, "bb", PushRefused(reason=Refusal.PUSH_OVERTAKEN, sequence=7)),
    ],
)
def test_a_source_goes_forward_and_its_newest_push_is_answered_as_it_was(
    sequence: int, digest: str, answer: Pushed | PushRefused | None
) -> None:
    pushed = Numbered(source="desk", sequence=sequence, digest=digest)

    assert rules.decide_order(LAST, pushed) == answer
    assert rules.decide_order(None, pushed) is None


@pytest.mark.parametrize(
    ("standing", "pushed", "is_meant"),
    [
        ("2", "3", True),
        ("2", "3.01", False),
        ("3", "2", True),
        ("3", "1.99", False),
        ("2", "2", True),
        ("1.01", "1000000", False),
    ],
)
def test_a_move_beyond_the_limit_must_be_confirmed(
    standing: str, pushed: str, is_meant: bool
) -> None:
    assert not_meant(standing, price(pushed)) == (set() if is_meant else {0})
    assert not_meant(standing, price(pushed, confirmed=True)) == set()


def test_a_price_is_held_against_those_before_it_that_are_taken() -> None:
    steps = [price("2.9"), price("4.3"), price("1.1"), price("4.2")]

    assert not_meant("2", *steps) == {2}
    assert not_meant("2", price("9"), price("2.5")) == {0}


def test_what_nobody_knows_is_for_the_catalogue_to_refuse() -> None:
    assert not_meant("2", price("900", of="another")) == set()


@given(before=PRICES, after=PRICES, limit=st.fractions(min_value=0, max_value=9))
def test_a_move_is_as_far_there_as_it_is_back(
    before: Fraction, after: Fraction, limit: Fraction
) -> None:
    far = max(before, after) / min(before, after) - 1 > limit

    assert is_far(before, after, limit) == is_far(after, before, limit) == far


@given(answers=st.lists(st.sampled_from(ANSWERS), max_size=1_000).map(tuple))
def test_answers_are_read_as_they_were_written(answers: tuple[PriceAnswer, ...]) -> None:
    assert read_answers(write_answers(answers)) == answers
