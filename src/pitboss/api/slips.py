"""From what a player sends to a slip that may go into the command log."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec.structs import replace

from pitboss.api import problems
from pitboss.api.intake import Slip
from pitboss.api.problems import ProblemFound
from pitboss.api.tokens import Claims
from pitboss.api.wire import Body, check_key
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import BetId, PlayerId, SelectionId, derived_id, new_id, parse_id
from pitboss.kernel.money import AMOUNT_MICROS_MAX, currency, parse_micros
from pitboss.kernel.price import parse_price, write_price
from pitboss.kernel.shards import partition_of, shard_of
from pitboss.sportsbook import returns
from pitboss.sportsbook.betting.model import (
    BUNDLES_MAX,
    LEGS_MAX,
    LINES_MAX,
    ONE_LINE,
    Combined,
    Lines,
    OnLimit,
    PlaceBet,
    PricePolicy,
    Shape,
    SlipLeg,
)
from pitboss.sportsbook.returns.model import Bundle

SLIPS_MAX = 500
# Whole numbers beyond this are not exact in every JSON reader.  Source: RFC 8785, section 3.2.2.3.
_TICK_MAX = 2**53 - 1

_encode = msgspec.json.Encoder().encode
# A key is used once, so remembering its id would only push out those that are asked for again.
_derived_once = derived_id.__wrapped__


class SlipParts(StrEnum):
    """What each line is on: the win, a place, or one bet on each."""

    WIN = "win"
    PLACE = "place"
    EACH_WAY = "each_way"


class StakeOn(StrEnum):
    """What the stake of a slip is on: all of the bet, or each line of it."""

    BET = "bet"
    LINE = "line"


Places = Annotated[
    tuple[Annotated[int, msgspec.Meta(ge=0, lt=LEGS_MAX)], ...], msgspec.Meta(max_length=LEGS_MAX)
]


class LinesBody(Body, frozen=True, kw_only=True):
    """All lines of some sizes over some legs, named by their place on the slip, from 0.

    Each has every banker besides, which its size does not count: size 2 with one banker makes
    trebles.
    """

    legs: Places
    sizes: Places
    bankers: Places = ()


class LegBody(Body, frozen=True, kw_only=True):
    """A selection, and the tick of the price that the player saw.

    `price` is that price, as a decimal or exact: what `better` is measured by.
    """

    selection_id: str
    tick: Annotated[int, msgspec.Meta(ge=1, le=_TICK_MAX)]
    price: str | None = None


class CombinedBody(Body, frozen=True, kw_only=True):
    """A combination of legs of one event, and the tick of the price that the player saw."""

    combination_id: str
    tick: Annotated[int, msgspec.Meta(ge=1, le=_TICK_MAX)]


class StakelessBody(Body, frozen=True, kw_only=True):
    """A bet without a stake.

    With nothing else said it is a single (one leg) or an accumulator.  `bet_type` names other
    lines, `lines` lists them; both at once are one too many.  With `parts` each line is on a place,
    or is two equal bets, on the win and on a place.  `boost` is the one that raises what is won, by
    one line on the win.  With a `combination` the legs are its parts, as they were shown, and have
    its one price: they are one line on the win, at no other price.
    """

    currency: str
    legs: Annotated[tuple[LegBody, ...], msgspec.Meta(min_length=1, max_length=LEGS_MAX)]
    bet_type: str | None = None
    lines: (
        Annotated[tuple[LinesBody, ...], msgspec.Meta(min_length=1, max_length=BUNDLES_MAX)] | None
    ) = None
    parts: SlipParts = SlipParts.WIN
    boost: str | None = None
    combination: CombinedBody | None = None


class SlipBody(StakelessBody, frozen=True, kw_only=True):
    """A bet; `stake` is a decimal amount such as `"5.00"`.

    The stake is that on the whole bet, or with `stake_on` on each of its lines, and each way on
    each of the two.  One that is above a limit is refused, or with `on_limit` reduced to what is
    left, and never raised.  Where a trader may take it, it waits for one for some seconds, unless
    `on_limit` says `refuse_at_once` or `reduce_at_once`.  `free_bet` is the one that is the whole
    stake, and is never reduced.

    `price_policy` says which price is taken if the one that was shown is not current any more.
    `again`: it is wanted once more, although the same slip was taken a moment ago.
    """

    stake: str
    stake_on: StakeOn = StakeOn.BET
    price_policy: PricePolicy = PricePolicy.NONE
    again: bool = False
    on_limit: OnLimit = OnLimit.REFUSE
    free_bet: str | None = None


class KeyedSlipBody(SlipBody, frozen=True, kw_only=True):
    """A bet in a batch, with the idempotency key that a request of its own would carry."""

    key: str


class SlipsBody(Body, frozen=True, kw_only=True):
    """Bets of one player, each answered by itself."""

    bets: Annotated[tuple[KeyedSlipBody, ...], msgspec.Meta(min_length=1, max_length=SLIPS_MAX)]


class RawSlipsBody(Body, frozen=True, kw_only=True):
    """The same, with each bet still unread, so that one malformed bet stops nobody else's."""

    bets: Annotated[tuple[msgspec.Raw, ...], msgspec.Meta(min_length=1, max_length=SLIPS_MAX)]


def read_slip(
    body: SlipBody,
    key: str,
    claims: Claims,
    *,
    clock: Clock,
    entropy: Entropy,
    trace: str | None = None,
    network: str | None = None,
) -> Slip:
    """Make a slip with a new bet id, to be followed under this trace if there is one.

    `network` tags the address that it comes from, see `location`.

    Raises:
        ProblemFound: the currency is not the player's, the stake is not a whole number of minor
            units above zero, a selection's id is not an id or is named twice, a price is none or
            is missing, or the legs are not those of such a bet.
    """
    stake_micros, legs = _read_what(body, claims)
    shape = None
    if _says_a_shape(body):
        shape = _read_shape(body)
        stake_micros = _whole_stake(body, stake_micros, shape)
    if body.free_bet is not None:
        shape = replace(shape or ONE_LINE, free_bet=_read_id(body.free_bet, "free_bet"))
    shape = _with_what_is_named(body, shape)
    if body.combination is not None and body.price_policy is not PricePolicy.NONE:
        detail = "a combination is taken at the price that was shown"
        raise ProblemFound(problems.malformed("price_policy", detail))

    player_id = PlayerId(claims.subject)
    return Slip(
        partition=partition_of(shard_of(player_id)),
        key=_derived_once("bet.place", player_id, key),
        request_digest=hashlib.sha256(_encode(_asked(body, stake_micros, legs, shape))).digest(),
        command=PlaceBet(
            bet_id=BetId(new_id(clock.now(), entropy)),
            player_id=player_id,
            currency=body.currency,
            stake_micros=stake_micros,
            legs=legs,
            trace=trace,
            session_id=claims.session or None,
            network=network,
            shape=shape,
            price_policy=body.price_policy,
            again=body.again,
            on_limit=body.on_limit,
        ),
    )


def _read_what(body: SlipBody, claims: Claims) -> tuple[int, tuple[SlipLeg, ...]]:
    """Return the stake that is named, and the legs."""
    if body.currency != claims.currency:
        raise ProblemFound(
            problems.malformed("currency", f"the player's currency is {claims.currency}")
        )
    try:
        stake_micros = parse_micros(body.stake, currency(body.currency), field="stake")
        legs = tuple(
            [_read_leg(leg, body.price_policy, place) for place, leg in enumerate(body.legs)]
        )
    except Malformed as error:
        raise ProblemFound(problems.of_malformed(error)) from None
    if stake_micros <= 0:
        raise ProblemFound(problems.malformed("stake", "the stake must be above zero"))
    if len(legs) > 1:
        _check_distinct(legs)
    return stake_micros, legs


def read_stakeless(body: StakelessBody, claims: Claims) -> PlaceBet:
    """Make a bet of no stake, to ask about; it goes into no log.

    Raises:
        ProblemFound: as `read_slip`, the stake aside.
    """
    if body.currency != claims.currency:
        raise ProblemFound(
            problems.malformed("currency", f"the player's currency is {claims.currency}")
        )
    try:
        legs = tuple(
            [_read_leg(leg, PricePolicy.NONE, place) for place, leg in enumerate(body.legs)]
        )
    except Malformed as error:
        raise ProblemFound(problems.of_malformed(error)) from None
    _check_distinct(legs)
    return PlaceBet(
        bet_id=BetId(""),
        player_id=PlayerId(claims.subject),
        currency=body.currency,
        stake_micros=0,
        legs=legs,
        shape=_with_what_is_named(body, _read_shape(body) if _says_a_shape(body) else None),
    )


def _says_a_shape(body: StakelessBody) -> bool:
    return body.bet_type is not None or body.lines is not None or body.parts is not SlipParts.WIN


def _read_shape(body: StakelessBody) -> Shape | None:
    """Return which lines a bet is; none if that is one line over all its legs.

    Raises:
        ProblemFound: there is no such type of bet, or it has other legs, or the lines are none.
    """
    if body.bet_type is None and body.lines is None:
        return Shape(parts=body.parts)
    try:
        bundles = _named(body) if body.lines is None else _listed(body)
    except Malformed as error:
        raise ProblemFound(problems.of_malformed(error)) from None
    everything = frozenset(range(len(body.legs)))
    if {place for bundle in bundles for place in _on_lines(bundle)} != everything:
        detail = "the lines do not cover exactly the legs of the slip"
        raise ProblemFound(problems.malformed("lines", detail))
    if returns.count_lines(bundles) > LINES_MAX:
        detail = f"these are more than {LINES_MAX} lines"
        raise ProblemFound(problems.malformed("lines", detail))
    if len(bundles) == 1 and max(bundles[0].sizes) == min(bundles[0].sizes) == len(bundles[0].legs):
        return None if body.parts is SlipParts.WIN else Shape(parts=body.parts)
    lines = tuple(Lines.of(bundle) for bundle in bundles)
    return Shape(lines=lines, bet_type=body.bet_type, parts=body.parts)


def _on_lines(bundle: Bundle) -> tuple[int, ...]:
    """Return the legs that are on a line of a bundle: of size 0 alone only the bankers are."""
    return (*bundle.legs, *bundle.bankers) if any(bundle.sizes) else bundle.bankers


def _with_what_is_named(body: StakelessBody, shape: Shape | None) -> Shape | None:
    """Return the shape with the boost and the combination of a slip, if it names any."""
    if body.boost is not None:
        shape = _with_boost(body.boost, shape)
    if body.combination is not None:
        shape = _with_combination(body.combination, shape)
    return shape


def _with_boost(text: str, shape: Shape | None) -> Shape:
    boosted = replace(shape or ONE_LINE, boost=_read_id(text, "boost"))
    if not boosted.may_be_boosted:
        detail = "it raises what one line on the win returns, and no free bet"
        raise ProblemFound(problems.malformed("boost", detail))
    return boosted


def _with_combination(combined: CombinedBody, shape: Shape | None) -> Shape:
    named = _read_id(combined.combination_id, "combination.combination_id")
    shape = replace(shape or ONE_LINE, combination=Combined(id=named, tick=combined.tick))
    if not shape.is_one_line:
        detail = "its legs are one line, on the win"
        raise ProblemFound(problems.malformed("combination", detail))
    return shape


def _read_id(text: str, field: str) -> str:
    try:
        return parse_id(text, field=field)
    except Malformed as error:
        raise ProblemFound(problems.of_malformed(error)) from None


def _whole_stake(body: SlipBody, stake_micros: int, shape: Shape | None) -> int:
    """Return the stake on all lines together.

    Raises:
        ProblemFound: it is more than an amount may be.
    """
    if body.stake_on is StakeOn.BET or shape is None:
        return stake_micros
    whole = stake_micros * shape.stakes(len(body.legs))
    if whole > AMOUNT_MICROS_MAX:
        raise ProblemFound(problems.malformed("stake", "it is too large for so many lines"))
    return whole


def _named(body: StakelessBody) -> Sequence[Bundle]:
    kind = returns.bet_type(body.bet_type or "")
    if kind.selections != len(body.legs):
        raise Malformed("legs", f"a bet of type {kind.code} has {kind.selections} legs")
    return kind.bundles


def _listed(body: StakelessBody) -> Sequence[Bundle]:
    if body.bet_type is not None:
        # A type that is none is the first thing to mend.
        returns.bet_type(body.bet_type)
        raise Malformed("lines", "the bet's type names its lines already")
    bundles: list[Bundle] = []
    for number, lines in enumerate(body.lines or ()):
        try:
            bundles.append(Bundle(legs=lines.legs, sizes=lines.sizes, bankers=lines.bankers))
        except Malformed as error:
            raise Malformed(f"lines[{number}].{error.field}", error.message) from None
    return bundles


def _asked(
    body: SlipBody, stake_micros: int, legs: tuple[SlipLeg, ...], shape: Shape | None
) -> tuple[object, ...]:
    """Return what makes it another request; only what was said, so that older digests stay."""
    asked: tuple[object, ...] = (body.currency, stake_micros, legs)
    if shape is not None:
        asked = (*asked, shape)
    if body.again or body.price_policy is not PricePolicy.NONE:
        asked = (*asked, body.price_policy, body.again)
    if body.on_limit is not OnLimit.REFUSE:
        asked = (*asked, body.on_limit)
    return asked


def _read_leg(leg: LegBody, policy: PricePolicy, place: int) -> SlipLeg:
    """Make a leg of a slip.

    Raises:
        Malformed: the selection's id is none, the price is none, or it is missing where the policy
            takes what is better than it.
    """
    selection_id = SelectionId(parse_id(leg.selection_id, field=f"legs[{place}].selection_id"))
    if leg.price is None:
        if policy is PricePolicy.BETTER:
            raise Malformed(
                f"legs[{place}].price", "nothing is better than a price that is not said"
            )
        return SlipLeg(selection_id=selection_id, tick=leg.tick)
    try:
        price = parse_price(leg.price)
    except Malformed as error:
        raise Malformed(f"legs[{place}].price", error.message) from None
    return SlipLeg(selection_id=selection_id, tick=leg.tick, price=write_price(price))


def _check_distinct(legs: Sequence[SlipLeg]) -> None:
    """Refuse a slip that names a selection twice: it would be one leg with two prices."""
    seen: set[SelectionId] = set()
    for place, leg in enumerate(legs):
        if leg.selection_id in seen:
            detail = "this selection is in another leg already"
            raise ProblemFound(problems.malformed(f"legs[{place}].selection_id", detail))
        seen.add(leg.selection_id)


def read_keyed_slip(
    body: KeyedSlipBody,
    claims: Claims,
    *,
    clock: Clock,
    entropy: Entropy,
    trace: str | None = None,
    network: str | None = None,
) -> Slip:
    """Make a slip of a bet in a batch.

    Raises:
        ProblemFound: as `read_slip`, or the key has the wrong form.
    """
    try:
        key = check_key(body.key)
    except ProblemFound as found:
        detail = found.problem.errors[0].detail
        raise ProblemFound(problems.malformed("key", detail)) from None
    return read_slip(body, key, claims, clock=clock, entropy=entropy, trace=trace, network=network)
