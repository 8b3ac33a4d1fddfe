"""Recorded exchange streams, played into the catalogue: each message is a turn of its own."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

from pitboss import messages
from pitboss.adapters.feeds.betfair import MarketNews, SkippedLine, read_file
from pitboss.adapters.feeds.betfair_catalogue import (
    PRODUCER,
    Ended,
    Step,
    Translator,
    Unknown,
)
from pitboss.db import Database
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.ids import MarketId
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import Turn
from pitboss.sportsbook import catalog, settlement
from pitboss.sportsbook.catalog.model import (
    EventChange,
    MoreMarkets,
    NewEvent,
    PriceChange,
    ProducerChange,
    ProducerState,
    SelectionChange,
    StatusChange,
)
from pitboss.sportsbook.settlement.model import ResultReport

Kind = TypeVar("Kind")

_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True, kw_only=True)
class Replayed:
    """What came of a replay.

    `undecided` are markets whose end the stream does not tell; `left_out` is what could not be read
    or translated, and why.
    """

    messages: int = 0
    steps: int = 0
    refused: int = 0
    settled: list[MarketId] = field(default_factory=list)
    undecided: list[MarketId] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Replay:
    """A replay under way.

    `speed` is how many times as fast as it was; 0 waits for nothing.  With `today` the instants of
    then are moved so that the first message is of now.
    """

    database: Database
    clock: Clock
    entropy: Entropy
    speed: float = 0.0
    today: bool = True
    done: Replayed = field(default_factory=Replayed)

    async def play(self, files: Sequence[Path]) -> Replayed:
        """Play files side by side to their end.

        Playing them again changes nothing that is over: markets that closed stay closed.

        Raises:
            FeedUnreadable: a file is not what it should be.
        """
        told = heapq.merge(*map(_dated, files), key=itemgetter(0))
        first = next(told, None)
        if first is None:
            return self.done
        began, loop = first[0], asyncio.get_running_loop()
        translator = Translator(shift=self.clock.now() - began if self.today else timedelta(0))
        await self.believe()
        started = loop.time()
        for at, item in itertools.chain((first,), told):
            if self.speed:
                due = started + (at - began).total_seconds() / self.speed
                await asyncio.sleep(max(due - loop.time(), 0))
            await self.take(translator, item)
        return self.done

    async def take(self, translator: Translator, item: MarketNews | SkippedLine) -> None:
        """Do what one message means, in a turn of its own."""
        self.done.messages += 1
        if isinstance(item, SkippedLine):
            self.done.left_out.append(f"line {item.line}: {item.reason}")
            steps = translator.distrust()
        else:
            steps = translator.translate(item)
        if not steps:
            return
        self.done.steps += len(steps)
        async with self._turn() as turn:
            for _, group in itertools.groupby(steps, type):
                await self._do(turn, list(group))

    async def _do(self, turn: Turn, steps: Sequence[Step]) -> None:
        """Do steps of one kind."""
        answers: Sequence[object]
        match steps[0]:
            case NewEvent():
                answers = await catalog.open_events(turn, _of(steps, NewEvent))
            case MoreMarkets():
                answers = await catalog.open_markets(turn, _of(steps, MoreMarkets))
            case EventChange():
                answers = await catalog.change_events(turn, _of(steps, EventChange))
            case StatusChange():
                answers = await catalog.set_status(turn, _of(steps, StatusChange))
            case SelectionChange():
                answers = await catalog.set_selections(turn, _of(steps, SelectionChange))
            case PriceChange():
                answers = await catalog.change_prices(turn, _of(steps, PriceChange))
            case Ended():
                answers = await self._end(turn, _of(steps, Ended))
            case Unknown():
                answers = ()
                self.done.left_out += [
                    f"{item.market}: {item.reason}" for item in _of(steps, Unknown)
                ]
        self.done.refused += sum(not hasattr(answer, "changed") for answer in answers)

    async def _end(self, turn: Turn, steps: Sequence[Ended]) -> Sequence[object]:
        self.done.undecided += [item.market_id for item in steps if item.results is None]
        reports = [
            ResultReport(
                market_id=item.market_id,
                source=PRODUCER,
                reported_at=min(item.reported_at, turn.now),
                results=dict(item.results),
            )
            for item in steps
            if item.results is not None
        ]
        self.done.settled += [item.market_id for item in reports]
        return await settlement.record_results(turn, reports)

    async def believe(self) -> None:
        """Say that the exchange can be believed from now on."""
        async with self._turn() as turn:
            change = ProducerChange(
                producer=PRODUCER, state=ProducerState.UP, why="a recording is played"
            )
            await catalog.set_producers(turn, [change])

    def _turn(self) -> messages.TurnContext:
        return messages.turn(
            self.database,
            [CATALOGUE_SHARD],
            now=self.clock.now(),
            actor=f"feed:{PRODUCER}",
            entropy=self.entropy,
        )


def _of(steps: Sequence[Step], kind: type[Kind]) -> list[Kind]:
    return [step for step in steps if isinstance(step, kind)]


def _dated(path: Path) -> Iterator[tuple[datetime, MarketNews | SkippedLine]]:
    """Return what a file says with its instants; a line that was skipped has that of the last."""
    at = _BEFORE_ALL
    for item in read_file(path):
        if isinstance(item, MarketNews):
            at = item.published_at
        yield at, item
