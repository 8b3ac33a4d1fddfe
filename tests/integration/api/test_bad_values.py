"""Values that cannot be: each is refused by its field, and nothing is changed."""

from __future__ import annotations

from typing import Any

import pytest

from integration.api.desk import (
    Desk,
    Somebody,
    new_event,
    registration,
    selection_id,
    slip,
)
from integration.api.rows import count_rows
from pitboss.kernel.ids import derived_id

HOME, DRAW = selection_id("cup"), selection_id("cup", code="draw")
NOWHERE = derived_id("no such thing")


@pytest.fixture(scope="module")
async def player(shared_desk: Desk) -> Somebody:
    """Give a player, and an event to bet on."""
    await shared_desk.event("cup")
    return await shared_desk.player(amount="100.00")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (slip(NOWHERE), 422, "legs[0].selection_id"),
        (slip(HOME, NOWHERE), 422, "legs[1].selection_id"),
        (slip(HOME, tick=2), 409, "legs[0].tick"),
        (slip(HOME, HOME), 422, "legs[1].selection_id"),
        (slip(), 422, "legs"),
        (slip(*[derived_id(str(number)) for number in range(21)]), 422, "legs"),
        (slip(HOME, stake="-5.00"), 422, "stake"),
        (slip(HOME, stake="0.00"), 422, "stake"),
        (slip(HOME, stake="5.001"), 422, "stake"),
        (slip(HOME, stake="9000000000.01"), 422, "stake"),
        (slip(HOME, stake="1e2"), 422, "stake"),
        (slip(HOME, stake="five"), 422, "stake"),
        ({**slip(HOME), "currency": "GBP"}, 422, "currency"),
        ({**slip(HOME), "stake": 5}, 422, "stake"),
    ],
)
async def test_a_bet_that_cannot_be_is_refused_by_its_field(
    shared_desk: Desk, player: Somebody, body: dict[str, Any], status: int, field: str
) -> None:
    before = await count_rows(shared_desk.database)

    answer = await shared_desk.place(player, body)

    assert (answer.status, answer.fields) == (status, [field])
    assert await count_rows(shared_desk.database) == before


async def test_a_stale_tick_is_told_the_price_as_it_is(desk: Desk) -> None:
    await desk.event("cup")
    player = await desk.player()
    change = {"changes": [{"selection_id": HOME, "price": "2.625"}]}
    await desk.client.ask("POST", "/v1/staff/prices", token=desk.staff, body=change)

    answer = await desk.place(player, slip(HOME))

    assert answer.status == 409
    now = {"selection_id": HOME, "tick": 2, "price": "21/8", "price_decimal": "2.625"}
    assert answer.problem.items() >= now.items()


@pytest.mark.parametrize("amount", ["0", "-5.00", "5.001", "1e2", "9000000000.01", "five", ""])
@pytest.mark.parametrize("path", ["/v1/deposits", "/v1/withdrawals"])
async def test_an_amount_that_cannot_be_is_refused_by_its_field(
    shared_desk: Desk, player: Somebody, path: str, amount: str
) -> None:
    before = await count_rows(shared_desk.database)

    answer = await shared_desk.client.ask(
        "POST",
        path,
        token=player.token,
        key=shared_desk.key(),
        body={"amount": amount, "currency": "EUR"},
    )

    assert (answer.status, answer.fields) == (422, ["amount"])
    assert await count_rows(shared_desk.database) == before


@pytest.mark.parametrize(
    ("changed", "status", "field"),
    [
        ({"email": "nobody"}, 422, "email"),
        ({"email": "a b@c.d"}, 422, "email"),
        ({"name": "  "}, 422, "name"),
        ({"password": "short"}, 422, "password"),
        ({"password": "x" * 129}, 422, "password"),
        ({"date_of_birth": "2026-07-31"}, 422, "date_of_birth"),
        ({"date_of_birth": "9999-12-31"}, 422, "date_of_birth"),
        ({"jurisdiction": "../demo"}, 422, "jurisdiction"),
        ({"jurisdiction": "elsewhere"}, 422, "jurisdiction"),
        ({"currency": "JPY"}, 422, "currency"),
    ],
)
async def test_a_registration_that_cannot_be_is_refused_by_its_field(
    desk: Desk, changed: dict[str, str], status: int, field: str
) -> None:
    body = {**registration(), **changed}

    answer = await desk.client.ask("POST", "/v1/players", key="k", body=body)

    assert (answer.status, answer.fields) == (status, [field])
    assert (await count_rows(desk.database))["player"] == 0


async def test_an_email_is_one_players(desk: Desk) -> None:
    first = await desk.client.ask("POST", "/v1/players", key="a", body=registration("Ann@B.c"))
    other = await desk.client.ask("POST", "/v1/players", key="b", body=registration("ann@b.C"))

    assert first.status == 201
    assert (other.status, other.slug, other.fields) == (409, "email_taken", ["email"])


async def test_events_that_share_a_market_or_a_selection_are_refused(desk: Desk) -> None:
    await desk.event("cup")
    twin = new_event("twin")
    twin["markets"][1]["market_id"] = new_event("cup")["markets"][1]["market_id"]
    cousin = new_event("cousin")
    cousin["markets"][0]["selections"][2]["selection_id"] = DRAW
    fine = new_event("fine")
    before = await count_rows(desk.database)

    answer = await desk.client.ask(
        "POST", "/v1/staff/events", token=desk.staff, body={"events": [twin, fine, cousin]}
    )

    assert answer.status == 200
    said = [(item.get("changed"), item.get("refusal")) for item in answer.json()["answers"]]
    refused = (None, "another_under_this_id")
    assert said == [refused, (True, None), refused]
    after = await count_rows(desk.database)
    assert after["catalog_event"] == before["catalog_event"] + 1
    # One was opened, and two refusals are told.
    assert after["fact"] == before["fact"] + 3


async def test_an_event_that_names_one_id_twice_is_malformed(desk: Desk) -> None:
    market_twice = new_event("a")
    market_twice["markets"][1]["market_id"] = market_twice["markets"][0]["market_id"]
    selection_twice = new_event("b")
    first, second, *_ = selection_twice["markets"][0]["selections"]
    second["selection_id"] = first["selection_id"]
    before = await count_rows(desk.database)

    answers = [
        await desk.client.ask(
            "POST", "/v1/staff/events", token=desk.staff, body={"events": [new_event("c"), event]}
        )
        for event in (market_twice, selection_twice)
    ]

    assert [(answer.status, answer.fields) for answer in answers] == [
        (422, ["events[1].markets[1].market_id"]),
        (422, ["events[1].markets[0].selections[1].selection_id"]),
    ]
    assert await count_rows(desk.database) == before


async def test_a_market_that_could_not_be_settled_is_malformed(desk: Desk) -> None:
    lacks_one = new_event("a")
    del lacks_one["markets"][0]["selections"][1]

    answer = await desk.client.ask(
        "POST", "/v1/staff/events", token=desk.staff, body={"events": [new_event("b"), lacks_one]}
    )

    assert (answer.status, answer.fields) == (422, ["events[1].markets[0].selections"])


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"home": None}, "results[0].home"),
        ({"away": None}, "results[0].away"),
        ({"home": None, "away": None}, "results[0].home"),
        ({"abandoned": True}, "results[0].abandoned"),
        ({"home": -1}, "results[0].home"),
        ({"home": 100_000}, "results[0].home"),
        ({"event_id": NOWHERE[:-1]}, "results[0].event_id"),
    ],
)
async def test_a_result_that_cannot_be_is_refused_by_its_field(
    shared_desk: Desk, changed: dict[str, object], field: str
) -> None:
    result = {"event_id": NOWHERE, "home": 1, "away": 0, **changed}

    answer = await shared_desk.client.ask(
        "POST", "/v1/staff/results", token=shared_desk.staff, body={"results": [result]}
    )

    assert (answer.status, answer.fields) == (422, [field])
