"""What money has to move when a bet ends, and where it moved otherwise.  Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import zip_longest

from msgspec import json

from pitboss.audit.replay.model import Coin
from pitboss.kernel.facts import Movement
from pitboss.kernel.ids import AccountId, PlayerId, derived_id
from pitboss.kernel.shards import Shard, shard_of
from pitboss.sportsbook.betting.facts import BetAccepted
from pitboss.sportsbook.betting.folding import rest_of
from pitboss.sportsbook.betting.model import absorbing_account, promotions_account, stake_account
from pitboss.sportsbook.settlement.facts import BetResettled, BetSettled
from pitboss.sportsbook.settlement.model import Settled
from pitboss.sportsbook.voiding.facts import BetVoided
from pitboss.wallet.model import player_account, receivable_account


def stray_movements(
    accepted: BetAccepted, settled: BetSettled | BetVoided, outcome: Settled | None
) -> Iterator[str]:
    """Say where money moved otherwise than the terms and the returns have it."""
    # Of a bet that was delayed, `bet.delayed` tells the hold; a free one has none.
    held: tuple[Movement, ...]
    held = () if accepted.delayed or is_free(accepted) else (_right_hold(accepted),)
    held = rest_of(accepted) if accepted.referred else held
    if accepted.movements != held:
        yield f"the stake was held by {first_stray(accepted.movements, held)}"
    if outcome is not None:
        yield from strays(accepted, settled.movements, _right_movements(accepted, outcome))


def strays(
    accepted: BetAccepted, moved: Sequence[Movement], right: Sequence[Movement]
) -> Iterator[str]:
    """Say where these movements are not the right ones."""
    if tuple(moved) == tuple(right):
        return
    coin, owed = coin_of(accepted, moved), coin_of(accepted, right)
    if coin != owed:
        yield (
            f"{coin.taken} micros were taken, {coin.paid} paid and {coin.released} released;"
            f" {owed.taken}, {owed.paid} and {owed.released} are right"
        )
    yield f"it moved {first_stray(moved, right)}"


def stray_corrections(accepted: BetAccepted, corrected: BetResettled) -> Iterator[str]:
    """Say where the difference moved otherwise than it was told."""
    delta = (corrected.returns_micros or 0) - (corrected.was_micros or 0)
    short = corrected.owed_micros + corrected.absorbed_micros
    both = corrected.owed_micros and corrected.absorbed_micros
    if short and (short > max(-delta, 0) or both):
        yield f"{short} micros are owed or borne of {delta}"
        return
    shard, code = shard_of(accepted.player_id), accepted.currency
    player = account_of(accepted.player_id, code)
    house = promotions_account(shard, code) if is_free(accepted) else house_of(shard, code)
    if corrected.absorbed_micros:
        bearer = absorbing_account(shard, code)
    else:
        bearer = receivable_account(accepted.player_id, code)
    moves = [
        ("correction", house, player, delta),
        ("correction", player, house, -delta - short),
        ("shortfall", bearer, house, short),
    ]
    right = [
        Movement(
            kind="transfer",
            key=derived_id(name, accepted.bet_id, str(corrected.version)),
            micros=micros,
            currency=code,
            debit=debit,
            credit=credit,
        )
        for name, debit, credit, micros in moves
        if micros > 0
    ]
    yield from strays(accepted, corrected.movements, right)


def stake_back(accepted: BetAccepted) -> Movement:
    """Return what gives the stake back of a bet that is void after it was settled."""
    code = accepted.currency
    return Movement(
        kind="transfer",
        key=derived_id("voided", accepted.bet_id),
        micros=accepted.stake_micros,
        currency=code,
        debit=house_of(shard_of(accepted.player_id), code),
        credit=account_of(accepted.player_id, code),
    )


def _right_hold(accepted: BetAccepted) -> Movement:
    return Movement(
        kind="hold",
        key=accepted.bet_id,
        micros=accepted.stake_micros,
        currency=accepted.currency,
        account=account_of(accepted.player_id, accepted.currency),
    )


def _right_movements(accepted: BetAccepted, outcome: Settled) -> tuple[Movement, ...]:
    """Return what has to move: the stake to the house and the returns from it, or all back."""
    bet_id, stake, code = accepted.bet_id, accepted.stake_micros, accepted.currency
    player = account_of(accepted.player_id, code)
    if is_free(accepted):
        return _right_winnings(accepted, outcome)
    if outcome.voided:
        return (Movement(kind="void", key=bet_id, micros=stake, currency=code, account=player),)
    house = house_of(shard_of(accepted.player_id), code)
    post = Movement(
        kind="post",
        key=bet_id,
        micros=stake,
        currency=code,
        debit=player,
        credit=house,
        hold=bet_id,
    )
    if not outcome.returns_micros:
        return (post,)
    returns = Movement(
        kind="transfer",
        key=derived_id("returns", bet_id),
        micros=outcome.returns_micros,
        currency=code,
        debit=house,
        credit=player,
    )
    return (post, returns)


def is_free(accepted: BetAccepted) -> bool:
    """Say whether the stake of a bet is a free bet."""
    return accepted.shape is not None and accepted.shape.is_free


def _right_winnings(accepted: BetAccepted, outcome: Settled) -> tuple[Movement, ...]:
    """Return what has to move for a free bet: its winnings, if any, from the promotions."""
    if outcome.voided or not outcome.returns_micros:
        return ()
    code = accepted.currency
    winnings = Movement(
        kind="transfer",
        key=derived_id("returns", accepted.bet_id),
        micros=outcome.returns_micros,
        currency=code,
        debit=promotions_account(shard_of(accepted.player_id), code),
        credit=account_of(accepted.player_id, code),
    )
    return (winnings,)


def first_stray(moved: Sequence[Movement], right: Sequence[Movement]) -> str:
    """Name the first movement that is not as it should be, and the one that should be there."""
    pairs = zip_longest(moved, right)
    mine, wanted = next(pair for pair in pairs if pair[0] != pair[1])
    return f"{_shown(mine)}, and {_shown(wanted)} is right"


def _shown(movement: Movement | None) -> str:
    return "nothing" if movement is None else json.encode(movement).decode()


def coin_of(accepted: BetAccepted, movements: Sequence[Movement]) -> Coin:
    """Return what these movements did to the account of the player who was accepted."""
    account = account_of(accepted.player_id, accepted.currency)
    taken = paid = released = 0
    for item in movements:
        if item.debit == account:
            taken += item.micros
        elif item.credit == account:
            paid += item.micros
        elif item.kind == "void" and item.account == account:
            released += item.micros
    return Coin(taken=taken, paid=paid, released=released)


# An id costs a hash, and three questions about one bet name the same account.
@lru_cache(maxsize=1024)
def account_of(player_id: PlayerId, code: str) -> AccountId:
    """Return the id of a player's account."""
    return player_account(player_id, code)


@lru_cache(maxsize=1024)
def house_of(shard: Shard, code: str) -> AccountId:
    """Return the id of the account that stakes of a shard's players go to."""
    return stake_account(shard, code)
