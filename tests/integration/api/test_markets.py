"""Markets over HTTP: what kinds there are, more of them, what events come to and how they end."""

from __future__ import annotations

from typing import Any

import pytest

from integration.api.desk import Desk, event_id, new_event
from pitboss.kernel.ids import derived_id
from pitboss.sportsbook import registry


async def test_everybody_is_shown_what_each_kind_of_market_asks(desk: Desk) -> None:
    answer = await desk.client.ask("GET", "/v1/market-kinds")

    assert answer.status == 200
    kinds = {kind["kind"]: kind for kind in answer.json()["kinds"]}
    assert list(kinds) == [kind.id for kind in registry.kinds()]
    assert kinds["half_total"]["selections"] == {"type": "fixed", "codes": ["over", "under"]}
    assert [item["name"] for item in kinds["half_total"]["specifiers"]] == ["line", "half"]
    assert kinds["moneyline"]["overtime"] is True


async def test_an_event_goes_from_its_opening_to_the_results_of_all_its_markets(desk: Desk) -> None:
    await desk.event("cup")
    body = {"events": [{"event_id": event_id("cup"), "markets": [half_total("half=1|line=0.5")]}]}

    opened = [await ask(desk, "/v1/staff/markets", body) for _ in range(2)]
    change = {"event_id": event_id("cup"), "status": "live", "score": "1-0", "period": "1h"}
    live = await ask(desk, "/v1/staff/events/changes", {"changes": [change, change]})
    shown = await desk.client.ask("GET", f"/v1/events/{event_id('cup')}")
    in_play = await desk.client.ask("GET", "/v1/events?in_play=true")
    ending = {
        "event_id": event_id("cup"),
        "counts": [
            {"source": "score", "part": "match", "home": 2, "away": 0},
            {"source": "score", "part": "1", "home": 1, "away": 0},
        ],
    }
    other = {**ending, "counts": [{"source": "score", "part": "match", "home": 0, "away": 0}]}
    nobodys = {"event_id": derived_id("nobody's"), "abandoned": True}
    ended = await ask(desk, "/v1/staff/endings", {"endings": [ending, ending, other, nobodys]})
    after = (await desk.client.ask("GET", f"/v1/events/{event_id('cup')}")).json()

    assert [item["changed"] for answer in opened for item in answer] == [True, False]
    assert [item["changed"] for item in live] == [True, False]
    found = shown.json()
    assert (found["status"], found["score"], found["period"]) == ("live", "1-0", "1h")
    assert (found["in_play"], found["live_no"], found["bet_delay_seconds"]) == (True, 1, 5)
    assert "half=1|line=0.5" in {market["specifiers"] for market in found["markets"]}
    assert [(item.get("changed"), item.get("refusal")) for item in ended] == [
        (True, None),
        (False, None),
        (None, "ended_otherwise"),
        (None, "unknown_event"),
    ]
    assert [event["event_id"] for event in in_play.json()["events"]] == [event_id("cup")]
    none_left = await desk.client.ask("GET", "/v1/events?in_play=true")
    assert none_left.json()["events"] == []
    assert after["status"] == "ended"
    assert {market["status"] for market in after["markets"]} == {"closed"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "moon_landing"}, "kind"),
        ({"kind": "moneyline"}, "kind"),
        ({"specifiers": "half=1"}, "specifiers"),
        ({"specifiers": "half=3|line=0.5"}, "specifiers"),
        ({"specifiers": "half"}, "specifiers"),
        ({"line": "0.5"}, "line"),
        ({"producer": "No Body"}, "producer"),
        ({"selections": []}, "selections"),
    ],
)
async def test_a_market_that_the_registry_does_not_know_is_refused_by_field(
    desk: Desk, change: dict[str, Any], field: str
) -> None:
    await desk.event("cup")
    market = {**half_total("half=1|line=0.5"), **change}
    body = {"events": [{"event_id": event_id("cup"), "markets": [market]}]}
    event = {**new_event("other"), "markets": [market]}

    more = await desk.client.ask("POST", "/v1/staff/markets", token=desk.staff, body=body)
    new = await desk.client.ask(
        "POST", "/v1/staff/events", token=desk.staff, body={"events": [event]}
    )

    for answer in (more, new):
        assert (answer.status, answer.fields) == (422, [f"events[0].markets[0].{field}"])


@pytest.mark.parametrize(
    ("ending", "field"),
    [
        ({"counts": [{"source": "kicks", "part": "match", "home": 1, "away": 0}]}, "counts.kicks"),
        ({"counts": [{"source": "score", "part": "9x", "home": 1, "away": 0}]}, "counts.score.9x"),
        (
            {"counts": [{"source": "score", "part": "1", "home": 1, "away": 0}] * 2},
            "counts[1].part",
        ),
        ({"scorers": ["left"]}, "scorers"),
        ({"order": [{"runners": ["7"]}, {"runners": ["7"]}]}, "order"),
        ({"order": [{"runners": ["7"]}], "non_runners": ["7"]}, "non_runners"),
        ({"answers": [{"market": "to_qualify", "won": ["home"]}] * 2}, "answers[1].market"),
    ],
)
async def test_an_end_that_cannot_be_is_refused_by_field(
    desk: Desk, ending: dict[str, Any], field: str
) -> None:
    await desk.event("cup")
    body = {"endings": [{"event_id": event_id("cup"), **ending}]}

    answer = await desk.client.ask("POST", "/v1/staff/endings", token=desk.staff, body=body)

    assert (answer.status, answer.fields) == (422, [f"endings[0].{field}"])


async def ask(desk: Desk, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Ask as staff, and return what came of each."""
    answer = await desk.client.ask("POST", path, token=desk.staff, body=body)
    assert answer.status == 200
    answers: list[dict[str, Any]] = answer.json()["answers"]
    return answers


def half_total(specifiers: str) -> dict[str, Any]:
    """Return a market on the goals of a half."""
    return {
        "market_id": derived_id("half total", specifiers),
        "kind": "half_total",
        "specifiers": specifiers,
        "selections": [
            {"selection_id": derived_id(specifiers, code), "code": code, "price": "1.9"}
            for code in ("over", "under")
        ],
    }
