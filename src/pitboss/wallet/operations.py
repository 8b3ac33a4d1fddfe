"""Writes of the wallet: inside the caller's turn, safe to repeat with the same keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.facts import Movement
from pitboss.kernel.ids import AccountId, PlayerId, derived_id
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import Shard, shard_of
from pitboss.messages import Turn
from pitboss.wallet.facts import (
    AccountOpened,
    BookingRefused,
    ReceivableCollected,
    ReceivableWrittenOff,
)
from pitboss.wallet.model import (
    WRITTEN_OFF,
    Account,
    AccountKind,
    Answer,
    Booked,
    Credit,
    Hold,
    HoldRequest,
    Request,
    SavedAnswer,
    TransferRequest,
    house_account,
    player_account,
)

from . import rules, store


async def book(
    turn: Turn,
    requests: Sequence[Request],
    *,
    unseen: bool = False,
    accounts: Collection[Account] = (),
) -> tuple[Answer, ...]:
    """Hold, post, void and transfer money, in the order asked.

    Every request is answered, and sees what the requests before it did; a refusal stops nobody
    else.  Asking again with the same verb and key gives the first answer and moves nothing.  The
    movements of the answers are the caller's to publish in its own facts, in the same turn; a
    refusal that is kept is told by the wallet itself.

    Args:
        unseen: the caller knows, or believes, that none of these keys was ever used, so nobody
            looks; if one was after all, the keys in the database refuse the whole turn.
        accounts: those that the caller has read under this turn, and that nothing has moved since:
            they are not read again.
    """
    if not requests:
        return ()
    ensure(
        all(request.shard in turn.heads for request in requests),
        "money is moved by who holds the shard's turn",
    )
    books = await _open_books(turn, requests, unseen=unseen, known=accounts)

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


async def collect(turn: Turn, credits: Sequence[Credit], *, cause: str | None = None) -> int:
    """Have players pay what they owe the house from what they were credited in this turn.

    No more than the credit, than what is owed, and than what is available; what a player has paid
    in is not touched.  Who owes nothing, pays nothing.  Returns how many debts became smaller.

    Args:
        turn: it holds the shards of these players.
        credits: what each was credited; several of one player count together.
        cause: what the facts are told to follow from.
    """
    sums: dict[tuple[Shard, str, str], int] = {}
    for item in credits:
        place = (item.shard, item.player_id, item.currency)
        sums[place] = sums.get(place, 0) + item.micros
    if not sums:
        return 0
    owing = [
        account
        for account in await store.find_receivables(turn.tx, {place[0] for place in sums}, None)
        if (account.shard, account.owner, account.currency) in sums
    ]
    if not owing:
        return 0
    purses = {
        account.id: account
        for account in await store.find_accounts(
            turn.tx,
            [(item.shard, player_account(PlayerId(item.owner), item.currency)) for item in owing],
        )
    }
    requests = [
        request for item in owing if (request := _collecting(item, purses, sums)) is not None
    ]
    answers = await book(turn, requests, unseen=True)
    by_account = {account.id: account for account in owing}
    for request, answer in zip(requests, answers, strict=True):
        account = by_account[request.credit_id]
        fact = ReceivableCollected(
            player_id=PlayerId(account.owner),
            micros=request.micros,
            currency=request.currency,
            left_micros=-account.posted - request.micros,
            movements=_moved(answer),
        )
        turn.publish(request.shard, account.owner, fact, cause=cause)
    return len(requests)


async def write_off(
    turn: Turn, player_id: PlayerId, *, currency: str, reason: str, cause: str | None = None
) -> int:
    """Have the house bear what a player owes in a currency; return how many micros that were.

    Repeating it finds nothing owed and does nothing.

    Args:
        turn: it holds the player's shard.
        player_id: who owes.
        currency: of the debt.
        reason: a code that says why; it is told.
        cause: what the fact is told to follow from.
    """
    shard = shard_of(player_id)
    found = await store.find_receivables(turn.tx, [shard], player_id)
    owing = next((account for account in found if account.currency == currency), None)
    if owing is None:
        return 0
    bearer = _bearer(owing)
    await open_accounts(turn, [bearer])
    request = TransferRequest(
        shard=shard,
        key=derived_id("written off", owing.id, str(owing.entries)),
        debit_id=bearer.id,
        credit_id=owing.id,
        micros=-owing.posted,
        currency=currency,
    )
    (answer,) = await book(turn, [request], unseen=True)
    fact = ReceivableWrittenOff(
        player_id=player_id,
        micros=request.micros,
        currency=currency,
        reason=reason,
        movements=_moved(answer),
    )
    turn.publish(shard, player_id, fact, cause=cause)
    return request.micros


def _collecting(
    owing: Account,
    purses: Mapping[AccountId, Account],
    sums: Mapping[tuple[Shard, str, str], int],
) -> TransferRequest | None:
    """Return what a player pays of a debt from what they were credited; None if it is nothing."""
    purse = purses.get(player_account(PlayerId(owing.owner), owing.currency))
    if purse is None:
        return None
    credited = sums[owing.shard, owing.owner, owing.currency]
    micros = min(credited, -owing.posted, purse.available)
    if micros <= 0:
        return None
    return TransferRequest(
        shard=owing.shard,
        # The number of entries tells one payment from the next.
        key=derived_id("collected", owing.id, str(owing.entries)),
        debit_id=purse.id,
        credit_id=owing.id,
        micros=micros,
        currency=owing.currency,
    )


def _bearer(owing: Account) -> Account:
    """Return the house's account that bears what is written off, as it is opened."""
    return Account(
        shard=owing.shard,
        id=house_account(owing.shard, WRITTEN_OFF, owing.currency),
        kind=AccountKind.HOUSE,
        owner=WRITTEN_OFF,
        currency=owing.currency,
        may_overdraw=True,
    )


def _moved(answer: Answer) -> tuple[Movement, ...]:
    if isinstance(answer, Booked) and answer.movement is not None:
        return (answer.movement,)
    raise InvariantBroken("a debt is paid once, from what is there")


def _tell_refused(turn: Turn, holds: Sequence[Hold], answers: Sequence[SavedAnswer]) -> None:
    for hold in holds:
        if hold.refusal is not None:
            refused = BookingRefused.of_hold(hold)
            turn.publish(hold.shard, refused.stream, refused)
    for answer in answers:
        if answer.refusal is not None:
            refused = BookingRefused.of_answer(answer)
            turn.publish(answer.shard, refused.stream, refused)


async def _open_books(
    turn: Turn, requests: Sequence[Request], *, unseen: bool, known: Collection[Account]
) -> rules.Books:
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
    mine = {(item.shard, item.id): item for item in known}
    read = await store.find_accounts(turn.tx, wanted.accounts - mine.keys())
    return rules.Books(
        [*read, *(mine[place] for place in wanted.accounts & mine.keys())],
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
