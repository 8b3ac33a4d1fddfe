"""The registry of games and the rounds over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from integration.api.client import Answer
from integration.api.desk import PASSWORD, Desk, Somebody
from integration.api.doors import GAME
from integration.games.world import PLAIN
from pitboss import messages
from pitboss.adapters.protocols.softswiss import SoftSwiss
from pitboss.api.edge import GameProvider
from pitboss.db import Database
from pitboss.games import rounds
from pitboss.games.rounds.model import Launch, Opened, Request, Stake, make_token
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of


class Pages:
    """A provider that shows rounds, or does not know them."""

    known = True

    async def find_page(self, ref: str, player_id: PlayerId) -> str | None:
        """Return where."""
        return f"https://games.example/{player_id}/{ref}" if self.known else None


async def tell(desk: Desk, path: str, body: object) -> Answer:
    return await desk.client.ask("POST", f"/v1/staff{path}", token=desk.staff, body=body)


async def see(desk: Desk, path: str, token: str | None = None) -> Any:
    answer = await desk.client.ask("GET", path, token=token or desk.staff)
    assert answer.status == 200, answer.body
    return answer.json()


async def import_games(desk: Desk, *games: dict[str, Any]) -> Any:
    desk.providers.setdefault("acme", GameProvider(talk=SoftSwiss("acme", [b"a secret"])))
    answer = await tell(desk, "/games/import", {"provider": "acme", "games": list(games)})
    assert answer.status == 200, answer.body
    return answer.json()["games"]


async def left_open(desk: Desk, player: Somebody) -> str:
    """Stake one euro in a round that nobody closes; return our id of it."""
    player_id = PlayerId(player.player_id)
    shard = shard_of(player_id)
    async with messages.turn(
        desk.database, [shard], now=desk.clock.now(), actor="test", entropy=desk.entropy
    ) as turn:
        opened = await rounds.open_session(
            turn,
            Launch(
                player_id=player_id,
                provider="acme",
                game="book",
                session_id=derived_id("session"),
                secret=make_token(shard, bytes(16)),
                login_id=None,
                network=None,
            ),
        )
        assert isinstance(opened, Opened), opened
        (answer,) = await rounds.play(
            turn,
            [
                Request(
                    provider="acme",
                    player_id=player_id,
                    game="book",
                    round_ref="r1",
                    currency="EUR",
                    steps=(Stake(external_id="b1", micros=1_000_000),),
                    dialect=PLAIN,
                )
            ],
        )
    return str(getattr(answer, "round_id", answer))


async def test_staff_sees_all_that_was_imported_and_what_is_stopped(desk: Desk) -> None:
    stakes = [{"currency": "EUR", "min": "0.10", "max": "100.00"}]
    certificates: Any = GAME["certificates"]
    game = {**GAME, "stakes": stakes}
    await import_games(desk, game, {**GAME, "code": "other"})
    stop = {"provider": "acme", "suspended": True, "why": "regulator_order"}

    async def stopped() -> list[tuple[bool, bool]]:
        shown = (await see(desk, "/v1/staff/games?provider=acme"))["games"]
        return [(item["suspended"], item["provider_suspended"]) for item in shown]

    (first, _) = (await see(desk, "/v1/staff/games?provider=acme"))["games"]
    await tell(desk, "/games/suspension", {**stop, "game": "book"})
    one = await stopped()
    await tell(desk, "/games/suspension", stop)
    both = await stopped()

    # A laboratory's letter is held against the digests, and a player's question against the stakes.
    assert first["stakes"] == stakes
    assert [item["hashes"] for item in first["certificates"]] == [
        item["hashes"] for item in certificates
    ]
    assert (one, both) == ([(True, False), (False, False)], [(True, True), (True, True)])


async def test_a_game_that_nobody_could_open_is_not_offered(desk: Desk) -> None:
    await import_games(desk, GAME)
    gone = {"provider": "gone", "games": [GAME]}
    house = {"provider": "house", "games": [GAME]}
    for body in (gone, house):
        assert (await tell(desk, "/games/import", body)).status == 200
    player = await desk.player()

    offered = (await see(desk, "/v1/games", player.token))["games"]
    opened = await desk.client.ask(
        "POST",
        "/v1/games/launch",
        token=player.token,
        body={"provider": "gone", "game": GAME["code"]},
    )

    # The one is not connected any more, and the house has nothing to deal with here.
    assert [item["provider"] for item in offered] == ["acme"]
    assert opened.slug == "unknown_provider"


async def test_games_are_imported_shown_and_stopped(desk: Desk) -> None:
    other = {**GAME, "code": "other", "certificates": []}
    first = await import_games(desk, GAME, other)
    again = await import_games(desk, {**GAME, "rtp": "97"}, other)
    player = await desk.player()

    assert [item["changed"] for item in (*first, *again)] == [True, True, False, False]
    assert again[0]["refusal"] == "another_under_this_version"
    shown = (await see(desk, "/v1/staff/games?provider=acme"))["games"]
    assert [(item["code"], item["rtp"], item["licences"]) for item in shown] == [
        ("book", "96.5", ["demo"]),
        ("other", "96.5", []),
    ]
    assert (await see(desk, "/v1/staff/games?provider=acme&after=book"))["games"] == shown[1:]
    offered = await see(desk, "/v1/games", player.token)
    assert [item["game"] for item in offered["games"]] == ["book"]
    assert {item["top_win_chance"] for item in (*shown, *offered["games"])} == {"1/1250000"}

    stop = {"provider": "acme", "suspended": True, "why": "regulator_order"}
    assert (await tell(desk, "/games/suspension", stop)).json() == {"changed": True}
    assert (await see(desk, "/v1/games", player.token))["games"] == []
    unknown = await tell(desk, "/games/suspension", {**stop, "provider": "nobody"})
    assert (unknown.status, unknown.slug) == (404, "unknown_provider")


def certificates(**changes: Any) -> dict[str, Any]:
    """Return the game with its certificate saying something else."""
    known: Any = GAME["certificates"]
    return {**GAME, "certificates": [{**known[0], **changes}]}


async def test_staff_withdraws_a_certificate_and_sees_which_count_and_how_long(desk: Desk) -> None:
    player = await desk.player()
    await import_games(
        desk, GAME, certificates(number="L-2", expires_on="2026-08-20"), certificates(licence="SE")
    )
    withdrawal = {"provider": "acme", "game": "book", "version": "1.0", "licence": "demo"}

    first = await tell(
        desk,
        "/games/certificates/withdrawal",
        {**withdrawal, "why": "laboratory_withdrew", "number": "L-1"},
    )
    (shown,) = (await see(desk, "/v1/staff/games?provider=acme"))["games"]
    still = await see(desk, "/v1/games", player.token)
    desk.clock.advance(timedelta(days=20))
    body = {"email": player.email, "password": PASSWORD}
    token = (await desk.client.ask("POST", "/v1/sessions", body=body)).json()["token"]
    expired = await see(desk, "/v1/games", token)
    rest = {**withdrawal, "why": "regulator_order"}
    second = await tell(desk, "/games/certificates/withdrawal", rest)
    again = await tell(desk, "/games/certificates/withdrawal", rest)
    (at_last,) = (await see(desk, "/v1/staff/games?provider=acme"))["games"]

    assert (first.json(), second.json(), again.json()) == (
        {"changed": True},
        {"changed": True},
        {"changed": False},
    )
    assert [
        (item["licence"], item["number"], item["state"], item["expires_on"], item["withdrawn"])
        for item in shown["certificates"]
    ] == [
        ("SE", "L-1", "in_force", "2030-01-31", None),
        ("demo", "L-1", "withdrawn", "2030-01-31", "laboratory_withdrew"),
        ("demo", "L-2", "expires_soon", "2026-08-20", None),
    ]
    assert (shown["licences"], at_last["licences"]) == (["SE", "demo"], ["SE"])
    assert [item["game"] for item in still["games"]] == ["book"]
    assert expired["games"] == []
    assert [item["withdrawn"] for item in at_last["certificates"]] == [
        None,
        "laboratory_withdrew",
        "regulator_order",
    ]


@pytest.mark.parametrize(
    ("changes", "status", "named"),
    [
        ({"licence": "Atlantis"}, 422, "licence"),
        ({"licence": "GB\u0000"}, 422, "licence"),
        ({"licence": "\u202egb"}, 422, "licence"),
        ({"licence": 7}, 422, "licence"),
        ({"why": "because"}, 422, "why"),
        ({"why": None}, 422, "why"),
        ({"version": "1.0 "}, 422, "version"),
        ({"version": "9" * 41}, 422, "version"),
        ({"version": 1.0}, 422, "version"),
        ({"game": "\N{SNOWMAN}"}, 422, "game"),
        ({"provider": "ACME"}, 422, "provider"),
        ({"number": ""}, 422, "number"),
        ({"number": "L" * 101}, 422, "number"),
        ({"number": ["L-1"]}, 422, "number"),
        ({"code": "book"}, 422, "code"),
        ({"provider": "nobody"}, 404, None),
        ({"version": "2.0"}, 404, None),
        ({"number": "l-1"}, 404, None),
        ({"licence": "SE"}, 404, None),
    ],
    ids=str,
)
async def test_a_withdrawal_of_nothing_that_there_is_names_what_is_wrong(
    desk: Desk, changes: dict[str, Any], status: int, named: str | None
) -> None:
    await import_games(desk, GAME)
    good = {
        "provider": "acme",
        "game": "book",
        "version": "1.0",
        "licence": "demo",
        "why": "regulator_order",
        "number": "L-1",
    }

    answer = await tell(desk, "/games/certificates/withdrawal", {**good, **changes})

    slug = "malformed" if status == 422 else "unknown_certificate"
    assert (answer.status, answer.slug) == (status, slug)
    if named is not None:
        assert [item["field"] for item in answer.problem["errors"]] == [named]
    (shown,) = (await see(desk, "/v1/staff/games?provider=acme"))["games"]
    assert [item["state"] for item in shown["certificates"]] == ["in_force"]


@pytest.mark.parametrize(
    "expires_on",
    [
        "2026-02-29",
        "2026-1-31",
        "0000-01-01",
        "31.01.2027",
        "",
        20270131,
        "2027-01-31T00:00",
        "2026-01-30",
    ],
    ids=str,
)
async def test_a_last_day_that_cannot_be_is_refused_by_name_and_nothing_is_taken_in(
    desk: Desk, expires_on: object
) -> None:
    body = {"provider": "acme", "games": [GAME, certificates(expires_on=expires_on)]}

    answer = await tell(desk, "/games/import", body)

    assert (answer.status, answer.slug) == (422, "malformed")
    (error,) = answer.problem["errors"]
    assert error["field"] == "games[1].certificates[0].expires_on"
    assert (await see(desk, "/v1/staff/games?provider=acme"))["games"] == []


async def test_a_chance_is_kept_in_lowest_terms_and_is_none_that_cannot_be(desk: Desk) -> None:
    (taken,) = await import_games(desk, {**GAME, "top_win_chance": "4/148"})
    assert taken["changed"]
    (shown,) = (await see(desk, "/v1/staff/games?provider=acme"))["games"]
    assert shown["top_win_chance"] == "1/37"

    for said in ("2/1", "0/1", "1/0", "-1/2", "0.5", "1/2/3", "1/" + "1" * 300):
        body = {"provider": "acme", "games": [{**GAME, "top_win_chance": said}]}
        answer = await tell(desk, "/games/import", body)
        assert (answer.status, answer.slug) == (422, "malformed"), said
        assert answer.problem["errors"][0]["field"] == "games[0].top_win_chance"


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("games?provider=%00", "provider"),
        ("games?provider=Acme", "provider"),
        ("games?provider=acme&after=%00", "after"),
        ("games/rounds?provider=a%00b", "provider"),
    ],
    ids=str,
)
async def test_what_no_provider_and_no_game_is_called_is_refused_by_name(
    desk: Desk, path: str, field: str
) -> None:
    answer = await desk.client.ask("GET", f"/v1/staff/{path}", token=desk.staff)

    assert (answer.status, answer.slug) == (422, "malformed"), answer.body
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_an_open_round_is_seen_inspected_and_ended_by_staff(desk: Desk) -> None:
    await import_games(desk, GAME)
    player = await desk.player(amount="10.00")
    round_id = await left_open(desk, player)
    path = f"/players/{player.player_id}/rounds/{round_id}"

    (open_,) = (await see(desk, "/v1/staff/games/rounds"))["rounds"]
    inspected = await see(desk, f"/v1/staff{path}")
    (mine,) = (await see(desk, "/v1/me/rounds", player.token))["rounds"]
    older = (await see(desk, "/v1/staff/games/rounds?older_hours=1"))["rounds"]
    ended = await tell(desk, f"{path}/resolution", {"resolution": "void"})
    twice = await tell(desk, f"{path}/resolution", {"resolution": "void"})

    assert (open_["player_id"], open_["round_id"]) == (player.player_id, round_id)
    assert (mine["staked"], mine["closed_at"], older) == ("1.00", None, [])
    assert [(item["external_id"], item["balance"]) for item in inspected["bookings"]] == [
        ("b1", "9.00")
    ]
    assert ended.json() == {"round_id": round_id, "refunded": "1.00"}
    assert (twice.status, twice.slug) == (409, "round_closed")
    other = f"/players/{derived_id('nobody')}/rounds/{round_id}"
    assert (await tell(desk, f"{other}/resolution", {"resolution": "void"})).status == 404


async def test_staff_sees_where_the_provider_shows_a_round_that_is_stuck(
    database: Database,
) -> None:
    pages = Pages()
    desk = Desk(
        database=database,
        providers={"acme": GameProvider(talk=SoftSwiss("acme", [b"a secret"]), pages=pages)},
    )
    await import_games(desk, GAME)
    player, other = await desk.player(amount="5.00"), await desk.player(amount="5.00")
    round_id = await left_open(desk, player)
    own = f"/v1/staff/players/{player.player_id}/rounds/{round_id}"

    shown = await see(desk, f"{own}/page")
    theirs = f"/v1/staff/players/{other.player_id}/rounds/{round_id}/page"
    nobodys = await desk.client.ask("GET", theirs, token=desk.staff)
    pages.known = False
    unknown = await desk.client.ask("GET", f"{own}/page", token=desk.staff)

    assert shown == {"url": f"https://games.example/{player.player_id}/r1"}
    assert nobodys.status == 404
    assert (unknown.status, unknown.slug) == (404, "round_not_shown")
    assert (await see(desk, own))["closed_at"] is None
