"""Selling bets back over HTTP: what is offered, and taking it."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Response

from pitboss.api import problems
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
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body, check_key
from pitboss.kernel.ids import BetId, PlayerId, derived_id, parse_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.money import currency, format_micros, parse_micros
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players.personal.model import PersonalKeys
from pitboss.sportsbook import betting, cash_out, catalog
from pitboss.sportsbook.cash_out.model import Ask, Quote, Refused, Request, State

# A quote of a bet of twenty legs is some two thousand characters.
QUOTE_LENGTH_MAX = 8_192

_PURPOSE = "cash_out.quote"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Quote).decode


class TakeBody(Body, frozen=True, kw_only=True):
    """The quote as it was given."""

    quote: Annotated[str, msgspec.Meta(min_length=1, max_length=QUOTE_LENGTH_MAX)]


class QuoteView(msgspec.Struct, frozen=True, kw_only=True):
    """What is offered now for a stake of the bet.

    `stake_left` is all that can be sold, `stake` what this quote is for.  `quote` is what to send
    to take it, before `expires_at`; it holds as long as no price and no result of the bet changes.
    """

    bet_id: str
    currency: str
    stake: str
    stake_left: str
    offer: str
    expires_at: str
    quote: str


class CashOutView(msgspec.Struct, frozen=True, kw_only=True):
    """A request to sell: `delayed` until `decide_at`, `paid`, or `refused` with a reason."""

    cash_out_id: str
    bet_id: str
    state: str
    reason: str | None
    currency: str
    stake: str
    offer: str
    asked_at: str
    decide_at: str | None
    decided_at: str | None


class CashOutsView(msgspec.Struct, frozen=True, kw_only=True):
    """All requests about a bet, the oldest first."""

    cash_outs: tuple[CashOutView, ...]


def make_router(doors: Doors) -> Router:
    """Return the routes about selling bets back."""
    return Router(
        "/v1/bets/{bet_id:str}",
        route_handlers=[show_quote, take_quote, list_requests],
        guards=[doors.player],
        security=BEARER,
        tags=["bets"],
    )


@get("/cash-out/quote", summary="What is offered for a bet")
async def show_quote(
    request: Asked, edge: TheEdge, bet_id: FromPath[str], stake: FromQuery[str | None] = None
) -> QuoteView:
    """Say what the house pays now for a bet, or for a part of its stake.

    Refused while a leg cannot be bet on, once the bet is settled, and for a bet that is worth
    nothing any more.
    """
    player_id, wanted = player_of(request), BetId(parse_id(bet_id, field="bet_id"))
    unit = currency(request.user.currency)
    part = None if stake is None else parse_micros(stake, unit, field="stake")
    await _check_owner(edge, player_id, wanted)
    async with edge.database.reading() as tx:
        quoted = await cash_out.quote(
            tx,
            catalog.Shelf(),
            shard_of(player_id),
            player_id,
            wanted,
            stake_micros=part,
            policy=edge.cash_out,
            now=edge.clock.now(),
        )
    if isinstance(quoted, Refused):
        raise ProblemFound(problem_of(quoted.reason))
    return QuoteView(
        bet_id=quoted.bet_id,
        currency=quoted.currency,
        stake=format_micros(quoted.stake_micros, unit),
        stake_left=format_micros(quoted.left_micros, unit),
        offer=format_micros(quoted.offer_micros, unit),
        expires_at=quoted.expires_at,
        quote=seal(quoted, edge.personal_keys),
    )


@post(
    "/cash-out",
    dto=StrictJson[TakeBody],
    before_request=check_body,
    status_code=200,
    summary="Sell a bet back",
)
async def take_quote(
    request: Asked,
    edge: TheEdge,
    bet_id: FromPath[str],
    data: JSONBody[TakeBody],
    key: KeyHeader = None,
) -> Response[CashOutView]:
    """Take a quote: paid at once, or after the delay of an event that is played.

    What is answered is committed.  The same key and quote again get the same answer.
    """
    player_id, wanted = player_of(request), BetId(parse_id(bet_id, field="bet_id"))
    request_id = derived_id("cash_out", player_id, check_key(key))
    quoted = unseal(data.quote, edge.personal_keys)
    if quoted is None or (quoted.player_id, quoted.bet_id) != (player_id, wanted):
        raise ProblemFound(problems.malformed("quote", "this is no quote of ours for this bet"))
    asked = Ask(shard=shard_of(player_id), request_id=request_id, quote=quoted)

    async def work(turn: Turn) -> Request | Refused:
        return await cash_out.ask(turn, catalog.Shelf(), asked)

    answer = await in_turn(edge, [asked.shard], "player", work)
    if isinstance(answer, Refused):
        raise ProblemFound(problem_of(answer.reason))
    if answer.state is State.REFUSED:
        raise ProblemFound(problem_of(answer.reason or ""))
    status = 202 if answer.state is State.DELAYED else 200
    return Response(content=_view(answer), status_code=status)


@get("/cash-out", summary="What became of the sales of a bet")
async def list_requests(request: Asked, edge: TheEdge, bet_id: FromPath[str]) -> CashOutsView:
    """List what was asked about one of the player's own bets."""
    player_id, wanted = player_of(request), BetId(parse_id(bet_id, field="bet_id"))
    await _check_owner(edge, player_id, wanted)
    async with edge.database.reading() as tx:
        found = await cash_out.find_requests_of(tx, shard_of(player_id), wanted)
    return CashOutsView(cash_outs=tuple(_view(item) for item in found))


def seal(quoted: Quote, keys: PersonalKeys) -> str:
    """Write a quote so that nobody but us can make one."""
    content = _encode(quoted)
    return urlsafe_b64encode(keys.digest(_PURPOSE, content) + content).decode()


def unseal(text: str, keys: PersonalKeys) -> Quote | None:
    """Read a quote of ours; None if it is not, or was changed."""
    try:
        raw = urlsafe_b64decode(text.encode("ascii"))
    except (NotBase64, ValueError):
        return None
    digest, content = raw[:32], raw[32:]
    if not hmac.compare_digest(digest, keys.digest(_PURPOSE, content)):
        return None
    return _decode(content)


async def _check_owner(edge: TheEdge, player_id: PlayerId, bet_id: BetId) -> None:
    """Refuse a bet that is not decided, or somebody else's: it is not there."""
    async with edge.database.reading() as tx:
        bet = await betting.find_bet(tx, shard_of(player_id), bet_id)
    if bet is None or bet.player_id != player_id:
        raise ProblemFound(problems.NOT_FOUND)


def _view(item: Request) -> CashOutView:
    quoted = item.quote
    unit = currency(quoted.currency)
    return CashOutView(
        cash_out_id=item.request_id,
        bet_id=quoted.bet_id,
        state=item.state,
        reason=item.reason,
        currency=quoted.currency,
        stake=format_micros(quoted.stake_micros, unit),
        offer=format_micros(quoted.offer_micros, unit),
        asked_at=write_instant(item.asked_at),
        decide_at=None if item.decide_at is None else write_instant(item.decide_at),
        decided_at=None if item.decided_at is None else write_instant(item.decided_at),
    )
