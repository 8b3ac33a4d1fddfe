"""The board: prices as the catalogue shows them, with the ticks that bets must name."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pitboss.kernel.errors import PlatformError
from pitboss.kernel.ids import EventId, SelectionId
from pitboss.sim.season.caller import Caller, describe
from pitboss.sim.season.picks import Pick

EVENTS_PAGE = 100
# A catalogue with more events than this at once is not a season's.
PAGES_MAX = 1_000


class _Shown(msgspec.Struct):
    selection_id: SelectionId
    tick: int


class _Market(msgspec.Struct):
    selections: list[_Shown]


class _Event(msgspec.Struct):
    markets: list[_Market]


class _Page(msgspec.Struct):
    events: list[_Event]
    next_after: str | None


_read_page = msgspec.json.Decoder(_Page).decode
_read_event = msgspec.json.Decoder(_Event).decode


class CatalogueAway(PlatformError):
    """The catalogue did not answer as it should."""


class Board:
    """The ticks that were shown last; those of events that began stay as they were."""

    def __init__(self) -> None:
        self._ticks: dict[SelectionId, int] = {}

    async def read(self, caller: Caller) -> None:
        """Read the whole catalogue."""
        path = f"/v1/events?limit={EVENTS_PAGE}"
        after = ""
        for _ in range(PAGES_MAX):
            answer = await caller.ask("GET", path + after)
            if answer.status != 200:
                raise CatalogueAway(describe(answer))
            page = _read_page(answer.body)
            for event in page.events:
                self._note(event)
            if page.next_after is None:
                return
            after = f"&after={page.next_after}"

    async def read_event(self, caller: Caller, event_id: EventId) -> None:
        """Read one event again."""
        answer = await caller.ask("GET", f"/v1/events/{event_id}")
        if answer.status != 200:
            raise CatalogueAway(describe(answer))
        self._note(_read_event(answer.body))

    def legs(self, picks: Sequence[Pick], *, behind: int = 0) -> str:
        """Write picks as the legs of a slip, with ticks so many behind what was shown last."""
        return ",".join(
            f'{{"selection_id":"{pick.selection_id}",'
            f'"tick":{self._ticks.get(pick.selection_id, 1) - behind}}}'
            for pick in picks
        )

    def _note(self, event: _Event) -> None:
        for market in event.markets:
            for shown in market.selections:
                self._ticks[shown.selection_id] = shown.tick
