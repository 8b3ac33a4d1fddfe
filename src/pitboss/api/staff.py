"""The back office over HTTP: the catalogue and results."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

import msgspec
from litestar import Router, post
from litestar.params import JSONBody

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
from pitboss.api.problems import ProblemFound, malformed
from pitboss.api.turns import in_turn
from pitboss.api.wire import BATCH_BODY_BYTES_MAX, Body
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import EventId, MarketId, SelectionId, parse_id
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.price import parse_price
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import Turn
from pitboss.sportsbook import catalog, feeds, settlement
from pitboss.sportsbook.catalog.model import (
    BET_DELAY_SECONDS_MAX,
    PLACES_MAX,
    SPECIFIERS_LENGTH_MAX,
    Answer,
    Done,
    MarketStatus,
    NewEvent,
    NewMarket,
    NewSelection,
    StatusChange,
    parse_line,
    parse_specifiers,
    write_specifiers,
)
from pitboss.sportsbook.returns.model import PlaceTerms, TermsChange
from pitboss.sportsbook.settlement.model import (
    GOALS_MAX,
    Authority,
    Recorded,
    Score,
    ScoreReport,
    Start,
)
from pitboss.sportsbook.settlement.model import Answer as ResultAnswer
from pitboss.staff.agents.model import Permission

EVENTS_MAX = 50
MARKETS_MAX = 100
SELECTIONS_MAX = 200
CHANGES_MAX = 1_000
RESULTS_MAX = 50

# No character that does not show: PostgreSQL refuses one of them, and people miss all of them.
# The end is said in a way that Python and JavaScript read alike.
SHOWN = r"^[^\x00-\x1f\x7f]*(?![\s\S])"
_FRACTION = r"^[1-9][0-9]{0,2}(/[1-9][0-9]{0,2})?(?![\s\S])"
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=SHOWN)]
Specifiers = Annotated[str, msgspec.Meta(max_length=SPECIFIERS_LENGTH_MAX)]
Goals = Annotated[int, msgspec.Meta(ge=0, le=GOALS_MAX)]


class NewSelectionBody(Body, frozen=True, kw_only=True):
    """A possible answer and its first price, `"2.375"` or `"19/8"`.

    `name` is shown where the code says too little, as a runner's does.
    """

    selection_id: str
    code: Text
    price: str
    name: Text | None = None


class PlaceTermsBody(Body, frozen=True, kw_only=True):
    """How many places a market pays, and the fraction of the winnings (`"1/5"`) that they pay."""

    places: Annotated[int, msgspec.Meta(ge=1, le=PLACES_MAX)]
    fraction: Annotated[str, msgspec.Meta(pattern=_FRACTION)]


class NewMarketBody(Body, frozen=True, kw_only=True):
    """A question to open; `line` is in quarters, a handicap's is the home side's.

    `kind` is one of `GET /v1/market-kinds`, whose `specifiers` are all needed (`half=1|line=2.5`);
    the line of `total` and `asian_handicap` stands in `line`.  While `producer` is down nobody
    bets here.
    """

    market_id: str
    kind: Text
    line: str | None = None
    specifiers: Specifiers = ""
    producer: Text | None = None
    place_terms: PlaceTermsBody | None = None
    selections: Annotated[
        tuple[NewSelectionBody, ...], msgspec.Meta(min_length=1, max_length=SELECTIONS_MAX)
    ]


class NewEventBody(Body, frozen=True, kw_only=True):
    """A sporting event to open; its ids are the caller's choice, so that repeating is harmless.

    It has two sides, or a `name` where it has none, as a race has.  Where it is `in_play_open`
    bets are taken after it has begun, each after a delay.
    """

    event_id: str
    sport: Text
    competition: Text
    home: Text | None = None
    away: Text | None = None
    name: Text | None = None
    starts_at: str
    in_play_open: bool = False
    bet_delay_seconds: Annotated[int, msgspec.Meta(ge=0, le=BET_DELAY_SECONDS_MAX)] = 0
    markets: Annotated[
        tuple[NewMarketBody, ...], msgspec.Meta(min_length=1, max_length=MARKETS_MAX)
    ]


class NewEventsBody(Body, frozen=True, kw_only=True):
    """Events to open."""

    events: Annotated[tuple[NewEventBody, ...], msgspec.Meta(min_length=1, max_length=EVENTS_MAX)]


class DeskStatus(StrEnum):
    """What staff may make of a market; settled and cancelled it is by its results."""

    OPEN = "open"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class StatusBody(Body, frozen=True, kw_only=True):
    """A market to open, suspend or close."""

    market_id: str
    status: DeskStatus


class StatusesBody(Body, frozen=True, kw_only=True):
    """Markets to open, suspend or close."""

    changes: Annotated[tuple[StatusBody, ...], msgspec.Meta(min_length=1, max_length=CHANGES_MAX)]


class ResultBody(Body, frozen=True, kw_only=True):
    """How an event ended: both scores, or `abandoned`."""

    event_id: str
    home: Goals | None = None
    away: Goals | None = None
    abandoned: bool = False


class ResultsBody(Body, frozen=True, kw_only=True):
    """How events ended."""

    results: Annotated[tuple[ResultBody, ...], msgspec.Meta(min_length=1, max_length=RESULTS_MAX)]


class StartBody(Body, frozen=True, kw_only=True):
    """When an event has really begun."""

    event_id: str
    began_at: str


class StartsBody(Body, frozen=True, kw_only=True):
    """When events have really begun."""

    starts: Annotated[tuple[StartBody, ...], msgspec.Meta(min_length=1, max_length=RESULTS_MAX)]


class AnswerView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What came of one request: whether anything changed, or the refusal."""

    event_id: str | None = None
    market_id: str | None = None
    selection_id: str | None = None
    changed: bool | None = None
    refusal: str | None = None


class AnswersView(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to each, in order."""

    answers: tuple[AnswerView, ...]


def make_router(doors: Doors) -> Router:
    """Return the routes for staff."""
    return Router(
        "/v1/staff",
        route_handlers=[open_events, set_status, record_results, record_starts],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
        request_max_body_size=BATCH_BODY_BYTES_MAX,
    )


@post(
    "/events",
    dto=StrictJson[NewEventsBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.OFFER_EVENTS),
    summary="Open events",
)
async def open_events(request: Asked, edge: TheEdge, data: JSONBody[NewEventsBody]) -> AnswersView:
    """Open events with their markets; one that is open already with the same content stays."""
    events = [_new_event(event, f"events[{at}]") for at, event in enumerate(data.events)]
    terms = [place_terms(event.markets, f"events[{at}]") for at, event in enumerate(data.events)]

    async def work(turn: Turn) -> tuple[Answer, ...]:
        answers = await catalog.open_events(turn, events)
        await catalog.set_place_terms(turn, wanted_terms(answers, terms))
        return answers

    answers = await in_turn(edge, [CATALOGUE_SHARD], actor_of(request), work)
    return AnswersView(
        answers=tuple(
            AnswerView(event_id=event.id, changed=_changed(answer), refusal=_refusal(answer))
            for event, answer in zip(events, answers, strict=True)
        )
    )


@post(
    "/markets/status",
    dto=StrictJson[StatusesBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.CHANGE_PRICES),
    summary="Open, suspend or close markets",
)
async def set_status(request: Asked, edge: TheEdge, data: JSONBody[StatusesBody]) -> AnswersView:
    """Open, suspend or close markets; closing is for ever."""
    changes = [
        StatusChange(
            market_id=MarketId(parse_id(change.market_id, field=f"changes[{at}].market_id")),
            status=MarketStatus(change.status),
        )
        for at, change in enumerate(data.changes)
    ]

    async def work(turn: Turn) -> tuple[Answer, ...]:
        return await feeds.set_status(turn, changes)

    answers = await in_turn(edge, [CATALOGUE_SHARD], actor_of(request), work)
    return AnswersView(
        answers=tuple(
            AnswerView(
                market_id=change.market_id, changed=_changed(answer), refusal=_refusal(answer)
            )
            for change, answer in zip(changes, answers, strict=True)
        )
    )


@post(
    "/starts",
    dto=StrictJson[StartsBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.RECORD_RESULTS),
    summary="Record that events have begun",
)
async def record_starts(request: Asked, edge: TheEdge, data: JSONBody[StartsBody]) -> AnswersView:
    """Let events be under way; what was accepted of them since they really began is void."""
    starts = [
        Start(
            event_id=EventId(parse_id(start.event_id, field=f"starts[{at}].event_id")),
            began_at=parse_instant(start.began_at, field=f"starts[{at}].began_at"),
            source="staff",
            authority=Authority.STAFF,
        )
        for at, start in enumerate(data.starts)
    ]

    async def work(turn: Turn) -> tuple[ResultAnswer, ...]:
        return await settlement.record_starts(turn, starts)

    answers = await in_turn(edge, [CATALOGUE_SHARD], actor_of(request), work)
    return AnswersView(
        answers=tuple(
            AnswerView(
                event_id=start.event_id,
                changed=answer.changed if isinstance(answer, Recorded) else None,
                refusal=None if isinstance(answer, Recorded) else answer.reason,
            )
            for start, answer in zip(starts, answers, strict=True)
        )
    )


@post(
    "/results",
    dto=StrictJson[ResultsBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.RECORD_RESULTS),
    summary="Record how events ended",
)
async def record_results(request: Asked, edge: TheEdge, data: JSONBody[ResultsBody]) -> AnswersView:
    """Record the results of all markets of these events, close them, and let bets be settled."""
    reports = [_report(result, f"results[{at}]") for at, result in enumerate(data.results)]

    async def work(turn: Turn) -> tuple[ResultAnswer, ...]:
        return await settlement.record_scores(turn, reports)

    answers = await in_turn(edge, [CATALOGUE_SHARD], actor_of(request), work)
    return AnswersView(
        answers=tuple(
            AnswerView(
                event_id=report.event_id,
                changed=answer.changed if isinstance(answer, Recorded) else None,
                refusal=None if isinstance(answer, Recorded) else answer.reason,
            )
            for report, answer in zip(reports, answers, strict=True)
        )
    )


def _changed(answer: Answer) -> bool | None:
    return answer.changed if isinstance(answer, Done) else None


def _refusal(answer: Answer) -> str | None:
    return None if isinstance(answer, Done) else answer.reason


def read_price(text: str, field: str) -> Fraction:
    """Read a price that stands in this field.

    Raises:
        Malformed: it is none; the field is named.
    """
    try:
        return parse_price(text)
    except Malformed as error:
        raise Malformed(field, error.message) from None


def _new_event(body: NewEventBody, field: str) -> NewEvent:
    return NewEvent(
        id=EventId(parse_id(body.event_id, field=f"{field}.event_id")),
        sport=body.sport,
        competition=body.competition,
        home=body.home or "",
        away=body.away or "",
        name=body.name,
        in_play_open=body.in_play_open,
        bet_delay_seconds=body.bet_delay_seconds,
        starts_at=parse_instant(body.starts_at, field=f"{field}.starts_at"),
        markets=tuple(
            new_market(market, f"{field}.markets[{at}]") for at, market in enumerate(body.markets)
        ),
    )


def place_terms(markets: Sequence[NewMarketBody], field: str) -> list[TermsChange]:
    """Return the terms for places of an event's markets.

    Raises:
        Malformed: an id is none.
        ProblemFound: a fraction is above 1.
    """
    changes: list[TermsChange] = []
    for at, market in enumerate(markets):
        if market.place_terms is None:
            continue
        fraction = Fraction(market.place_terms.fraction)
        if fraction > 1:
            place = f"{field}.markets[{at}].place_terms.fraction"
            raise ProblemFound(malformed(place, "a place pays at most all winnings"))
        terms = PlaceTerms(places=market.place_terms.places, fraction=fraction)
        market_id = MarketId(parse_id(market.market_id, field=f"{field}.markets[{at}].market_id"))
        changes.append(TermsChange(market_id=market_id, terms=terms))
    return changes


def wanted_terms(
    answers: Sequence[Answer], terms: Sequence[Sequence[TermsChange]]
) -> list[TermsChange]:
    """Return the terms to set; of an event that is another under its id, none are."""
    return [
        change
        for answer, changes in zip(answers, terms, strict=True)
        if isinstance(answer, Done)
        for change in changes
    ]


def new_market(body: NewMarketBody, field: str) -> NewMarket:
    """Read a market to open that stands in this field.

    Raises:
        Malformed: an id, a price, a line or the specifiers are none.
    """
    return NewMarket(
        id=MarketId(parse_id(body.market_id, field=f"{field}.market_id")),
        kind=body.kind,
        line=parse_line(body.line, body.kind, field=f"{field}.line"),
        specifiers=write_specifiers(parse_specifiers(body.specifiers, field=f"{field}.specifiers")),
        producer=body.producer,
        selections=tuple(
            NewSelection(
                id=SelectionId(
                    parse_id(item.selection_id, field=f"{field}.selections[{at}].selection_id")
                ),
                code=item.code,
                name=item.name,
                price=read_price(item.price, f"{field}.selections[{at}].price"),
            )
            for at, item in enumerate(body.selections)
        ),
    )


def _report(body: ResultBody, field: str) -> ScoreReport:
    event_id = EventId(parse_id(body.event_id, field=f"{field}.event_id"))
    if body.abandoned:
        if body.home is not None or body.away is not None:
            raise ProblemFound(malformed(f"{field}.abandoned", "an abandoned event has no score"))
        return ScoreReport(event_id=event_id, score=None)
    for name, goals in (("home", body.home), ("away", body.away)):
        if goals is None:
            raise ProblemFound(malformed(f"{field}.{name}", "this is needed, or abandoned"))
    return ScoreReport(event_id=event_id, score=Score(home=body.home or 0, away=body.away or 0))
