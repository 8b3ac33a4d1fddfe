"""Writes of the wallet: inside the caller's turn, safe to repeat with the same keys."""

from __future__ import annotations

from collections.abc import Sequence

from pitboss.kernel.invariant import ensure
from pitboss.messages import Turn
from pitboss.wallet.facts import AccountOpened, BookingRefused
from pitboss.wallet.model import (
    Account,
    Answer,
    Booked,
    Hold,
    HoldRequest,
    Request,
    SavedAnswer,
)

from . import rules, store


async def book(
    turn: Turn, requests: Sequence[Request], *, unseen: bool = False
) -> tuple[Answer, ...]:
    """Hold, post, void and transfer money, in the order asked.

    Every request is answered, and sees what the requests before it did; a refusal stops nobody
    else.  Asking again with the same verb and key gives the first answer and moves nothing.  The
    movements of the answers are the caller's to publish in its own facts, in the same turn; a
    refusal that is kept is told by the wallet itself.

    Args:
        unseen: the caller knows, or believes, that none of these keys was ever used, so nobody
            looks; if one was after all, the keys in the database refuse the whole turn.
    """
    if not requests:
        return ()
    ensure(
        all(request.shard in turn.heads for request in requests),
        "money is moved by who holds the shard's turn",
    )
    books = await _open_books(turn, requests, unseen=unseen)

    answers = books.decide(requests)

    made = books.new_holds()
    await store.save_holds(turn.tx, made)
    await store.change_holds(turn.tx, books.changed_holds())
    await store.save_transfers(turn.tx, books.new_transfers, turn.now)
    await store.save_answers(turn.tx, books.new_answers)
    await store.change_accounts(turn.tx, books.changed_accounts())
    for request, answer in zip(requests, answers, strict=True):
        if isinstance(answer, Booked) and answer.movement is not None:
            turn.owe(request.shard, answer.movement)
    _tell_refused(turn, made, books.new_answers)
    return answers


async def open_accounts(turn: Turn, accounts: Sequence[Account]) -> None:
    """Open accounts, empty; those that are open already stay as they are."""
    ensure(
        all(account.shard in turn.heads for account in accounts),
        "accounts are opened by who holds the shard's turn",
    )
    # The first of each, if the batch names an account twice, as the database takes them.
    firsts = {(account.shard, account.id): account for account in reversed(accounts)}
    opened = await store.save_accounts(turn.tx, list(firsts.values()))
    for place, account in reversed(firsts.items()):
        if place in opened:
            turn.publish(
                account.shard,
                account.id,
                AccountOpened(
                    account_id=account.id,
                    kind=account.kind,
                    owner=account.owner,
                    currency=account.currency,
                    may_overdraw=account.may_overdraw,
                ),
            )


def _tell_refused(turn: Turn, holds: Sequence[Hold], answers: Sequence[SavedAnswer]) -> None:
    for hold in holds:
        if hold.refusal is not None:
            refused = BookingRefused.of_hold(hold)
            turn.publish(hold.shard, refused.stream, refused)
    for answer in answers:
        if answer.refusal is not None:
            refused = BookingRefused.of_answer(answer)
            turn.publish(answer.shard, refused.stream, refused)


async def _open_books(turn: Turn, requests: Sequence[Request], *, unseen: bool) -> rules.Books:
    """Fetch the rows that these requests can touch; the turn keeps them from changing."""
    if unseen and all(type(item) is HoldRequest for item in requests):
        return await _raise_held(turn, [item for item in requests if type(item) is HoldRequest])
    wanted = rules.wanted(requests)
    if unseen:
        # Written before decided, in the statement that looks; what comes otherwise is put right.
        holds = await store.draw_whole(turn.tx, rules.drawn_whole(requests))
        drawn = {(hold.shard, hold.key) for hold in holds}
        holds += await store.find_holds(turn.tx, wanted.holds - drawn)
    else:
        drawn = set()
        holds = await store.find_holds(turn.tx, wanted.holds | wanted.new_holds)
    wanted.accounts.update([(hold.shard, hold.account_id) for hold in holds])
    return rules.Books(
        await store.find_accounts(turn.tx, wanted.accounts),
        holds,
        [] if unseen else await store.find_transfers(turn.tx, wanted.transfers),
        [] if unseen else await store.find_answers(turn.tx, wanted.answers),
        drawn=drawn,
    )


async def _raise_held(turn: Turn, requests: Sequence[HoldRequest]) -> rules.Books:
    """Hold each account's sum where it is available, in the statement that looks whether it is.

    Only accounts that have less, or of which something odd is asked, are fetched and decided about
    request by request.  Nearly every hold of a bet is granted, so nearly all are done here.
    """
    raised = await store.raise_held(turn.tx, rules.sum_up(requests))
    rest = {(item.shard, item.account_id) for item in requests} - raised
    accounts = await store.find_accounts(turn.tx, rest)
    return rules.Books(accounts, [], [], [], raised=raised)
