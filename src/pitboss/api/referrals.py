"""Bets that wait for a trader, over HTTP: which there are, and what a trader says of each.

Amounts are decimal, in the currency that stands beside them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, JSONBody

from pitboss.api import problems
from pitboss.api.betting import CombinedView, combined_of, most_of
from pitboss.api.furniture import (
    BEARER,
    Asked,
    Doors,
    StrictJson,
    TheEdge,
    actor_of,
    check_body,
    needs,
)
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import BetId, parse_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.money import currency, format_micros, parse_micros
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.sportsbook import betting
from pitboss.sportsbook.betting.model import (
    Bet,
    Heard,
    OnDesk,
    ReferralRefusal,
    Trader,
    Unheard,
    Word,
)
from pitboss.staff.agents.model import Permission

# A decimal amount; whose currency it is in is not known before the bet is found.
Stake = Annotated[str, msgspec.Meta(max_length=30, pattern=r"^[0-9]+(\.[0-9]+)?(?![\s\S])")]


class ReferralAnswerBody(Body, frozen=True, kw_only=True):
    """What becomes of a bet; `stake` is what is taken instead, if `answer` is `reduce`."""

    answer: Word
    stake: Stake | None = None


class ReferralLegView(msgspec.Struct, frozen=True, kw_only=True):
    """A leg at the price that was current when the bet was asked for."""

    selection_id: str
    market_id: str
    event_id: str
    price: str


class ReferralView(msgspec.Struct, frozen=True, kw_only=True):
    """A bet that waits for a trader, with its stake held.

    On the selection that is furthest above its limit it would win `winnings` beyond its stake, and
    `winnings_max` are allowed to one bet of this player; `stake_max` would have passed without
    a trader.  `returns_max` is what all of it would return, stake included.  With `takes_less`
    a smaller stake is taken; without, it is only shown to the player.  Legs of a `combination` have
    its one price, and what is won may be `boosted`.
    """

    bet_id: str
    player_id: str
    stake: str
    currency: str
    legs: tuple[ReferralLegView, ...]
    bet_type: str | None
    free_bet: str | None
    boosted: str | None
    combination: CombinedView | None
    winnings: str
    winnings_max: str
    returns_max: str
    stake_max: str
    takes_less: bool
    placed_at: str
    decide_at: str
    seconds_left: float


class ReferralsView(msgspec.Struct, frozen=True, kw_only=True):
    """Bets that wait for a trader and that nobody has answered, the most urgent ones first."""

    referrals: tuple[ReferralView, ...]


class AnsweredView(msgspec.Struct, frozen=True, kw_only=True):
    """What a trader has said of a bet; `changed` is false when it was on record before.

    Whether the bet is accepted is decided a moment later, on this and on all else that counts.
    """

    bet_id: str
    answer: str
    stake: str | None
    answered_by: str
    answered_at: str
    changed: bool


def make_router(doors: Doors) -> Router:
    """Return the routes of the traders' desk."""
    return Router(
        "/v1/staff/trading/referrals",
        route_handlers=[show_referrals, answer_referral],
        guards=[doors.staff],
        security=BEARER,
        tags=["trading"],
    )


@get("/", opt=needs(Permission.SEE_TRADING), summary="Bets that wait for a trader")
async def show_referrals(edge: TheEdge) -> ReferralsView:
    """Show at most 200 bets that wait for a trader, those whose time is over first first."""
    async with edge.database.reading() as tx:
        found = await betting.find_desk(tx)
    now = edge.clock.now()
    return ReferralsView(referrals=tuple([_referral(one, now) for one in found]))


@post(
    "/{bet_id:str}/answer",
    dto=StrictJson[ReferralAnswerBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.ANSWER_REFERRALS),
    summary="Say what becomes of a bet",
)
async def answer_referral(
    request: Asked, edge: TheEdge, bet_id: FromPath[str], data: JSONBody[ReferralAnswerBody]
) -> AnsweredView:
    """Take a bet that waits, take less of it, or do not; the first word counts.

    The same word again changes nothing, whatever has become of the bet since.
    """
    wanted = BetId(parse_id(bet_id, field="bet_id"))
    async with edge.database.reading() as tx:
        player_id = await betting.find_owner(tx, wanted)
        bet = None
        if player_id is not None:
            bet = await betting.find_bet(tx, shard_of(player_id), wanted)
    if player_id is None or bet is None:
        raise ProblemFound(problem_of(ReferralRefusal.UNKNOWN_REFERRAL))
    trader = Trader(
        bet_id=wanted,
        player_id=player_id,
        word=data.answer,
        stake_micros=_stake(data, bet),
        by=actor_of(request),
    )

    async def work(turn: Turn) -> Heard | Unheard:
        return await betting.answer_referral(turn, trader)

    answer = await in_turn(edge, [shard_of(player_id)], actor_of(request), work)
    if isinstance(answer, Unheard):
        raise ProblemFound(problem_of(answer.reason))
    said, unit = answer.said, currency(bet.currency)
    return AnsweredView(
        bet_id=wanted,
        answer=said.word,
        stake=None if said.stake_micros is None else format_micros(said.stake_micros, unit),
        answered_by=said.by,
        answered_at=write_instant(said.at),
        changed=answer.changed,
    )


def _stake(data: ReferralAnswerBody, bet: Bet) -> int | None:
    if (data.stake is None) is (data.answer is Word.REDUCE):
        detail = "is needed to reduce" if data.stake is None else "has no place here"
        raise ProblemFound(problems.malformed("stake", detail))
    if data.stake is None:
        return None
    try:
        return parse_micros(data.stake, currency(bet.currency), field="stake")
    except Malformed as error:
        raise ProblemFound(problems.of_malformed(error)) from None


def _referral(one: OnDesk, now: datetime) -> ReferralView:
    bet, why, unit = one.bet, one.referred, currency(one.bet.currency)
    return ReferralView(
        bet_id=bet.id,
        player_id=bet.player_id,
        stake=format_micros(bet.stake_micros, unit),
        currency=bet.currency,
        legs=tuple(
            ReferralLegView(
                selection_id=leg.selection_id,
                market_id=leg.market_id,
                event_id=leg.event_id,
                price=leg.price,
            )
            for leg in bet.legs
        ),
        bet_type=None if bet.shape is None else bet.shape.bet_type,
        free_bet=None if bet.shape is None else bet.shape.free_bet,
        boosted=None if bet.shape is None else bet.shape.boosted,
        combination=combined_of(bet.shape),
        winnings=format_micros(why.winnings_micros, unit),
        winnings_max=format_micros(why.winnings_micros_max, unit),
        returns_max=format_micros(most_of(bet), unit),
        stake_max=format_micros(why.stake_micros_max, unit),
        takes_less=why.takes_less,
        placed_at=write_instant(bet.placed_at),
        decide_at=write_instant(one.decide_at),
        seconds_left=max(0.0, (one.decide_at - now).total_seconds()),
    )
