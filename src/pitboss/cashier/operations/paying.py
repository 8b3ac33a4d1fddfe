"""Writes of the cashier: inside the caller's turn, safe to repeat with the same keys.

Nothing is sent from here: a provider is asked by the payments loop, after the request is
committed, and what the provider says comes back as news.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pitboss import central, gate, jurisdictions, wallet
from pitboss.cashier import rules, store
from pitboss.cashier.facts import (
    DepositConfirmed,
    DepositFailed,
    DepositsBlocked,
    DepositsUnblocked,
)
from pitboss.cashier.model import (
    REFUSED_BY_FILE,
    Admission,
    Block,
    NewsAnswer,
    Payment,
    PaymentKind,
    PaymentNews,
    PaymentRequest,
    PaymentState,
    Postponement,
    Refusal,
    RequestAnswer,
    SavedNews,
    Submission,
    UnblockReason,
)
from pitboss.cashier.operations.lost_wins import forget_lost_wins
from pitboss.central.model import DepositState
from pitboss.gate.model import DepositCheck, Permit
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.facts import Fact, Movement
from pitboss.kernel.ids import PaymentId, PlayerId, derived_id
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import SYSTEM_SHARD, Shard, shard_of
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.responsible import contacts, limits
from pitboss.responsible.contacts.model import Watched
from pitboss.wallet.model import (
    Account,
    AccountKind,
    Answer,
    Booked,
    HoldRequest,
    PostRequest,
    Refused,
    Request,
    TransferRequest,
    VoidRequest,
    player_account,
    provider_account,
)

Opened = tuple[Payment, tuple[Movement, ...]]


async def request_deposits(
    turn: Turn, requests: Sequence[PaymentRequest]
) -> tuple[RequestAnswer, ...]:
    """Take on deposits; money moves when the provider confirms them.

    Every request is answered, in order; a refusal stops nobody else.  The same player and key
    again is answered with the same payment, as it then stands.  The gate is asked about each new
    one, and what it refuses is kept with its reason; so is what a block of deposits refuses.
    """
    known, fresh = await _look(turn, PaymentKind.DEPOSIT, requests)
    awaited = await store.find_awaited(
        turn.tx, {(payment.shard, payment.player_id) for payment in fresh}
    )
    refusals = await _refuse(turn, fresh, awaited)
    opened: list[Opened] = [
        (rules.refused(item, refusals[item.id]) if item.id in refusals else item, ())
        for item in fresh
    ]
    known |= await _open(turn, opened)
    # So that the central limit file is asked at once, where there is one.
    await _file(turn, [payment for payment, _ in opened if rules.waits(payment)])
    return rules.answer_requests(PaymentKind.DEPOSIT, requests, known, [item.id for item in fresh])


async def request_withdrawals(
    turn: Turn, requests: Sequence[PaymentRequest]
) -> tuple[RequestAnswer, ...]:
    """Take on withdrawals and hold their money until the provider has paid them.

    Answered as deposits are, but no gate is asked: the money is the player's.  Who owes the house
    for a corrected settlement is paid nothing out until that is settled.
    """
    kind = PaymentKind.WITHDRAWAL
    known, fresh = await _look(turn, kind, requests)
    owing = await wallet.find_receivables(turn.tx, {payment.shard for payment in fresh})
    debtors = {account.owner for account in owing}
    payable = [payment for payment in fresh if payment.player_id not in debtors]
    answers = iter(await wallet.book(turn, [_hold(payment) for payment in payable]))
    opened: list[Opened] = []
    for payment in fresh:
        if payment.player_id in debtors:
            opened.append((rules.refused(payment, Refusal.DEBT_OPEN), ()))
            continue
        answer = next(answers)
        if isinstance(answer, Refused):
            opened.append((rules.refused(payment, answer.reason), ()))
        else:
            opened.append((payment, _movements(answer)))
    known |= await _open(turn, opened)
    return rules.answer_requests(kind, requests, known, [item.id for item in fresh])


async def admit_deposits(turn: Turn, payments: Sequence[Payment]) -> tuple[Admission, ...]:
    """Ask the gate again about deposits that are about to be sent, and answer each, in order.

    Between the request and this moment the player may have been excluded, or have lowered a limit.
    What is refused and was never sent fails here, with the gate's reason.  What was sent before,
    and not answered, may be with the provider: it is for the caller to ask, and to call
    `fail_deposits` if the provider does not know it.  What is permitted counts as sent from here.
    Where limits hold over all operators, it waits until the central file has answered, and fails
    if that has no room for it.  Repeating ends nothing twice.  Withdrawals are never asked about.
    Source: GlüStV 2021, § 6c(1).
    """
    places = {(payment.shard, payment.id) for payment in payments}
    ensure(
        all(shard in turn.heads for shard, _ in places),
        "deposits are admitted by who holds the player's turn",
    )
    found = await store.find_payments(turn.tx, places)
    # Who was sent before comes last: what the gate gives back for them is nobody's, because the
    # provider may yet pay them out.
    waiting = sorted(filter(rules.waits, found.values()), key=lambda payment: payment.attempts > 0)
    awaited = await store.find_awaited(
        turn.tx, {(payment.shard, payment.player_id) for payment in waiting}
    )
    refusals = await _refuse(turn, waiting, awaited, counted=True)
    filed = await _file(turn, [item for item in waiting if item.id not in refusals])
    refusals |= {
        deposit_id: REFUSED_BY_FILE[state].value
        for deposit_id, state in filed.items()
        if state in REFUSED_BY_FILE
    }
    asked = {item for item, state in filed.items() if state is DepositState.WANTED}
    unsent = [item for item in waiting if item.id in refusals and not item.attempts]
    ended = await _end(turn, [(item, refusals[item.id]) for item in unsent])
    await store.mark_sent(
        turn.tx, [item for item in waiting if item.id not in asked | refusals.keys()]
    )
    return tuple(
        [
            Admission(
                payment=ended.get(payment.id, found[payment.id]),
                refusal=None if payment.id in ended else refusals.get(payment.id),
                waits=payment.id in asked,
            )
            for payment in payments
        ]
    )


async def fail_deposits(turn: Turn, admissions: Sequence[Admission]) -> None:
    """End deposits that were refused and that their provider does not know, with the reason.

    One that has moved on since, because news of it came, stays as it is.
    """
    if not admissions:
        return
    found = await store.find_payments(
        turn.tx, {(item.payment.shard, item.payment.id) for item in admissions}
    )
    await _end(
        turn,
        [
            (payment, item.refusal)
            for item in admissions
            if item.refusal is not None and rules.waits(payment := found[item.payment.id])
        ],
    )


async def record_submissions(
    turn: Turn, submissions: Sequence[Submission]
) -> tuple[NewsAnswer, ...]:
    """Note what the provider answered to what was submitted to it; repeating changes nothing.

    A payment that was taken on is `submitted`, unless news of it has overtaken us; one that was
    declined has failed.
    """
    return await record_news(turn, [rules.news_of(submission) for submission in submissions])


async def record_news(turn: Turn, news: Sequence[PaymentNews]) -> tuple[NewsAnswer, ...]:
    """Believe what providers tell, or say why not, and book what follows from it.

    Told again, news is answered as before and nothing moves.  What cannot be true is never
    applied; it is kept and published for staff.  The turn holds the shards that `find_shards`
    names for this news.
    """
    payments = await store.find_anywhere(turn.tx, {item.payment_id for item in news})
    places = [(_shard(payments.get(item.payment_id)), item) for item in news]
    ensure(
        all(shard in turn.heads for shard, _ in places),
        "news is recorded by who holds the payment's turn",
    )
    desk = rules.Desk(payments, await store.find_told(turn.tx, places), now=turn.now)

    answers = tuple([desk.record(item) for item in news])

    movers = [payment for payment in desk.steps if rules.moves_money(payment)]
    paid_in = {(item.shard, item.player_id) for item in movers if item.has_paid_in}
    await forget_lost_wins(turn, paid_in)
    booked = iter(await wallet.book(turn, [_booking(payment) for payment in movers]))
    await store.change_payments(turn.tx, list({item.id: item for item in desk.steps}.values()))
    await store.save_news(turn.tx, desk.new_news)
    steps = [
        (payment, _movements(next(booked)) if rules.moves_money(payment) else ())
        for payment in desk.steps
    ]
    told = [
        (payment, rules.tell_step(payment, moved, revived=payment.id in desk.revived))
        for payment, moved in steps
    ]
    await _tell(turn, told)
    for item in desk.new_news:
        turn.publish(item.shard, _stream(payments, item), rules.tell_news(item))
    await _follow_up(turn, desk.steps)
    return answers


async def unblock_deposits(
    turn: Turn, player_id: PlayerId, reason: UnblockReason
) -> Refusal | None:
    """Let a player pay in again whose deposits were blocked, now that staff has looked.

    Failures until now count no more.  Asking again changes nothing; it is refused for a player who
    never was blocked.  Source: N.J.A.C. 13:69O-1.3(e).
    """
    shard = shard_of(player_id)
    ensure(shard in turn.heads, "blocks are lifted by who holds the player's turn")
    block = (await store.find_blocks(turn.tx, [(shard, player_id)])).get(player_id)
    if block is None:
        return Refusal.DEPOSITS_NOT_BLOCKED
    if block.holds:
        await store.save_block(turn.tx, replace(block, unblocked_at=turn.now))
        turn.publish(shard, player_id, DepositsUnblocked(player_id=player_id, reason=reason))
    return None


async def postpone(turn: Turn, postponements: Sequence[Postponement]) -> None:
    """Say when open payments are to be looked at again."""
    await store.postpone(turn.tx, postponements)


async def _look(
    turn: Turn, kind: PaymentKind, requests: Sequence[PaymentRequest]
) -> tuple[dict[PaymentId, Payment], list[Payment]]:
    """Return the payments that these requests made before, and those that they make now."""
    places = {(shard_of(item.player_id), item.payment_id) for item in requests}
    ensure(
        all(shard in turn.heads for shard, _ in places),
        "payments are requested by who holds the player's turn",
    )
    known = await store.find_payments(turn.tx, places)
    return known, rules.first_payments(kind, requests, known, now=turn.now)


async def _refuse(
    turn: Turn,
    payments: Sequence[Payment],
    awaited: Mapping[PlayerId, int],
    *,
    counted: bool = False,
) -> dict[PaymentId, str]:
    """Return which of these deposits may not be, and why: by a block, or else by the gate."""
    found = await store.find_blocks(turn.tx, {(item.shard, item.player_id) for item in payments})
    blocked = {player_id for player_id, block in found.items() if block.holds}
    refusals: dict[PaymentId, str] = {
        item.id: Refusal.DEPOSITS_BLOCKED.value for item in payments if item.player_id in blocked
    }
    asked = [item for item in payments if item.id not in refusals]
    permits = await gate.check_deposits(
        turn, [_deposit_check(payment, awaited, counted=counted) for payment in asked]
    )
    return refusals | {
        payment.id: permit.reason.value
        for payment, permit in zip(asked, permits, strict=True)
        if not isinstance(permit, Permit)
    }


async def _follow_up(turn: Turn, steps: Sequence[Payment]) -> None:
    """Do what the licence wants of deposits that have ended at their provider just now."""
    ended = [item for item in steps if rules.ended_deposit(item)]
    players = await identity.recall_players(
        turn, sorted({(item.shard, item.player_id) for item in ended})
    )
    found = {player_id: jurisdictions.find(one.jurisdiction) for player_id, one in players.items()}
    licences = {player_id: one for player_id, one in found.items() if one is not None}
    failing = {item.player_id for item in ended if item.state is PaymentState.FAILED}
    await _block(turn, {item: licences[item] for item in failing & licences.keys()})
    paying = {item.player_id for item in ended if item.state is PaymentState.SUCCEEDED}
    mine = {item: licences[item] for item in sorted(paying & licences.keys())}
    ages = await identity.recall_ages(turn, mine)
    await contacts.about_use(
        turn,
        [
            Watched(
                shard=players[player_id].shard,
                player_id=player_id,
                licence=licence,
                currency=players[player_id].currency,
                age=ages.get(player_id),
            )
            for player_id, licence in mine.items()
        ],
    )


async def _block(turn: Turn, licences: Mapping[PlayerId, Jurisdiction]) -> None:
    """Block the deposits of those players of whom too many have failed just now."""
    watched = [item for item, one in licences.items() if rules.watches_failures(one)]
    if not watched:
        return
    known = await store.find_blocks(turn.tx, [(shard_of(item), item) for item in watched])
    since = {
        (shard_of(item), item): start
        for item in sorted(watched)
        if (start := rules.counted_since(known.get(item), licences[item], now=turn.now))
    }
    failures = await store.count_failed(turn.tx, since, rules.OWN_REASONS)
    for shard, player_id in since:
        licence, count = licences[player_id], failures.get(player_id, 0)
        if rules.blocks(count, licence):
            block = Block(shard=shard, player_id=player_id, blocked_at=turn.now, failures=count)
            await store.save_block(turn.tx, block)
            fact = DepositsBlocked(
                player_id=player_id,
                failures=count,
                minutes=licence.payments.failed_deposits_minutes or 0,
            )
            turn.publish(shard, player_id, fact)


async def _end(turn: Turn, refused: Sequence[tuple[Payment, str]]) -> dict[PaymentId, Payment]:
    """Fail deposits that no provider has, and free what they took from limits."""
    ended = [rules.failed(payment, reason, now=turn.now) for payment, reason in refused]
    await store.change_payments(turn.tx, ended)
    await _tell(turn, [(payment, rules.tell_step(payment, ())) for payment in ended])
    return {payment.id: payment for payment in ended}


async def _open(turn: Turn, opened: Sequence[Opened]) -> dict[PaymentId, Payment]:
    """Write new payments, refused ones too, and tell of them."""
    payments = [payment for payment, _ in opened]
    await wallet.open_accounts(
        turn,
        [
            account
            for payment in payments
            if payment.state is PaymentState.REQUESTED
            for account in _accounts(payment)
        ],
    )
    await store.save_payments(turn.tx, payments)
    await _tell(turn, [(payment, rules.tell_opened(payment, moved)) for payment, moved in opened])
    return {payment.id: payment for payment in payments}


async def _tell(turn: Turn, told: Sequence[tuple[Payment, Fact]]) -> None:
    """Publish what happened to payments, and count what it means for limits."""
    for payment, fact in told:
        turn.publish(payment.shard, payment.player_id, fact)
    await limits.count(turn, [(payment.shard, fact) for payment, fact in told])
    arrived = [payment for payment, fact in told if isinstance(fact, DepositConfirmed)]
    gone = [payment for payment, fact in told if isinstance(fact, DepositFailed)]
    if arrived:
        await central.confirm(turn, [payment.filed for payment in arrived])
    if gone:
        await central.release(turn, [payment.filed for payment in gone])


async def _file(turn: Turn, payments: Sequence[Payment]) -> dict[PaymentId, DepositState]:
    """Have the central limit file asked about deposits, where there is one; return what it said."""
    return await central.file_deposits(turn, [item.filed for item in payments])


def _accounts(payment: Payment) -> tuple[Account, Account]:
    """Return the accounts that the payment moves money between; most are open already."""
    return (
        Account(
            shard=payment.shard,
            id=player_account(payment.player_id, payment.currency),
            kind=AccountKind.PLAYER,
            owner=payment.player_id,
            currency=payment.currency,
            may_overdraw=False,
        ),
        Account(
            shard=payment.shard,
            id=provider_account(payment.shard, payment.provider, payment.currency),
            kind=AccountKind.PROVIDER,
            owner=payment.provider,
            currency=payment.currency,
            # What players have paid in through a provider is a debit of its account.
            may_overdraw=True,
        ),
    )


def _deposit_check(
    payment: Payment, awaited: Mapping[PlayerId, int], *, counted: bool = False
) -> DepositCheck:
    return DepositCheck(
        player_id=payment.player_id,
        micros=payment.micros,
        currency=payment.currency,
        awaited_micros=awaited.get(payment.player_id, 0),
        counted=counted,
    )


def _hold(payment: Payment) -> HoldRequest:
    return HoldRequest(
        shard=payment.shard,
        key=payment.id,
        account_id=player_account(payment.player_id, payment.currency),
        micros=payment.micros,
        currency=payment.currency,
    )


def _shard(payment: Payment | None) -> Shard:
    return SYSTEM_SHARD if payment is None else payment.shard


def _stream(payments: Mapping[PaymentId, Payment], item: SavedNews) -> str:
    """Return whose story the news is part of: the player's, or else the provider's."""
    payment = payments.get(item.news.payment_id)
    return derived_id("provider", item.news.provider) if payment is None else payment.player_id


def _booking(payment: Payment) -> Request:
    """Return what the end of a payment does to the books; its key is the payment's own id."""
    clearing = provider_account(payment.shard, payment.provider, payment.currency)
    if payment.kind is PaymentKind.DEPOSIT:
        return TransferRequest(
            shard=payment.shard,
            key=payment.id,
            debit_id=clearing,
            credit_id=player_account(payment.player_id, payment.currency),
            micros=payment.micros,
            currency=payment.currency,
        )
    if payment.state is PaymentState.SUCCEEDED:
        return PostRequest(
            shard=payment.shard, key=payment.id, hold_key=payment.id, credit_id=clearing
        )
    return VoidRequest(shard=payment.shard, key=payment.id, hold_key=payment.id)


def _movements(answer: Answer) -> tuple[Movement, ...]:
    movement = answer.movement if isinstance(answer, Booked) else None
    ensure(movement is not None, "what the cashier has taken on can be booked, once")
    return () if movement is None else (movement,)
