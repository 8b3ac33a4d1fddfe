"""Settlements worked out again over HTTP, for staff."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Router, get
from litestar.params import FromPath

from pitboss.api import problems
from pitboss.api.furniture import BEARER, Doors, TheEdge
from pitboss.api.problems import Problem, ProblemFound
from pitboss.audit import replay
from pitboss.audit.replay.errors import BetMissing, NotSettled
from pitboss.kernel.ids import BetId, parse_id
from pitboss.kernel.shards import SHARDS_ALL
from pitboss.sportsbook import betting


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


@get("/{bet_id:str}/replay", summary="A settlement, worked out again")
async def replay_bet(edge: TheEdge, bet_id: FromPath[str]) -> ReplayView:
    """Work a settlement out again from facts alone, and show each of them."""
    wanted = BetId(parse_id(bet_id, field="bet_id"))
    async with edge.database.moment() as tx:
        # Where to look is all that a table is asked.
        shard = await betting.find_shard(tx, wanted)
        try:
            found = await replay.replay_bet(
                tx, wanted, shards=SHARDS_ALL if shard is None else (shard,)
            )
        except BetMissing:
            raise ProblemFound(problems.NOT_FOUND) from None
        except NotSettled as error:
            raise ProblemFound(_not_settled(error)) from None
    return msgspec.convert(found.document(), ReplayView)


def _not_settled(error: NotSettled) -> Problem:
    return Problem(status=409, slug="not_settled", detail=str(error))
