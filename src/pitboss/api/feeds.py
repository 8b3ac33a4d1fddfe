"""Feeds over HTTP, for staff: who is believed, what was not done, which events are which."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from pitboss.api import problems
from pitboss.api.furniture import (
    BEARER,
    Asked,
    Doors,
    StrictJson,
    TheEdge,
    actor_of,
    check_body,
    needs,
)
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body
from pitboss.kernel.ids import EventId, parse_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import Turn
from pitboss.sportsbook import feeds
from pitboss.sportsbook.feeds.model import (
    FeedName,
    ForeignEvent,
    Link,
    Parked,
    ParkedState,
    Standing,
)
from pitboss.staff.agents.model import Permission

PARKED_LIMIT = 50
PARKED_LIMIT_MAX = 100
# What a sample of a message is shown as, whatever is in it.
SAMPLE_LENGTH_MAX = 2_000


class Decision(StrEnum):
    """What is to become of something parked."""

    RETRY = "retry"
    DISMISS = "dismiss"


class ParkedDecisionBody(Body, frozen=True, kw_only=True):
    """What is to become of something parked."""

    decision: Decision


class LinkBody(Body, frozen=True, kw_only=True):
    """A supplier's event, and ours that it is."""

    feed: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_-]{1,20}(?![\s\S])")]
    foreign_id: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,120}(?![\s\S])")]
    event_id: str


class ProducerView(msgspec.Struct, frozen=True, kw_only=True):
    """How a producer stands; `owed` is how much of what it said money may hang on, not done.

    One that is `held` was stopped by staff: nobody bets on its markets even if it is `up`.
    `missed_nothing_until` is in ms since 1970, by its own clock, as `lag_ms` was at `beat_at`.
    """

    producer: str
    up: bool
    held: bool
    why: str | None
    changed_at: str | None
    owed: int
    lag_ms: int | None
    missed_nothing_until: int | None
    beat_at: str | None


class ProducersView(msgspec.Struct, frozen=True, kw_only=True):
    """Every producer that there ever was, by name."""

    producers: tuple[ProducerView, ...]


class ParkedView(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was not done, how often, and the beginning of a message that said it."""

    parked_id: str
    producer: str
    reason: str
    subject: str
    detail: str
    owed: bool
    state: str
    times: int
    first_at: str
    last_at: str
    decided_by: str | None
    message: str


class ParkedPage(msgspec.Struct, frozen=True, kw_only=True):
    """What was parked, the oldest first; `next_after` continues behind the last one."""

    parked: tuple[ParkedView, ...]
    next_after: str | None


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """A supplier's event, and ours that it is."""

    feed: str
    foreign_id: str
    event_id: str


def make_router(doors: Doors) -> Router:
    """Return the routes about feeds."""
    return Router(
        "/v1/staff/feeds",
        route_handlers=[show_producers, list_parked, decide_parked, link_event],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
    )


@get("/", opt=needs(Permission.CHANGE_PRICES), summary="Who makes prices")
async def show_producers(edge: TheEdge) -> ProducersView:
    """Show how each producer stands; while one is down, nobody bets on its markets."""
    async with edge.database.reading() as tx:
        standings = await feeds.find_standings(tx)
    return ProducersView(producers=tuple(map(_producer, standings)))


@get("/parked", opt=needs(Permission.CHANGE_PRICES), summary="What was not done")
async def list_parked(
    edge: TheEdge,
    after: FromQuery[str | None] = None,
    shown: Annotated[ParkedState, QueryParameter(name="state")] = ParkedState.WAITING,
    owed: FromQuery[bool | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PARKED_LIMIT_MAX)] = PARKED_LIMIT,
) -> ParkedPage:
    """Show what feeds said and was not done, with the reason."""
    behind = None if after is None else parse_id(after, field="after")
    async with edge.database.reading() as tx:
        found = await feeds.list_parked(tx, states=[shown], owed=owed, after=behind, limit=limit)
    return ParkedPage(
        parked=tuple(map(_parked, found)),
        next_after=found[-1].id if len(found) == limit else None,
    )


@post(
    "/parked/{parked_id:str}/decision",
    dto=StrictJson[ParkedDecisionBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.RECORD_RESULTS),
    summary="Try again, or let go",
)
async def decide_parked(
    request: Asked, edge: TheEdge, parked_id: FromPath[str], data: JSONBody[ParkedDecisionBody]
) -> ParkedView:
    """Have something tried again by the feed's reader, or let it go; once decided it stays so."""
    wanted = parse_id(parked_id, field="parked_id")
    state = ParkedState.WANTED if data.decision is Decision.RETRY else ParkedState.DISMISSED

    async def work(turn: Turn) -> Parked | None:
        return await feeds.decide(turn, wanted, state, by=actor_of(request))

    parked = await in_turn(edge, [CATALOGUE_SHARD], actor_of(request), work)
    if parked is None:
        raise ProblemFound(problems.NOT_FOUND)
    return _parked(parked)


@post(
    "/links",
    dto=StrictJson[LinkBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.OFFER_EVENTS),
    summary="Say which event is which",
)
async def link_event(request: Asked, edge: TheEdge, data: JSONBody[LinkBody]) -> LinkView:
    """Say that a supplier's event is one of ours: its messages are about that from now on."""
    found = Link(
        feed=FeedName(data.feed),
        foreign=ForeignEvent(data.foreign_id),
        event_id=EventId(parse_id(data.event_id, field="event_id")),
    )

    async def work(turn: Turn) -> bool:
        return await feeds.link(turn, found, by=actor_of(request))

    if not await in_turn(edge, [CATALOGUE_SHARD], actor_of(request), work):
        raise ProblemFound(problem_of("unknown_event"))
    return LinkView(feed=found.feed, foreign_id=found.foreign, event_id=found.event_id)


def _producer(standing: Standing) -> ProducerView:
    progress = standing.progress
    return ProducerView(
        producer=standing.producer,
        up=standing.up,
        held=standing.held,
        why=standing.why,
        changed_at=None if standing.changed_at is None else write_instant(standing.changed_at),
        owed=standing.waiting,
        lag_ms=None if progress is None else progress.lag_ms,
        missed_nothing_until=None if progress is None else progress.good_ms,
        beat_at=None if progress is None else write_instant(progress.beat_at),
    )


def _parked(parked: Parked) -> ParkedView:
    return ParkedView(
        parked_id=parked.id,
        producer=parked.producer,
        reason=parked.reason,
        subject=parked.subject,
        detail=parked.detail,
        owed=parked.owed,
        state=parked.state,
        times=parked.times,
        first_at=write_instant(parked.first_at),
        last_at=write_instant(parked.last_at),
        decided_by=parked.decided_by,
        message=parked.body[:SAMPLE_LENGTH_MAX].decode("ascii", errors="backslashreplace"),
    )
