"""A visitor of the pages in a real browser: what they see, what they press, and what goes wrong."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, Locator, Page, Route, expect

from scenario.hands import PASSWORD

CHROMIUM = shutil.which("chromium")
# As root a browser has no sandbox of its own, and what it is shown here is ours.
OPTIONS = ["--no-sandbox", "--no-proxy-server", "--disable-gpu"]
WIDE, TALL = (1_280, 900), (390, 844)
# Of a machine on which others work too.
PATIENCE_MS = 30_000
# What the browser itself says of an answer that is no success; a test that wants one expects it.
_NO_SUCCESS = re.compile(r"^Failed to load resource")

PLANT = """(kept) => sessionStorage.setItem(
    'pitboss.session', JSON.stringify({ ...kept, renewedAt: Date.now() }))"""

expect.set_options(timeout=PATIENCE_MS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Somebody at a page.  `faults` are the errors that the browser has told of."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)

    async def log_in(self, email: str, password: str = PASSWORD) -> None:
        """Go to the first page and log in."""
        await self.page.goto(f"{self.url}/play/")
        await self.page.get_by_label("E-mail").fill(email)
        await self.page.get_by_label("Password").fill(password)
        await self.page.get_by_role("button", name="Log in").click()

    async def sit(self, email: str, title: str) -> None:
        """Log in and open a game, until it can be played."""
        await self.log_in(email)
        await self.page.get_by_role("button", name=f"Play {title}", exact=True).click()
        await self.settled()

    async def plant(self, player_id: str, session_id: str, token: str) -> None:
        """Be logged in as somebody who has a token already."""
        await self.page.goto(f"{self.url}/play/")
        kept = {"playerId": player_id, "sessionId": session_id, "token": token}
        await self.page.evaluate(PLANT, kept)

    async def open(self, address: str) -> None:
        """Open a game's page, until the game can be played."""
        await self.page.goto(f"{self.url}{address}")
        await self.settled()

    async def settled(self) -> None:
        """Wait until the page has heard what it asked for."""
        await expect(self.page.locator("#version")).to_have_text(re.compile(r"^\d"))
        await expect(self.button("spin")).not_to_have_text("Wait…")

    async def lay(self, place: str) -> None:
        """Lay a chip on a place of the table, by its name."""
        cells = self.page.get_by_role("group", name="Table")
        await cells.get_by_role("button", name=re.compile(rf"^{place}, pays")).click()

    def button(self, name: str) -> Locator:
        """Return a button by its id."""
        return self.page.locator(f"button#{name}")

    async def spin(self) -> None:
        """Press the button that plays, as soon as it can be, and wait for what comes of it."""
        spin = self.button("spin")
        await expect(spin).to_have_attribute("aria-disabled", "false")
        await spin.click()
        await expect(spin).not_to_have_text("Wait…")

    async def text(self, name: str) -> str:
        """Return what a part of the page says, by its id."""
        return (await self.page.locator(f"#{name}").inner_text()).strip()

    async def amount(self, name: str) -> str:
        """Return an amount of the page without its currency, as the API writes it."""
        return (await self.text(name)).removesuffix(" EUR").replace("\u2212", "-")

    @property
    def surprises(self) -> list[str]:
        """What the browser has told of but answers that were no success."""
        return [fault for fault in self.faults if not _NO_SUCCESS.match(fault)]


@contextlib.asynccontextmanager
async def visiting(
    browser: Browser, url: str, *, size: tuple[int, int] = WIDE
) -> AsyncIterator[Visitor]:
    """Lend a visitor with a browser profile of their own."""
    width, height = size
    context = await browser.new_context(viewport={"width": width, "height": height})
    context.set_default_timeout(PATIENCE_MS)
    try:
        page = await context.new_page()
        visitor = Visitor(page=page, url=url)
        page.on("console", lambda said: _note(visitor, said.type, said.text))
        page.on("pageerror", lambda error: visitor.faults.append(str(error)))
        yield visitor
    finally:
        await context.close()


def _note(visitor: Visitor, kind: str, text: str) -> None:
    if kind in ("error", "warning"):
        visitor.faults.append(text)


def asked_in(route: Route) -> dict[str, Any]:
    """Return what a request of the page says."""
    said: dict[str, Any] = route.request.post_data_json or {}
    return said


@dataclass(kw_only=True)
class Losing:
    """A connection that loses so many answers after the server has given them."""

    left: int
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def serve(self, route: Route) -> None:
        """Let a request through; its answer reaches the page only if none is to be lost."""
        self.asked.append(asked_in(route))
        answer = await route.fetch()
        if self.left:
            self.left -= 1
            await route.abort("connectionreset")
        else:
            await route.fulfill(response=answer)
