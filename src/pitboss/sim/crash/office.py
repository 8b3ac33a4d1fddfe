"""The staff of a crash simulation: they open events, move prices and record results under fire."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec

from pitboss.kernel.clock import SystemClock
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.errors import PlatformError
from pitboss.kernel.ids import new_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.waiting import happened
from pitboss.sim.http import Answer, Client, ConnectionLost, UnreadableAnswer

EVENTS_OPEN = 12
STEP_SECONDS = 0.7
# Of all steps: the others move prices.
RESULT_SHARE = 0.25
ABANDONED_SHARE = 0.1
GOALS_MAX = 4
# Who is not answered in this time asks again.
PATIENCE_SECONDS = 5.0
WAIT_SECONDS = 0.3
# Longer than any outage here; then the run has failed.
TRIES_MAX = 400
_PRICES = ("2.5", "3.2", "2.9", "1.95", "1.9", "4.1", "3.6")
_STARTS_IN = timedelta(days=2)
_MARKETS = (
    ("1x2", None, ("home", "draw", "away")),
    ("total", "2.5", ("over", "under")),
)


class OfficeFailed(PlatformError):
    """Staff were refused what they may do, or never answered."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Something to bet on, as shown last; no bet has two legs of one event here."""

    event_id: str
    selection_id: str
    tick: int


@dataclass(slots=True)
class Board:
    """What can be bet on, as clients see it: it may be a moment old."""

    offers: dict[str, list[Offer]] = field(default_factory=dict)


class _Shown(msgspec.Struct):
    selection_id: str
    tick: int


class _Market(msgspec.Struct):
    selections: list[_Shown]


class _Event(msgspec.Struct):
    event_id: str
    markets: list[_Market]


class _Item(msgspec.Struct):
    refusal: str | None = None


class _Items(msgspec.Struct):
    answers: list[_Item]


_read_event = msgspec.json.Decoder(_Event).decode
_read_items = msgspec.json.Decoder(_Items).decode


class Office:
    """Speaks for staff over HTTP, and asks again until it knows: all it asks may be repeated."""

    def __init__(self, client: Client, token: str, board: Board, *, seed: int) -> None:
        self._client = client
        self._token = token
        self._board = board
        self._chance = random.Random(f"office:{seed}")  # noqa: S311 - prices, not secrets
        self._opened = 0
        self.retries = 0

    async def open(self, count: int = EVENTS_OPEN) -> None:
        """Open so many events more."""
        events = [self._event() for _ in range(count)]
        await self._do("/v1/staff/events", {"events": events})
        for event in events:
            await self._show(str(event["event_id"]))

    async def run(self, stop: asyncio.Event) -> None:
        """Move prices, and now and then end an event and open another, until told to stop."""
        while not await happened(stop, STEP_SECONDS):
            if self._chance.random() < RESULT_SHARE:
                await self._end(next(iter(self._board.offers)))
                await self.open(1)
            else:
                await self._move_price(self._chance.choice(list(self._board.offers)))

    async def end_all(self) -> None:
        """Record how every open event ended."""
        for event_id in list(self._board.offers):
            await self._end(event_id)

    async def _move_price(self, event_id: str) -> None:
        offer = self._chance.choice(self._board.offers[event_id])
        change = {
            "selection_id": offer.selection_id,
            "price": self._chance.choice(_PRICES),
            "confirmed": True,
        }
        await self._do("/v1/staff/prices", {"changes": [change]})
        await self._show(event_id)

    async def _end(self, event_id: str) -> None:
        result: dict[str, object] = {"event_id": event_id}
        if self._chance.random() < ABANDONED_SHARE:
            result |= {"abandoned": True}
        else:
            result |= {
                "home": self._chance.randint(0, GOALS_MAX),
                "away": self._chance.randint(0, GOALS_MAX),
            }
        await self._do("/v1/staff/results", {"results": [result]})
        del self._board.offers[event_id]

    async def _show(self, event_id: str) -> None:
        event = _read_event((await self._ask("GET", f"/v1/events/{event_id}", None)).body)
        self._board.offers[event_id] = [
            Offer(event_id, shown.selection_id, shown.tick)
            for market in event.markets
            for shown in market.selections
        ]

    def _event(self) -> dict[str, object]:
        clock, entropy = SystemClock(), SystemEntropy()
        self._opened += 1
        return {
            "event_id": new_id(clock.now(), entropy),
            "sport": "football",
            "competition": "Crash League",
            "home": f"Home {self._opened}",
            "away": f"Away {self._opened}",
            "starts_at": write_instant(clock.now() + _STARTS_IN),
            "markets": [
                {
                    "market_id": new_id(clock.now(), entropy),
                    "kind": kind,
                    "line": line,
                    "selections": [
                        {
                            "selection_id": new_id(clock.now(), entropy),
                            "code": code,
                            "price": self._chance.choice(_PRICES),
                        }
                        for code in codes
                    ],
                }
                for kind, line, codes in _MARKETS
            ],
        }

    async def _do(self, path: str, body: object) -> None:
        answer = await self._ask("POST", path, msgspec.json.encode(body))
        refusals = [item.refusal for item in _read_items(answer.body).answers if item.refusal]
        if refusals:
            raise OfficeFailed(f"{path}: {refusals[0]}")

    async def _ask(self, method: str, path: str, body: bytes | None) -> Answer:
        headers = {"Authorization": f"Bearer {self._token}"}
        why = ""
        for _ in range(TRIES_MAX):
            try:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    answer = await self._client.ask(method, path, headers=headers, body=body)
            except (ConnectionLost, TimeoutError, UnreadableAnswer) as error:
                why = str(error) or type(error).__name__
            else:
                why = f"{answer.status} {answer.body[:200].decode(errors='replace')}"
                if answer.status == 200:
                    return answer
                if answer.status < 500:
                    break
            self.retries += 1
            await asyncio.sleep(WAIT_SECONDS)
        raise OfficeFailed(f"{method} {path}: {why}")
