"""What the pages are in a browser: safe, readable, usable by hand and by keyboard, and exact."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, Route, expect

from integration.web.browsing import TALL, WIDE, asked_in, visiting
from integration.web.parlour import MARKUP, Parlour
from pitboss.api.refusals import LINES, problem_of
from pitboss.games import house
from pitboss.games.house.model import House, SlotRound
from pitboss.kernel.money import _MINOR_DIGITS as MINOR_DIGITS
from pitboss.web.pages import PAGES

SPINS = 300

# What runs in the browser: everything that can be pressed or filled in has a name.
NAMELESS = """() => [...document.querySelectorAll('button, input, select, a')]
    .filter((part) => part.offsetParent !== null)
    .filter((part) => !(part.getAttribute('aria-label') || part.innerText.trim()
        || [...(part.labels ?? [])].some((label) => label.innerText.trim())))
    .map((part) => part.outerHTML)"""
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
INJECT = """() => {
    try {
        const script = document.createElement('script');
        script.textContent = 'window.broken = 1';
        document.body.append(script);
    } catch (error) { /* Trusted types have said no. */ }
    return window.broken ?? null;
}"""
WAYS = """async ([spins, rules]) => {
    const { waysOf } = await import('/play/static/ways.js');
    return spins.map(([reels, free]) =>
        waysOf(reels, free, rules).reduce((sum, way) => sum + way.coins, 0));
}"""
AMOUNTS = """async (asked) => {
    const { minorDigits, toMinor, toText } = await import('/play/static/money.js');
    return asked.map(([currency, text]) => {
        try {
            const minor = toMinor(text, currency);
            return [minorDigits(currency), String(minor), toText(minor, currency)];
        } catch { return [minorDigits(currency), null, null]; }
    });
}"""


async def test_a_text_stays_a_text_and_nothing_from_elsewhere_runs(
    parlour: Parlour, browser: Browser
) -> None:
    ann = await parlour.player()
    hosts: set[str] = set()

    async with visiting(browser, parlour.url) as visitor:
        visitor.page.on("request", lambda request: hosts.add(request.url.split("/play")[0]))
        await visitor.log_in(ann.email)
        card = visitor.page.locator("#games li").filter(has_text="onerror")
        await expect(card.locator("h3")).to_have_text(MARKUP)
        assert await visitor.page.locator("#games img, #games b").count() == 0
        assert await visitor.page.get_by_text("It cannot be played here yet.").count() == 1
        assert visitor.faults == []

        assert await visitor.page.evaluate(INJECT) is None
        assert visitor.faults, "the browser has said that it refused to run it"
    assert all(host.startswith(parlour.url) for host in hosts)


async def test_the_rules_of_blackjack_are_there_for_who_plays_it_and_for_who_does_not(
    parlour: Parlour, browser: Browser
) -> None:
    ann = await parlour.player()

    async with visiting(browser, parlour.url) as visitor:
        await visitor.page.goto(f"{parlour.url}/play/blackjack")
        odds = visitor.page.locator("#odds")
        await expect(odds).to_contain_text("in the long run to who plays basic strategy.")
        await expect(odds).to_contain_text("The highest win comes once")
        await expect(visitor.page.locator("#version")).to_have_text(
            house.versions()[House.BLACKJACK]
        )
        await visitor.log_in(ann.email)
        offers = visitor.page.locator("#games li").filter(has_text="basic strategy")
        await expect(offers).to_have_count(1)
        await offers.get_by_role("link", name="Rules of").click()
        await expect(visitor.page.locator("#cycle")).to_have_text("5 seconds")
        assert await visitor.page.evaluate(TOO_WIDE) <= 0
        assert visitor.surprises == []


async def test_a_wrong_password_is_told_and_learned_nothing_from(
    parlour: Parlour, browser: Browser
) -> None:
    ann = await parlour.player()

    async with visiting(browser, parlour.url) as visitor:
        await visitor.page.goto(f"{parlour.url}/play/slot")
        await expect(visitor.page.locator("#notice")).to_have_text("Please log in first.")
        await visitor.log_in(ann.email, password="wrong horse")
        problem = visitor.page.get_by_role("alert")
        await expect(problem).to_contain_text("no player with this e-mail and password")
        await visitor.log_in(ann.email)
        await expect(visitor.page.locator("#games li")).to_have_count(len(House))
        assert await visitor.amount("balance") == "10.00"
        assert visitor.surprises == []


async def test_a_second_factor_is_asked_for_by_whoever_has_one(
    parlour: Parlour, browser: Browser
) -> None:
    ann = await parlour.player()
    asked: list[dict[str, Any]] = []

    async def want_a_code(route: Route) -> None:
        asked.append(asked_in(route))
        await refuse(route, 403, "second_factor_needed")

    async with visiting(browser, parlour.url) as visitor:
        await visitor.page.route("**/v1/sessions", want_a_code)
        await visitor.log_in(ann.email)
        code = visitor.page.get_by_label("Code of your second factor")
        await expect(code).to_be_focused()
        await code.fill("123456")
        await code.press("Enter")
        await expect(visitor.page.get_by_role("alert")).to_contain_text("second factor is needed")

        assert [body.get("code") for body in asked] == [None, "123456"]
        assert all(len(body["device"]) == 36 for body in asked)


@pytest.mark.parametrize(
    ("slug", "advice"),
    [
        ("terms_not_accepted", "The terms in force must be read and accepted."),
        ("location_blocked", "Show where I am"),
        ("game_build_not_certified", "What would deal is not what was certified."),
        ("above_loss_limit", "Limits and breaks"),
    ],
)
async def test_why_a_game_does_not_open_is_told_in_words(
    parlour: Parlour, browser: Browser, slug: str, advice: str
) -> None:
    ann = await parlour.player()

    async with visiting(browser, parlour.url) as visitor:
        page = visitor.page
        await page.route("**/v1/games/launch", lambda route: refuse(route, 403, slug))
        await parlour.seat(visitor, ann, House.SLOT)
        problem = page.get_by_role("alert")
        await expect(problem).to_contain_text(LINES[slug].detail)
        await expect(problem).to_contain_text(advice)
        if slug.startswith("location"):
            # The demonstration's licence wants no location, which is told as the API words it.
            await problem.get_by_role("button", name=advice).click()
            await expect(problem).to_contain_text(LINES["location_not_needed"].detail)
        assert visitor.surprises == []


async def test_a_time_out_is_taken_on_the_page(parlour: Parlour, browser: Browser) -> None:
    ann = await parlour.player()

    async with visiting(browser, parlour.url) as visitor:
        await parlour.seat(visitor, ann, House.SLOT)
        await visitor.page.get_by_role("link", name="Limits, time-outs and exclusion").click()
        await visitor.page.get_by_label("How long").select_option(label="7 days")
        await visitor.page.get_by_role("button", name="Stop now").click()

        await expect(visitor.page.locator("#done")).to_contain_text("You are on a time-out")
        await expect(visitor.page.locator("#breaks")).to_contain_text("time out, until")
        (taken,) = (await parlour.desk.look(ann, "/v1/me/exclusions"))["exclusions"]
        assert taken["kind"] == "time_out"
        starts, ends = map(parse, (taken["starts_at"], taken["ends_at"]))
        assert ends - starts == timedelta(days=7)
        assert visitor.faults == []


async def refuse(route: Route, status: int, slug: str) -> None:
    """Answer a request of the page as the API refuses it."""
    problem = problem_of(slug)
    assert problem.status == status
    headers = problem.headers()
    await route.fulfill(status=status, body=problem.body(), headers=headers)


def parse(instant: str) -> datetime:
    """Read an instant of the API's."""
    return datetime.fromisoformat(instant.replace("Z", "+00:00"))


@pytest.mark.parametrize("size", [WIDE, TALL], ids=["wide", "tall"])
async def test_every_page_fits_and_every_part_has_a_name(
    parlour: Parlour, browser: Browser, size: tuple[int, int]
) -> None:
    ann = await parlour.player()

    async with visiting(browser, parlour.url, size=size) as visitor:
        await visitor.page.goto(f"{parlour.url}/play/")
        assert await visitor.page.evaluate(NAMELESS) == []
        await visitor.log_in(ann.email)
        await expect(visitor.page.locator("#games li")).to_have_count(len(House))
        for address in PAGES:
            await visitor.page.goto(f"{parlour.url}{address}")
            await expect(visitor.page.locator("#balance")).to_have_text("10.00 EUR")
            await expect(visitor.page.locator("#time")).to_have_text("00:00:00")
            assert await visitor.page.evaluate(TOO_WIDE) <= 0, address
            assert await visitor.page.evaluate(NAMELESS) == [], address
        assert visitor.faults == []


@pytest.mark.parametrize(
    ("size", "keys"),
    [(WIDE, ["ArrowRight", "ArrowRight", "ArrowUp"]), (TALL, ["ArrowDown", "ArrowDown"])],
    ids=["wide", "tall"],
)
async def test_the_table_is_played_by_keyboard(
    parlour: Parlour, browser: Browser, size: tuple[int, int], keys: list[str]
) -> None:
    ann = await parlour.player()
    parlour.draw((5,))

    async with visiting(browser, parlour.url, size=size) as visitor:
        page = visitor.page
        await parlour.seat(visitor, ann, House.ROULETTE)
        await page.locator('.cell[tabindex="0"]').focus()
        assert await page.locator('.cell[tabindex="0"]').count() == 1
        for key in keys:
            await page.keyboard.press(key)
        reached = await page.evaluate("document.activeElement.dataset.name")
        await page.keyboard.press("Enter")
        assert await visitor.amount("total") == "1.00"
        await visitor.button("spin").focus()
        await page.keyboard.press("Enter")

        await expect(page.locator("#ball")).to_have_text("5")
        (bet,) = (await parlour.desk.look(ann, await newest(parlour, ann)))["bets"]
        assert bet["kind"] == "straight"
        assert reached.startswith(f"{bet['numbers'][0]} ")
        focused = await page.evaluate("document.activeElement.id")
        assert focused == "spin", "the keyboard stays where it was"


async def newest(parlour: Parlour, player: Any) -> str:
    """Return where a player's newest round is looked at."""
    (booked, *_) = await parlour.rounds(player)
    return f"/v1/games/house/rounds/{booked['reference']}"


async def test_a_chip_that_is_laid_without_seeing_the_table_is_told(
    parlour: Parlour, browser: Browser
) -> None:
    ann = await parlour.player()

    async with visiting(browser, parlour.url) as visitor:
        await parlour.seat(visitor, ann, House.ROULETTE)
        await visitor.page.get_by_role("button", name="Lay a chip").press("Enter")

        told = visitor.page.get_by_role("status").filter(has_text="Total stake")
        await expect(told).to_have_text("Total stake: 1.00 EUR")
        assert visitor.faults == []


async def test_the_last_bets_are_laid_again_once_however_often_it_is_pressed(
    parlour: Parlour, browser: Browser
) -> None:
    ann = await parlour.player()
    parlour.draw((1,))

    async with visiting(browser, parlour.url) as visitor:
        await parlour.seat(visitor, ann, House.ROULETTE)
        await visitor.lay("17 black")
        await visitor.spin()
        await visitor.page.get_by_role("button", name="Last bets again").dblclick()

        assert await visitor.amount("total") == "1.00"
        await visitor.lay("18 red")
        assert await visitor.amount("total") == "2.00"
        assert visitor.faults == []


@pytest.mark.parametrize("address", PAGES)
async def test_a_page_that_could_not_be_filled_says_how_to_go_on(
    parlour: Parlour, browser: Browser, address: str
) -> None:
    ann = await parlour.player()

    async with visiting(browser, parlour.url) as visitor:
        await visitor.log_in(ann.email)
        await expect(visitor.page.locator("#offer")).to_be_visible()
        await visitor.page.route("**/v1/**", lambda route: route.abort())
        await visitor.page.goto(f"{parlour.url}{address}")
        problem = visitor.page.locator("#problem")
        await expect(problem).to_contain_text("The connection was lost.")
        await visitor.page.unroute_all()
        await problem.get_by_role("button", name="Load this page again").click()

        await expect(visitor.page.locator("#balance")).to_have_text("10.00 EUR")
        await expect(problem).to_be_hidden()
        assert visitor.surprises == []


async def test_the_page_counts_ways_as_the_house_does(parlour: Parlour, browser: Browser) -> None:
    ann = await parlour.player()
    rules = await parlour.desk.look(ann, f"/v1/games/house/{House.SLOT}")
    sheet, chance = house.slot_sheet(), random.Random(7)
    stops = [tuple(chance.randrange(sheet.stops) for _ in range(5)) for _ in range(SPINS)]
    rounds = [
        SlotRound(version=sheet.version, stake_micros=sheet.coins, spins=(paid, free))
        for paid, free in zip(stops, reversed(stops), strict=True)
    ]
    # A coin is one micro here, so that what a spin wins is its coins.
    spins = [spin for round_ in rounds for spin in house.slot_spins(round_)]

    async with visiting(browser, parlour.url) as visitor:
        await visitor.page.goto(f"{parlour.url}/play/")
        asked = [[list(spin.reels), spin.free] for spin in spins]
        counted = await visitor.page.evaluate(WAYS, [asked, rules])

    assert counted == [spin.win_micros for spin in spins]
    assert len([coins for coins in counted if coins]) > SPINS // 2


async def test_the_page_reads_and_writes_amounts_exactly(
    parlour: Parlour, browser: Browser
) -> None:
    whole = "9007199254740993"
    asked = [
        (code, text)
        for code, digits in MINOR_DIGITS.items()
        for text in (whole, f"-{whole}.{'0' * (digits - 1)}7" if digits else "-7")
    ]
    wrong = [("EUR", text) for text in ("", "1.", ".5", "1e2", "1.005", " 1", "1,00", "+1", "NaN")]

    async with visiting(browser, parlour.url) as visitor:
        await visitor.page.goto(f"{parlour.url}/play/")
        read = await visitor.page.evaluate(AMOUNTS, [list(item) for item in [*asked, *wrong]])

    for (code, text), (digits, minor, written) in zip(asked, read, strict=False):
        assert digits == MINOR_DIGITS[code]
        padded = text if "." in text or not digits else f"{text}.{'0' * digits}"
        assert (written, minor) == (padded, str(int(padded.replace(".", ""))))
    assert [item[1] for item in read[len(asked) :]] == [None] * len(wrong)


async def test_what_is_returned_and_how_rare_the_highest_win_is_stands_where_one_stakes(
    parlour: Parlour, browser: Browser
) -> None:
    ann = await parlour.player()

    async with visiting(browser, parlour.url) as visitor:
        await parlour.seat(visitor, ann, House.ROULETTE)

        odds = visitor.page.locator("#odds")
        await expect(odds).to_be_visible()
        await expect(odds).to_have_text(
            "Of each 1.00 staked, 0.972972 is returned in the long run."
            " The highest win comes once in 37 rounds."
        )
