"""Players and their limits in the browser: set, changed, taken back, refused in words."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, expect

from integration.api.desk import Somebody
from integration.web.browsing import TALL, Losing, Visitor, visiting
from integration.web.parlour import Parlour
from integration.web.test_pages_in_a_browser import NAMELESS, TOO_WIDE
from paced import put_in_force
from pitboss.api.refusals import LINES
from pitboss.games.house.model import House
from pitboss.jurisdictions.model import LimitKind, WhenReached

PAGE = "/play/limits"
DAY = "Stakes a day"
AT_ONCE = {"limits": {"increase_hours_min": 0}}
REVIEWED, SELDOM = {"limits": {"review_months": 0}}, {"limits": {"review_months": 6}}
CLOSING = {"limits": {"when_reached": WhenReached.REST_OF_PERIOD}}
MANDATORY = {"limits": {"mandatory_before_play": (LimitKind.STAKE,)}}


async def look_at(visitor: Visitor, parlour: Parlour, player: Somebody) -> None:
    """Open the page as this player, until it shows what stands."""
    (session,) = (await parlour.desk.look(player, "/v1/me/sessions"))["sessions"]
    await visitor.plant(player.player_id, session["session_id"], player.token)
    await visitor.page.goto(f"{visitor.url}{PAGE}")
    await expect(visitor.page.locator("#set")).to_be_visible()


async def ask_for(visitor: Visitor, value: str, *, kind: str = "Stakes", unit: str) -> None:
    """Fill in the form and send it with the keyboard."""
    await visitor.page.get_by_label("Of what").select_option(label=kind)
    field = visitor.page.get_by_label(unit)
    await field.fill(value)
    await field.press("Enter")


def line_of(visitor: Visitor, name: str) -> Locator:
    """Return the line of the list that is about this limit."""
    return visitor.page.locator("#limits li").filter(has_text=name)


async def told(parlour: Parlour, player: Somebody) -> list[dict[str, Any]]:
    """Return what the API says of a player's limits."""
    found: list[dict[str, Any]] = (await parlour.desk.look(player, "/v1/me/limits"))["limits"]
    return found


async def test_a_limit_is_set_made_looser_kept_and_made_stricter(
    parlour: Parlour, browser: Browser
) -> None:
    ann = await parlour.player()

    async with visiting(browser, parlour.url, size=TALL) as visitor:
        done, line = visitor.page.locator("#done"), line_of(visitor, DAY)
        await look_at(visitor, parlour, ann)
        await expect(visitor.page.locator("#limits")).to_have_text("None is set.")
        await ask_for(visitor, "10.00", unit="Amount in EUR")
        await expect(done).to_have_text(f"Set. {DAY}: 10.00 EUR.")
        await expect(line).to_contain_text("10.00 EUR, of which 0.00 EUR are used")
        await expect(visitor.page.locator("#now")).to_have_text("Now: 10.00 EUR.")

        await visitor.page.get_by_role("button", name=f"Change: {DAY}").click()
        field = visitor.page.get_by_label("Amount in EUR")
        await expect(field).to_be_focused()
        await expect(field).to_have_value("10.00")
        await field.fill("20.00")
        await field.press("Enter")
        await expect(done).to_contain_text(f"Asked for. {DAY}: 10.00 EUR still counts.")
        await expect(line).to_contain_text("A looser limit waits: 20.00 EUR")
        assert [limit["waiting"]["amount"] for limit in await told(parlour, ann)] == ["20.00"]
        assert await visitor.page.evaluate(NAMELESS) == []
        assert await visitor.page.evaluate(TOO_WIDE) <= 0

        await visitor.page.get_by_role("button", name=f"Keep as it is: {DAY}").press("Enter")
        await expect(done).to_have_text(f"Kept. {DAY}: 10.00 EUR.")
        await expect(line).not_to_contain_text("waits")
        await expect(visitor.page.locator("#mine-title")).to_be_focused()
        await ask_for(visitor, "5.00", unit="Amount in EUR")
        await expect(done).to_have_text(f"Set. {DAY}: 5.00 EUR.")
        assert visitor.faults == []
    (limit,) = await told(parlour, ann)
    assert (limit["amount"], limit["waiting"]) == ("5.00", None)


async def test_a_limit_is_taken_away_once_it_is_confirmed(
    parlour: Parlour, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await parlour.player()
    name = "Time of play a day"

    async with visiting(browser, parlour.url) as visitor:
        page, done = visitor.page, visitor.page.locator("#done")
        await look_at(visitor, parlour, ann)
        await ask_for(visitor, "90", kind="Time of play", unit="Minutes")
        await expect(done).to_have_text(f"Set. {name}: 90 minutes.")
        await page.get_by_role("button", name=f"Take away: {name}").click()
        await expect(line_of(visitor, name)).to_contain_text("It shall be gone, if it is confirmed")
        await page.get_by_role("button", name=f"Confirm: {name}").click()
        problem = page.get_by_role("alert")
        await expect(problem).to_contain_text(LINES["too_early"].detail)
        assert [limit["minutes"] for limit in await told(parlour, ann)] == [90]

        await page.get_by_role("button", name=f"Keep as it is: {name}").click()
        await expect(done).to_have_text(f"Kept. {name}: 90 minutes.")
        put_in_force(monkeypatch, AT_ONCE)
        await page.get_by_role("button", name=f"Take away: {name}").click()
        await page.get_by_role("button", name=f"Confirm: {name}").click()
        await expect(done).to_have_text(f"Confirmed. {name}: no limit.")
        await expect(page.locator("#limits")).to_have_text("None is set.")
        await expect(problem).to_be_hidden()
        assert visitor.surprises == []
    assert [limit["minutes"] for limit in await told(parlour, ann)] == [None]


@pytest.mark.parametrize(
    ("kind", "unit", "value"),
    [
        ("Stakes", "Amount in EUR", "1.001"),
        ("Stakes", "Amount in EUR", "a little"),
        ("A single stake", "Amount in EUR", "0.00"),
        ("Time of play", "Minutes", "an hour"),
    ],
)
async def test_what_can_be_no_limit_is_refused_at_its_field(
    parlour: Parlour, browser: Browser, kind: str, unit: str, value: str
) -> None:
    ann = await parlour.player()

    async with visiting(browser, parlour.url) as visitor:
        await look_at(visitor, parlour, ann)
        await ask_for(visitor, value, kind=kind, unit=unit)

        field = visitor.page.get_by_label(unit)
        await expect(visitor.page.get_by_role("alert")).to_be_visible()
        await expect(field).to_have_attribute("aria-invalid", "true")
        await expect(field).to_be_focused()
        await expect(field).to_have_value(value)
        await expect(visitor.page.locator("#limits")).to_have_text("None is set.")
        assert visitor.surprises == []
    assert await told(parlour, ann) == []


async def test_a_limit_whose_answer_is_lost_is_shown_as_it_stands(
    parlour: Parlour, browser: Browser
) -> None:
    ann = await parlour.player()

    async with visiting(browser, parlour.url) as visitor:
        await look_at(visitor, parlour, ann)
        await visitor.page.route("**/v1/me/limits/stake/day", Losing(left=1).serve)
        await ask_for(visitor, "10.00", unit="Amount in EUR")
        await expect(visitor.page.get_by_role("alert")).to_contain_text("The connection was lost.")
        await expect(line_of(visitor, DAY)).to_contain_text("10.00 EUR")

        await visitor.page.get_by_role("button", name="Set the limit").click()
        await expect(visitor.page.locator("#done")).to_have_text(f"Set. {DAY}: 10.00 EUR.")
        await expect(visitor.page.get_by_role("alert")).to_be_hidden()
        assert visitor.surprises == []
    (history,) = (await parlour.desk.look(ann, "/v1/me/limits/history"))["changes"]
    assert (history["happened"], history["amount"]) == ("set", "10.00")


async def test_a_limit_that_the_licence_wants_is_set_where_the_refusal_leads_and_not_taken_away(
    parlour: Parlour, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await parlour.player()
    put_in_force(monkeypatch, MANDATORY)

    async with visiting(browser, parlour.url) as visitor:
        page = visitor.page
        await visitor.log_in(ann.email)
        await page.get_by_role("button", name="Play Roulette", exact=True).click()
        problem = page.get_by_role("alert")
        await expect(problem).to_contain_text(LINES["limit_missing"].detail)
        await problem.get_by_role("link", name="Limits and breaks").click()
        await ask_for(visitor, "10.00", kind="Stakes (must be set)", unit="Amount in EUR")
        await expect(line_of(visitor, DAY)).to_contain_text("10.00 EUR")
        await expect(page.get_by_role("button", name=f"Take away: {DAY}")).to_have_count(0)

        await visitor.page.goto(f"{visitor.url}/play/")
        await page.get_by_role("button", name="Play Roulette", exact=True).click()
        await visitor.settled()
        assert visitor.surprises == []


async def test_who_is_to_look_at_their_limits_again_says_so(
    parlour: Parlour, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await parlour.player()
    put_in_force(monkeypatch, REVIEWED)

    async with visiting(browser, parlour.url) as visitor:
        await look_at(visitor, parlour, ann)
        put_in_force(monkeypatch, SELDOM)
        async with visitor.page.expect_response("**/v1/me/limits/review") as answer:
            await visitor.page.get_by_role("button", name="I have looked at them").press("Enter")

        assert (await answer.value).status == 204
        await expect(visitor.page.locator("#done")).to_contain_text("Thank you.")
        await expect(visitor.page.locator("#review")).to_be_hidden()
        await expect(visitor.page.locator("#mine-title")).to_be_focused()
        assert visitor.faults == []


async def test_a_limit_that_is_used_up_says_until_when_there_is_no_play(
    parlour: Parlour, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, CLOSING)
    ann = await parlour.player()
    loss = await parlour.desk.client.ask(
        "PUT", "/v1/me/limits/loss/day", token=ann.token, body={"amount": "1.00"}
    )
    assert loss.status == 200, loss.body
    parlour.draw((5,))

    async with visiting(browser, parlour.url) as visitor:
        page = visitor.page
        await parlour.seat(visitor, ann, House.ROULETTE)
        await page.locator('.cell[tabindex="0"]').press("Enter")
        await visitor.button("spin").press("Enter")
        await expect(page.locator("#ball")).to_have_text("5")
        await look_at(visitor, parlour, ann)
        await expect(line_of(visitor, "Losses a day")).to_contain_text("there is no play until")
        assert visitor.faults == []


async def test_a_time_out_that_is_over_keeps_nobody_away(
    parlour: Parlour, browser: Browser
) -> None:
    ann = await parlour.player()
    await parlour.desk.client.ask(
        "POST",
        "/v1/me/time-outs",
        token=ann.token,
        key=parlour.desk.key(),
        body={"hours": 24},
    )
    parlour.desk.clock.advance(timedelta(hours=25))

    async with visiting(browser, parlour.url) as visitor:
        await visitor.log_in(ann.email)
        await expect(visitor.page.locator("#offer")).to_be_visible()
        await visitor.page.get_by_role("link", name="Limits and breaks").click()
        await expect(visitor.page.locator("#breaks")).to_have_text("Nothing does.")
        assert visitor.faults == []


@pytest.mark.parametrize(
    ("label", "ends"), [("1 year", "at least until"), ("without an end", "without an end")]
)
async def test_a_player_excludes_themselves_with_a_second_thought_and_is_logged_out(
    parlour: Parlour, browser: Browser, label: str, ends: str
) -> None:
    ann = await parlour.player()

    async with visiting(browser, parlour.url, size=TALL) as visitor:
        page = visitor.page
        await look_at(visitor, parlour, ann)
        form = page.locator("form#away")
        assert await form.get_by_label("Term of the exclusion").locator(
            "option"
        ).all_text_contents() == [
            "6 months",
            "1 year",
            "5 years",
            "without an end",
        ]
        await form.get_by_label("Term of the exclusion").select_option(label=label)
        await form.get_by_role("button", name="Exclude me").click()
        assert (await parlour.desk.look(ann, "/v1/me/exclusions"))["exclusions"] == []
        await form.get_by_label("I know that nobody can shorten it").check()
        await form.get_by_role("button", name="Exclude me").click()

        await expect(page.locator("#notice")).to_contain_text("You are excluded")
        await visitor.log_in(ann.email)
        await expect(page.locator("#offer")).to_be_visible()
        await page.get_by_role("link", name="Limits and breaks").click()
        await expect(page.locator("#breaks")).to_contain_text(f"exclusion, {ends}")
        assert await page.evaluate(TOO_WIDE) <= 0
        assert await page.evaluate(NAMELESS) == []
        assert visitor.faults == []
