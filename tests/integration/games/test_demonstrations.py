"""A game is shown without money to whoever may play it for money, and to nobody else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from integration.api.client import Answer
from integration.api.desk import Somebody
from integration.games.table import Table, lay
from paced import put_in_force
from pitboss.adapters.protocols.softswiss import SoftSwiss
from pitboss.db import Database
from pitboss.games.rounds.errors import GameNotLaunched
from pitboss.games.rounds.ports import Launching
from pitboss.jurisdictions.model import Product

WISH = {"provider": "acme", "game": "book", "demo": True}


@dataclass(slots=True)
class Showing:
    """A provider that opens whatever it is asked to, and remembers what that was."""

    asked: list[Launching] = field(default_factory=list)
    # What it says instead of opening anything.
    no: str | None = None

    async def launch(self, launching: Launching) -> str:
        """Open it."""
        self.asked.append(launching)
        if self.no is not None:
            raise GameNotLaunched("the provider answers 403", said=self.no)
        return "https://games.example/play"


@pytest.fixture
def showing() -> Showing:
    return Showing()


@pytest.fixture
async def table(database: Database, showing: Showing) -> Table:
    return await lay(database, SoftSwiss("acme", [b"a secret"]), launcher=showing)


async def show(table: Table, player: Somebody, **changes: str) -> Answer:
    body = {**WISH, **changes}
    return await table.desk.client.ask("POST", "/v1/games/launch", token=player.token, body=body)


async def tell(table: Table, path: str, body: object) -> None:
    desk = table.desk
    said = await desk.client.ask("POST", f"/v1{path}", token=desk.staff, key=desk.key(), body=body)
    assert said.status == 200, said.body


async def suspend_the_game(table: Table, _: Somebody) -> None:
    body = {"provider": "acme", "game": "book", "suspended": True, "why": "fault_suspected"}
    await tell(table, "/staff/games/suspension", body)


async def suspend_the_provider(table: Table, _: Somebody) -> None:
    body = {"provider": "acme", "suspended": True, "why": "regulator_order"}
    await tell(table, "/staff/games/suspension", body)


async def withdraw_its_certificates(table: Table, _: Somebody) -> None:
    body = {
        "provider": "acme",
        "game": "book",
        "version": "1.0",
        "licence": "demo",
        "why": "regulator_order",
    }
    await tell(table, "/staff/games/certificates/withdrawal", body)


async def take_a_time_out(table: Table, player: Somebody) -> None:
    desk = table.desk
    body = {"hours": 24}
    said = await desk.client.ask(
        "POST", "/v1/me/time-outs", token=player.token, key=desk.key(), body=body
    )
    assert said.status == 200, said.body


@pytest.mark.parametrize(
    ("happens", "status", "reason"),
    [
        (suspend_the_game, 403, "game_suspended"),
        (suspend_the_provider, 403, "provider_suspended"),
        (withdraw_its_certificates, 403, "game_certificate_withdrawn"),
        (take_a_time_out, 403, "player_on_time_out"),
    ],
    ids=lambda item: getattr(item, "__name__", str(item)),
)
async def test_what_is_not_played_is_not_shown(
    table: Table,
    showing: Showing,
    happens: Callable[[Table, Somebody], Awaitable[None]],
    status: int,
    reason: str,
) -> None:
    player = await table.desk.player(amount="5.00")
    before = await show(table, player)
    await happens(table, player)

    after = await show(table, player)

    assert before.status == 201, before.body
    assert (after.status, after.slug) == (status, reason)
    assert [item.player_id for item in showing.asked] == [None]


async def test_a_game_that_nobody_certified_is_not_shown(table: Table, showing: Showing) -> None:
    player = await table.desk.player()

    said = await show(table, player, game="nothing")

    assert (said.status, said.slug, showing.asked) == (404, "unknown_game", [])


async def test_who_is_not_verified_is_shown_nothing_where_play_needs_that(
    table: Table, showing: Showing, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = await table.desk.player()
    put_in_force(monkeypatch, {"verification": {"before_play": True}})

    said = await show(table, player)

    assert (said.status, said.slug, showing.asked) == (403, "player_not_verified", [])


async def test_a_licence_without_games_has_none_to_show(
    table: Table, showing: Showing, monkeypatch: pytest.MonkeyPatch
) -> None:
    player = await table.desk.player()
    put_in_force(monkeypatch, {"licence": {"products": (Product.SPORTSBOOK,)}})

    said = await show(table, player)

    assert (said.status, said.slug, showing.asked) == (403, "product_not_licensed", [])


async def test_why_a_provider_opens_nothing_is_in_the_log(table: Table, showing: Showing) -> None:
    player = await table.desk.player(amount="5.00")
    showing.no = "Invalid signature"

    with capture_logs() as said:
        answer = await show(table, player)

    # The player is not told what the provider said, nor that a database of ours is away.
    assert (answer.status, answer.slug) == (503, "peer_away")
    assert b"signature" not in answer.body
    assert [(one["path"], one["why"], one["said"]) for one in said if "why" in one] == [
        ("/v1/games/launch", "the provider answers 403", "Invalid signature")
    ]
