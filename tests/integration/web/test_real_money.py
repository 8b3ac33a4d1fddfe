"""The pages in a real browser, against a real wallet and the real generator."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from playwright.async_api import Browser, expect

from integration.web.browsing import TALL, Losing, Visitor, visiting
from integration.web.casino import Casino, open_casino
from scenario.hands import Player

ROULETTE, SLOT = "Roulette", "Slot"
NUMBER = re.compile(r"^(zero|\d+ (red|black))\. ")


@pytest.fixture(scope="module")
async def casino() -> AsyncIterator[Casino]:
    """Give an instance that the tests of this file share."""
    async with open_casino() as opened:
        yield opened


async def money(player: Player) -> str:
    """Return what the books say that a player has."""
    return (await player.money())[0]


async def lay_some(visitor: Visitor) -> None:
    """Lay two chips on red, one on 17 and one on a corner: four units in all."""
    table = visitor.page.get_by_role("group", name="Table")
    await visitor.page.locator("#values label", has_text="1.00").click()
    for name in ("Red, pays 1 to 1", "Red, pays 1 to 1, 1.00 EUR laid", "17 black, pays 35 to 1"):
        await table.get_by_role("button", name=name, exact=True).click()
    await visitor.page.get_by_label("Bet", exact=True).select_option("corner")
    await visitor.page.get_by_label("Numbers", exact=True).select_option(label="1-2-4-5")
    await visitor.page.get_by_role("button", name="Lay a chip").click()


async def test_what_roulette_shows_is_what_was_drawn_and_booked(
    casino: Casino, browser: Browser
) -> None:
    player = await casino.house.player(amount="100.00")

    async with visiting(browser, casino.url) as visitor:
        await visitor.sit(player.email, ROULETTE)
        assert await visitor.amount("balance") == "100.00"
        await lay_some(visitor)
        assert await visitor.amount("total") == "4.00"
        await visitor.spin()
        await expect(visitor.page.locator("#outcome")).to_have_text(NUMBER)

        (booked,) = await casino.rounds(player)
        dealt = await casino.dealt(player, booked)
        assert await visitor.text("ball") == str(dealt["number"])
        assert await visitor.text("last") == str(dealt["number"])
        assert (booked["game"], booked["staked"], booked["won"]) == (
            *("roulette", "4.00"),
            dealt["won"],
        )
        assert {(bet["kind"], bet["stake"]) for bet in dealt["bets"]} == {
            *(("red", "2.00"), ("straight", "1.00")),
            ("corner", "1.00"),
        }
        after = Decimal("100.00") - 4 + Decimal(booked["won"])
        assert await visitor.amount("balance") == await money(player) == str(after)
        assert await visitor.amount("net") == str(Decimal(booked["won"]) - 4)

        # The next round waits for as long as the game says, and then goes on with the same chips.
        await expect(visitor.button("spin")).to_have_text(re.compile(r"^Spin in [1-5] s$"))
        await visitor.page.get_by_role("button", name="Last bets again").click()
        assert await visitor.amount("total") == "4.00"
        await visitor.spin()
        assert len(await casino.rounds(player)) == 2
        assert await visitor.amount("balance") == await money(player)
        assert await visitor.page.locator("#last li").count() == 2
        assert visitor.faults == []


async def test_what_the_slot_shows_is_what_was_drawn_and_booked(
    casino: Casino, browser: Browser
) -> None:
    player = await casino.house.player(amount="20.00")

    async with visiting(browser, casino.url, size=TALL) as visitor:
        await visitor.sit(player.email, SLOT)
        await visitor.page.get_by_label("Stake").select_option("1.50")
        await visitor.spin()
        while (await visitor.text("spin")).startswith("Free spin"):
            await visitor.spin()

        (booked,) = await casino.rounds(player)
        dealt = await casino.dealt(player, booked)
        symbols = visitor.page.locator("#reels .letter")
        shown = "".join(await symbols.all_text_contents())
        assert shown == "".join(dealt["spins"][-1]["reels"])
        assert (booked["staked"], booked["won"]) == ("1.50", dealt["won"])
        assert (await visitor.amount("staked"), await visitor.amount("won")) == (
            *("1.50",),
            dealt["won"],
        )
        after = Decimal("20.00") - Decimal("1.50") + Decimal(booked["won"])
        assert await visitor.amount("balance") == await money(player) == str(after)
        assert visitor.faults == []


async def test_a_round_whose_answer_is_lost_is_asked_for_again_and_booked_once(
    casino: Casino, browser: Browser
) -> None:
    player = await casino.house.player(amount="10.00")

    async with visiting(browser, casino.url) as visitor:
        await visitor.sit(player.email, ROULETTE)
        await lay_some(visitor)
        losing = Losing(left=2)
        await visitor.page.route("**/v1/games/house/roulette/rounds", losing.serve)
        await visitor.spin()
        await expect(visitor.page.locator("#outcome")).to_have_text(NUMBER)

        assert len(losing.asked) == 3
        assert all(body == losing.asked[0] for body in losing.asked)
        (booked,) = await casino.rounds(player)
        assert booked["reference"] == losing.asked[0]["round_id"]
        movements = await player.movements()
        assert movements[:2] == ["10.00", "-4.00"]
        assert len(movements) == (2 if booked["won"] == "0.00" else 3)
        assert await visitor.amount("balance") == await money(player)
        assert visitor.surprises == []


async def test_a_player_who_may_not_stake_is_told_why_and_where_it_stands(
    casino: Casino, browser: Browser
) -> None:
    player = await casino.house.player(amount="10.00")

    async with visiting(browser, casino.url) as visitor:
        await visitor.sit(player.email, ROULETTE)
        await lay_some(visitor)
        answer = await player.ask("/v1/me/time-outs", {"hours": 24})
        assert answer.status_code == 200, answer.text
        await visitor.spin()

        problem = visitor.page.get_by_role("alert")
        await expect(problem).to_contain_text("The player is taking a time-out.")
        assert await visitor.text("outcome") == "Nothing more was staked."
        assert await money(player) == await visitor.amount("balance") == "10.00"
        await problem.get_by_role("link", name="Limits and breaks").click()
        await expect(visitor.page.locator("#breaks")).to_contain_text("time out, until")
        assert visitor.surprises == []
