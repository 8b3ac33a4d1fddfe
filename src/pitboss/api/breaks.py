"""Reality checks and sessions over HTTP: how long, how much, and whether to go on."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

import msgspec
from litestar import Router, get, post, put
from litestar.params import FromPath, JSONBody

from pitboss import jurisdictions
from pitboss.api import problems
from pitboss.api.furniture import (
    BEARER,
    Asked,
    Doors,
    StrictJson,
    TheEdge,
    check_body,
    player_of,
)
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body
from pitboss.db import Transaction
from pitboss.jurisdictions.model import Jurisdiction, Shown
from pitboss.kernel.ids import PlayerId, parse_id
from pitboss.kernel.instants import parse_instant, write_instant
from pitboss.kernel.money import currency, format_micros
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players import access, identity
from pitboss.players.access.model import Session, SessionEnd, SessionId, Stretch
from pitboss.responsible import breaks
from pitboss.responsible.breaks.model import (
    Answered,
    Answering,
    Break,
    CheckAnswer,
    Choice,
    ChoiceAnswer,
    Clock,
    Pace,
    Refused,
    Reply,
    State,
    Totals,
)

# No licence offers an interval of more than a day by far.
Minutes = Annotated[int, msgspec.Meta(ge=1, le=1_440)]
Instant = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class IntervalBody(Body, frozen=True, kw_only=True):
    """How many minutes there are between two checks; null where the licence asks for none."""

    minutes: Minutes | None


class ReplyBody(Body, frozen=True, kw_only=True):
    """What is said to the check that was due then; `seen` where no answer is needed."""

    due_at: Instant
    reply: Reply


class IntervalView(msgspec.Struct, frozen=True, kw_only=True):
    """How often there is a reality check; null: never by itself."""

    minutes: int | None


class AnsweredView(msgspec.Struct, frozen=True, kw_only=True):
    """A check that was answered, and when the next one is due, if play goes on."""

    reply: str
    answered_at: str
    next_due_at: str | None


class RealityCheckView(msgspec.Struct, frozen=True, kw_only=True):
    """How long the player has been here and what came of it, and what stops play next.

    `due`: the check waits for its answer, or to be seen.  `clock` is the licence's own time.  Of
    `staked` and `net_position` those are told that the licence wants shown; open stakes are in
    neither's losses.  `session_ends_at` is the end of the session at the latest.
    """

    session_id: str
    opened_at: str
    clock: str
    elapsed_seconds: int
    staked: str | None
    net_position: str | None
    minutes: int | None
    minutes_choices: tuple[int, ...]
    answer_required: bool
    due: bool
    due_at: str | None
    pace: str
    break_starts_at: str | None
    break_ends_at: str | None
    session_ends_at: str | None


class StatementView(msgspec.Struct, frozen=True, kw_only=True):
    """What was done from a session's beginning until `until`, or until now.

    What is settled after its end and before the next login stands here, so that every amount is in
    one statement.  `net_position` is what was won less what was lost; open stakes are neither.
    """

    session_id: str
    opened_at: str
    ended_at: str | None
    elapsed_seconds: int
    until: str | None
    staked: str
    settled: str
    won: str
    net_position: str
    deposited: str
    withdrawn: str


class _Seen(NamedTuple):
    """A session with what its checks need to be judged."""

    session: Session
    clock: Clock
    state: State
    licence: Jurisdiction


def make_router(doors: Doors) -> Router:
    """Return the routes about reality checks and sessions' statements."""
    return Router(
        "/v1/me",
        route_handlers=[show_check, choose_interval, answer_check, show_statement],
        guards=[doors.player],
        security=BEARER,
        tags=["breaks"],
    )


@get("/reality-check", summary="How long and how much")
async def show_check(request: Asked, edge: TheEdge) -> RealityCheckView:
    """Show the time and the money of the session that asks, and when play must stop."""
    player_id, now = player_of(request), edge.clock.now()
    async with edge.database.reading() as tx:
        seen = await _look(tx, player_id, request.user.session)
        statement = await breaks.find_statement(tx, seen.clock.place)
        pause = await _pause(tx, player_id, seen.licence, now)
    done = Totals() if statement is None else statement.done
    return _check_view(seen, done, pause, request.user.currency, now)


@put(
    "/reality-check/interval",
    dto=StrictJson[IntervalBody],
    before_request=check_body,
    summary="Choose how often",
)
async def choose_interval(
    request: Asked, edge: TheEdge, data: JSONBody[IntervalBody]
) -> IntervalView:
    """Have a reality check this often, at once; saying it again changes nothing.

    While a check waits for its answer the interval stays as it is.
    """
    player_id = player_of(request)
    wish = Choice(player_id=player_id, minutes=data.minutes)
    async with edge.database.reading() as tx:
        player = await identity.get_player(tx, player_id)
    licence = jurisdictions.get(player.jurisdiction)

    async def work(turn: Turn) -> ChoiceAnswer:
        live = await access.find_live(turn.tx, player_id, now=turn.now)
        stretches = await access.find_stretches(turn.tx, live)
        clocks = [clock_of(item, stretches[item.id]) for item in live]
        return await breaks.choose(turn, wish, licence, clocks)

    answer = await in_turn(edge, [shard_of(player_id)], "player", work)
    if isinstance(answer, Refused):
        raise ProblemFound(problem_of(answer.reason))
    return IntervalView(minutes=answer.minutes)


@post(
    "/reality-check/answer",
    dto=StrictJson[ReplyBody],
    before_request=check_body,
    status_code=200,
    summary="Answer a reality check",
)
async def answer_check(request: Asked, edge: TheEdge, data: JSONBody[ReplyBody]) -> AnsweredView:
    """Go on, or leave: then this session ends.  The same answer to the same check is harmless."""
    player_id, due_at = player_of(request), parse_instant(data.due_at, field="due_at")

    async def work(turn: Turn) -> tuple[CheckAnswer, _Seen]:
        seen = await _look(turn.tx, player_id, request.user.session)
        wish = Answering(clock=seen.clock, due_at=due_at, reply=data.reply)
        answer = await breaks.answer(turn, wish, seen.licence)
        if isinstance(answer, Answered) and answer.check.reply is Reply.LEAVE:
            await access.end_sessions(
                turn, player_id, SessionEnd.LEFT_AT_CHECK, only=seen.session.id
            )
        return answer, seen

    answer, seen = await in_turn(edge, [shard_of(player_id)], "player", work)
    if isinstance(answer, Refused):
        raise ProblemFound(problem_of(answer.reason))
    check = answer.check
    state = msgspec.structs.replace(seen.state, newest=check)
    goes_on = check.reply is not Reply.LEAVE
    return AnsweredView(
        reply=check.reply,
        answered_at=write_instant(check.answered_at),
        next_due_at=_written(breaks.due_at(seen.clock, state, seen.licence)) if goes_on else None,
    )


@get("/sessions/{session_id:str}/statement", summary="What was done in a session")
async def show_statement(request: Asked, edge: TheEdge, session_id: FromPath[str]) -> StatementView:
    """Show when a session was, and what was staked, won, paid in and paid out."""
    player_id, now = player_of(request), edge.clock.now()
    wanted = parse_id(session_id, field="session_id")
    async with edge.database.reading() as tx:
        session = await _session(tx, player_id, wanted)
        ended_at = None if session.is_live(now, device=session.device) else session.over_at(now)
        statement = await breaks.find_statement(tx, (player_id, wanted), ended_at=ended_at)
    if statement is None:
        raise ProblemFound(problems.NOT_FOUND)
    unit, done = currency(request.user.currency), statement.done
    return StatementView(
        session_id=wanted,
        opened_at=write_instant(session.opened_at),
        ended_at=_written(ended_at),
        elapsed_seconds=_seconds((now if ended_at is None else ended_at) - session.opened_at),
        until=_written(statement.until),
        staked=format_micros(done.staked, unit),
        settled=format_micros(done.settled, unit),
        won=format_micros(done.returned, unit),
        net_position=format_micros(done.net_position, unit),
        deposited=format_micros(done.deposited, unit),
        withdrawn=format_micros(done.withdrawn, unit),
    )


def clock_of(session: Session, stretch: Stretch | None = None) -> Clock:
    """Return a session as a clock, with the play that it goes on with if that matters."""
    return Clock(
        session_id=session.id,
        player_id=session.player_id,
        opened_at=session.opened_at,
        ends_at=session.ends_at,
        since=None if stretch is None else stretch.since,
        before=() if stretch is None else stretch.before,
    )


async def _look(tx: Transaction, player_id: PlayerId, session_id: str) -> _Seen:
    """Look at the session that asks.

    Raises:
        ProblemFound: the token names none.
    """
    if not session_id:
        raise ProblemFound(problems.NOT_FOUND)
    session = await _session(tx, player_id, session_id)
    player = await identity.get_player(tx, player_id)
    stretches = await access.find_stretches(tx, [session])
    clock = clock_of(session, stretches[session.id])
    return _Seen(
        session=session,
        clock=clock,
        state=await breaks.find_state(tx, clock),
        licence=jurisdictions.get(player.jurisdiction),
    )


async def _session(tx: Transaction, player_id: PlayerId, session_id: str) -> Session:
    wanted = SessionId(session_id)
    found = await access.find_sessions(tx, [(shard_of(player_id), wanted)])
    session = found.get(wanted)
    if session is None or session.player_id != player_id:
        raise ProblemFound(problems.NOT_FOUND)
    return session


async def _pause(
    tx: Transaction, player_id: PlayerId, licence: Jurisdiction, now: datetime
) -> Break | None:
    if not breaks.wants_breaks(licence):
        return None
    stays = await access.find_stays(
        tx, [(shard_of(player_id), player_id)], since=breaks.stays_since(now), now=now
    )
    return breaks.break_now(stays.get(player_id, ()), licence, now)


def _check_view(
    seen: _Seen, done: Totals, pause: Break | None, code: str, now: datetime
) -> RealityCheckView:
    licence, clock, unit = seen.licence, seen.clock, currency(code)
    rules = licence.reality_check
    due_at = breaks.due_at(clock, seen.state, licence)
    pace = breaks.pace_of(clock, seen.state, licence, now=now)
    if pause is not None and now >= pause.starts_at and pace is not Pace.SESSION_OVER:
        pace = Pace.ON_BREAK
    shown = {
        Shown.STAKED: format_micros(done.staked, unit),
        Shown.NET_POSITION: format_micros(done.net_position, unit),
    }
    told = {what: text for what, text in shown.items() if what in rules.shows}
    local = now.astimezone(ZoneInfo(licence.licence.time_zone))
    return RealityCheckView(
        session_id=clock.session_id,
        opened_at=write_instant(clock.opened_at),
        clock=local.isoformat(timespec="seconds"),
        elapsed_seconds=_seconds(now - clock.opened_at),
        staked=told.get(Shown.STAKED),
        net_position=told.get(Shown.NET_POSITION),
        minutes=breaks.minutes_of(seen.state.interval, licence),
        minutes_choices=rules.minutes_choices,
        answer_required=rules.answer_required,
        due=due_at is not None and now >= due_at,
        due_at=_written(due_at),
        pace=pace,
        break_starts_at=None if pause is None else write_instant(pause.starts_at),
        break_ends_at=None if pause is None else write_instant(pause.ends_at),
        session_ends_at=_written(clock.ends_at),
    )


def _written(instant: datetime | None) -> str | None:
    return None if instant is None else write_instant(instant)


def _seconds(elapsed: timedelta) -> int:
    return int(elapsed.total_seconds())
