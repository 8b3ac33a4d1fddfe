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
TWENTY = [derived_id(str(number)) for number in range(20)]
ALL_TWO = {"legs": [0, 1], "sizes": [1, 2]}
ANY_ID = derived_id("anything")
COMBINED = {"combination_id": ANY_ID, "tick": 1}
ON_EACH_LINE = {"lines": [ALL_TWO], "stake_on": "line"}


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
        ({**slip(HOME, DRAW), "bet_type": "trixie"}, 422, "legs"),
        ({**slip(HOME), "bet_type": "quixie"}, 422, "bet_type"),
        ({**slip(HOME, DRAW), "bet_type": "double", "lines": [ALL_TWO]}, 422, "lines"),
        ({**slip(HOME), "lines": []}, 422, "lines"),
        ({**slip(HOME), "lines": [ALL_TWO]}, 422, "lines"),
        ({**slip(HOME, DRAW), "lines": [{"legs": [0], "sizes": [1]}]}, 422, "lines"),
        (
            {**slip(HOME, DRAW), "lines": [ALL_TWO, {**ALL_TWO, "sizes": [3]}]},
            422,
            "lines[1].sizes",
        ),
        ({**slip(HOME, DRAW), "lines": [{**ALL_TWO, "sizes": [2, 2]}]}, 422, "lines[0].sizes"),
        ({**slip(HOME, DRAW), "lines": [{**ALL_TWO, "bankers": [1]}]}, 422, "lines[0].legs"),
        ({**slip(HOME, DRAW), "lines": [{**ALL_TWO, "legs": [-1]}]}, 422, "lines[0].legs[0]"),
        ({**slip(HOME, DRAW), "lines": [{**ALL_TWO, "legs": [20]}]}, 422, "lines[0].legs[0]"),
        ({**slip(*TWENTY), "lines": [{"legs": [*range(20)], "sizes": [10]}]}, 422, "lines"),
        ({**slip(HOME), "stake_on": "leg"}, 422, "stake_on"),
        ({**slip(HOME), "parts": "show"}, 422, "parts"),
        ({**slip(HOME), "free_bet": "mine"}, 422, "free_bet"),
        ({**slip(HOME), "boost": "mine"}, 422, "boost"),
        ({**slip(HOME), "boost": ANY_ID, "free_bet": ANY_ID}, 422, "boost"),
        ({**slip(HOME), "boost": ANY_ID, "parts": "each_way"}, 422, "boost"),
        (
            {**slip(HOME, DRAW), "combination": {**COMBINED, "combination_id": "it"}},
            422,
            "combination.combination_id",
        ),
        ({**slip(HOME), "combination": {**COMBINED, "tick": 0}}, 422, "combination.tick"),
        ({**slip(HOME), "combination": COMBINED, "parts": "place"}, 422, "combination"),
        ({**slip(HOME), "combination": COMBINED, "price_policy": "any"}, 422, "price_policy"),
        ({**slip(HOME, DRAW, stake="9000000000.00"), **ON_EACH_LINE}, 422, "stake"),
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


@pytest.mark.parametrize("fraction", ["6/5", "0", "1/0", "0.2", "1/5\n", "-1/5", ""])
async def test_a_place_that_pays_what_none_can_is_malformed(
    shared_desk: Desk, fraction: str
) -> None:
    event = new_event("race")
    event["markets"][0]["place_terms"] = {"places": 3, "fraction": fraction}
    before = await count_rows(shared_desk.database)

    answer = await shared_desk.client.ask(
        "POST", "/v1/staff/events", token=shared_desk.staff, body={"events": [event]}
    )

    assert answer.fields == ["events[0].markets[0].place_terms.fraction"]
    assert await count_rows(shared_desk.database) == before
