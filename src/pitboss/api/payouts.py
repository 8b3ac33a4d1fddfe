"""Payouts over HTTP: players name the sum above which wins are paid out by themselves."""

from __future__ import annotations

import msgspec
from litestar import Router, delete, get, put
from litestar.params import JSONBody

from pitboss import jurisdictions
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
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.instants import write_instant
from pitboss.kernel.money import currency, format_micros, parse_micros
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.responsible import limits
from pitboss.responsible.limits.model import Named, Payout, PayoutAnswer, PayoutWish


class PayoutBody(Body, frozen=True, kw_only=True):
    """The sum above which wins are paid out; `amount` is a decimal number such as `"50.00"`."""

    amount: str


class PayoutView(msgspec.Struct, frozen=True, kw_only=True):
    """The sum above which wins are paid out, and what was won since they were paid out last.

    Without an `amount` nothing is paid out unasked, and nothing is counted.  `payment` is where to
    ask how the last payment of this kind stands.
    """

    offered: bool
    amount: str | None
    currency: str
    set_at: str | None
    won: str | None
    payment: str | None


def make_router(doors: Doors) -> Router:
    """Return the routes about payouts."""
    return Router(
        "/v1/me/payout",
        route_handlers=[show_payout, set_payout, remove_payout],
        guards=[doors.player],
        security=BEARER,
        tags=["cashier"],
    )


@get("/", summary="When your wins are paid out by themselves")
async def show_payout(request: Asked, edge: TheEdge) -> PayoutView:
    """Show the sum that the player has named, and whether the licence offers to name one."""
    player_id = player_of(request)
    licence = await _licence_of(request, edge)
    async with edge.database.reading() as tx:
        found = await limits.find_payouts(tx, [(shard_of(player_id), player_id)])
    return _view(found.get(player_id), licence, request.user.currency)


@put("/", dto=StrictJson[PayoutBody], before_request=check_body, summary="Have wins paid out above")
async def set_payout(request: Asked, edge: TheEdge, data: JSONBody[PayoutBody]) -> PayoutView:
    """Name the sum above which what is won from now on is paid out without being asked for.

    What was paid in is never paid back by it.  Saying it again changes nothing.
    """
    micros = parse_micros(data.amount, currency(request.user.currency), field="amount")
    return await _name(request, edge, micros)


@delete("/", status_code=200, summary="Have wins paid out no more")
async def remove_payout(request: Asked, edge: TheEdge) -> PayoutView:
    """Take the sum back; a payment that was asked for by then is paid."""
    return await _name(request, edge, None)


async def _name(request: Asked, edge: Edge, micros: int | None) -> PayoutView:
    licence = await _licence_of(request, edge)
    code = request.user.currency
    wish = PayoutWish(player_id=player_of(request), micros=micros, currency=code)

    async def work(turn: Turn) -> PayoutAnswer:
        return await limits.name_payout(turn, wish, licence)

    answer = await in_turn(edge, [shard_of(wish.player_id)], "player", work)
    if isinstance(answer, Named):
        return _view(answer.payout, licence, code)
    raise ProblemFound(problem_of(answer.reason))


async def _licence_of(request: Asked, edge: Edge) -> Jurisdiction:
    async with edge.database.reading() as tx:
        player = await identity.get_player(tx, player_of(request))
    return jurisdictions.get(player.jurisdiction)


def _view(payout: Payout | None, licence: Jurisdiction, code: str) -> PayoutView:
    offered = licence.payments.auto_payout_offered
    if payout is None or payout.micros is None:
        return PayoutView(
            offered=offered, amount=None, currency=code, set_at=None, won=None, payment=None
        )
    paid = payout.payment_id
    return PayoutView(
        offered=offered,
        amount=format_micros(payout.micros, currency(code)),
        currency=code,
        set_at=write_instant(payout.set_at),
        won=format_micros(payout.won, currency(code)),
        payment=None if paid is None else f"/v1/payments/{paid}",
    )
