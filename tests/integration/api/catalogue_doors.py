"""The doors at which staff says what can be bet on, with a body for each."""

from __future__ import annotations

from integration.api.desk import new_event, selection_id
from integration.api.doors import Door
from pitboss.api.combinations import CombinationsBody
from pitboss.api.markets import AllMarketsBody, EndingsBody, EventChangesBody
from pitboss.api.pricing import PricesBody
from pitboss.api.staff import NewEventsBody, ResultsBody, StartsBody, StatusesBody
from pitboss.api.tokens import Role
from pitboss.kernel.ids import derived_id

NAME = "cup"
RACE = new_event("another")
RACE["markets"][0]["place_terms"] = {"places": 2, "fraction": "1/5"}

CATALOGUE_DOORS: tuple[Door, ...] = (
    Door(
        path="/v1/staff/events",
        kind=NewEventsBody,
        sample={"events": [RACE]},
        role=Role.STAFF,
    ),
    Door(
        path="/v1/staff/markets",
        kind=AllMarketsBody,
        sample={"events": [{"event_id": derived_id("no event"), "markets": RACE["markets"]}]},
        role=Role.STAFF,
    ),
    Door(
        path="/v1/staff/events/changes",
        kind=EventChangesBody,
        sample={
            "changes": [
                {
                    "event_id": derived_id("no event"),
                    "status": "live",
                    "score": "1-0",
                    "period": "1h",
                    "clock_seconds": 600,
                    "red_cards": "0-0",
                    "bet_delay_seconds": 5,
                    "in_play_open": True,
                    "starts_at": "2030-01-01T12:00:00Z",
                    "takes_back": False,
                }
            ]
        },
        role=Role.STAFF,
    ),
    Door(
        path="/v1/staff/endings",
        kind=EndingsBody,
        sample={
            "endings": [
                {
                    "event_id": derived_id("no event"),
                    "counts": [{"source": "score", "part": "match", "home": 1, "away": 0}],
                    "scorers": ["home"],
                    "order": [{"runners": ["7"], "dead_heat": False}],
                    "non_runners": ["5"],
                    "withdrawn": [
                        {
                            "runner": "5",
                            "at": "2026-08-01T11:00:00Z",
                            "price": "4.0",
                            "deduction_pence": None,
                            "factor": None,
                        }
                    ],
                    "unlisted": ["7"],
                    "answers": [{"market": "to_qualify", "won": ["home"]}],
                    "abandoned": False,
                    "retired": False,
                }
            ]
        },
        role=Role.STAFF,
    ),
    Door(
        path="/v1/staff/prices",
        kind=PricesBody,
        sample={
            "source": "desk",
            "sequence": 1,
            "changes": [{"selection_id": selection_id(NAME), "price": "2.25", "confirmed": False}],
        },
        role=Role.STAFF,
    ),
    Door(
        path="/v1/staff/combinations",
        kind=CombinationsBody,
        sample={
            "combinations": [
                {
                    "parts": [
                        {"selection_id": derived_id(code), "tick": 1} for code in ("one", "two")
                    ],
                    "price": "4.5",
                    "confirmed": False,
                }
            ]
        },
        role=Role.STAFF,
    ),
    Door(
        path="/v1/staff/markets/status",
        kind=StatusesBody,
        sample={"changes": [{"market_id": derived_id("no market"), "status": "suspended"}]},
        role=Role.STAFF,
    ),
    Door(
        path="/v1/staff/results",
        kind=ResultsBody,
        sample={
            "results": [
                {"event_id": derived_id("no event"), "home": 1, "away": 0, "abandoned": False}
            ]
        },
        role=Role.STAFF,
    ),
    Door(
        path="/v1/staff/starts",
        kind=StartsBody,
        sample={
            "starts": [{"event_id": derived_id("no event"), "began_at": "2026-08-01T12:00:00Z"}]
        },
        role=Role.STAFF,
    ),
)
