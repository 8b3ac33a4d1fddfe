"""Writes of the cashier that pay out unasked, where the licence wants that."""

from __future__ import annotations

from collections.abc import Sequence

from pitboss.cashier import queries
from pitboss.cashier.model import RequestAnswer
from pitboss.cashier.operations.paying import request_withdrawals
from pitboss.kernel.invariant import ensure
from pitboss.messages import Turn
from pitboss.responsible import limits
from pitboss.responsible.contacts.model import Place


async def return_balances(turn: Turn, places: Sequence[Place]) -> tuple[RequestAnswer, ...]:
    """Pay out what is on the accounts of those of these players who are excluded.

    Where the licence wants that, nobody has to ask for it.  What is held, for a bet or for a
    withdrawal, stays until it is free, so whoever asks does so again and again.  One whose
    withdrawal has failed lately is left alone for an hour.  A withdrawal is told of as any other.
    Source: the licence's `exclusion.balance_returned`; UKGC guidance on self-exclusion (GB).
    """
    ensure(
        all(shard in turn.heads for shard, _ in places),
        "balances are returned by who holds the players' turn",
    )
    requests = await queries.find_returnable(turn.tx, places, now=turn.now)
    return await request_withdrawals(turn, requests) if requests else ()


async def pay_out_wins(turn: Turn, places: Sequence[Place]) -> tuple[RequestAnswer, ...]:
    """Pay out what these players have won above the sums that they have named.

    Where the licence offers that, and no more than is available and was won since wins were paid
    out last: what was paid in is not paid back.  The payment and the note that it was asked for are
    one commit, so any number may ask.  One whose withdrawal has failed lately is left alone for an
    hour, and one who owes the house until that is settled.  A withdrawal is told of as any other.
    Source: GlüStV 2021, § 6b(3) (DE); the licence's `payments.auto_payout_offered`.
    """
    ensure(
        all(shard in turn.heads for shard, _ in places),
        "wins are paid out by who holds the players' turn",
    )
    due = await queries.find_due_wins(turn.tx, places, now=turn.now)
    if not due:
        return ()
    answers = await request_withdrawals(turn, [item.request for item in due])
    for item in due:
        await limits.note_payout(
            turn,
            item.payout,
            item.request.payment_id,
            failed=item.again,
            left_micros=item.left_micros,
        )
    return answers
