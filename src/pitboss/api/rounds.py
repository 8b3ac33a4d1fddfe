"""Rounds of games over HTTP: players see theirs, staff looks into them and ends open ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, JSONBody, QueryParameter

from pitboss.api import problems
from pitboss.api.edge import Edge
from pitboss.api.furniture import (
    BEARER,
    Asked,
    Doors,
    StrictJson,
    TheEdge,
    actor_of,
    check_body,
    needs,
    player_of,
)
from pitboss.api.house_views import PlayedRoundView, show_play
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body
from pitboss.games import dealing, rounds
from pitboss.games.dealing.errors import HouseClosed
from pitboss.games.dealing.model import PROVIDER, EndedAsRecorded, NotDealt
from pitboss.games.dealing.model import Refusal as NoDeal
from pitboss.games.registry.model import PROVIDER_PATTERN
from pitboss.games.rounds.model import (
    ROUNDS_SHOWN_MAX,
    Booking,
    ClosedBy,
    NotResolved,
    Refusal,
    Resolution,
    Round,
)
from pitboss.kernel.ids import PlayerId, parse_id
from pitboss.kernel.instants import parse_instant, write_instant
from pitboss.kernel.money import currency, format_micros
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.staff.agents.model import Permission

HOURS_MAX = 24 * 365
# What a provider may call a round.
_REFERENCE = r"^[!-~]{1,300}(?![\s\S])"

ProviderQuery = Annotated[str | None, QueryParameter(pattern=PROVIDER_PATTERN)]
After = Annotated[str | None, QueryParameter(max_length=100)]


class ResolutionBody(Body, frozen=True, kw_only=True):
    """`close` ends a round as it stands, `void` gives its stakes back unless a win was told."""

    resolution: Resolution


class RoundView(msgspec.Struct, frozen=True, kw_only=True):
    """A play of a game: what was staked and won, without what was undone."""

    round_id: str
    provider: str
    game: str
    reference: str
    staked: str
    won: str
    currency: str
    opened_at: str
    closed_at: str | None
    closed_by: str | None


class RoundsView(msgspec.Struct, frozen=True, kw_only=True):
    """A player's rounds, the newest first; one without an end is interrupted or still goes on.

    `next_after` continues behind the last one.
    """

    rounds: tuple[RoundView, ...]
    next_after: str | None


class OpenRoundView(RoundView, frozen=True, kw_only=True):
    """A round that nobody has closed, and whose it is."""

    player_id: str


class OpenRoundsView(msgspec.Struct, frozen=True, kw_only=True):
    """Rounds that nobody has closed, the oldest first; `next_after` continues behind the last."""

    rounds: tuple[OpenRoundView, ...]
    next_after: str | None


class BookingView(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider asked for in a round; `refusal` says why it was not done.

    `promo`: the provider called it a promotion's.  `said` is what else it said of it, as JSON: the
    reward that a free bet is of, or promotions and jackpots.
    """

    external_id: str
    kind: str
    amount: str
    jackpot: str
    free: bool
    promo: bool
    said: str | None
    original_id: str | None
    refusal: str | None
    reversed_by: str | None
    owed: str
    balance: str
    booked_at: str


class InspectedRoundView(RoundView, frozen=True, kw_only=True):
    """A round with everything that was asked for in it, in order."""

    bookings: tuple[BookingView, ...]


class RoundPageView(msgspec.Struct, frozen=True, kw_only=True):
    """Where the provider shows how the round was played; the address may be good for a while."""

    url: str


class ResolvedView(msgspec.Struct, frozen=True, kw_only=True):
    """The round is over; so much of its stakes was given back."""

    round_id: str
    refunded: str


def make_router(doors: Doors) -> Router:
    """Return the routes about rounds."""
    players = Router(
        "/",
        route_handlers=[show_rounds],
        guards=[doors.player],
        security=BEARER,
        tags=["games"],
    )
    staff = Router(
        "/staff",
        route_handlers=[
            *(show_open_rounds, show_rounds_of_player, inspect_round, find_round_page),
            *(show_play_of_round, resolve_round),
        ],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
    )
    return Router("/v1", route_handlers=[players, staff])


@get("/me/rounds", summary="Your rounds")
async def show_rounds(request: Asked, edge: TheEdge, after: After = None) -> RoundsView:
    """Show your newest rounds, a hundred at once; `after` continues behind one."""
    place = _place(after)
    async with edge.database.reading() as tx:
        found = await rounds.find_rounds(tx, player_of(request), after=place)
    return _page(found)


@get(
    "/players/{player_id:str}/rounds",
    opt=needs(Permission.SEE_GAMES),
    summary="A player's rounds",
)
async def show_rounds_of_player(
    edge: TheEdge,
    player_id: FromPath[str],
    provider: ProviderQuery = None,
    reference: Annotated[str | None, QueryParameter(pattern=_REFERENCE)] = None,
    after: After = None,
) -> RoundsView:
    """Show a player's rounds, the newest first, a hundred at once, whoever has closed them.

    With a `reference` those that providers call so; `after` continues behind a round.
    """
    player, place = _player(player_id), _place(after)
    async with edge.database.reading() as tx:
        found = await rounds.find_rounds(tx, player, provider=provider, ref=reference, after=place)
    return _page(found)


@get("/games/rounds", opt=needs(Permission.SEE_GAMES), summary="Rounds that nobody closed")
async def show_open_rounds(
    edge: TheEdge,
    older_hours: Annotated[int, QueryParameter(ge=0, le=HOURS_MAX)] = 0,
    provider: ProviderQuery = None,
    after: After = None,
) -> OpenRoundsView:
    """Show rounds that were opened so long ago and are open still, a hundred at once.

    `after` continues behind one.
    """
    before, place = edge.clock.now() - timedelta(hours=older_hours), _place(after)
    async with edge.database.reading() as tx:
        found = await rounds.find_open_rounds(tx, before=before, provider=provider, after=place)
    return OpenRoundsView(
        rounds=tuple(OpenRoundView(**_round(item), player_id=item.player_id) for item in found),
        next_after=_next(found),
    )


@get(
    "/players/{player_id:str}/rounds/{round_id:str}",
    opt=needs(Permission.SEE_GAMES),
    summary="All of a round",
)
async def inspect_round(
    edge: TheEdge, player_id: FromPath[str], round_id: FromPath[str]
) -> InspectedRoundView:
    """Show a round of a player with everything that its provider asked for."""
    player, wanted = _ids(player_id, round_id)
    async with edge.database.reading() as tx:
        bookings = await rounds.find_bookings_of_round(tx, shard_of(player), wanted)
        found = await rounds.find_round_by_id(tx, player, wanted)
    if found is None:
        raise ProblemFound(problems.NOT_FOUND)
    return InspectedRoundView(**_round(found), bookings=tuple(map(_booking, bookings)))


@get(
    "/players/{player_id:str}/rounds/{round_id:str}/page",
    opt=needs(Permission.SEE_GAMES),
    summary="Where the provider shows a round",
)
async def find_round_page(
    edge: TheEdge, player_id: FromPath[str], round_id: FromPath[str]
) -> RoundPageView:
    """Ask the provider how a round was played, before it is ended here; nothing is changed."""
    player, wanted = _ids(player_id, round_id)
    async with edge.database.reading() as tx:
        found = await rounds.find_round_by_id(tx, player, wanted)
    if found is None:
        raise ProblemFound(problems.NOT_FOUND)
    provider = edge.providers.get(found.provider)
    pages = None if provider is None else provider.pages
    url = None if pages is None else await pages.find_page(found.ref, player)
    if url is None:
        raise ProblemFound(problem_of(Refusal.ROUND_NOT_SHOWN))
    return RoundPageView(url=url)


@get(
    "/players/{player_id:str}/rounds/{round_id:str}/play",
    opt=needs(Permission.SEE_GAMES),
    summary="How a round of the house was played",
)
async def show_play_of_round(
    edge: TheEdge, player_id: FromPath[str], round_id: FromPath[str]
) -> PlayedRoundView:
    """Show the steps of a round of the house, its draws once it is over, and play it again.

    It is shown for ever: where the rules of its version are not here any more, as it was recorded.
    """
    player, wanted = _ids(player_id, round_id)
    async with edge.database.reading() as tx:
        found = await rounds.find_round_by_id(tx, player, wanted)
        if found is None:
            raise ProblemFound(problems.NOT_FOUND)
        if found.provider != PROVIDER:
            raise ProblemFound(problem_of(Refusal.ROUND_NOT_SHOWN))
        kept = await dealing.find_kept(tx, [(player, found.ref)])
    if not kept:
        raise ProblemFound(problems.NOT_FOUND)
    return show_play(kept[0])


@post(
    "/players/{player_id:str}/rounds/{round_id:str}/resolution",
    dto=StrictJson[ResolutionBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.RESOLVE_ROUNDS),
    summary="End a round that its provider has left open",
)
async def resolve_round(
    request: Asked,
    edge: TheEdge,
    player_id: FromPath[str],
    round_id: FromPath[str],
    data: JSONBody[ResolutionBody],
) -> ResolvedView:
    """End an open round; a win that comes later is paid all the same.

    `close` plays a round of the house to its end, so that nothing is lost that was paid for; so
    does `void` if something was won in it already.
    """
    player, wanted = _ids(player_id, round_id)
    place = (shard_of(player), wanted)

    async def work(turn: Turn) -> str | Refusal:
        found = await rounds.find_round_by_id(turn.tx, player, wanted)
        if found is None:
            return Refusal.UNKNOWN_ROUND
        if found.provider == PROVIDER and await _is_played_out(turn, found, data.resolution):
            refunded = await _play_out(turn, found, edge)
            return format_micros(refunded, currency(found.currency))
        (answer,) = await rounds.resolve(turn, [place], data.resolution, by=ClosedBy.STAFF)
        if isinstance(answer, NotResolved):
            return answer.reason
        return format_micros(answer.refunded_micros, currency(found.currency))

    refunded = await in_turn(edge, [place[0]], actor_of(request), work)
    if isinstance(refunded, Refusal):
        raise ProblemFound(problem_of(refunded))
    return ResolvedView(round_id=wanted, refunded=refunded)


async def _is_played_out(turn: Turn, round_: Round, how: Resolution) -> bool:
    """Say whether a round of the house ends by its rules: the books know its win only then."""
    if how is Resolution.CLOSE:
        return True
    kept = await dealing.find_kept(turn.tx, [(round_.player_id, round_.ref)])
    return any(item.has_won for item in kept)


async def _play_out(turn: Turn, round_: Round, edge: Edge) -> int:
    """End a round by its rules, or as it was recorded; return what of its stakes went back."""
    if edge.house is None:
        raise ProblemFound(problem_of(NoDeal.ANOTHER_BUILD))
    key = (round_.player_id, round_.ref)
    try:
        answer = (await dealing.finish(turn, [key], edge.house, by=ClosedBy.STAFF))[key]
    except HouseClosed as fault:
        raise ProblemFound(problems.GAMES_AWAY) from fault
    if isinstance(answer, NotDealt):
        raise ProblemFound(problem_of(answer.reason))
    return answer.refunded_micros if isinstance(answer, EndedAsRecorded) else 0


def _ids(player_id: str, round_id: str) -> tuple[PlayerId, str]:
    return _player(player_id), parse_id(round_id, field="round_id")


def _player(player_id: str) -> PlayerId:
    return PlayerId(parse_id(player_id, field="player_id"))


def _page(found: Sequence[Round]) -> RoundsView:
    shown = tuple(RoundView(**_round(item)) for item in found)
    return RoundsView(rounds=shown, next_after=_next(found))


def _next(found: Sequence[Round]) -> str | None:
    """Return where the next page begins: when the last round was opened, and its id."""
    if len(found) < ROUNDS_SHOWN_MAX:
        return None
    return f"{write_instant(found[-1].opened_at)},{found[-1].id}"


def _place(after: str | None) -> tuple[datetime, str] | None:
    if after is None:
        return None
    opened_at, _, round_id = after.partition(",")
    return parse_instant(opened_at, field="after"), parse_id(round_id, field="after")


def _round(item: Round) -> dict[str, Any]:
    unit = currency(item.currency)
    return {
        "round_id": item.id,
        "provider": item.provider,
        "game": item.game,
        "reference": item.ref,
        "staked": format_micros(item.staked_micros, unit),
        "won": format_micros(item.won_micros, unit),
        "currency": item.currency,
        "opened_at": write_instant(item.opened_at),
        "closed_at": None if item.closed_at is None else write_instant(item.closed_at),
        "closed_by": item.closed_by,
    }


def _booking(item: Booking) -> BookingView:
    unit = currency(item.currency)
    return BookingView(
        external_id=item.external_id,
        kind=item.kind,
        amount=format_micros(item.micros, unit),
        jackpot=format_micros(item.jackpot_micros, unit),
        free=item.free,
        promo=item.promo,
        said=item.said,
        original_id=item.original_id,
        refusal=item.refusal,
        reversed_by=item.reversed_by,
        owed=format_micros(item.owed_micros, unit),
        balance=format_micros(item.balance_micros, unit),
        booked_at=write_instant(item.booked_at),
    )
