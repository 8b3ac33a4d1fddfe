"""The plain books find every decision that does not follow from what was before it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pitboss.sim.world.plain import PlainBooks, Wanted, read_story

PLAYER, MARKET, EVENT, HOME, AWAY = "player", "market", "event", "home", "away"
SHARD = 3
UNIT = 1_000_000


def wish(*legs: tuple[str, int], stake: int = 5 * UNIT, player: str = PLAYER) -> dict[str, Any]:
    return {
        "type": "bet.place",
        "player_id": player,
        "stake_micros": stake,
        "legs": [{"selection_id": selection, "tick": tick} for selection, tick in legs],
    }


def accepted(bet_id: str, *prices: str, stake: int = 5 * UNIT) -> dict[str, Any]:
    selections = (HOME, AWAY)
    return {
        "type": "bet.accepted",
        "bet_id": bet_id,
        "stake_micros": stake,
        "legs": [
            {"selection_id": selection, "price": price}
            for selection, price in zip(selections, prices, strict=False)
        ],
    }


def refused(bet_id: str, reason: str) -> dict[str, Any]:
    return {"type": "bet.refused", "bet_id": bet_id, "reason": reason}


def settled(bet_id: str, returns: int) -> dict[str, Any]:
    return {"type": "bet.settled", "bet_id": bet_id, "returns_micros": returns}


def payment(
    kind: str, what: str, *, payment_id: str = "p", micros: int = 5 * UNIT
) -> dict[str, Any]:
    return {
        "type": f"{kind}.{what}",
        "payment_id": payment_id,
        "micros": micros,
        "player_id": PLAYER,
    }


def resulted(selection: str, *, won: bool, void: bool = False) -> dict[str, Any]:
    return {
        "type": "market.resulted",
        "results": [{"selection_id": selection, "won": won, "void_share": "1" if void else "0"}],
    }


def opened(event: str, market: str, selection: str, price: str) -> dict[str, Any]:
    return {
        "type": "event.opened",
        "event_id": event,
        "markets": [
            {
                "market_id": market,
                "selections": [
                    {"selection_id": selection, "price": price},
                    # What else may happen: a market without it would be a gift.
                    {"selection_id": f"not {selection}", "price": "2/1"},
                ],
            }
        ],
    }


def status(word: str) -> dict[str, Any]:
    return {"type": "market.status_changed", "market_id": MARKET, "status": word}


def price(tick: int, text: str = "3/1") -> dict[str, Any]:
    return {"type": "price.changed", "selection_id": HOME, "tick": tick, "price": text}


BEGINNING = (
    {"type": "player.registered", "player_id": PLAYER},
    payment("deposit", "requested", payment_id="first", micros=10 * UNIT),
    payment("deposit", "confirmed", payment_id="first", micros=10 * UNIT),
    opened(EVENT, MARKET, HOME, "5/2"),
    opened("another event", "another market", AWAY, "2/1"),
)


def read(wishes: dict[str, dict[str, Any] | None], *facts: dict[str, Any]) -> PlainBooks:
    """Read a story in which these commands were given in this order."""
    return read_story(
        [
            (SHARD, seq, msgspec.json.encode({"data": fact}))
            for seq, fact in enumerate((*BEGINNING, *facts), start=1)
        ],
        [
            {
                "command_id": bet_id,
                "partition": 0,
                "offset": offset,
                "body": msgspec.json.encode(body or {"type": "?"}),
            }
            for offset, (bet_id, body) in enumerate(wishes.items())
        ],
    )


ONE = {"b": wish((HOME, 1))}
TWO = {"b": wish((HOME, 1)), "c": wish((HOME, 1))}
DOUBLE = {"b": wish((HOME, 1), (AWAY, 1))}

TRUE = [
    (ONE, [accepted("b", "5/2")]),
    (TWO, [accepted("b", "5/2"), accepted("c", "5/2")]),
    (DOUBLE, [accepted("b", "5/2", "2/1")]),
    ({"b": wish((HOME, 1), stake=11 * UNIT)}, [refused("b", "insufficient_funds")]),
    ({"b": wish((HOME, 1), stake=10)}, [refused("b", "stake_too_small")]),
    ({"b": wish((HOME, 1), stake=UNIT + 1)}, [refused("b", "stake_not_whole")]),
    ({"b": wish((HOME, 1), player="nobody")}, [refused("b", "unknown_player")]),
    ({"b": wish(("nothing", 1))}, [refused("b", "unknown_selection")]),
    ({"b": wish((HOME, 1), (HOME, 1))}, [refused("b", "related_legs")]),
    (ONE, [status("suspended"), refused("b", "market_not_open")]),
    (ONE, [price(2), refused("b", "price_changed")]),
    ({"b": wish((HOME, 2))}, [price(2), accepted("b", "3/1")]),
    ({"b": None}, [{"type": "command.set_aside", "command_id": "b"}]),
    (ONE, [accepted("b", "5/2"), resulted(HOME, won=True), settled("b", 12_500_000)]),
    (ONE, [accepted("b", "5/2"), resulted(HOME, won=False), settled("b", 0)]),
    (ONE, [accepted("b", "5/2"), resulted(HOME, won=False, void=True), settled("b", 5 * UNIT)]),
    (DOUBLE, [accepted("b", "5/2", "2/1"), resulted(AWAY, won=False), settled("b", 0)]),
    ({}, [payment("withdrawal", "requested"), payment("withdrawal", "paid")]),
    ({}, [payment("deposit", "requested"), payment("deposit", "failed")]),
    ({}, [{**payment("payment", "refused", micros=11 * UNIT), "kind": "withdrawal"}]),
]

FALSE = [
    (TWO, [accepted("c", "5/2"), accepted("b", "5/2")], "out of order"),
    (TWO, [accepted("b", "5/2"), accepted("b", "5/2")], "out of order"),
    ({}, [accepted("b", "5/2")], "nobody asked for it"),
    ({"b": None}, [refused("b", "unreadable")], "nobody asked for it"),
    ({"b": wish((HOME, 1), stake=11 * UNIT)}, [accepted("b", "5/2")], "should be insufficient"),
    (ONE, [refused("b", "insufficient_funds")], "should be accepted"),
    (ONE, [price(2), accepted("b", "3/1")], "should be price_changed"),
    (ONE, [price(2), accepted("b", "5/2")], "other prices"),
    (ONE, [status("closed"), accepted("b", "5/2")], "should be market_not_open"),
    (ONE, [accepted("b", "5/2", stake=UNIT)], "another stake"),
    (ONE, [{"type": "command.set_aside", "command_id": "b"}], "can be read"),
    ({}, [{"type": "command.set_aside", "command_id": "b"}], "can be read"),
    (ONE, [price(3)], "from tick 1 to 3"),
    (ONE, [settled("b", 0)], "was not open"),
    (ONE, [accepted("b", "5/2"), settled("b", 5 * UNIT)], "not None"),
    (ONE, [accepted("b", "5/2"), resulted(HOME, won=True), settled("b", UNIT)], "not 12500000"),
    ({}, [payment("deposit", "confirmed")], "was not open"),
    (
        {},
        [payment("deposit", "requested"), payment("deposit", "confirmed", micros=UNIT)],
        "was not open",
    ),
    ({}, [payment("deposit", "requested"), payment("deposit", "requested")], "requested twice"),
    ({}, [payment("withdrawal", "requested", micros=11 * UNIT)], "more than there is"),
    ({}, [{**payment("payment", "refused"), "kind": "withdrawal"}], "there is enough"),
]


@pytest.mark.parametrize(("wishes", "facts"), TRUE)
def test_what_follows_surprises_nobody(
    wishes: dict[str, dict[str, Any] | None], facts: list[dict[str, Any]]
) -> None:
    assert read(wishes, *facts).surprises == []


@pytest.mark.parametrize(("wishes", "facts", "surprise"), FALSE)
def test_what_does_not_follow_is_a_surprise(
    wishes: dict[str, dict[str, Any] | None], facts: list[dict[str, Any]], surprise: str
) -> None:
    assert any(surprise in item for item in read(wishes, *facts).surprises)


def test_a_bet_that_was_settled_gives_back_what_it_returned() -> None:
    books = read(
        {"b": wish((HOME, 1), stake=10 * UNIT), "c": wish((AWAY, 1), stake=25 * UNIT)},
        accepted("b", "5/2", stake=10 * UNIT),
        resulted(HOME, won=True),
        settled("b", 25 * UNIT),
        {**accepted("c", stake=25 * UNIT), "legs": [{"selection_id": AWAY, "price": "2/1"}]},
    )

    assert books.surprises == []
    assert books.decided == 2


def test_a_command_without_a_fact_is_no_surprise_here() -> None:
    assert PlainBooks({"b": Wanted(partition=0, offset=0, body=None)}).surprises == []
