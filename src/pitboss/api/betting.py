"""A player's bets over HTTP, and the description of the two hot routes for OpenAPI."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, JSONBody

from pitboss import messages
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
from pitboss.api.slips import SlipBody, SlipsBody, StakelessBody, read_stakeless
from pitboss.db import Transaction
from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.ids import BetId, PlayerId, parse_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.money import Currency, currency, format_micros
from pitboss.kernel.shards import partition_of, shard_of
from pitboss.messages.model import Command
from pitboss.sportsbook import betting, returns
from pitboss.sportsbook.betting.model import (
    ONE_LINE,
    Bet,
    BetState,
    PastCorrection,
    PlaceBet,
    Refusal,
    Shape,
)
from pitboss.sportsbook.returns.model import OPEN, Leg

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
    places: int | None
    place_fraction: str | None


class LinesView(msgspec.Struct, frozen=True, kw_only=True):
    """All lines of these sizes over these legs, each with every banker; legs count from 0."""

    legs: tuple[int, ...]
    sizes: tuple[int, ...]
    bankers: tuple[int, ...]


class CorrectionView(msgspec.Struct, frozen=True, kw_only=True):
    """What a bet returned before, what it returned since, and why; nothing while it was open.

    `cause` is what was said of a market: `result`, `rollback`, `cancel` or `cancel_rollback`.
    `owed` is what was taken back and was not there, and is owed; `absorbed` what the house bears.
    """

    version: int
    was: str | None
    returns: str | None
    voided: bool
    cause: str
    reason: str
    owed: str
    absorbed: str
    corrected_at: str


class CombinedView(msgspec.Struct, frozen=True, kw_only=True):
    """The combination that the legs of a bet are; `price` and `policy` once it is struck.

    The policy says what happens when a leg is void: `refund_all`, `refund_unless_lost` or `reduce`.
    """

    combination_id: str
    tick: int
    price: str | None
    policy: str | None


class BetView(msgspec.Struct, frozen=True, kw_only=True):
    """Where a bet stands; `returns` includes the stake.

    `stake_left` is less than the stake if a part of the bet was sold back.
    `lines` says which they are, if not one over all its legs, and `lines_count` how many.
    What is won is raised by the share `boosted`, if it has a `boost`.  Legs of a `combination` have
    its one price.
    `returns_max` is what an accepted bet returns if all of it wins; `rules` is the version of
    settlement that it was accepted on.  `corrections` are its settlements after the first one.
    `stake_asked` is what was asked for, if a limit left less;
    `stake_max` what would have passed, if a bet was refused for a limit or for its returns.
    """

    bet_id: str
    state: str
    refusal: str | None
    stake: str
    stake_left: str
    currency: str
    legs: tuple[BetLegView, ...]
    price_policy: str
    placed_at: str
    decided_at: str | None
    returns: str | None
    settled_at: str | None
    bet_type: str | None
    parts: str
    lines: tuple[LinesView, ...]
    lines_count: int
    free_bet: str | None
    boost: str | None
    boosted: str | None
    combination: CombinedView | None
    returns_max: str | None
    rules: str | None
    stake_asked: str | None
    stake_max: str | None
    corrections: tuple[CorrectionView, ...] = ()


class StakeMaxView(msgspec.Struct, frozen=True, kw_only=True):
    """The largest stake that would pass now, and the refusal of one that is larger.

    Somebody else may have taken the room before the bet comes.
    """

    stake_max: str
    currency: str
    refusal: str


def make_router(doors: Doors) -> Router:
    """Return the routes about bets."""
    return Router(
        "/v1/bets",
        route_handlers=[place, place_batch, show_stake_max, show_bet],
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


@post(
    "/max-stake",
    dto=StrictJson[StakelessBody],
    before_request=check_body,
    status_code=200,
    summary="The largest stake that would pass",
)
async def show_stake_max(
    request: Asked, edge: TheEdge, data: JSONBody[StakelessBody]
) -> StakeMaxView:
    """Say how much could be staked on this bet now, and what is in the way of more.

    By the limits of the house and of the licence; what the player has set or has is not looked at.
    A bet that would be refused with any stake is refused here for the same reason.
    """
    wish = read_stakeless(data, request.user)
    async with edge.database.reading() as tx:
        found = await betting.find_stake_max(tx, wish, now=edge.clock.now())
    if found is None:
        raise ProblemFound(problem_of("unknown_player"))
    if isinstance(found, Refusal):
        raise ProblemFound(problem_of(found))
    return StakeMaxView(
        stake_max=format_micros(found.micros, currency(wish.currency)),
        currency=wish.currency,
        refusal=found.bound,
    )


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
        if bet is not None and bet.state not in (BetState.REFUSED, BetState.DELAYED):
            if bet.player_id != player_id:
                return None
            # Only a bet that was settled twice has any, so nobody else is asked about.
            corrections = (
                await betting.find_corrections(tx, [(shard, bet_id)]) if bet.settlements > 1 else {}
            )
            return _decided(bet, corrections.get(bet_id, ()))
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


def _decided(bet: Bet, corrections: Sequence[PastCorrection]) -> BetView:
    unit = currency(bet.currency)
    return BetView(
        bet_id=bet.id,
        state=bet.state,
        refusal=bet.refusal,
        stake=format_micros(bet.stake_micros, unit),
        stake_left=format_micros(bet.stake_micros - bet.bought_back_micros, unit),
        currency=bet.currency,
        legs=tuple(
            BetLegView(
                selection_id=leg.selection_id,
                market_id=leg.market_id,
                event_id=leg.event_id,
                price=leg.price,
                tick=leg.tick,
                places=leg.places,
                place_fraction=leg.place_fraction,
            )
            for leg in bet.legs
        ),
        price_policy=bet.price_policy,
        placed_at=write_instant(bet.placed_at),
        decided_at=write_instant(bet.decided_at),
        returns=None if bet.returns_micros is None else format_micros(bet.returns_micros, unit),
        settled_at=None if bet.settled_at is None else write_instant(bet.settled_at),
        bet_type=None if bet.shape is None else bet.shape.bet_type,
        parts=(bet.shape or ONE_LINE).parts,
        lines=_lines(bet.shape),
        lines_count=_count(bet.shape, len(bet.legs)),
        free_bet=None if bet.shape is None else bet.shape.free_bet,
        boost=None if bet.shape is None else bet.shape.boost,
        boosted=None if bet.shape is None else bet.shape.boosted,
        combination=combined_of(bet.shape),
        returns_max=format_micros(most_of(bet), unit),
        rules=bet.rules,
        stake_asked=_stake_other(bet),
        stake_max=None,
        corrections=tuple(_correction(item, unit) for item in corrections),
    )


def _correction(item: PastCorrection, unit: Currency) -> CorrectionView:
    return CorrectionView(
        version=item.version,
        was=None if item.was_micros is None else format_micros(item.was_micros, unit),
        returns=None if item.returns_micros is None else format_micros(item.returns_micros, unit),
        voided=item.voided,
        cause=item.cause,
        reason=item.reason,
        owed=format_micros(item.owed_micros, unit),
        absorbed=format_micros(item.absorbed_micros, unit),
        corrected_at=write_instant(item.corrected_at),
    )


def _lines(shape: Shape | None) -> tuple[LinesView, ...]:
    return tuple(
        LinesView(legs=lines.legs, sizes=lines.sizes, bankers=lines.bankers)
        for lines in (() if shape is None else shape.lines)
    )


def combined_of(shape: Shape | None) -> CombinedView | None:
    """Show the combination that the legs of a bet are, if they are one."""
    if shape is None or shape.combination is None:
        return None
    one = shape.combination
    return CombinedView(combination_id=one.id, tick=one.tick, price=one.price, policy=one.policy)


def _count(shape: Shape | None, legs: int) -> int:
    return returns.count_lines((shape or ONE_LINE).bundles(legs))


def _stake_other(bet: Bet) -> str | None:
    if bet.stake_other_micros is None:
        return None
    return format_micros(bet.stake_other_micros, currency(bet.currency))


def most_of(bet: Bet) -> int:
    """Return what a bet returns if all of it wins, in micros."""
    ticket = (bet.shape or ONE_LINE).ticket(
        tuple(Leg(price=leg.price_exact, place_fraction=leg.fraction_exact) for leg in bet.legs),
        stake_micros=bet.stake_micros - bet.bought_back_micros,
        minor_unit_micros=currency(bet.currency).minor_unit_micros,
        rounding=bet.rounding,
    )
    return returns.work_out(ticket, [OPEN] * len(bet.legs)).max_micros


def _asked(command: Command, asked: PlaceBet, found: Bet | None) -> BetView:
    """Show a bet that has no legs at struck prices: a pending, a delayed or a refused one."""
    return BetView(
        bet_id=asked.bet_id,
        state=BetState.PENDING if found is None else found.state,
        refusal=None if found is None else found.refusal,
        stake=format_micros(asked.stake_micros, currency(asked.currency)),
        stake_left=format_micros(asked.stake_micros, currency(asked.currency)),
        currency=asked.currency,
        legs=tuple(
            BetLegView(
                selection_id=leg.selection_id,
                market_id=None,
                event_id=None,
                price=None,
                tick=leg.tick,
                places=None,
                place_fraction=None,
            )
            for leg in asked.legs
        ),
        price_policy=asked.price_policy,
        placed_at=write_instant(command.appended_at),
        decided_at=(
            None
            if found is None or found.state is BetState.DELAYED
            else write_instant(found.decided_at)
        ),
        returns=None,
        settled_at=None,
        bet_type=None if asked.shape is None else asked.shape.bet_type,
        parts=(asked.shape or ONE_LINE).parts,
        lines=_lines(asked.shape),
        lines_count=_count(asked.shape, len(asked.legs)),
        free_bet=None if asked.shape is None else asked.shape.free_bet,
        boost=None if asked.shape is None else asked.shape.boost,
        boosted=None,
        combination=combined_of(asked.shape),
        returns_max=None,
        rules=None,
        stake_asked=None,
        stake_max=(
            None if found is None or found.state is BetState.DELAYED else _stake_other(found)
        ),
    )
