"""Money in and out over HTTP: players ask, providers tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import structlog
from litestar import Request, Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from pitboss import cashier
from pitboss.api import problems, wire
from pitboss.api.furniture import (
    BEARER,
    Asked,
    Doors,
    KeyHeader,
    StrictJson,
    TheEdge,
    check_body,
    player_of,
)
from pitboss.api.problems import Problem, ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body
from pitboss.cashier.errors import SignatureRefused
from pitboss.cashier.model import (
    NewsAnswer,
    NewsRefused,
    Payment,
    PaymentKind,
    PaymentRequest,
    RequestAnswer,
    Requested,
)
from pitboss.kernel.ids import IdempotencyKey, PaymentId, parse_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.money import currency, format_micros, parse_micros
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn

PAYMENTS_LIMIT = 50
PAYMENTS_LIMIT_MAX = 200

SIGNATURE_REFUSED = Problem(
    status=401, slug="signature_refused", detail="The provider did not sign this just now."
)

_log = structlog.get_logger("api.cashier")


class PaymentBody(Body, frozen=True, kw_only=True):
    """How much; `amount` is a decimal number such as `"50.00"`."""

    amount: str
    currency: str


class PaymentLinks(msgspec.Struct, frozen=True, kw_only=True):
    """Where to ask how a payment stands."""

    status: str


class PaymentView(msgspec.Struct, frozen=True, kw_only=True):
    """How a payment stands; `reason` says why it failed."""

    payment_id: str
    kind: str
    state: str
    amount: str
    currency: str
    reason: str | None
    requested_at: str
    closed_at: str | None
    links: PaymentLinks


class PaymentsView(msgspec.Struct, frozen=True, kw_only=True):
    """A player's payments, newest first; `next_before` continues below the last one."""

    payments: tuple[PaymentView, ...]
    next_before: str | None


class HeardView(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a provider's news: believed or not, it is on record and need not come again."""

    believed: bool
    refusal: str | None


def make_router(doors: Doors) -> Router:
    """Return the routes about payments."""
    players = Router(
        "/",
        route_handlers=[deposit, withdraw, show_payment, show_payments],
        guards=[doors.player],
        security=BEARER,
        tags=["cashier"],
    )
    return Router("/v1", route_handlers=[players, hear])


@post(
    "/deposits",
    dto=StrictJson[PaymentBody],
    before_request=check_body,
    status_code=202,
    summary="Pay in",
)
async def deposit(
    request: Asked, edge: TheEdge, data: JSONBody[PaymentBody], key: KeyHeader = None
) -> PaymentView:
    """Ask for a deposit; the money is there once the provider has confirmed it."""
    wanted = _wanted(request, data, wire.check_key(key))

    async def work(turn: Turn) -> Sequence[RequestAnswer]:
        return await cashier.request_deposits(turn, [wanted])

    (answer,) = await in_turn(edge, [shard_of(wanted.player_id)], "player", work)
    return _answered(answer)


@post(
    "/withdrawals",
    dto=StrictJson[PaymentBody],
    before_request=check_body,
    status_code=202,
    summary="Be paid out",
)
async def withdraw(
    request: Asked, edge: TheEdge, data: JSONBody[PaymentBody], key: KeyHeader = None
) -> PaymentView:
    """Ask for a withdrawal; the money is held until the provider has paid it."""
    wanted = _wanted(request, data, wire.check_key(key))

    async def work(turn: Turn) -> Sequence[RequestAnswer]:
        return await cashier.request_withdrawals(turn, [wanted])

    (answer,) = await in_turn(edge, [shard_of(wanted.player_id)], "player", work)
    return _answered(answer)


@get("/payments/{payment_id:str}", summary="How a payment stands")
async def show_payment(request: Asked, edge: TheEdge, payment_id: FromPath[str]) -> PaymentView:
    """Show one of the player's own payments; somebody else's is not there."""
    return _view(await _own_payment(request, edge, payment_id, field="payment_id"))


@get("/payments", summary="Your payments")
async def show_payments(
    request: Asked,
    edge: TheEdge,
    before: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAYMENTS_LIMIT_MAX)] = PAYMENTS_LIMIT,
) -> PaymentsView:
    """Show the player's payments, newest first; `before` continues below a payment."""
    below = None if before is None else await _own_payment(request, edge, before, field="before")
    player_id = player_of(request)
    async with edge.database.reading() as tx:
        payments = await cashier.find_payments(
            tx, shard_of(player_id), player_id, before=below, limit=limit
        )
    return PaymentsView(
        payments=tuple(_view(payment) for payment in payments),
        next_before=payments[-1].id if len(payments) == limit else None,
    )


@post("/webhooks/{provider:str}", status_code=200, tags=["providers"], summary="A provider's news")
async def hear(
    request: Request[Any, Any, Any], edge: TheEdge, provider: FromPath[str]
) -> HeardView:
    """Record what a payment provider tells, if it signed it; told again, it changes nothing."""
    reader = edge.news_readers.get(provider)
    if reader is None:
        raise ProblemFound(problems.NOT_FOUND)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        news = reader.read_news(headers, await request.body(), now=edge.wall.now())
    except SignatureRefused as refused:
        _log.warning("a webhook was refused", provider=provider, why=str(refused))
        raise ProblemFound(SIGNATURE_REFUSED) from None
    async with edge.database.reading() as tx:
        shards = await cashier.find_shards(tx, [news])

    async def work(turn: Turn) -> Sequence[NewsAnswer]:
        return await cashier.record_news(turn, [news])

    (answer,) = await in_turn(edge, shards, f"provider:{provider}", work)
    refusal = answer.reason if isinstance(answer, NewsRefused) else None
    return HeardView(believed=refusal is None, refusal=refusal)


def _wanted(request: Asked, body: PaymentBody, key: str) -> PaymentRequest:
    if body.currency != request.user.currency:
        raise ProblemFound(
            problems.malformed("currency", f"the player's currency is {request.user.currency}")
        )
    micros = parse_micros(body.amount, currency(body.currency), field="amount")
    if micros <= 0:
        raise ProblemFound(problems.malformed("amount", "the amount must be above zero"))
    return PaymentRequest(
        player_id=player_of(request),
        key=IdempotencyKey(key),
        micros=micros,
        currency=body.currency,
    )


def _answered(answer: RequestAnswer) -> PaymentView:
    if isinstance(answer, Requested):
        return _view(answer.payment)
    raise ProblemFound(problem_of(answer.reason))


async def _own_payment(request: Asked, edge: TheEdge, text: str, *, field: str) -> Payment:
    """Return the player's own payment with this id, or raise that it is not there."""
    player_id = player_of(request)
    wanted = PaymentId(parse_id(text, field=field))
    async with edge.database.reading() as tx:
        payment = await cashier.find_payment(tx, shard_of(player_id), wanted)
    if payment is None or payment.player_id != player_id:
        raise ProblemFound(problems.NOT_FOUND)
    return payment


def _view(payment: Payment) -> PaymentView:
    return PaymentView(
        payment_id=payment.id,
        kind=PaymentKind(payment.kind),
        state=payment.state,
        amount=format_micros(payment.micros, currency(payment.currency)),
        currency=payment.currency,
        reason=payment.reason,
        requested_at=write_instant(payment.requested_at),
        closed_at=None if payment.closed_at is None else write_instant(payment.closed_at),
        links=PaymentLinks(status=f"/v1/payments/{payment.id}"),
    )
