"""Limits over HTTP: players see theirs, set them, and take back what they should not have asked."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from litestar import Router, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody

from pitboss import central, jurisdictions
from pitboss.api import problems
from pitboss.api.edge import Edge
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
from pitboss.jurisdictions.model import Jurisdiction, LimitKind, Period
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.instants import write_instant
from pitboss.kernel.money import currency, format_micros, parse_micros
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players import access, identity
from pitboss.players.access.model import time_within
from pitboss.players.identity.model import Player
from pitboss.responsible import contacts, limits
from pitboss.responsible.limits.model import (
    Answer,
    Change,
    Changed,
    Confirmation,
    HistoryLine,
    Limit,
    LimitKey,
    Withdrawal,
)

NO_PERIOD = "none"
NUMBER_MAX = 2**31 - 1
PATH = "/limits/{kind:str}/{period:str}"


class LimitBody(Body, frozen=True, kw_only=True):
    """What a limit shall be: an `amount` such as `"50.00"`, or `minutes` of play."""

    amount: str | None = None
    minutes: int | None = None


class WaitingView(msgspec.Struct, frozen=True, kw_only=True):
    """A looser limit that does not count yet; without a value the limit shall be gone."""

    amount: str | None
    minutes: int | None
    asked_at: str
    counts_from: str
    confirm_until: str | None
    needs_confirmation: bool


class LimitView(msgspec.Struct, frozen=True, kw_only=True):
    """A limit as it stands; without a value there is none now.

    `closed_until`: it is used up, and there are no stakes until then, whatever is won.
    """

    kind: str
    period: str | None
    amount: str | None
    minutes: int | None
    set_at: str
    closed_until: str | None
    waiting: WaitingView | None


class UsedView(LimitView, frozen=True, kw_only=True):
    """A limit as it stands, and how much of it is used in the period that runs.

    `notice_percent` is the share of it that is reached and that the licence wants told.
    """

    used: str | None
    minutes_used: int | None
    notice_percent: int | None


class ChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """A change of a limit: `set`, a looser one `asked` for, or that `kept` away again.

    Without a value the limit was to be gone; `initiator` is who wanted it.
    """

    number: int
    changed_at: str
    happened: str
    kind: str
    period: str | None
    amount: str | None
    minutes: int | None
    amount_before: str | None
    minutes_before: int | None
    initiator: str | None
    counts_from: str | None


class HistoryView(msgspec.Struct, frozen=True, kw_only=True):
    """Changes of limits, the newest first; `next_older_than` asks for the next page."""

    changes: tuple[ChangeView, ...]
    next_older_than: int | None


class OfferedView(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of limit that the player can set, and over which periods."""

    kind: str
    periods: tuple[str, ...]
    mandatory: bool


class LimitsView(msgspec.Struct, frozen=True, kw_only=True):
    """The player's limits, and those that the licence offers.

    `review_due`: the licence wants the player asked to look at the account and its limits again.
    """

    limits: tuple[UsedView, ...]
    offered: tuple[OfferedView, ...]
    review_due: bool


def make_router(doors: Doors) -> Router:
    """Return the routes about limits."""
    return Router(
        "/v1/me",
        route_handlers=[
            show_limits,
            show_history,
            review_limits,
            set_limit,
            remove_limit,
            confirm_limit,
            keep_limit,
        ],
        guards=[doors.player],
        security=BEARER,
        tags=["limits"],
    )


@get("/limits", summary="Your limits")
async def show_limits(request: Asked, edge: TheEdge) -> LimitsView:
    """Show what the player has set, what waits, and what else can be set."""
    player, licence = await _player_of(request, edge)
    player_id, now = player.id, edge.clock.now()
    async with edge.database.reading() as tx:
        due = await contacts.is_review_due(
            tx, player_id, licence, registered_at=player.registered_at, now=now
        )
        found = await limits.list_limits(tx, player_id, now=now)
        used = await limits.find_used(tx, player_id, licence, now=now)
        for limit in found:
            if limit.key.kind is LimitKind.SESSION_TIME:
                used[limit.key] = await _minutes_here(tx, limit, licence, now)
    mandatory = {*licence.limits.mandatory_before_play, *licence.limits.mandatory_before_deposit}
    return LimitsView(
        limits=tuple(
            _used_view(limit, used.get(limit.key), licence, request.user.currency)
            for limit in found
        ),
        offered=tuple(
            OfferedView(
                kind=kind,
                periods=tuple(licence.limits.periods) if kind.is_periodic else (),
                mandatory=kind in mandatory,
            )
            for kind in licence.limits.kinds
        ),
        review_due=due,
    )


@post("/limits/review", status_code=204, summary="You have looked at your limits")
async def review_limits(request: Asked, edge: TheEdge) -> None:
    """Say that you have looked at your account and its limits; you are asked again later."""
    player_id = player_of(request)

    async def work(turn: Turn) -> None:
        await contacts.review(turn, player_id)

    await in_turn(edge, [shard_of(player_id)], "player", work)


@get("/limits/history", summary="Your limits as they were")
async def show_history(
    request: Asked, edge: TheEdge, older_than: FromQuery[int | None] = None
) -> HistoryView:
    """Show the changes of the player's limits, page by page; `older_than` is a change's number."""
    if older_than is not None and not 1 <= older_than <= NUMBER_MAX:
        raise ProblemFound(problems.malformed("older_than", "the number of a change is needed"))
    async with edge.database.reading() as tx:
        found = await limits.list_changes(tx, player_of(request), before=older_than)
    more = bool(found) and found[-1].number > 1
    return HistoryView(
        changes=tuple(_change_view(line, request.user.currency) for line in found),
        next_older_than=found[-1].number if more else None,
    )


@put(PATH, dto=StrictJson[LimitBody], before_request=check_body, summary="Set a limit")
async def set_limit(
    request: Asked,
    edge: TheEdge,
    data: JSONBody[LimitBody],
    kind: FromPath[str],
    period: FromPath[str],
) -> LimitView:
    """Set a limit: a stricter one counts at once, a looser one as the licence says.

    Saying it again changes nothing.  `period` is `none` for a single stake or a balance.
    """
    key = _key(kind, period)
    return await _change(request, edge, key, _value(data, key, request.user.currency))


@delete(PATH, status_code=200, summary="Take a limit away")
async def remove_limit(
    request: Asked, edge: TheEdge, kind: FromPath[str], period: FromPath[str]
) -> LimitView:
    """Ask for a limit to be gone, which is the loosest that one can be: it takes as long."""
    return await _change(request, edge, _key(kind, period), None)


@post(f"{PATH}/confirmation", status_code=200, summary="Confirm a looser limit")
async def confirm_limit(
    request: Asked, edge: TheEdge, kind: FromPath[str], period: FromPath[str]
) -> LimitView:
    """Confirm the looser limit that was asked for, now that its time has come."""
    player_id, licence = await _licence_of(request, edge)
    wish = Confirmation(player_id=player_id, key=_key(kind, period))

    async def work(turn: Turn) -> Answer:
        answer = await limits.confirm(turn, wish, licence)
        await central.file_limit(turn, player_id)
        return answer

    answer = await in_turn(edge, [shard_of(player_id)], "player", work)
    return _answered(answer, request.user.currency)


@delete(f"{PATH}/waiting", status_code=200, summary="Keep the limit that counts")
async def keep_limit(
    request: Asked, edge: TheEdge, kind: FromPath[str], period: FromPath[str]
) -> LimitView:
    """Take back the wish for a looser limit."""
    player_id = player_of(request)
    wish = Withdrawal(player_id=player_id, key=_key(kind, period))

    async def work(turn: Turn) -> Answer:
        answer = await limits.withdraw(turn, wish)
        await central.file_limit(turn, player_id)
        return answer

    answer = await in_turn(edge, [shard_of(player_id)], "player", work)
    return _answered(answer, request.user.currency)


async def _change(request: Asked, edge: Edge, key: LimitKey, value: int | None) -> LimitView:
    player_id, licence = await _licence_of(request, edge)
    wish = Change(player_id=player_id, key=key, value=value)

    async def work(turn: Turn) -> Answer:
        ages = await identity.recall_ages(turn, {player_id: licence})
        answer = await limits.change(turn, wish, licence, age=ages.get(player_id))
        await central.file_limit(turn, player_id)
        await contacts.about_limit(turn, answer, licence, age=ages.get(player_id))
        return answer

    answer = await in_turn(edge, [shard_of(player_id)], "player", work)
    return _answered(answer, request.user.currency)


async def _licence_of(request: Asked, edge: Edge) -> tuple[PlayerId, Jurisdiction]:
    player, licence = await _player_of(request, edge)
    return player.id, licence


async def _player_of(request: Asked, edge: Edge) -> tuple[Player, Jurisdiction]:
    async with edge.database.reading() as tx:
        player = await identity.get_player(tx, player_of(request))
    return player, jurisdictions.get(player.jurisdiction)


def _key(kind: str, period: str) -> LimitKey:
    if kind not in [*LimitKind]:
        raise ProblemFound(problems.malformed("kind", f"one of {', '.join(LimitKind)} is needed"))
    if period not in [*Period, NO_PERIOD]:
        wanted = ", ".join([*Period, NO_PERIOD])
        raise ProblemFound(problems.malformed("period", f"one of {wanted} is needed"))
    return LimitKey(kind=LimitKind(kind), period=None if period == NO_PERIOD else Period(period))


def _value(body: LimitBody, key: LimitKey, code: str) -> int:
    """Return what was asked for in micros or minutes, if it is said in the one that fits."""
    wanted, other = ("amount", "minutes") if key.kind.is_money else ("minutes", "amount")
    if getattr(body, other) is not None:
        raise ProblemFound(problems.malformed(other, f"a limit of {key.kind} has {wanted}"))
    if key.kind.is_money and body.amount is not None:
        return parse_micros(body.amount, currency(code), field="amount")
    if not key.kind.is_money and body.minutes is not None:
        return body.minutes
    raise ProblemFound(problems.malformed(wanted, "this is needed"))


def _answered(answer: Answer, code: str) -> LimitView:
    if isinstance(answer, Changed):
        return _view(answer.limit, code)
    raise ProblemFound(problem_of(answer.reason))


def _view(limit: Limit, code: str) -> LimitView:
    waiting = limit.waiting
    return LimitView(
        kind=limit.key.kind,
        period=limit.key.period,
        amount=_amount(limit.key, limit.value, code),
        minutes=_minutes(limit.key, limit.value),
        set_at=write_instant(limit.set_at),
        closed_until=None if limit.closed_until is None else write_instant(limit.closed_until),
        waiting=None
        if waiting is None
        else WaitingView(
            amount=_amount(limit.key, waiting.value, code),
            minutes=_minutes(limit.key, waiting.value),
            asked_at=write_instant(waiting.asked_at),
            counts_from=write_instant(waiting.counts_from),
            confirm_until=None if waiting.lapses_at is None else write_instant(waiting.lapses_at),
            needs_confirmation=waiting.needs_confirmation,
        ),
    )


def _used_view(limit: Limit, used: int | None, licence: Jurisdiction, code: str) -> UsedView:
    plain = _view(limit, code)
    notice = None
    if used is not None and limit.value is not None:
        notice = limits.notice_at(used, limit.value, licence)
    return UsedView(
        **msgspec.structs.asdict(plain),
        used=_amount(limit.key, used, code),
        minutes_used=_minutes(limit.key, used),
        notice_percent=notice,
    )


def _change_view(line: HistoryLine, code: str) -> ChangeView:
    return ChangeView(
        number=line.number,
        changed_at=write_instant(line.changed_at),
        happened=line.happened,
        kind=line.key.kind,
        period=line.key.period,
        amount=_amount(line.key, line.value, code),
        minutes=_minutes(line.key, line.value),
        amount_before=_amount(line.key, line.before, code),
        minutes_before=_minutes(line.key, line.before),
        initiator=line.initiator,
        counts_from=None if line.counts_from is None else write_instant(line.counts_from),
    )


async def _minutes_here(tx: Transaction, limit: Limit, licence: Jurisdiction, now: datetime) -> int:
    """Return for how many whole minutes a player was here in the period of a limit of time."""
    since = limits.time_since(limit.key, licence, now=now)
    stays = await access.find_stays(tx, [(limit.shard, limit.player_id)], since=since, now=now)
    return time_within(stays.get(limit.player_id, ()), since) // timedelta(minutes=1)


def _amount(key: LimitKey, value: int | None, code: str) -> str | None:
    return format_micros(value, currency(code)) if key.kind.is_money and value is not None else None


def _minutes(key: LimitKey, value: int | None) -> int | None:
    return None if key.kind.is_money else value
