"""Writes of betting that end bets: inside the caller's turn, of bets that are seen to be open."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from pitboss import wallet
from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.facts import Movement
from pitboss.kernel.ids import derived_id
from pitboss.kernel.invariant import ensure
from pitboss.messages import Turn
from pitboss.sportsbook import trading
from pitboss.sportsbook.betting import rules, store
from pitboss.sportsbook.betting.model import (
    BuyBack,
    Closing,
    Corrected,
    promotions_account,
    stake_account,
)
from pitboss.sportsbook.betting.operations.using import use_gifts
from pitboss.wallet.model import Answer as WalletAnswer
from pitboss.wallet.model import (
    Booked,
    PostRequest,
    Request,
    TransferRequest,
    VoidRequest,
    player_account,
)


async def close_bets(turn: Turn, closings: Sequence[Closing]) -> list[tuple[Movement, ...]]:
    """Book what accepted bets return, and mark them settled or voided.

    The stake is posted to the house and the returns come from it; a bet that is void as a whole
    has its hold released instead.  A free bet has no stake to post, and what it returns comes from
    the promotions; if it is void it can be used again.  Returns the movements of each, for the
    facts of settlement.
    """
    requests = [_bookings(closing) for closing in closings]
    # Under the turn a bet is seen to be accepted still, so nothing of it was ever booked.
    answers = await wallet.book(turn, [item for mine in requests for item in mine], unseen=True)

    movements: list[tuple[Movement, ...]] = []
    at = 0
    for mine in requests:
        end = at + len(mine)
        movements.append(tuple([moved_by(answer) for answer in answers[at:end]]))
        at = end
    await trading.change(turn, [rules.taking_of_bet(closing.bet) for closing in closings])
    await store.close_bets(turn.tx, closings, turn.now)
    await use_gifts(turn, [(closing.bet, False) for closing in closings if closing.voided])
    return movements


async def correct_bets(turn: Turn, corrected: Sequence[Corrected]) -> None:
    """Write what bets return that were settled before, and what they returned until now.

    A gift is given back if its bet is void now, and taken again if it was.  It may be another bet's
    by then, or over: both bets stand, and the player pays for neither.

    The money was moved by who settles, in this turn; nobody but settlement corrects a bet.
    """
    if corrected:
        # Who is settled again wins nothing more; whose result was taken back may win once more.
        done = [item.correction for item in corrected]
        closed = [one.bet for one in done if one.bet.returns_micros is None]
        again = [one.bet for one in done if one.returns_micros is None]
        await trading.change(
            turn, list(map(rules.taking_of_bet, closed)), list(map(rules.taking_of_bet, again))
        )
        await store.correct_bets(turn.tx, corrected, turn.now)
        # In the order in which they are told.
        changed = [one for one in done if one.voided != one.bet.voided]
        await use_gifts(turn, [(one.bet, not one.voided) for one in changed])


async def buy_back(turn: Turn, sale: BuyBack) -> tuple[Movement, ...]:
    """Book that the house buys a bet back, or a part of it; return what moved.

    The stake that is sold goes to the house, and the price comes from it.  The rest of the stake
    stays held, and is a bet like any other.  The caller has seen under this turn that the bet is
    open and has so much stake left.
    """
    bet = sale.bet
    ensure(0 < sale.stake_micros <= bet.stake_micros, "a bet is bought back once")
    house = stake_account(bet.shard, bet.currency)
    requests: list[Request] = [
        PostRequest(
            shard=bet.shard,
            key=derived_id("bought_back", sale.key),
            hold_key=bet.id,
            credit_id=house,
            micros=None if sale.whole else sale.stake_micros,
        ),
        TransferRequest(
            shard=bet.shard,
            key=derived_id("buy_back_paid", sale.key),
            debit_id=house,
            credit_id=player_account(bet.player_id, bet.currency),
            micros=sale.paid_micros,
            currency=bet.currency,
        ),
    ]
    answers = await wallet.book(turn, requests, unseen=True)
    rest = structs.replace(bet, stake_micros=bet.stake_micros - sale.stake_micros)
    await trading.change(
        turn, [rules.taking_of_bet(bet)], [] if sale.whole else [rules.taking_of_bet(rest)]
    )
    await store.buy_back(turn.tx, sale, turn.now)
    return tuple([moved_by(answer) for answer in answers])


def moved_by(answer: WalletAnswer) -> Movement:
    """Return what a booking moved; whoever asks has seen that it is the first and finds a hold."""
    if isinstance(answer, Booked) and answer.movement is not None:
        return answer.movement
    raise InvariantBroken("a bet ends once, with a hold that is there")


def _bookings(closing: Closing) -> list[Request]:
    bet = closing.bet
    if bet.is_free:
        return _pay_free(closing)
    if bet.settlements:
        # It was settled, and is open again: the house has its stake, and no hold is left.
        ensure(closing.final, "results correct what they settled before")
        return [
            TransferRequest(
                shard=bet.shard,
                key=derived_id("voided", bet.id),
                debit_id=stake_account(bet.shard, bet.currency),
                credit_id=player_account(bet.player_id, bet.currency),
                micros=closing.returns_micros,
                currency=bet.currency,
            )
        ]
    if closing.voided:
        return [VoidRequest(shard=bet.shard, key=bet.id, hold_key=bet.id)]
    house = stake_account(bet.shard, bet.currency)
    # The stake's transfer has the bet's own id as its key, as its hold has.
    stake = PostRequest(shard=bet.shard, key=bet.id, hold_key=bet.id, credit_id=house)
    if closing.returns_micros == 0:
        return [stake]
    returns = TransferRequest(
        shard=bet.shard,
        key=derived_id("returns", bet.id),
        debit_id=house,
        credit_id=player_account(bet.player_id, bet.currency),
        micros=closing.returns_micros,
        currency=bet.currency,
    )
    return [stake, returns]


def _pay_free(closing: Closing) -> list[Request]:
    """Return what moves when a bet of a free stake is closed: its winnings, if there are any."""
    bet = closing.bet
    if closing.voided or closing.returns_micros == 0:
        return []
    winnings = TransferRequest(
        shard=bet.shard,
        key=derived_id("returns", bet.id),
        debit_id=promotions_account(bet.shard, bet.currency),
        credit_id=player_account(bet.player_id, bet.currency),
        micros=closing.returns_micros,
        currency=bet.currency,
    )
    return [winnings]
