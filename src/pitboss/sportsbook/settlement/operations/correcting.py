"""Corrections of settlements: the difference is booked, whatever the player still has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pitboss import jurisdictions, wallet
from pitboss.jurisdictions.model import Shortfall
from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.ids import AccountId, PlayerId, derived_id
from pitboss.kernel.shards import Shard
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.sportsbook import betting
from pitboss.sportsbook.betting.model import (
    ABSORBED,
    Corrected,
    Correction,
    absorbing_account,
    promotions_account,
    stake_account,
)
from pitboss.wallet.model import (
    Account,
    AccountKind,
    Booked,
    TransferRequest,
    player_account,
    receivable_account,
)


async def find_absorbing(turn: Turn, players: Mapping[PlayerId, Shard]) -> set[PlayerId]:
    """Return the players whose licence has the house bear what they do not have.

    Source: the licence's `sportsbook.shortfall`.
    """
    found = await identity.find_players(turn.tx, [(shard, who) for who, shard in players.items()])
    return {
        who
        for who, player in found.items()
        if jurisdictions.get(player.jurisdiction).sportsbook.shortfall is Shortfall.ABSORB
    }


async def correct(turn: Turn, corrections: Sequence[Correction]) -> list[Corrected]:
    """Book what bets return more or less than before, and write that down.

    What is taken back is taken from what the player has available, in the order asked; what is not
    there is owed in an account of its own, or borne by the house.  Each has the key of its bet and
    version, so none is booked twice.
    """
    purses = await _available(turn, corrections)
    parts = [_divide(item, purses) for item in corrections]
    await wallet.open_accounts(turn, _accounts(corrections, parts))
    requests = [_transfers(item, taken) for item, taken in zip(corrections, parts, strict=True)]
    flat = [request for mine in requests for request in mine]
    # Under the turn the version is seen to be the next one, so nothing of it was ever booked.
    answers = iter(await wallet.book(turn, flat, unseen=True))

    corrected: list[Corrected] = []
    for item, taken, mine in zip(corrections, parts, requests, strict=True):
        movements = []
        for _ in mine:
            answer = next(answers)
            if not isinstance(answer, Booked) or answer.movement is None:
                raise InvariantBroken("a correction takes what is there, once")
            movements.append(answer.movement)
        short = max(-item.delta_micros - taken, 0)
        corrected.append(
            Corrected(
                correction=item,
                owed_micros=0 if item.absorbs else short,
                absorbed_micros=short if item.absorbs else 0,
                movements=tuple(movements),
            )
        )
    await betting.correct_bets(turn, corrected)
    return corrected


async def _available(turn: Turn, corrections: Sequence[Correction]) -> dict[AccountId, int]:
    places = {(item.bet.shard, _purse(item)) for item in corrections}
    found = await wallet.find_balances(turn.tx, places)
    return {account.id: account.available for account in found}


def _divide(item: Correction, purses: dict[AccountId, int]) -> int:
    """Return what the player pays of a correction, and take it from their purse."""
    purse, delta = _purse(item), item.delta_micros
    taken = min(max(-delta, 0), max(purses.get(purse, 0), 0))
    purses[purse] = purses.get(purse, 0) + max(delta, 0) - taken
    return taken


def _accounts(corrections: Sequence[Correction], parts: Sequence[int]) -> list[Account]:
    """Return the accounts that show who bears what players do not have."""
    found: dict[AccountId, Account] = {}
    for item, taken in zip(corrections, parts, strict=True):
        if -item.delta_micros <= taken:
            continue
        bet, account_id = item.bet, _bearer(item)
        kind = AccountKind.HOUSE if item.absorbs else AccountKind.RECEIVABLE
        found[account_id] = Account(
            shard=bet.shard,
            id=account_id,
            kind=kind,
            owner=ABSORBED if item.absorbs else bet.player_id,
            currency=bet.currency,
            may_overdraw=True,
        )
    return list(found.values())


def _transfers(item: Correction, taken: int) -> list[TransferRequest]:
    """Return what moves: to the player, or from them and from who bears the rest."""
    bet, delta = item.bet, item.delta_micros
    house = _house(item)
    moves = [
        ("correction", house, _purse(item), delta),
        ("correction", _purse(item), house, taken),
        ("shortfall", _bearer(item), house, -delta - taken),
    ]
    return [
        TransferRequest(
            shard=bet.shard,
            key=derived_id(name, bet.id, str(item.version)),
            debit_id=debit_id,
            credit_id=credit_id,
            micros=micros,
            currency=bet.currency,
        )
        for name, debit_id, credit_id, micros in moves
        if micros > 0
    ]


def _house(item: Correction) -> AccountId:
    """Return who paid what the bet returned before: of a free bet the promotions."""
    account_of = promotions_account if item.bet.is_free else stake_account
    return account_of(item.bet.shard, item.bet.currency)


def _purse(item: Correction) -> AccountId:
    return player_account(item.bet.player_id, item.bet.currency)


def _bearer(item: Correction) -> AccountId:
    bet = item.bet
    if item.absorbs:
        return absorbing_account(bet.shard, bet.currency)
    return receivable_account(bet.player_id, bet.currency)
