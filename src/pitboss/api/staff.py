"""The back office over HTTP: the catalogue and results."""

from __future__ import annotations

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
from pitboss.sportsbook import catalog, settlement
from pitboss.sportsbook.catalog.model import (
    Answer,
    Done,
    MarketKind,
    MarketStatus,
    NewEvent,
    NewMarket,
    NewSelection,
    PriceChange,
    StatusChange,
    parse_line,
)
from pitboss.sportsbook.settlement.model import GOALS_MAX, Recorded, Score, ScoreReport
from pitboss.sportsbook.settlement.model import Answer as ResultAnswer
from pitboss.staff.agents.model import Permission

EVENTS_MAX = 50
MARKETS_MAX = 100
CHANGES_MAX = 1_000
RESULTS_MAX = 50

# No character that does not show: PostgreSQL refuses one of them, and people miss all of them.
# The end is said in a way that Python and JavaScript read alike.
_SHOWN = r"^[^\x00-\x1f\x7f]*(?![\s\S])"
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=100, pattern=_SHOWN)]
Goals = Annotated[int, msgspec.Meta(ge=0, le=GOALS_MAX)]


class NewSelectionBody(Body, frozen=True, kw_only=True):
    """A possible answer and its first price, `"2.375"` or `"19/8"`."""

    selection_id: str
    code: Text
    price: str


class NewMarketBody(Body, frozen=True, kw_only=True):
    """A question to open; `line` is in quarters, a handicap's is the home side's."""

    market_id: str
    kind: MarketKind
    line: str | None = None
    selections: Annotated[tuple[NewSelectionBody, ...], msgspec.Meta(min_length=1, max_length=10)]


class NewEventBody(Body, frozen=True, kw_only=True):
    """A sporting event to open; its ids are the caller's choice, so that repeating is harmless."""

    event_id: str
    sport: Text
    competition: Text
    home: Text
    away: Text
    starts_at: str
    markets: Annotated[
        tuple[NewMarketBody, ...], msgspec.Meta(min_length=1, max_length=MARKETS_MAX)
    ]


class NewEventsBody(Body, frozen=True, kw_only=True):
    """Events to open."""

    events: Annotated[tuple[NewEventBody, ...], msgspec.Meta(min_length=1, max_length=EVENTS_MAX)]


class PriceBody(Body, frozen=True, kw_only=True):
    """A new price."""

    selection_id: str
    price: str


class PricesBody(Body, frozen=True, kw_only=True):
    """New prices."""

    changes: Annotated[tuple[PriceBody, ...], msgspec.Meta(min_length=1, max_length=CHANGES_MAX)]


class StatusBody(Body, frozen=True, kw_only=True):
    """A market to open, suspend or close."""

    market_id: str
    status: MarketStatus


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
        route_handlers=[open_events, change_prices, set_status, record_results],
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

    async def work(turn: Turn) -> tuple[Answer, ...]:
        return await catalog.open_events(turn, events)

    answers = await in_turn(edge, [CATALOGUE_SHARD], actor_of(request), work)
    return AnswersView(
        answers=tuple(
            AnswerView(event_id=event.id, changed=_changed(answer), refusal=_refusal(answer))
            for event, answer in zip(events, answers, strict=True)
        )
    )


@post(
    "/prices",
    dto=StrictJson[PricesBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.CHANGE_PRICES),
    summary="Change prices",
)
async def change_prices(request: Asked, edge: TheEdge, data: JSONBody[PricesBody]) -> AnswersView:
    """Give selections new prices; each change moves the selection's tick on by one."""
    changes = [
        PriceChange(
            selection_id=SelectionId(
                parse_id(change.selection_id, field=f"changes[{at}].selection_id")
            ),
            price=_price(change.price, f"changes[{at}].price"),
        )
        for at, change in enumerate(data.changes)
    ]

    async def work(turn: Turn) -> tuple[Answer, ...]:
        return await catalog.change_prices(turn, changes)

    answers = await in_turn(edge, [CATALOGUE_SHARD], actor_of(request), work)
    return AnswersView(
        answers=tuple(
            AnswerView(
                selection_id=change.selection_id, changed=_changed(answer), refusal=_refusal(answer)
            )
            for change, answer in zip(changes, answers, strict=True)
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
            status=change.status,
        )
        for at, change in enumerate(data.changes)
    ]

    async def work(turn: Turn) -> tuple[Answer, ...]:
        return await catalog.set_status(turn, changes)

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


def _price(text: str, field: str) -> Fraction:
    try:
        return parse_price(text)
    except Malformed as error:
        raise Malformed(field, error.message) from None


def _new_event(body: NewEventBody, field: str) -> NewEvent:
    return NewEvent(
        id=EventId(parse_id(body.event_id, field=f"{field}.event_id")),
        sport=body.sport,
        competition=body.competition,
        home=body.home,
        away=body.away,
        starts_at=parse_instant(body.starts_at, field=f"{field}.starts_at"),
        markets=tuple(
            _new_market(market, f"{field}.markets[{at}]") for at, market in enumerate(body.markets)
        ),
    )


def _new_market(body: NewMarketBody, field: str) -> NewMarket:
    return NewMarket(
        id=MarketId(parse_id(body.market_id, field=f"{field}.market_id")),
        kind=body.kind,
        line=parse_line(body.line, body.kind, field=f"{field}.line"),
        selections=tuple(
            NewSelection(
                id=SelectionId(
                    parse_id(item.selection_id, field=f"{field}.selections[{at}].selection_id")
                ),
                code=item.code,
                price=_price(item.price, f"{field}.selections[{at}].price"),
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
