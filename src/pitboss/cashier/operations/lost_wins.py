"""What of wins is lost before money is paid in, so that this is not paid out in their place."""

from __future__ import annotations

from collections.abc import Collection

from pitboss import wallet
from pitboss.cashier import store
from pitboss.messages import Turn
from pitboss.responsible import limits
from pitboss.responsible.contacts.model import Place
from pitboss.wallet.model import player_account


async def forget_lost_wins(turn: Turn, places: Collection[Place]) -> None:
    """Have wins count no more than what is there, of players whose deposits are to be booked next.

    Wins are what is lost last: as long as they are on the account they are paid out above the sum
    that the player has named.  Of most players nobody has named one, and nothing is written.
    """
    found = await limits.find_payouts(turn.tx, sorted(places)) if places else {}
    named = {item.player_id: item for item in found.values() if item.micros is not None}
    if not named:
        return
    accounts = await wallet.find_balances(
        turn.tx,
        [(one.shard, player_account(one.player_id, one.currency)) for one in named.values()],
    )
    available = {account.owner: account.available for account in accounts}
    asked = [(one.shard, one.payment_id) for one in named.values() if one.payment_id is not None]
    last = await store.find_payments(turn.tx, asked)
    for payout in named.values():
        before = None if payout.payment_id is None else last.get(payout.payment_id)
        await limits.note_lost_wins(
            turn,
            payout,
            available=available.get(payout.player_id, 0),
            unpaid=before.micros if before is not None and before.is_on_its_way else 0,
        )
