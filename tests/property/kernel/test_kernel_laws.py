"""Laws of the words that every room uses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pitboss.kernel.entropy import SeededEntropy
from pitboss.kernel.errors import InvariantBroken, Malformed
from pitboss.kernel.ids import PlayerId, derived_id, new_id, parse_id
from pitboss.kernel.instants import parse_instant, write_instant
from pitboss.kernel.money import (
    AMOUNT_MICROS_MAX,
    Money,
    Rounding,
    currency,
    format_micros,
    parse_micros,
    round_micros,
    round_ratio,
)
from pitboss.kernel.price import PRICE_MAX, parse_price, ratio_of, show_price, write_price
from pitboss.kernel.shards import PARTITIONS_ALL, PLAYER_SHARDS, partition_of, shard_of, shards_of

currencies = st.sampled_from(["GBP", "JPY", "KWD", "EUR"]).map(currency)
micros = st.integers(-AMOUNT_MICROS_MAX, AMOUNT_MICROS_MAX)
roundings = st.sampled_from(Rounding)
units = st.sampled_from([1, 1_000, 10_000, 1_000_000])
amounts = st.fractions(min_value=0, max_value=10**15)
instants = st.datetimes(
    datetime(1970, 1, 1),  # noqa: DTZ001 - Hypothesis wants naive bounds and adds the zone
    datetime(2500, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
zones = st.builds(timezone, st.builds(timedelta, minutes=st.integers(-1_439, 1_439)))
# The text of a price has at most 24 characters.
prices = st.builds(Fraction, st.integers(2, 10**11), st.integers(1, 10**11)).filter(
    lambda price: 1 < price <= PRICE_MAX
)


@given(st.integers(0, AMOUNT_MICROS_MAX), currencies.map(lambda unit: unit.code))
def test_a_whole_amount_is_read_as_it_was_written(amount: int, code: str) -> None:
    unit = currency(code)
    whole = amount - amount % unit.minor_unit_micros

    assert parse_micros(format_micros(whole, unit), unit, field="stake") == whole


@given(micros, currencies.map(lambda unit: unit.code))
def test_an_amount_is_written_exactly(amount: int, code: str) -> None:
    assert Fraction(format_micros(amount, currency(code))) * 1_000_000 == amount


@given(st.text() | st.text("0123456789.-+eE_ ", max_size=20))
def test_an_amount_is_read_or_malformed_and_nothing_else(text: str) -> None:
    try:
        read = parse_micros(text, currency("GBP"), field="stake")
    except Malformed:
        return

    assert 0 <= read <= AMOUNT_MICROS_MAX
    assert Fraction(text) * 1_000_000 == read


@given(amounts, units, roundings)
def test_rounding_gives_the_nearest_whole_unit_its_rule_allows(
    exact: Fraction, unit: int, rounding: Rounding
) -> None:
    rounded = round_micros(exact, unit, rounding)

    error = rounded - exact
    assert rounded % unit == 0
    match rounding:
        case Rounding.DOWN_V1:
            assert -unit < error <= 0
        case Rounding.HALF_UP_V1:
            assert -unit < 2 * error <= unit
        case Rounding.HALF_EVEN_V1:
            assert 2 * abs(error) < unit or rounded // unit % 2 == 0
            assert 2 * abs(error) <= unit


@given(st.integers(0, 10**9), units, roundings, st.integers(1, 10**6))
def test_halves_are_where_the_rules_part(
    halves: int, unit: int, rounding: Rounding, scale: int
) -> None:
    exact = Fraction(halves * unit, 2)

    rounded = round_ratio(exact.numerator * scale, exact.denominator * scale, unit, rounding)

    below, odd = divmod(halves, 2)
    up = {Rounding.DOWN_V1: 0, Rounding.HALF_UP_V1: 1, Rounding.HALF_EVEN_V1: below % 2}[rounding]
    assert rounded == (below + odd * up) * unit


@given(amounts, amounts, units, roundings)
def test_rounding_keeps_the_order_of_amounts(
    one: Fraction, other: Fraction, unit: int, rounding: Rounding
) -> None:
    low, high = sorted((one, other))

    assert round_micros(low, unit, rounding) <= round_micros(high, unit, rounding)


@given(st.integers(0, 10**12), units, roundings)
def test_a_whole_unit_is_not_rounded(count: int, unit: int, rounding: Rounding) -> None:
    assert round_micros(Fraction(count * unit), unit, rounding) == count * unit


@given(micros, micros, micros)
def test_money_adds_as_whole_numbers_do(one: int, two: int, three: int) -> None:
    pounds = currency("GBP")
    a, b, c = (Money(micros=amount, currency=pounds) for amount in (one, two, three))

    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert (a - b) + b == a
    assert a + -a == Money(micros=0, currency=pounds)
    assert (a < b) is (one < two)


@given(micros, micros, st.sampled_from(["+", "-", "<"]))
def test_amounts_of_different_currencies_never_meet(one: int, other: int, sign: str) -> None:
    pounds = Money(micros=one, currency=currency("GBP"))
    euros = Money(micros=other, currency=currency("EUR"))
    meet = {"+": Money.__add__, "-": Money.__sub__, "<": Money.__lt__}[sign]

    with pytest.raises(InvariantBroken, match="never meet"):
        meet(pounds, euros)

    assert pounds != euros


@given(prices)
def test_a_price_is_read_as_it_was_written(price: Fraction) -> None:
    assert parse_price(write_price(price)) == price


@given(st.integers(1_001, 10**9))
def test_a_price_of_three_decimals_is_shown_whole(thousandths: int) -> None:
    price = Fraction(thousandths, 1_000)

    assert parse_price(show_price(price)) == price


@given(st.text(max_size=40) | st.text("0123456789./-+eE_ ", max_size=26))
def test_a_price_is_read_or_malformed_and_nothing_else(text: str) -> None:
    try:
        price = parse_price(text)
    except Malformed:
        return

    assert price == Fraction(text)
    assert 1 < price <= PRICE_MAX


@given(instants, instants, st.integers())
def test_ids_sort_by_the_millisecond_they_were_made_in(
    one: datetime, other: datetime, seed: int
) -> None:
    entropy = SeededEntropy(seed)
    early, late = sorted((one, other))
    assume(late - early >= timedelta(milliseconds=1))

    assert new_id(early, entropy) < new_id(late, entropy)


@given(instants, st.integers())
def test_an_id_is_canonical_and_tells_its_millisecond(now: datetime, seed: int) -> None:
    made = new_id(now, SeededEntropy(seed))

    assert str(UUID(made)) == parse_id(made, field="id") == made
    millis = (now - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert UUID(made).int >> 80 == millis


@given(st.text())
def test_an_id_is_taken_only_as_it_would_be_written(text: str) -> None:
    with pytest.raises(Malformed):
        parse_id(text, field="id")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))))
def test_a_derived_id_is_canonical_and_always_the_same(parts: list[str]) -> None:
    made = derived_id(*parts)

    assert str(UUID(parse_id(made, field="id"))) == made
    assert derived_id.__wrapped__(*parts) == made


@given(st.datetimes(timezones=zones))
def test_an_instant_is_read_as_it_was_written(instant: datetime) -> None:
    assume(datetime(2, 1, 1, tzinfo=UTC) < instant < datetime(9999, 1, 1, tzinfo=UTC))

    assert parse_instant(write_instant(instant), field="at") == instant


@given(st.lists(instants, min_size=2, max_size=10))
def test_written_instants_sort_as_the_instants_do(moments: list[datetime]) -> None:
    written = sorted(write_instant(moment) for moment in moments)

    assert written == [write_instant(moment) for moment in sorted(moments)]


@given(st.text(max_size=40) | st.datetimes().map(datetime.isoformat))
def test_an_instant_is_read_or_malformed_and_nothing_else(text: str) -> None:
    try:
        instant = parse_instant(text, field="at")
    except Malformed:
        return

    assert instant.tzinfo is UTC


@given(st.uuids().map(str).map(PlayerId))
def test_a_player_has_one_lane_in_one_partition(player_id: PlayerId) -> None:
    shard = shard_of(player_id)

    assert 0 <= shard < PLAYER_SHARDS
    assert [partition for partition in PARTITIONS_ALL if shard in shards_of(partition)] == [
        partition_of(shard)
    ]


@given(st.integers() | st.text(), st.lists(st.integers(0, 200), max_size=10))
def test_a_seed_repeats_itself(seed: int | str, counts: list[int]) -> None:
    one, other = SeededEntropy(seed), SeededEntropy(seed)

    drawn = [one.random_bytes(count) for count in counts]

    assert drawn == [other.random_bytes(count) for count in counts]
    assert [len(raw) for raw in drawn] == counts


@given(
    st.from_regex(r"[0-9]{1,12}[.][0-9]{1,22}", fullmatch=True)
    | st.from_regex(r"[0-9]{1,24}/[1-9][0-9]{0,23}", fullmatch=True)
)
def test_whatever_is_read_as_a_price_can_be_read_as_it_is_written(text: str) -> None:
    try:
        price = parse_price(text)
    except Malformed:
        return
    assert parse_price(write_price(price)) == price
    assert Fraction(*ratio_of(write_price(price))) == price
