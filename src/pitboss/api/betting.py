"""A player's bets over HTTP, and the description of the two hot routes for OpenAPI."""

from __future__ import annotations

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, JSONBody

from pitboss import messages
from pitboss.api import problems
from pitboss.api.furniture import BEARER, Asked, Doors, KeyHeader, StrictJson, TheEdge, player_of
from pitboss.api.problems import ProblemFound
from pitboss.api.slips import SlipBody, SlipsBody
from pitboss.db import Transaction
from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.ids import BetId, PlayerId, parse_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.money import currency, format_micros
from pitboss.kernel.shards import partition_of, shard_of
from pitboss.messages.model import Command
from pitboss.sportsbook import betting
from pitboss.sportsbook.betting.model import Bet, BetState, PlaceBet

_decode_command = msgspec.json.Decoder(PlaceBet).decode


class BetLinks(msgspec.Struct, frozen=True, kw_only=True):
    """Where to ask what became of a bet."""

    status: str


class AcknowledgedView(msgspec.Struct, frozen=True, kw_only=True):
    """The bet is durable and will be decided exactly once."""

    bet_id: str
    state: str
    links: BetLinks


class BatchAnswerView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a request of its own would have been answered."""

    status: int
    bet_id: str | None = None
    state: str | None = None
    links: BetLinks | None = None
    problem: dict[str, object] | None = None


class BatchView(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to each bet, in the same order."""

    answers: tuple[BatchAnswerView, ...]


class BetLegView(msgspec.Struct, frozen=True, kw_only=True):
    """A leg; market, event and price are those of an accepted bet."""

    selection_id: str
    market_id: str | None
    event_id: str | None
    price: str | None
    tick: int


class BetView(msgspec.Struct, frozen=True, kw_only=True):
    """Where a bet stands; `returns` includes the stake."""

    bet_id: str
    state: str
    refusal: str | None
    stake: str
    currency: str
    legs: tuple[BetLegView, ...]
    placed_at: str
    decided_at: str | None
    returns: str | None
    settled_at: str | None


def make_router(doors: Doors) -> Router:
    """Return the routes about bets."""
    return Router(
        "/v1/bets",
        route_handlers=[place, place_batch, show_bet],
        guards=[doors.player],
        security=BEARER,
        tags=["bets"],
    )


@post("/", dto=StrictJson[SlipBody], status_code=202, summary="Place a bet")
async def place(data: JSONBody[SlipBody], key: KeyHeader = None) -> AcknowledgedView:
    """Acknowledge a bet once it is durable; what becomes of it is at the status link.

    The same key and body again give the same bet.  An unknown selection, a price that has moved
    on or a stake that cannot be are refused before anything is accepted.
    """
    raise InvariantBroken("plain ASGI answers this route")


@post("/batch", dto=StrictJson[SlipsBody], status_code=200, summary="Place up to 500 bets")
async def place_batch(data: JSONBody[SlipsBody]) -> BatchView:
    """Answer each bet as a request of its own would be, in order; one refusal stops nobody."""
    raise InvariantBroken("plain ASGI answers this route")


@get("/{bet_id:str}", summary="Where a bet stands")
async def show_bet(request: Asked, edge: TheEdge, bet_id: FromPath[str]) -> BetView:
    """Show one of the player's own bets; somebody else's is not there."""
    wanted = BetId(parse_id(bet_id, field="bet_id"))
    view = await _find_view(edge, player_of(request), wanted)
    if view is None:
        raise ProblemFound(problems.NOT_FOUND)
    return view


async def _find_view(edge: TheEdge, player_id: PlayerId, bet_id: BetId) -> BetView | None:
    shard = shard_of(player_id)
    async with edge.database.reading() as tx:
        bet = await betting.find_bet(tx, shard, bet_id)
        if bet is not None and bet.state is not BetState.REFUSED:
            return _decided(bet) if bet.player_id == player_id else None
        # Looked for second: a bet that is decided between the two looks is shown as pending.
        found = await _find_command(tx, player_id, bet_id)
    if found is None:
        return None
    return _asked(*found, bet)


async def _find_command(
    tx: Transaction, player_id: PlayerId, bet_id: BetId
) -> tuple[Command, PlaceBet] | None:
    command = await messages.find_command(tx, partition_of(shard_of(player_id)), bet_id)
    if command is None:
        return None
    asked = _decode_command(command.body)
    return (command, asked) if asked.player_id == player_id else None


def _decided(bet: Bet) -> BetView:
    unit = currency(bet.currency)
    return BetView(
        bet_id=bet.id,
        state=bet.state,
        refusal=bet.refusal,
        stake=format_micros(bet.stake_micros, unit),
        currency=bet.currency,
        legs=tuple(
            BetLegView(
                selection_id=leg.selection_id,
                market_id=leg.market_id,
                event_id=leg.event_id,
                price=leg.price,
                tick=leg.tick,
            )
            for leg in bet.legs
        ),
        placed_at=write_instant(bet.placed_at),
        decided_at=write_instant(bet.decided_at),
        returns=None if bet.returns_micros is None else format_micros(bet.returns_micros, unit),
        settled_at=None if bet.settled_at is None else write_instant(bet.settled_at),
    )


def _asked(command: Command, asked: PlaceBet, refused: Bet | None) -> BetView:
    """Show a bet that has no legs at struck prices: a pending or a refused one."""
    return BetView(
        bet_id=asked.bet_id,
        state=BetState.PENDING if refused is None else refused.state,
        refusal=None if refused is None else refused.refusal,
        stake=format_micros(asked.stake_micros, currency(asked.currency)),
        currency=asked.currency,
        legs=tuple(
            BetLegView(
                selection_id=leg.selection_id,
                market_id=None,
                event_id=None,
                price=None,
                tick=leg.tick,
            )
            for leg in asked.legs
        ),
        placed_at=write_instant(command.appended_at),
        decided_at=None if refused is None else write_instant(refused.decided_at),
        returns=None,
        settled_at=None,
    )
