"""The sample catalogue: what a new installation offers for the coming days."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from importlib import resources
from typing import Any

from pitboss import messages
from pitboss.db import Database
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.ids import EventId, MarketId, SelectionId, derived_id
from pitboss.kernel.price import parse_price
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.sportsbook import catalog
from pitboss.sportsbook.catalog.model import (
    Done,
    MarketKind,
    NewEvent,
    NewMarket,
    NewSelection,
    parse_line,
)

_FILE = "sample_catalogue.toml"


async def load(database: Database, clock: Clock) -> int:
    """Open the sample events of the coming days; return how many were new.

    The ids follow from the sides and the day, so loading again the same day opens nothing.
    """
    events = sample_events(clock.now().date())
    async with messages.turn(
        database,
        [CATALOGUE_SHARD],
        now=clock.now(),
        actor="sample catalogue",
        entropy=SystemEntropy(),
    ) as turn:
        answers = await catalog.open_events(turn, events)
    return sum(isinstance(answer, Done) and answer.changed for answer in answers)


def sample_events(today: date) -> list[NewEvent]:
    """Return the sample events as they would be on this day."""
    text = (resources.files("pitboss.app") / _FILE).read_text(encoding="utf-8")
    sample = tomllib.loads(text)
    return [
        _event(item, today, sport=sample["sport"], competition=sample["competition"])
        for item in sample["events"]
    ]


def _event(item: dict[str, Any], today: date, *, sport: str, competition: str) -> NewEvent:
    day = today + timedelta(days=item["day"])
    event_id = EventId(derived_id("sample", day.isoformat(), item["home"], item["away"]))
    handicap, total = item["asian_handicap"], item["total"]
    return NewEvent(
        id=event_id,
        sport=sport,
        competition=competition,
        home=item["home"],
        away=item["away"],
        starts_at=datetime.combine(day, time.fromisoformat(item["at"]), UTC),
        markets=(
            _market(event_id, MarketKind.MATCH_RESULT, None, item["match_result"]),
            _market(event_id, MarketKind.TOTAL_GOALS, total["line"], total["prices"]),
            _market(event_id, MarketKind.ASIAN_HANDICAP, handicap["line"], handicap["prices"]),
        ),
    )


def _market(
    event_id: EventId, kind: MarketKind, line: str | None, prices: Iterable[str]
) -> NewMarket:
    exact: Fraction | None = parse_line(line, kind)
    market_id = MarketId(derived_id("sample", event_id, kind))
    return NewMarket(
        id=market_id,
        kind=kind,
        line=exact,
        selections=tuple(
            NewSelection(
                id=SelectionId(derived_id("sample", market_id, code)),
                code=code,
                price=parse_price(price),
            )
            for code, price in zip(kind.codes, prices, strict=True)
        ),
    )
