"""Rounds that break off in the browser: reloaded, cut off, come back to, refused in words."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, Route, expect

from integration.api.desk import Somebody
from integration.web.browsing import Visitor, asked_in, visiting
from integration.web.parlour import Parlour
from pitboss.games.house.model import House
from pitboss.games.registry.model import Why
from scenario.hands import until

WHEEL, REELS = House.ROULETTE, House.SLOT
# Stops that pay nothing; with three scatters; and of free spins.
LOST = (10, 11, 12, 13, 14)
SCATTERS = (6, 0, 2, 16, 7)
FREE = [(0, 0, 0, 0, 0), (3, 1, 4, 1, 5), (9, 2, 6, 5, 3), (5, 8, 9, 7, 9)] * 2
# What runs in the browser: a chip on every place, by the control that knows all of them.
LAY_ALL = """() => {
    const choose = (id, value) => {
        const select = document.getElementById(id);
        select.value = value;
        select.dispatchEvent(new Event('change', { bubbles: true }));
        return [...select.options].map((option) => option.value);
    };
    for (const kind of choose('kind', 'straight')) {
        choose('kind', kind);
        for (const place of choose('place', '0')) {
            choose('place', place);
            document.querySelector('#inside button').click();
        }
    }
}"""
# What was asked for last was asked for two minutes before.
TWO_MINUTES_AGO = """() => {
    const kept = JSON.parse(sessionStorage.getItem('pitboss.asked.roulette'));
    kept.at -= 120_000;
    sessionStorage.setItem('pitboss.asked.roulette', JSON.stringify(kept));
}"""
LEFT = re.compile(r"^Free spin \(\d left\)$")


async def spins_of(visitor: Visitor) -> list[str]:
    """Return what the page lists of the round's spins."""
    return await visitor.page.locator("#spins li").all_text_contents()


async def test_free_spins_go_on_after_the_page_was_loaded_again(
    parlour: Parlour, browser: Browser
) -> None:
    ann = await parlour.player()
    parlour.draw(SCATTERS, *FREE)

    async with visiting(browser, parlour.url) as visitor:
        await parlour.seat(visitor, ann, REELS)
        await visitor.page.get_by_label("Stake").select_option("3.00")
        await visitor.spin()
        spin = visitor.button("spin")
        await expect(spin).to_have_text("Free spin (8 left)")
        for _ in range(3):
            await visitor.spin()
        before = await spins_of(visitor)
        symbols = await visitor.page.locator("#reels .letter").all_text_contents()

        await visitor.page.reload()

        await expect(spin).to_have_text("Free spin (5 left)")
        assert "interrupted" in await visitor.text("outcome")
        assert await spins_of(visitor) == before
        assert await visitor.page.locator("#reels .letter").all_text_contents() == symbols
        assert await visitor.page.get_by_label("Stake").is_disabled()
        while LEFT.match(await visitor.text("spin")):
            await visitor.spin()

        (booked,) = await parlour.rounds(ann)
        assert booked["closed_by"] == "provider"
        assert await visitor.amount("won") == booked["won"] != "0.00"
        assert await visitor.amount("balance") == await parlour.money(ann)
        assert len(await spins_of(visitor)) == 9
        assert "Free spins: 8 of 8 played" in await visitor.text("free")
        assert visitor.faults == []


async def test_a_round_in_the_middle_is_found_after_another_login(
    parlour: Parlour, browser: Browser
) -> None:
    ann = await parlour.player()
    parlour.draw(SCATTERS, *FREE)

    async with visiting(browser, parlour.url) as visitor:
        await parlour.seat(visitor, ann, REELS)
        await visitor.spin()
        await visitor.page.get_by_role("button", name="Log out").click()
        await expect(visitor.page.locator("#notice")).to_have_text("You are logged out.")

    async with visiting(browser, parlour.url) as visitor:
        await visitor.sit(ann.email, "Slot")
        await expect(visitor.button("spin")).to_have_text("Free spin (8 left)")
        await visitor.spin()
        await expect(visitor.button("spin")).to_have_text("Free spin (7 left)")
        assert visitor.faults == []


async def time_out(parlour: Parlour, player: Somebody) -> None:
    """Have the player take a break in the middle of it all."""
    body = {"hours": 24}
    await asked_of(parlour, "/v1/me/time-outs", player.token, body)


async def exclude(parlour: Parlour, player: Somebody) -> None:
    """Have the player excluded by their own wish, which logs them out."""
    await asked_of(parlour, "/v1/me/exclusions", player.token, {"months": 12})


async def suspend(parlour: Parlour, player: Somebody) -> None:
    """Have staff stop the game everywhere."""
    await let_slot(parlour, suspended=True)


async def let_slot(parlour: Parlour, *, suspended: bool) -> None:
    """Have staff stop the slot, or let it go."""
    why = Why.FAULT_SUSPECTED if suspended else Why.CLEARED
    body = {"provider": "house", "game": REELS.value, "suspended": suspended, "why": why.value}
    await asked_of(parlour, "/v1/staff/games/suspension", parlour.desk.staff, body)


async def asked_of(parlour: Parlour, path: str, token: str, body: dict[str, Any]) -> None:
    """Ask the API for something that it does."""
    key = parlour.desk.key()
    answer = await parlour.desk.client.ask("POST", path, token=token, body=body, key=key)
    assert answer.status == 200, answer.body


@pytest.mark.parametrize("stop", [time_out, exclude, suspend])
async def test_who_may_not_stake_finds_the_way_to_the_round_that_was_paid_for(
    parlour: Parlour,
    browser: Browser,
    stop: Callable[[Parlour, Somebody], Awaitable[None]],
) -> None:
    ann = await parlour.player()
    parlour.draw(SCATTERS, *FREE)

    try:
        async with visiting(browser, parlour.url) as visitor:
            await parlour.seat(visitor, ann, REELS)
            await visitor.spin()
            await stop(parlour, ann)
            await visitor.page.get_by_role("button", name="Log out").click()
        async with visiting(browser, parlour.url) as visitor:
            await visitor.log_in(ann.email)
            left = visitor.page.get_by_role("region", name="Rounds that go on")
            await expect(left).to_contain_text("Lantern Ways: 8 free spins to come.")
            await left.get_by_role("link", name="Go on with Lantern Ways").click()
            await visitor.settled()
            while LEFT.match(await visitor.text("spin")):
                await visitor.spin()

            assert await visitor.text("free") == "Free spins: 8 of 8 played"
            await visitor.page.get_by_role("link", name="Games", exact=True).click()
            await expect(visitor.page.locator("#offer")).to_be_visible()
            await expect(left).to_be_hidden()
    finally:
        if stop is suspend:
            await let_slot(parlour, suspended=False)


@pytest.mark.parametrize("again", ["reload", "login"])
async def test_a_round_whose_answer_never_came_is_found_by_a_reload_and_by_another_login(
    parlour: Parlour, browser: Browser, again: str
) -> None:
    ann = await parlour.player()
    parlour.draw((17,))
    asked: list[str] = []

    async def lose_the_first(route: Route) -> None:
        asked.append(asked_in(route)["round_id"])
        if len(asked) > 1:
            await route.continue_()
        else:
            await route.fetch()

    async with visiting(browser, parlour.url) as visitor:
        await parlour.seat(visitor, ann, WHEEL)
        await visitor.page.route("**/v1/games/house/roulette/rounds", lose_the_first)
        await visitor.lay("17 black")
        await visitor.button("spin").click()

        async def booked() -> bool:
            return bool(await parlour.rounds(ann))

        await until(booked, "the round is booked")
        if again == "reload":
            await visitor.page.reload()
        else:
            await visitor.page.evaluate("sessionStorage.removeItem('pitboss.session')")
            await visitor.sit(ann.email, "Roulette")

        await expect(visitor.page.locator("#ball")).to_have_text("17")
        assert (await visitor.text("outcome")).startswith("Your last spin: 17 black. 36.00 EUR")
        (found,) = await parlour.rounds(ann)
        # After another login it is looked up, and not asked for again.
        assert asked == [found["reference"]] * (2 if again == "reload" else 1)
        assert await visitor.amount("balance") == await parlour.money(ann) == "45.00"
        assert await visitor.page.locator("#last li").all_text_contents() == ["17"]
        assert visitor.surprises == []


async def test_an_answer_that_stays_away_is_asked_for_by_hand(
    parlour: Parlour, browser: Browser
) -> None:
    ann = await parlour.player()
    parlour.draw((0,))

    async with visiting(browser, parlour.url) as visitor:
        await parlour.seat(visitor, ann, WHEEL)
        await visitor.lay("17 black")
        await visitor.page.route("**/v1/games/house/roulette/rounds", lambda route: route.abort())
        await visitor.spin()

        assert await visitor.text("spin") == "Ask again"
        assert await visitor.text("outcome") == "Nobody knows yet what came of it."
        await expect(visitor.page.get_by_role("alert")).to_contain_text("No answer")
        await visitor.lay("18 red")
        assert await visitor.amount("total") == "1.00", "what is asked for is not changed"
        await visitor.page.unroute("**/v1/games/house/roulette/rounds")
        await visitor.button("spin").click()

        await expect(visitor.page.locator("#ball")).to_have_text("0")
        assert (await visitor.text("outcome")).startswith("zero. Nothing returned")
        assert len(await parlour.rounds(ann)) == 1


async def test_a_stake_that_never_came_is_not_made_by_who_opens_the_page_much_later(
    parlour: Parlour, browser: Browser
) -> None:
    ann = await parlour.player()

    async with visiting(browser, parlour.url) as visitor:
        page = visitor.page
        await parlour.seat(visitor, ann, WHEEL)
        await page.route("**/v1/games/house/roulette/rounds", lambda route: route.abort())
        await visitor.lay("17 black")
        await visitor.button("spin").click()
        await expect(visitor.button("spin")).to_have_text("Ask again")
        await page.unroute_all()
        await page.goto(f"{parlour.url}/play/")
        await page.evaluate(TWO_MINUTES_AGO)

        await visitor.open("/play/roulette")

        await expect(page.locator("#outcome")).to_contain_text("nothing was staked")
        await expect(visitor.button("spin")).to_have_text("Spin")
        assert await visitor.amount("balance") == await parlour.money(ann) == "10.00"
        assert visitor.surprises == []


async def test_a_round_that_comes_too_soon_is_refused_and_the_button_waits(
    parlour: Parlour, browser: Browser
) -> None:
    ann = await parlour.player()
    parlour.draw(LOST, LOST)

    async with visiting(browser, parlour.url) as visitor:
        await parlour.seat(visitor, ann, REELS)
        await visitor.spin()
        await expect(visitor.button("spin")).to_have_text(re.compile(r"^Spin in [123] s$"))
        assert await visitor.button("spin").get_attribute("aria-disabled") == "true"
        # The house's clock stands still, so that for it no time has passed.
        await visitor.spin()
        await expect(visitor.page.get_by_role("alert")).to_contain_text("not played so fast")
        await expect(visitor.button("spin")).to_have_text(re.compile(r"^Spin in [123] s$"))
        assert len(await parlour.rounds(ann)) == 1

        parlour.desk.clock.advance(timedelta(seconds=3))
        await visitor.spin()
        assert len(await parlour.rounds(ann)) == 2
        await expect(visitor.page.get_by_role("alert")).to_be_hidden()


async def test_every_place_can_be_laid_and_too_much_is_refused_in_words(
    parlour: Parlour, browser: Browser
) -> None:
    ann = await parlour.player(amount="100.00")

    async with visiting(browser, parlour.url) as visitor:
        page = visitor.page
        await parlour.seat(visitor, ann, WHEEL)
        await page.locator("#values label", has_text="0.10").click()
        rules = await parlour.desk.look(ann, f"/v1/games/house/{House.ROULETTE}")
        await page.evaluate(LAY_ALL)
        places = sum(len(bet["places"]) for bet in rules["bets"])
        assert await page.locator("#laid button").count() == places == 157
        assert await visitor.amount("total") == "15.70"
        await visitor.spin()

        # The places are all of the table: what is refused is how much was staked.
        await expect(page.get_by_role("alert")).to_contain_text(
            "above the greatest that is allowed"
        )
        assert await visitor.amount("total") == "15.70"
        assert await parlour.rounds(ann) == []
        await page.get_by_role("button", name="Undo").click()
        await page.get_by_role("button", name="Remove Red", exact=True).click()
        assert await visitor.amount("total") == "15.50"
        await page.get_by_role("button", name="Clear").click()
        assert await visitor.amount("total") == "0.00"
        assert await visitor.button("spin").get_attribute("aria-disabled") == "true"


async def test_a_session_that_is_over_is_opened_anew(parlour: Parlour, browser: Browser) -> None:
    ann = await parlour.player()
    parlour.draw((1,))

    async with visiting(browser, parlour.url) as visitor:
        await parlour.seat(visitor, ann, WHEEL)
        await visitor.lay("17 black")
        first = visitor.page.url
        parlour.desk.clock.advance(timedelta(hours=13))
        await visitor.spin()
        await visitor.page.get_by_role("button", name="Open the game anew").click()
        await expect(visitor.page).not_to_have_url(first)
        await visitor.spin()
        await expect(visitor.page.locator("#ball")).to_have_text("1")

        assert await visitor.amount("balance") == await parlour.money(ann) == "9.00"


async def test_who_was_logged_out_elsewhere_is_brought_to_the_login(
    parlour: Parlour, browser: Browser
) -> None:
    ann = await parlour.player()

    async with visiting(browser, parlour.url) as visitor:
        await parlour.seat(visitor, ann, WHEEL)
        await visitor.lay("17 black")
        told = await visitor.page.evaluate("sessionStorage.getItem('pitboss.session')")
        token = re.search(r'"token":"([^"]+)"', told)
        assert token
        gone = await parlour.desk.client.ask("DELETE", "/v1/me/session", token=token[1])
        assert gone.status == 204
        await visitor.button("spin").click()

        notice = visitor.page.locator("#notice")
        await expect(notice).to_have_text("Your session is over. Please log in again.")
        await expect(visitor.page.get_by_role("button", name="Log in")).to_be_visible()
        assert "token" not in (await visitor.page.evaluate("JSON.stringify(sessionStorage)"))
        # The spin was asked for without a session, and is nobody's: it is not made later.
        await visitor.sit(ann.email, "Roulette")
        await expect(visitor.page.locator("#outcome")).to_have_text("Lay your chips.")
        await expect(visitor.button("spin")).to_have_text("Spin")
        assert await visitor.amount("balance") == "10.00"


async def test_who_logs_in_next_sees_nothing_of_who_was_there_before(
    parlour: Parlour, browser: Browser
) -> None:
    ann, bob = await parlour.player(), await parlour.player()
    parlour.draw((17,), LOST)

    async with visiting(browser, parlour.url) as visitor:
        page = visitor.page
        await parlour.seat(visitor, ann, WHEEL)
        await visitor.lay("17 black")
        await visitor.spin()
        await page.reload()
        await expect(page.locator("#last li")).to_have_text(["17"])
        await page.goto(f"{parlour.url}/play/slot")
        await visitor.settled()
        await page.get_by_label("Stake").select_option("3.00")
        await page.get_by_role("button", name="Log out").click()
        await expect(page.locator("#notice")).to_have_text("You are logged out.")

        await visitor.sit(bob.email, "Slot")
        await expect(page.get_by_label("Stake")).to_have_value("0.30")
        await page.goto(f"{parlour.url}/play/roulette")
        await visitor.settled()
        await expect(page.locator("#last li")).to_have_count(0)
        assert visitor.faults == []


async def test_a_reality_check_is_shown_and_answered(parlour: Parlour, browser: Browser) -> None:
    ann = await parlour.player()
    parlour.draw(LOST, LOST)
    asked = await parlour.desk.client.ask(
        "PUT", "/v1/me/reality-check/interval", token=ann.token, body={"minutes": 15}
    )
    assert asked.status == 200, asked.body

    async with visiting(browser, parlour.url) as visitor:
        page = visitor.page
        await parlour.seat(visitor, ann, REELS)
        parlour.desk.clock.advance(timedelta(minutes=16))
        await visitor.button("spin").click()
        check = page.get_by_role("dialog", name="Reality check")
        await expect(check).to_contain_text("You have been here for 16 min.")
        await expect(check).to_contain_text("Staked: 0.30 EUR")
        await expect(check).to_contain_text("Won or lost: \u22120.30 EUR")
        # Browsers let a page hold a dialog against one Escape, and not against the next.
        for _ in range(3):
            await page.keyboard.press("Escape")
            await expect(check).to_be_visible()
        await check.get_by_role("button", name="Go on playing").click()
        await expect(check).to_be_hidden()

        parlour.desk.clock.advance(timedelta(minutes=16))
        await page.reload()
        await check.get_by_role("button", name="Leave and log out").click()
        await expect(page.locator("#notice")).to_have_text("You have left at the reality check.")
        assert visitor.surprises == []
