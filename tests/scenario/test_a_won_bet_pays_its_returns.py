"""A won bet pays its returns, a lost one its stake to the house, and both are told to the cent."""

from __future__ import annotations

import pytest

from scenario.hands import House


async def test_a_won_single_pays_stake_times_price(house: House) -> None:
    event = await house.open_event("2.375", "3.2", "2.9")
    player = await house.player(amount="50.00")
    bet = await player.accepted("10.00", event.selection("home"))

    held = await player.money()
    await house.result(event, 2, 1)
    settled = await player.until(bet, state="settled")

    assert held == ("50.00", "10.00")
    assert settled["returns"] == "23.75"
    assert settled["legs"][0]["price"] == "19/8"
    assert await player.money() == ("63.75", "0.00")
    assert await player.movements() == ["50.00", "-10.00", "23.75"]


async def test_a_lost_single_pays_nothing(house: House) -> None:
    event = await house.open_event("2.375", "3.2", "2.9")
    player = await house.player(amount="50.00")
    bet = await player.accepted("10.00", event.selection("draw"))

    await house.result(event, 2, 1)
    settled = await player.until(bet, state="settled")

    assert settled["returns"] == "0.00"
    assert await player.money() == ("40.00", "0.00")


async def test_an_accumulator_pays_the_product_of_its_prices_rounded_down_once(
    house: House,
) -> None:
    events = [await house.open_event("1.33", "3.2", "2.9") for _ in range(3)]
    player = await house.player(amount="50.00")
    bet = await player.accepted("7.77", *(event.selection("home") for event in events))

    for event in events:
        await house.result(event, 1, 0)
    settled = await player.until(bet, state="settled")

    # 7.77 × 1.33³ = 18.28 and 0.34 of a cent.
    assert settled["returns"] == "18.27"
    assert await player.money() == ("60.50", "0.00")


@pytest.mark.parametrize(
    ("line", "score", "returns"),
    [
        ("-0.25", (0, 0), "5.00"),  # half lost
        ("-0.75", (1, 0), "15.00"),  # half won
        ("-1", (1, 0), "10.00"),  # the stake back
        ("0.5", (0, 0), "20.00"),
        ("-1.25", (1, 0), "5.00"),
    ],
)
async def test_a_quarter_line_wins_or_loses_by_halves(
    house: House, line: str, score: tuple[int, int], returns: str
) -> None:
    event = await house.open_event("2", "1.9", kind="asian_handicap", line=line)
    player = await house.player(amount="10.00")
    bet = await player.accepted("10.00", event.selection("home"))

    await house.result(event, *score)

    settled = await player.until(bet, state="voided" if returns == "10.00" else "settled")
    assert settled["returns"] == returns
    assert await player.money() == (returns, "0.00")


async def test_an_abandoned_event_gives_the_stake_back(house: House) -> None:
    event = await house.open_event("2.375", "3.2", "2.9")
    player = await house.player(amount="50.00")
    bet = await player.accepted("10.00", event.selection("home"))

    await house.abandon(event)
    voided = await player.until(bet, state="voided")

    assert voided["returns"] == "10.00"
    assert await player.money() == ("50.00", "0.00")
    assert await player.movements() == ["50.00"]


async def test_a_void_leg_is_left_out_of_an_accumulator(house: House) -> None:
    played, abandoned = [await house.open_event("2.5", "3.2", "2.9") for _ in range(2)]
    player = await house.player(amount="50.00")
    bet = await player.accepted("10.00", played.selection("home"), abandoned.selection("home"))

    await house.abandon(abandoned)
    await house.result(played, 3, 0)
    settled = await player.until(bet, state="settled")

    assert settled["returns"] == "25.00"
