"""A licence that wants a register's word before anything is staked: the pages have it asked."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from integration.web.browsing import visiting
from integration.web.parlour import Parlour
from paced import put_in_force
from pitboss.games.house.model import House
from pitboss.jurisdictions.model import Moment, Register, RegisterDown

# The register finds people by them; two players who share one would be one person.
POSTCODES = {"clear": "E1 1AA", "excluded": "E2 1AA", "nothing": "E3 1AA", "lobby": "E4 1AA"}
ASKED_FIRST = {
    "exclusion": {
        "registers": (Register.GAMSTOP,),
        "register_checked_at": (Moment.PLAY,),
        "register_down": RegisterDown.REFUSE,
    }
}

PLAYS_ELSEWHERE = {"sessions": {"elsewhere_refused": True, "elsewhere_gap_minutes": 5}}


async def test_who_was_never_asked_about_plays_once_the_register_has_answered(
    parlour: Parlour, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, register = (
        await parlour.player(postcode=POSTCODES["clear"]),
        parlour.desk.registers[Register.GAMSTOP],
    )
    put_in_force(monkeypatch, ASKED_FIRST)
    before = len(register.asked)
    parlour.draw((0,))

    async with visiting(browser, parlour.url) as visitor:
        await parlour.seat(visitor, ann, House.ROULETTE)
        await visitor.lay("17 black")
        await visitor.spin()

        await expect(visitor.page.locator("#ball")).to_have_text("0")
        await expect(visitor.page.get_by_role("alert")).to_be_hidden()
    assert len(await parlour.rounds(ann)) == 1
    # Once is enough: its word is good for an hour.
    assert [moment for moment, _ in register.asked[before:]] == [Moment.PLAY]


async def test_while_the_register_is_silent_nobody_stakes_and_is_told_why(
    parlour: Parlour, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await parlour.player(postcode=POSTCODES["nothing"])
    put_in_force(monkeypatch, ASKED_FIRST)
    monkeypatch.setattr(parlour.desk.registers[Register.GAMSTOP], "away", True)

    async with visiting(browser, parlour.url) as visitor:
        await parlour.seat(visitor, ann, House.ROULETTE)

        await expect(visitor.page.get_by_role("alert")).to_contain_text("silent now")
    assert await parlour.rounds(ann) == []
    assert await parlour.money(ann) == "10.00"


async def test_whom_the_register_names_is_logged_out_and_has_staked_nothing(
    parlour: Parlour, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await parlour.player(postcode=POSTCODES["excluded"])
    (session,) = (await parlour.desk.look(ann, "/v1/me/sessions"))["sessions"]
    put_in_force(monkeypatch, ASKED_FIRST)
    monkeypatch.setattr(parlour.desk.registers[Register.GAMSTOP], "names_everybody", True)

    async with visiting(browser, parlour.url) as visitor:
        await visitor.plant(ann.player_id, session["session_id"], ann.token)
        await visitor.page.goto(f"{parlour.url}/play/{House.ROULETTE}")

        # An exclusion ends every session, so the page has nobody to play for any more.
        await expect(visitor.page.get_by_text("Your session is over")).to_be_visible()
    async with parlour.desk.database.reading() as tx:
        assert await tx.fetch("SELECT 1 FROM game_round WHERE player_id = $1", ann.player_id) == []


async def test_a_game_is_opened_from_the_first_page_once_the_register_has_answered(
    parlour: Parlour, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await parlour.player(postcode=POSTCODES["lobby"])
    put_in_force(monkeypatch, ASKED_FIRST)

    async with visiting(browser, parlour.url) as visitor:
        await visitor.sit(ann.email, "Roulette")

        await expect(visitor.page.get_by_role("alert")).to_be_hidden()
        assert visitor.surprises == []


async def test_who_plays_elsewhere_is_told_so_and_plays_here_after_they_have_left(
    parlour: Parlour, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, file = await parlour.player(), parlour.desk.central
    put_in_force(monkeypatch, PLAYS_ELSEWHERE)
    monkeypatch.setattr(file, "elsewhere", True)
    parlour.draw((0,))

    async with visiting(browser, parlour.url) as visitor:
        await visitor.log_in(ann.email)
        play = visitor.page.get_by_role("button", name="Play Roulette", exact=True)
        await play.click()
        await expect(visitor.page.get_by_role("alert")).to_contain_text("with the other operator")
        file.elsewhere = False
        await play.click()
        await visitor.settled()
        await visitor.lay("17 black")
        await visitor.spin()

        await expect(visitor.page.locator("#ball")).to_have_text("0")
    assert len(await parlour.rounds(ann)) == 1
