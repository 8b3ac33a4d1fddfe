"""Markets over HTTP: which kinds there are; for staff more of them, and what events come to."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Router, get, post
from litestar.params import JSONBody

from pitboss.api.corrections import Factor, Pence
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
from pitboss.api.staff import (
    CHANGES_MAX,
    EVENTS_MAX,
    MARKETS_MAX,
    SHOWN,
    AnswersView,
    AnswerView,
    Goals,
    NewMarketBody,
    new_market,
    place_terms,
    read_price,
    wanted_terms,
)
from pitboss.api.turns import in_turn
from pitboss.api.wire import BATCH_BODY_BYTES_MAX, Body
from pitboss.kernel.ids import EventId, parse_id
from pitboss.kernel.instants import parse_instant, write_instant
from pitboss.kernel.price import write_price
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import Turn
from pitboss.sportsbook import catalog, registry, settlement
from pitboss.sportsbook.catalog.model import (
    BET_DELAY_SECONDS_MAX,
    CLOCK_SECONDS_MAX,
    PERIOD_LENGTH_MAX,
    SPECIFIERS_LENGTH_MAX,
    Answer,
    Done,
    EventChange,
    EventEnd,
    EventStatus,
    MoreMarkets,
)
from pitboss.sportsbook.registry.model import (
    RUNNERS_MAX,
    WITHDRAWN_MAX,
    Ended,
    Kind,
    Withdrawal,
    parse_pair,
)
from pitboss.sportsbook.settlement.model import Answer as ResultAnswer
from pitboss.sportsbook.settlement.model import Recorded, Score, ScoreReport
from pitboss.staff.agents.model import Permission

_PAIR_LENGTH_MAX = 7
COUNTS_MAX = 100
SCORERS_MAX = 200
Pair = Annotated[str, msgspec.Meta(max_length=_PAIR_LENGTH_MAX)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=CLOCK_SECONDS_MAX)]
Delay = Annotated[int, msgspec.Meta(ge=0, le=BET_DELAY_SECONDS_MAX)]
Code = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=SHOWN)]
Period = Annotated[str, msgspec.Meta(min_length=1, max_length=PERIOD_LENGTH_MAX, pattern=SHOWN)]


class KindView(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of market, as the registry says it; `sports` with `*` is any sport."""

    kind: str
    name: str
    sports: tuple[str, ...]
    settles_from: str
    rule: str
    overtime: bool
    each_way: bool
    specifiers: tuple[dict[str, Any], ...]
    selections: dict[str, Any]
    void: tuple[str, ...]


class KindsView(msgspec.Struct, frozen=True, kw_only=True):
    """Every kind of market."""

    kinds: tuple[KindView, ...]


class MoreMarketsBody(Body, frozen=True, kw_only=True):
    """Markets to open in an event that is there."""

    event_id: str
    markets: Annotated[
        tuple[NewMarketBody, ...], msgspec.Meta(min_length=1, max_length=MARKETS_MAX)
    ]


class AllMarketsBody(Body, frozen=True, kw_only=True):
    """Markets to open, event by event."""

    events: Annotated[
        tuple[MoreMarketsBody, ...], msgspec.Meta(min_length=1, max_length=EVENTS_MAX)
    ]


class EventChangeBody(Body, frozen=True, kw_only=True):
    """What an event has come to; what is left out stays as it is.

    `score` and `red_cards` are of home and away: `"2-1"`.  A status goes forward only, but with
    `takes_back`, which says that the one before was wrong.
    """

    event_id: str
    status: EventStatus | None = None
    score: Pair | None = None
    period: Period | None = None
    clock_seconds: Seconds | None = None
    red_cards: Pair | None = None
    bet_delay_seconds: Delay | None = None
    in_play_open: bool | None = None
    starts_at: str | None = None
    takes_back: bool = False


class EventChangesBody(Body, frozen=True, kw_only=True):
    """What events have come to."""

    changes: Annotated[
        tuple[EventChangeBody, ...], msgspec.Meta(min_length=1, max_length=CHANGES_MAX)
    ]


class CountBody(Body, frozen=True, kw_only=True):
    """What both sides came to: of `score`, `corners`, `cards` or `games`, in a part of the event.

    A part is `match` (all of regular time), `1`, `2` … (a period, set or map) or `overtime`.
    """

    source: Code
    part: Code
    home: Goals
    away: Goals


class PlaceBody(Body, frozen=True, kw_only=True):
    """The runner that came in there; more of them if it was a `dead_heat`."""

    runners: Annotated[tuple[Code, ...], msgspec.Meta(min_length=1, max_length=RUNNERS_MAX)]
    dead_heat: bool = False


class WithdrawalBody(Body, frozen=True, kw_only=True):
    """A runner that was taken out of the event at this instant, and what bets before it suffer.

    One of the three says how much: its `price` then (the table of each bet says the deduction), the
    deduction that was announced (`deduction_pence` in the pound, Rule 4), or the reduction `factor`
    of an exchange (`"0.162"`).
    """

    runner: Code
    at: str
    price: str | None = None
    deduction_pence: Pence | None = None
    factor: Factor | None = None


class AnswerBody(Body, frozen=True, kw_only=True):
    """What answers a market that settles from nothing else: `to_qualify` by `home`.

    `market` is its kind, with its specifiers if it has some: `outright_place|places=3`.
    """

    market: Annotated[
        str, msgspec.Meta(min_length=1, max_length=SPECIFIERS_LENGTH_MAX, pattern=SHOWN)
    ]
    won: Annotated[tuple[Code, ...], msgspec.Meta(min_length=1, max_length=RUNNERS_MAX)]


class EndingBody(Body, frozen=True, kw_only=True):
    """What is known of how an event ended; more may be said later, nothing else.

    `scorers` are sides, goal by goal in regular time; `order` are places from the first, of all who
    finished.  Runners that no market has are `unlisted` as well.  Who was `withdrawn` did not run,
    and is told with the order at the latest.  Of an event that was `abandoned`, or in which a side
    `retired`, only completed parts are counted.
    """

    event_id: str
    counts: Annotated[tuple[CountBody, ...], msgspec.Meta(max_length=COUNTS_MAX)] = ()
    scorers: Annotated[tuple[Code, ...], msgspec.Meta(max_length=SCORERS_MAX)] | None = None
    order: Annotated[tuple[PlaceBody, ...], msgspec.Meta(max_length=RUNNERS_MAX)] | None = None
    non_runners: Annotated[tuple[Code, ...], msgspec.Meta(max_length=RUNNERS_MAX)] = ()
    withdrawn: Annotated[tuple[WithdrawalBody, ...], msgspec.Meta(max_length=WITHDRAWN_MAX)] = ()
    unlisted: Annotated[tuple[Code, ...], msgspec.Meta(max_length=RUNNERS_MAX)] = ()
    answers: Annotated[tuple[AnswerBody, ...], msgspec.Meta(max_length=COUNTS_MAX)] = ()
    abandoned: bool = False
    retired: bool = False


class EndingsBody(Body, frozen=True, kw_only=True):
    """How events ended."""

    endings: Annotated[tuple[EndingBody, ...], msgspec.Meta(min_length=1, max_length=EVENTS_MAX)]


def make_router() -> Router:
    """Return the route for everybody."""
    return Router("/v1/market-kinds", route_handlers=[show_kinds], tags=["catalogue"])


def make_staff_router(doors: Doors) -> Router:
    """Return the routes for staff."""
    return Router(
        "/v1/staff",
        route_handlers=[open_markets, change_events, end_events],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
        request_max_body_size=BATCH_BODY_BYTES_MAX,
    )


@get("/", summary="The kinds of markets", sync_to_thread=False)
def show_kinds() -> KindsView:
    """Show what each kind of market asks, with its specifiers, selections and rule."""
    return KindsView(kinds=tuple(_kind(kind) for kind in registry.kinds()))


@post(
    "/markets",
    dto=StrictJson[AllMarketsBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.OFFER_EVENTS),
    summary="Open more markets",
)
async def open_markets(
    request: Asked, edge: TheEdge, data: JSONBody[AllMarketsBody]
) -> AnswersView:
    """Open more markets of events that are open; those that are open already stay as they are."""
    wishes = [
        MoreMarkets(
            event_id=EventId(parse_id(body.event_id, field=f"events[{at}].event_id")),
            markets=tuple(
                new_market(market, f"events[{at}].markets[{number}]")
                for number, market in enumerate(body.markets)
            ),
        )
        for at, body in enumerate(data.events)
    ]
    terms = [place_terms(body.markets, f"events[{at}]") for at, body in enumerate(data.events)]

    async def work(turn: Turn) -> tuple[Answer, ...]:
        answers = await catalog.open_markets(turn, wishes)
        await catalog.set_place_terms(turn, wanted_terms(answers, terms))
        return answers

    answers = await in_turn(edge, [CATALOGUE_SHARD], actor_of(request), work)
    return _answers([wish.event_id for wish in wishes], answers)


@post(
    "/events/changes",
    dto=StrictJson[EventChangesBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.CHANGE_PRICES),
    summary="Say what events have come to",
)
async def change_events(
    request: Asked, edge: TheEdge, data: JSONBody[EventChangesBody]
) -> AnswersView:
    """Say the status, score, period, clock and cards of events, when they start, and how long a
    bet in play waits.
    """
    changes = [_change(body, f"changes[{at}]") for at, body in enumerate(data.changes)]

    async def work(turn: Turn) -> tuple[Answer, ...]:
        return await catalog.change_events(turn, changes)

    answers = await in_turn(edge, [CATALOGUE_SHARD], actor_of(request), work)
    return _answers([change.event_id for change in changes], answers)


@post(
    "/endings",
    dto=StrictJson[EndingsBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.RECORD_RESULTS),
    summary="Say how events ended, in detail",
)
async def end_events(request: Asked, edge: TheEdge, data: JSONBody[EndingsBody]) -> AnswersView:
    """Say what is known of how events ended, and record the results that follow from it.

    Markets of which too little is known stay open until more is said.
    """
    ends = [_ending(body, f"endings[{at}]") for at, body in enumerate(data.endings)]

    async def work(turn: Turn) -> tuple[Answer | ResultAnswer, ...]:
        answers = list[Answer | ResultAnswer](await catalog.end_events(turn, ends))
        told = [at for at, answer in enumerate(answers) if isinstance(answer, Done)]
        reports = [_report(ends[at]) for at in told]
        for at, found in zip(told, await settlement.record_scores(turn, reports), strict=True):
            if not isinstance(found, Recorded):
                answers[at] = found
        return tuple(answers)

    answers = await in_turn(edge, [CATALOGUE_SHARD], actor_of(request), work)
    return _answers([end.event_id for end in ends], answers)


def _answers(event_ids: list[EventId], answers: tuple[Answer | ResultAnswer, ...]) -> AnswersView:
    return AnswersView(
        answers=tuple(
            AnswerView(
                event_id=event_id,
                changed=answer.changed if isinstance(answer, Done | Recorded) else None,
                refusal=None if isinstance(answer, Done | Recorded) else answer.reason,
            )
            for event_id, answer in zip(event_ids, answers, strict=True)
        )
    )


def _change(body: EventChangeBody, field: str) -> EventChange:
    starts_at = body.starts_at
    return EventChange(
        event_id=EventId(parse_id(body.event_id, field=f"{field}.event_id")),
        status=body.status,
        score=body.score,
        period=body.period,
        clock_seconds=body.clock_seconds,
        red_cards=body.red_cards,
        bet_delay_seconds=body.bet_delay_seconds,
        in_play_open=body.in_play_open,
        starts_at=None
        if starts_at is None
        else parse_instant(starts_at, field=f"{field}.starts_at"),
        takes_back=body.takes_back,
    )


def _ending(body: EndingBody, field: str) -> EventEnd:
    counts: dict[str, dict[str, str]] = {}
    for at, count in enumerate(body.counts):
        parts = counts.setdefault(count.source, {})
        if count.part in parts:
            raise ProblemFound(malformed(f"{field}.counts[{at}].part", "it is counted twice"))
        parts[count.part] = f"{count.home}-{count.away}"
    named: dict[str, tuple[str, ...]] = {}
    for at, answer in enumerate(body.answers):
        if answer.market in named:
            raise ProblemFound(malformed(f"{field}.answers[{at}].market", "it is answered twice"))
        named[answer.market] = answer.won
    return EventEnd(
        event_id=EventId(parse_id(body.event_id, field=f"{field}.event_id")),
        ended=Ended(
            counts=counts,
            scorers=body.scorers,
            order=None if body.order is None else _order(body.order, field),
            non_runners=tuple(sorted({*body.non_runners, *(one.runner for one in body.withdrawn)})),
            named=named,
            abandoned=body.abandoned,
            retired=body.retired,
            withdrawn=_withdrawn(body.withdrawn, field),
        ),
        unlisted=body.unlisted,
    )


def _order(places: tuple[PlaceBody, ...], field: str) -> tuple[tuple[str, ...], ...]:
    for at, place in enumerate(places):
        if (len(place.runners) > 1) is not place.dead_heat:
            why = "several in one place are a dead heat, and one alone is none: `dead_heat` says so"
            raise ProblemFound(malformed(f"{field}.order[{at}].dead_heat", why))
    return tuple(place.runners for place in places)


def _withdrawn(bodies: tuple[WithdrawalBody, ...], field: str) -> tuple[Withdrawal, ...]:
    found = []
    for at, body in enumerate(bodies):
        place = f"{field}.withdrawn[{at}]"
        price = None if body.price is None else read_price(body.price, field=f"{place}.price")
        found.append(
            Withdrawal(
                runner=body.runner,
                at=write_instant(parse_instant(body.at, field=f"{place}.at")),
                price=None if price is None else write_price(price),
                deduction_pence=body.deduction_pence,
                factor=body.factor,
            )
        )
    return tuple(found)


def _report(end: EventEnd) -> ScoreReport:
    told = end.ended.counts.get("score", {}).get("match")
    if told is None or end.ended.abandoned:
        return ScoreReport(event_id=end.event_id, score=None)
    home, away = parse_pair(told)
    return ScoreReport(event_id=end.event_id, score=Score(home=home, away=away))


def _kind(kind: Kind) -> KindView:
    return KindView(
        kind=kind.id,
        name=kind.name,
        sports=kind.sports,
        settles_from=kind.settles_from,
        rule=kind.rule,
        overtime=kind.overtime,
        each_way=kind.each_way,
        specifiers=tuple(msgspec.to_builtins(item) for item in kind.specifiers),
        selections=msgspec.to_builtins(kind.selections),
        void=kind.void,
    )
