"""The desk: staff of a season, who open events, move prices, record results, and wait."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import TypeVar

import msgspec

from pitboss.kernel.errors import Fault, PlatformError
from pitboss.kernel.instants import write_instant
from pitboss.kernel.price import write_price
from pitboss.sim.season.caller import Caller, describe
from pitboss.sim.season.picks import Pick
from pitboss.sim.season.plan import PriceMove
from pitboss.sim.season.programme import ListedEvent, ListedMarket
from pitboss.sim.season.races import RACE_WINNER, Race
from pitboss.sportsbook.catalog.model import write_line

EVENTS_AT_ONCE = 50
SPORT = "football"
RACING = "horse_racing"
COMPETITION = "Season"

LOOK_SECONDS_MIN = 0.005
LOOK_SECONDS_MAX = 0.1
# Longer than any restart of a process; beyond it nobody will come any more.
STILL_SECONDS_MAX = 90.0

T = TypeVar("T")


class StandsStill(Fault):
    """What waits has not become less for a long time."""


class DeskRefused(PlatformError):
    """The API refused something that staff of a season may do."""


class _Answer(msgspec.Struct):
    changed: bool | None = None
    refusal: str | None = None


class _Answers(msgspec.Struct):
    answers: list[_Answer]


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """What waits: bets to be decided, results to be settled, payments to be closed."""

    commands_waiting: int
    results_waiting: int
    payments_open: int


_read_answers = msgspec.json.Decoder(_Answers).decode
_read_backlog = msgspec.json.Decoder(Backlog).decode


class Desk:
    """Speaks for staff over HTTP."""

    def __init__(self, caller: Caller, token: str) -> None:
        self._caller = caller
        self._token = token

    async def list_game(self, listing: dict[str, object]) -> None:
        """Have a game taken in, so that it can be played.

        Raises:
            DeskRefused: it is not.
        """
        body = msgspec.json.encode(listing)
        path = "/v1/staff/games/import"
        answer = await self._caller.ask("POST", path, token=self._token, body=body)
        if answer.status != 200:
            raise DeskRefused(f"{path}: {describe(answer)}")

    async def open_events(self, events: Sequence[ListedEvent]) -> None:
        """Open events with their markets at the programme's prices."""
        for some in _batches(events, EVENTS_AT_ONCE):
            await self._do("/v1/staff/events", {"events": [_opening(event) for event in some]})

    async def move_prices(self, moves: Sequence[PriceMove]) -> None:
        """Change prices; each changes the tick."""
        if moves:
            changes = [
                {"selection_id": move.pick.selection_id, "price": write_price(move.price)}
                for move in moves
            ]
            await self._do("/v1/staff/prices", {"changes": changes})

    async def record_results(
        self, events: Sequence[ListedEvent], *, misreported: ListedEvent | None = None
    ) -> None:
        """Record how events ended; one of them the wrong way round, if named."""
        for some in _batches(events, EVENTS_AT_ONCE):
            results = [_result(event, swapped=event is misreported) for event in some]
            await self._do("/v1/staff/results", {"results": results})

    async def open_races(self, races: Sequence[Race]) -> None:
        """Open races with their runners at the programme's prices."""
        if races:
            await self._do("/v1/staff/events", {"events": [_race_opening(race) for race in races]})

    async def end_races(self, races: Sequence[Race]) -> None:
        """Record in which order runners came in, and who was withdrawn when, at which price."""
        if races:
            await self._do("/v1/staff/endings", {"endings": [_race_ending(race) for race in races]})

    async def wait(self, *names: str) -> None:
        """Wait until nothing of this kind waits, by the names in `Backlog`.

        Raises:
            StandsStill: the number did not change for a long time.
        """
        time = asyncio.get_running_loop().time
        pause, last, since = LOOK_SECONDS_MIN, -1, time()
        while waiting := await self._count(names):
            if waiting != last:
                last, since = waiting, time()
            elif time() - since > STILL_SECONDS_MAX:
                raise StandsStill(f"{', '.join(names)}: still {waiting}", retryable=True)
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, LOOK_SECONDS_MAX)

    async def _count(self, names: Sequence[str]) -> int:
        answer = await self._caller.ask("GET", "/v1/staff/backlog", token=self._token)
        if answer.status != 200:
            raise DeskRefused(describe(answer))
        backlog = _read_backlog(answer.body)
        return sum(getattr(backlog, name) for name in names)

    async def _do(self, path: str, body: object) -> None:
        answer = await self._caller.ask(
            "POST", path, token=self._token, body=msgspec.json.encode(body)
        )
        if answer.status != 200:
            raise DeskRefused(f"{path}: {describe(answer)}")
        for item in _read_answers(answer.body).answers:
            if item.refusal is not None:
                raise DeskRefused(f"{path}: {item.refusal}")


def _batches(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def _opening(event: ListedEvent) -> dict[str, object]:
    return {
        "event_id": event.id,
        "sport": SPORT,
        "competition": event.row.division or COMPETITION,
        "home": event.row.home,
        "away": event.row.away,
        "starts_at": write_instant(event.row.kick_off_at),
        "markets": [_market(market) for market in event.markets],
    }


def _market(market: ListedMarket) -> dict[str, object]:
    return {
        "market_id": market.id,
        "kind": market.kind,
        "line": write_line(market.line),
        "selections": [_selection(pick) for pick in market.picks],
    }


def _selection(pick: Pick) -> dict[str, object]:
    return {
        "selection_id": pick.selection_id,
        "code": pick.code,
        "price": write_price(pick.price),
    }


def _race_opening(race: Race) -> dict[str, object]:
    market = {
        "market_id": race.market_id,
        "kind": RACE_WINNER,
        "selections": [_selection(pick) for pick in race.runners],
    }
    return {
        "event_id": race.id,
        "sport": RACING,
        "competition": COMPETITION,
        "name": race.name,
        "starts_at": write_instant(race.starts_at),
        "markets": [market],
    }


def _race_ending(race: Race) -> dict[str, object]:
    at = write_instant(race.withdrawn_at)
    return {
        "event_id": race.id,
        "order": [
            {"runners": [pick.code for pick in group], "dead_heat": len(group) > 1}
            for group in race.order
        ],
        "withdrawn": [
            {"runner": pick.code, "at": at, "price": write_price(pick.price)}
            for pick in race.withdrawn
        ],
    }


def _result(event: ListedEvent, *, swapped: bool) -> dict[str, object]:
    if event.abandoned:
        return {"event_id": event.id, "abandoned": True}
    goals = (event.row.goals_home, event.row.goals_away)
    home, away = reversed(goals) if swapped else goals
    return {"event_id": event.id, "home": home, "away": away}
