"""From what a player sends to a slip that may go into the command log."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated

import msgspec

from pitboss.api import problems
from pitboss.api.intake import Slip
from pitboss.api.problems import ProblemFound
from pitboss.api.tokens import Claims
from pitboss.api.wire import Body, check_key
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import BetId, PlayerId, SelectionId, derived_id, new_id, parse_id
from pitboss.kernel.money import currency, parse_micros
from pitboss.kernel.shards import partition_of, shard_of
from pitboss.sportsbook.betting.model import LEGS_MAX, PlaceBet, SlipLeg

SLIPS_MAX = 500
# Whole numbers beyond this are not exact in every JSON reader.  Source: RFC 8785, section 3.2.2.3.
_TICK_MAX = 2**53 - 1

_encode = msgspec.json.Encoder().encode
# A key is used once, so remembering its id would only push out those that are asked for again.
_derived_once = derived_id.__wrapped__


class LegBody(Body, frozen=True, kw_only=True):
    """A selection, and the tick of the price that the player saw."""

    selection_id: str
    tick: Annotated[int, msgspec.Meta(ge=1, le=_TICK_MAX)]


class SlipBody(Body, frozen=True, kw_only=True):
    """A single bet (one leg) or an accumulator; `stake` is a decimal amount such as `"5.00"`."""

    currency: str
    stake: str
    legs: Annotated[tuple[LegBody, ...], msgspec.Meta(min_length=1, max_length=LEGS_MAX)]


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
            units above zero, a selection's id is not an id, or a selection is named twice.
    """
    if body.currency != claims.currency:
        raise ProblemFound(
            problems.malformed("currency", f"the player's currency is {claims.currency}")
        )
    try:
        stake_micros = parse_micros(body.stake, currency(body.currency), field="stake")
        legs = tuple(
            SlipLeg(
                selection_id=SelectionId(
                    parse_id(leg.selection_id, field=f"legs[{place}].selection_id")
                ),
                tick=leg.tick,
            )
            for place, leg in enumerate(body.legs)
        )
    except Malformed as error:
        raise ProblemFound(problems.of_malformed(error)) from None
    if stake_micros <= 0:
        raise ProblemFound(problems.malformed("stake", "the stake must be above zero"))
    if len(legs) > 1:
        _check_distinct(legs)

    player_id = PlayerId(claims.subject)
    asked = _encode((body.currency, stake_micros, legs))
    return Slip(
        partition=partition_of(shard_of(player_id)),
        key=_derived_once("bet.place", player_id, key),
        request_digest=hashlib.sha256(asked).digest(),
        command=PlaceBet(
            bet_id=BetId(new_id(clock.now(), entropy)),
            player_id=player_id,
            currency=body.currency,
            stake_micros=stake_micros,
            legs=legs,
            trace=trace,
            session_id=claims.session or None,
            network=network,
        ),
    )


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
