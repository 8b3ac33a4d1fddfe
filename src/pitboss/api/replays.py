"""Settlements worked out again over HTTP, for staff."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from litestar import Router, get
from litestar.params import FromPath

from pitboss.api import problems
from pitboss.api.furniture import BEARER, Doors, TheEdge, needs
from pitboss.api.problems import Problem, ProblemFound
from pitboss.audit import replay
from pitboss.audit.reading.errors import FactUnreadable
from pitboss.audit.replay.errors import BetMissing, NotSettled
from pitboss.kernel.ids import BetId, parse_id
from pitboss.sportsbook import betting
from pitboss.staff.agents.model import Permission

# Facts are not indexed by what they say; who asks for much has the command line.
SECONDS_MAX = 10.0
TOO_LONG = Problem(
    status=503,
    slug="took_too_long",
    detail=f"the facts were not read within {SECONDS_MAX:.0f} s; `pitboss replay bet` has the time",
)


class InputView(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that the settlement rests on.

    `index` is its place in the record, if it has one already, and `hash` names its stored bytes,
    which say what is in `said`.
    """

    what: str
    index: int | None
    shard: int
    seq: int
    hash: str
    said: dict[str, Any]


class ReturnsView(msgspec.Struct, frozen=True, kw_only=True):
    """What a bet returns, in micros; missing if the inputs do not give it."""

    returns_micros: int | None
    voided: bool | None


class CoinView(msgspec.Struct, frozen=True, kw_only=True):
    """What moved, in micros: from the player, to the player, given back unplayed."""

    taken: int
    paid: int
    released: int


class ReplayView(msgspec.Struct, frozen=True, kw_only=True):
    """A settlement worked out again: what was told, what follows from its inputs, what moved."""

    bet_id: str
    agrees: bool
    inputs: tuple[InputView, ...]
    rules: str
    rounding: str
    told: ReturnsView
    replayed: ReturnsView
    coin: CoinView
    disagreements: tuple[str, ...]


def make_router(doors: Doors) -> Router:
    """Return the routes about replays."""
    return Router(
        "/v1/staff/bets",
        route_handlers=[replay_bet],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
    )


@get(
    "/{bet_id:str}/replay",
    summary="A settlement, worked out again",
    opt=needs(Permission.REPLAY_BETS),
)
async def replay_bet(edge: TheEdge, bet_id: FromPath[str]) -> ReplayView:
    """Work a settlement out again from facts alone, and show each of them."""
    wanted = BetId(parse_id(bet_id, field="bet_id"))
    try:
        async with asyncio.timeout(SECONDS_MAX), edge.database.moment() as tx:
            # Where to look is all that a table is asked.
            player_id = await betting.find_owner(tx, wanted)
            found = await replay.replay_bet(tx, wanted, player_id=player_id)
    except BetMissing:
        raise ProblemFound(problems.NOT_FOUND) from None
    except NotSettled as error:
        raise ProblemFound(_not_settled(error)) from None
    except FactUnreadable as error:
        raise ProblemFound(_unreadable(error)) from None
    except TimeoutError:
        raise ProblemFound(TOO_LONG) from None
    return msgspec.convert(found.document(), ReplayView)


def _not_settled(error: NotSettled) -> Problem:
    return Problem(status=409, slug="not_settled", detail=str(error))


def _unreadable(error: FactUnreadable) -> Problem:
    return Problem(status=500, slug="fact_unreadable", detail=str(error))
