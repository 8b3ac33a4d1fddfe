"""Displays are told of every change, know what they have missed, and cost nobody else anything."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from integration.api.desk import Desk, event_id, market_id, new_event, selection_id
from integration.api.display import Display, Told, following
from pitboss import messages
from pitboss.api import board, prices
from pitboss.api.asgi import Api, make_app
from pitboss.kernel.ids import MarketId, derived_id
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.sportsbook import catalog
from pitboss.sportsbook.catalog.model import HandOver, ProducerChange, ProducerState

A, B = event_id("A"), event_id("B")


@pytest.fixture
def app(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Api:
    """Give an API of its own, whose board is wiped as soon as nobody looks."""
    monkeypatch.setattr(board, "IDLE_SECONDS", 0.0)
    return make_app(desk.edge)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let heartbeats come, and patience end, soon."""
    monkeypatch.setattr(prices, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(prices, "SEND_SECONDS_MAX", 0.2)
    yield


async def reprice(desk: Desk, price: str, *names: str) -> None:
    """Give the home sides of events another price."""
    changes = [{"selection_id": selection_id(name), "price": price} for name in names]
    answer = await desk.client.ask(
        "POST", "/v1/staff/prices", token=desk.staff, body={"changes": changes}
    )
    assert [item["changed"] for item in answer.json()["answers"]] == [True] * len(names)


async def suspend(desk: Desk, name: str, status: str = "suspended") -> None:
    """Suspend the 1x2 market of an event."""
    changes = [{"market_id": market_id(name), "status": status}]
    answer = await desk.client.ask(
        "POST", "/v1/staff/markets/status", token=desk.staff, body={"changes": changes}
    )
    assert answer.json()["answers"][0]["changed"]


def desk_turn(desk: Desk) -> messages.TurnContext:
    """Take the turn of the catalogue."""
    return messages.turn(
        desk.database, [CATALOGUE_SHARD], now=desk.clock.now(), actor="test", entropy=desk.entropy
    )


async def set_producer(desk: Desk, state: ProducerState) -> None:
    """Say whether the feed can be believed."""
    async with desk_turn(desk) as turn:
        await catalog.set_producers(turn, [ProducerChange(producer="feed", state=state, why="x")])


def home_price(event: dict[str, Any]) -> tuple[str, int]:
    """Return price and tick of the home side in a whole event."""
    name = next(name for name in ("A", "B") if event["event_id"] == event_id(name))
    (found,) = [
        item
        for market in event["markets"]
        for item in market["selections"]
        if item["selection_id"] == selection_id(name)
    ]
    return found["price"], found["tick"]


async def test_a_display_is_shown_what_there_is_and_told_of_what_changes(
    desk: Desk, app: Api
) -> None:
    await desk.event("A")
    await desk.event("B")

    async with following(app, A) as display:
        first = await display.next()
        await reprice(desk, "2.75", "A", "B")
        second = await display.next()
        await suspend(desk, "A")
        third = await display.next()

    assert display.status == 200
    assert display.headers["content-type"].startswith("text/event-stream")
    assert (first.name, [item["event_id"] for item in first.data["events"]]) == ("snapshot", [A])
    assert home_price(first.data["events"][0]) == ("5/2", 1)
    assert second.name == "change"
    assert second.data["events"] == [
        {
            "event_id": A,
            "selections": [
                {
                    "selection_id": selection_id("A"),
                    "price": "11/4",
                    "price_decimal": "2.75",
                    "tick": 2,
                }
            ],
        }
    ]
    assert third.data["events"] == [
        {"event_id": A, "markets": [{"market_id": market_id("A"), "status": "suspended"}]}
    ]


async def test_each_message_names_the_one_before_it(desk: Desk, app: Api, quick: None) -> None:
    await desk.event("A")
    await desk.event("B")
    told: list[Told] = []

    async with following(app, A) as display:
        told.append(await display.next())
        for number in range(5):
            await reprice(desk, f"3.{number + 1}", "B")
            await reprice(desk, f"2.{number + 1}", "A")
            told.append(await display.next("change") if number % 2 else await display.next())
        while told[-1].name != "heartbeat":
            told.append(await display.next())

    # A heartbeat may lie between two changes, and is one of the chain; changes may share one.
    skipped = [item.data["after"] for item in told[1:]]
    assert all(item.data["seq"] == item.seq for item in told)
    assert all(after >= before.seq for after, before in zip(skipped, told, strict=False))
    assert told[-1].data.keys() == {"after", "seq"}


async def test_what_was_missed_is_found_by_the_break_in_the_chain_and_refetched(
    desk: Desk, app: Api
) -> None:
    await desk.event("A")

    async with following(app, A) as display:
        first = await display.next()
        await reprice(desk, "2.75", "A")
        lost = await display.next()
        await reprice(desk, "2.8", "A")
        seen = await display.next()
    client = type(desk.client)(app)
    again = (await client.ask("GET", f"/v1/prices/snapshot?events={A}")).json()

    assert lost.data["after"] == first.seq
    assert seen.data["after"] == lost.seq != first.seq
    assert again["seq"] >= seen.seq
    assert home_price(again["events"][0]) == ("14/5", 3)


async def test_who_comes_back_is_shown_only_what_has_changed_meanwhile(
    desk: Desk, app: Api
) -> None:
    await desk.event("A")
    await desk.event("B")
    async with following(app, A, B) as display:
        first = await display.next()
        await reprice(desk, "2.75", "A")
        told = await display.next()

    async with following(app, A, B, last=told.seq) as back:
        nothing = await back.next()
    async with following(app, A, B, last=first.seq) as back:
        something = await back.next()
    async with following(app, A, B, last=told.seq + 1_000) as back:
        everything = await back.next()

    assert nothing.data == {"seq": told.seq, "events": []}
    assert [item["event_id"] for item in something.data["events"]] == [A]
    assert home_price(something.data["events"][0]) == ("11/4", 2)
    assert len(everything.data["events"]) == 2


async def test_a_price_is_never_told_backwards_however_the_looks_fall(desk: Desk, app: Api) -> None:
    await desk.event("A")
    ticks: list[int] = []

    async def look(display: Display) -> None:
        shown = await display.next()
        ticks.append(home_price(shown.data["events"][0])[1])
        while ticks[-1] < 31:
            told = await display.next()
            for event in told.data.get("events", ()):
                ticks.extend(item["tick"] for item in event["selections"])

    async with following(app, A) as display:
        looking = asyncio.create_task(look(display))
        for number in range(30):
            await reprice(desk, f"2.{number + 51}", "A")
            # Others have the event read, at whatever moment that falls.
            await type(desk.client)(app).ask("GET", f"/v1/prices/snapshot?events={A},{B}")
        await looking

    assert ticks == sorted(set(ticks))


async def test_an_event_that_is_opened_later_is_told_whole(desk: Desk, app: Api) -> None:
    async with following(app, A) as display:
        first = await display.next()
        await desk.event("A")
        told = await display.next()

    assert first.data["events"] == []
    assert told.data["events"][0]["event"]["event_id"] == A
    assert home_price(told.data["events"][0]["event"]) == ("5/2", 1)


async def test_markets_are_shown_suspended_while_nobody_vouches_for_their_prices(
    desk: Desk, app: Api
) -> None:
    await desk.event("A")
    await set_producer(desk, ProducerState.UP)
    async with desk_turn(desk) as turn:
        vouched = HandOver(market_id=MarketId(market_id("A")), producer="feed")
        await catalog.hand_over(turn, [vouched])
    told: list[list[str]] = []

    async with following(app, A) as display:
        await display.next()
        for state in (ProducerState.DOWN, ProducerState.UP):
            await set_producer(desk, state)
            change = await display.next()
            (event,) = change.data["events"]
            told.append([market["status"] for market in event["event"]["markets"]])
        await set_producer(desk, ProducerState.DOWN)
        await display.next()
        await suspend(desk, "A")
        await suspend(desk, "A", "open")
        last = await display.next()
        while last.data["events"][0]["markets"][0]["status"] != "suspended":
            last = await display.next()

    assert [sorted(statuses) for statuses in told] == [["open", "suspended"], ["open", "open"]]


async def test_a_refused_change_is_not_told(desk: Desk, app: Api) -> None:
    await desk.event("A")

    async with following(app, A) as display:
        await display.next()
        body = {"events": [{**new_event("A"), "home": "somebody else"}]}
        answer = await desk.client.ask("POST", "/v1/staff/events", token=desk.staff, body=body)
        assert answer.json()["answers"][0]["refusal"] == "another_under_this_id"
        await reprice(desk, "2.75", "A")
        told = await display.next()

    assert [list(event) for event in told.data["events"]] == [["event_id", "selections"]]


async def test_heartbeats_say_up_to_where_nothing_has_changed(
    desk: Desk, app: Api, quick: None
) -> None:
    await desk.event("A")
    await desk.event("B")

    async with following(app, A) as display:
        first = await display.next()
        await reprice(desk, "2.75", "B")
        beat = await display.next("heartbeat")
        while beat.seq == first.seq:
            beat = await display.next("heartbeat")

    assert beat.seq == beat.data["seq"] > first.seq


async def test_a_display_that_does_not_read_is_hung_up_on(
    desk: Desk, app: Api, quick: None
) -> None:
    await desk.event("A")

    async with following(app, A) as slow, following(app, A) as quick_one:
        await slow.next()
        await quick_one.next()
        slow.reads.clear()
        await reprice(desk, "2.75", "A")
        await slow.end()
        told = await quick_one.next("change")

    assert told.data["events"][0]["selections"][0]["tick"] == 2


async def test_what_waits_for_a_display_has_an_end(
    desk: Desk, app: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.event("A")
    monkeypatch.setattr(board, "PENDING_BYTES_MAX", 400)

    async with following(app, A) as display:
        await display.next()
        display.reads.clear()
        # The first is under way; of the others no more than fits may wait.
        for number in range(8):
            await reprice(desk, f"2.{number + 61}", "A")
            await asyncio.sleep(0.05)
        display.reads.set()
        await display.end()


@pytest.mark.parametrize(
    ("query", "last", "status", "field"),
    [
        ("", None, 422, "events"),
        ("events=", None, 422, "events"),
        ("events=x", None, 422, "events"),
        (f"events={A},", None, 422, "events"),
        (f"events={','.join(derived_id(str(n)) for n in range(101))}", None, 422, "events"),
        ("&".join(["events=x"] * 200), None, 422, "events"),
        (f"events={A}", "x", 400, "Last-Event-ID"),
        (f"events={A}", "-1", 400, "Last-Event-ID"),
        (f"events={A}", "9" * 30, 400, "Last-Event-ID"),
    ],
)
async def test_what_cannot_be_followed_is_refused_naming_why(
    app: Api, query: str, last: str | None, status: int, field: str
) -> None:
    async with following(app, query=query, last=last) as display:
        await display.end()

    assert display.status == status
    assert [error["field"] for error in display.problem["errors"]] == [field]


async def test_no_more_streams_are_opened_than_there_may_be(
    desk: Desk, app: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prices, "STREAMS_MAX", 1)

    async with following(app, A) as first:
        await first.next()
        async with following(app, A) as second:
            await second.end()
    async with following(app, A) as third:
        await third.next()

    assert (first.status, second.status, third.status) == (200, 503, 200)


async def test_the_snapshot_leaves_out_what_does_not_exist(desk: Desk, app: Api) -> None:
    await desk.event("A")
    client = type(desk.client)(app)

    found = await client.ask("GET", f"/v1/prices/snapshot?events={A},{B}")
    whole = await client.ask("GET", f"/v1/events/{A}")
    wrong = await client.ask("GET", "/v1/prices/snapshot?events=x")

    assert found.json()["events"] == [whole.json()]
    assert (wrong.status, wrong.fields) == (422, ["events"])
