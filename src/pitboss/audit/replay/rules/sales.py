"""How the sale of a bet back to the house is worked out again.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from pitboss.audit.replay.model import KnownResult, Replayed
from pitboss.audit.replay.rules.movements import account_of, coin_of, first_stray, house_of
from pitboss.kernel.errors import PlatformError
from pitboss.kernel.facts import Movement
from pitboss.kernel.ids import SelectionId, derived_id
from pitboss.kernel.price import write_price
from pitboss.kernel.shards import shard_of
from pitboss.sportsbook.betting.facts import BetAccepted
from pitboss.sportsbook.cash_out.facts import BetBoughtBack
from pitboss.sportsbook.cash_out.folding import offered
from pitboss.sportsbook.returns.model import Ending
from pitboss.sportsbook.settlement.folding import ending_of
from pitboss.sportsbook.settlement.model import Result


def replay_sale(
    accepted: BetAccepted,
    sold: BetBoughtBack,
    known: Mapping[int, KnownResult],
    *,
    accepted_at: datetime,
) -> Replayed:
    """Work out again what a bet was bought back for, and say where that does not agree.

    (1) The terms and what the fact says was seen give the value and the offer.  (2) The money that
    moved is the stake that was sold, to the house, and the offer from it, and nothing else.

    Args:
        accepted: the terms, with the stake that was left.
        sold: what was told of it.
        known: the results of markets, by their numbers.
        accepted_at: when the bet was accepted, which a cancel may make void.
    """
    wrong: list[str] = []
    quoted = sold.quote
    told = (sold.player_id, quoted.currency, quoted.left_micros)
    if told != (accepted.player_id, accepted.currency, accepted.stake_micros):
        wrong.append(f"sold of {' '.join(map(str, told))}, and it was otherwise")
    try:
        value, offer = offered(accepted, sold, _endings(sold, known, accepted_at))
    except (PlatformError, ValueError, KeyError) as error:
        wrong.append(f"cannot be worked out: {error}")
    else:
        if write_price(value) != sold.value or offer != quoted.offer_micros:
            wrong.append(
                f"worth {sold.value} and sold for {quoted.offer_micros} micros, and"
                f" {write_price(value)} and {offer} are right"
            )
    right = _right_sale(accepted, sold)
    if sold.movements != right:
        wrong.append(f"it moved {first_stray(sold.movements, right)}")
    return Replayed(
        bet_id=accepted.bet_id,
        returns_micros=quoted.offer_micros,
        voided=False,
        coin=coin_of(accepted, sold.movements),
        disagreements=tuple(wrong),
    )


def left_of(accepted: BetAccepted, sold: BetBoughtBack) -> BetAccepted | None:
    """Return the bet that is left after a sale: the same terms on a smaller stake; None of none."""
    left = accepted.stake_micros - sold.quote.stake_micros
    if left <= 0:
        return None
    held = tuple([msgspec.structs.replace(item, micros=left) for item in accepted.movements])
    return msgspec.structs.replace(accepted, stake_micros=left, movements=held)


def _endings(
    sold: BetBoughtBack, known: Mapping[int, KnownResult], accepted_at: datetime
) -> dict[SelectionId, Ending]:
    """Return how the legs ended of which the fact names a result."""
    endings: dict[SelectionId, Ending] = {}
    for item in sold.seen:
        if item.result_no is None:
            continue
        told = known[item.result_no].told_of(item.selection_id, accepted_at)
        endings[item.selection_id] = ending_of(None if told is None else Result.of(told))
    return endings


def _right_sale(accepted: BetAccepted, sold: BetBoughtBack) -> tuple[Movement, ...]:
    """Return what has to move: the stake that is sold to the house, and the offer from it."""
    code, quoted = accepted.currency, sold.quote
    player = account_of(accepted.player_id, code)
    house = house_of(shard_of(accepted.player_id), code)
    post = Movement(
        kind="post",
        key=derived_id("bought_back", sold.request_id),
        micros=quoted.stake_micros,
        currency=code,
        debit=player,
        credit=house,
        hold=accepted.bet_id,
        part=quoted.stake_micros < accepted.stake_micros,
    )
    paid = Movement(
        kind="transfer",
        key=derived_id("buy_back_paid", sold.request_id),
        micros=quoted.offer_micros,
        currency=code,
        debit=house,
        credit=player,
    )
    return (post, paid)
