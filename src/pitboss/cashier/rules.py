"""How the cashier decides: which amounts it moves, and what to believe of a provider.

Pure.  A payment goes requested → submitted → succeeded or failed, and never back; news may come
in any order, more than once, and before we know ourselves that we submitted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from pitboss.cashier.facts import (
    DepositConfirmed,
    DepositFailed,
    DepositRequested,
    PaymentNewsRecorded,
    PaymentNewsRefused,
    PaymentRefused,
    PaymentSubmitted,
    WithdrawalFailed,
    WithdrawalPaid,
    WithdrawalRequested,
)
from pitboss.cashier.model import (
    REFUSED_BY_FILE,
    Block,
    Declined,
    NewsAnswer,
    NewsRefusal,
    NewsRefused,
    NewsStatus,
    Payment,
    PaymentKind,
    PaymentNews,
    PaymentRequest,
    PaymentState,
    Recorded,
    Refusal,
    Refused,
    RequestAnswer,
    Requested,
    SavedNews,
    Submission,
    Submitted,
)
from pitboss.gate.model import Refusal as GateRefusal
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.errors import Malformed
from pitboss.kernel.facts import Fact, Movement
from pitboss.kernel.ids import IdempotencyKey, PaymentId, PlayerId, derived_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.money import currency
from pitboss.kernel.shards import SYSTEM_SHARD, Shard, shard_of
from pitboss.players.identity.model import Obligation, Player
from pitboss.wallet.model import Account

# A million of most currencies: more than that in one payment is a slip of the keyboard.  What a
# player may pay in is for the gate to say.
MINOR_UNITS_MAX = 100_000_000

# A provider that failed to pay somebody out is not asked again at once.
RETURNED_AGAIN_AFTER = timedelta(hours=1)
# What failed at the very moment that staff had looked was looked at.
_MOMENT = timedelta(microseconds=1)
NO_REASON = "not_told"
# Names for what a provider answers at once, so that they cannot meet its own.
TAKEN_ON = "pitboss.taken_on"
DECLINED = "pitboss.declined"

_encode = msgspec.json.Encoder(order="sorted").encode

_NEXT = {
    (PaymentState.REQUESTED, NewsStatus.PENDING): PaymentState.SUBMITTED,
    (PaymentState.REQUESTED, NewsStatus.SUCCEEDED): PaymentState.SUCCEEDED,
    (PaymentState.REQUESTED, NewsStatus.FAILED): PaymentState.FAILED,
    (PaymentState.SUBMITTED, NewsStatus.PENDING): PaymentState.SUBMITTED,
    (PaymentState.SUBMITTED, NewsStatus.SUCCEEDED): PaymentState.SUCCEEDED,
    (PaymentState.SUBMITTED, NewsStatus.FAILED): PaymentState.FAILED,
    # After the end, `pending` is old news.
    (PaymentState.SUCCEEDED, NewsStatus.PENDING): PaymentState.SUCCEEDED,
    (PaymentState.SUCCEEDED, NewsStatus.SUCCEEDED): PaymentState.SUCCEEDED,
    (PaymentState.FAILED, NewsStatus.PENDING): PaymentState.FAILED,
    (PaymentState.FAILED, NewsStatus.FAILED): PaymentState.FAILED,
}
# Why we end deposits ourselves; whatever else a deposit failed for, its provider said so.
OWN_REASONS = frozenset(
    reason.value for reason in (*GateRefusal, *REFUSED_BY_FILE.values(), Refusal.DEPOSITS_BLOCKED)
)
CLOSED = frozenset((PaymentState.REFUSED, PaymentState.SUCCEEDED, PaymentState.FAILED))


def refusal_of_amount(micros: int, code: str) -> Refusal | None:
    """Return why no payment can be of this amount, if none can."""
    try:
        unit = currency(code)
    except Malformed:
        return Refusal.WRONG_CURRENCY
    if not 0 < micros <= MINOR_UNITS_MAX * unit.minor_unit_micros:
        return Refusal.AMOUNT_OUT_OF_RANGE
    return Refusal.AMOUNT_NOT_WHOLE if micros % unit.minor_unit_micros else None


def first_payments(
    kind: PaymentKind,
    requests: Sequence[PaymentRequest],
    known: Mapping[PaymentId, Payment],
    *,
    now: datetime,
) -> list[Payment]:
    """Return the payments that these requests ask for and that do not exist yet, in order."""
    payments: dict[PaymentId, Payment] = {}
    for request in requests:
        payment_id = request.payment_id
        if payment_id in known or payment_id in payments:
            continue
        # Refused without being kept: this answer follows from the request alone, for ever.
        if refusal_of_amount(request.micros, request.currency) is None:
            payments[payment_id] = _payment(kind, request, payment_id, now)
    return list(payments.values())


def refused(payment: Payment, reason: str) -> Payment:
    """Return the payment as we refuse it, at the moment it was asked for."""
    return replace(
        payment, state=PaymentState.REFUSED, reason=reason, closed_at=payment.requested_at
    )


def waits(payment: Payment) -> bool:
    """Say whether this is a deposit that no provider has answered for yet."""
    return payment.kind is PaymentKind.DEPOSIT and payment.state is PaymentState.REQUESTED


def failed(payment: Payment, reason: str, *, now: datetime) -> Payment:
    """Return a deposit as we end it before its provider has heard of it."""
    return replace(payment, state=PaymentState.FAILED, reason=reason, closed_at=now)


def is_ended_by_us(payment: Payment) -> bool:
    """Say whether this is a deposit that was sent, and that we failed because the gate refused it.

    Its provider did not know it then; an order that was long on its way may arrive all the same.
    """
    unknown = payment.state is PaymentState.FAILED and payment.reference is None
    ours = payment.reason in OWN_REASONS and payment.attempts > 0
    return unknown and ours and payment.kind is PaymentKind.DEPOSIT


def ended_deposit(payment: Payment) -> bool:
    """Say whether this is a deposit that its provider has paid or failed."""
    ended = payment.state in (PaymentState.SUCCEEDED, PaymentState.FAILED)
    return ended and payment.kind is PaymentKind.DEPOSIT


def watches_failures(licence: Jurisdiction) -> bool:
    """Say whether a licence blocks deposits after some have failed: most do not."""
    return licence.payments.failed_deposits_max is not None


def counted_since(block: Block | None, licence: Jurisdiction, *, now: datetime) -> datetime | None:
    """Return from when on failed deposits count towards a block now.

    None: the licence knows no such block, or the player is blocked already.
    Source: N.J.A.C. 13:69O-1.3(e); the licence's `payments.failed_deposits_minutes`.
    """
    minutes = licence.payments.failed_deposits_minutes
    if minutes is None or (block is not None and block.holds):
        return None
    start = now - timedelta(minutes=minutes)
    looked = None if block is None else block.unblocked_at
    return start if looked is None else max(start, looked + _MOMENT)


def blocks(failures: int, licence: Jurisdiction) -> bool:
    """Say whether so many failed deposits are too many.

    Source: N.J.A.C. 13:69O-1.3(e); the licence's `payments.failed_deposits_max`.
    """
    most = licence.payments.failed_deposits_max
    return most is not None and failures >= most


def return_of(account: Account, player: Player, *, now: datetime) -> PaymentRequest | None:
    """Return the wish that pays out what of an account is not spoken for, if there is any."""
    unit = currency(player.currency).minor_unit_micros
    free = min((account.posted - account.held) // unit, MINOR_UNITS_MAX) * unit
    if free <= 0:
        return None
    return PaymentRequest(
        player_id=player.id,
        key=IdempotencyKey(derived_id("balance returned", player.id, write_instant(now))),
        micros=free,
        currency=player.currency,
    )


def answer_requests(
    kind: PaymentKind,
    requests: Sequence[PaymentRequest],
    payments: Mapping[PaymentId, Payment],
    first: Iterable[PaymentId],
) -> tuple[RequestAnswer, ...]:
    """Answer each request with its payment; `first` are those that were made just now."""
    unseen = set(first)
    answers: list[RequestAnswer] = []
    for request in requests:
        payment = payments.get(request.payment_id)
        fresh = request.payment_id in unseen
        unseen.discard(request.payment_id)
        answers.append(_answer(kind, request, payment, repeated=not fresh))
    return tuple(answers)


def news_of(submission: Submission) -> PaymentNews:
    """Return what a provider's answer to our submission tells about the payment."""
    payment, answer = submission.payment, submission.answer
    taken_on = isinstance(answer, Submitted)
    return PaymentNews(
        provider=payment.provider,
        event_id=f"{TAKEN_ON if taken_on else DECLINED}.{payment.id}",
        payment_id=payment.id,
        kind=payment.kind,
        status=NewsStatus.PENDING if taken_on else NewsStatus.FAILED,
        micros=payment.micros,
        currency=payment.currency,
        reference=answer.reference if isinstance(answer, Submitted) else None,
        reason=answer.reason if isinstance(answer, Declined) else None,
    )


def judge(payment: Payment | None, news: PaymentNews, *, now: datetime) -> Payment | NewsRefusal:
    """Return the payment as this news leaves it, or why the news cannot be true."""
    if payment is None or news.provider != payment.provider:
        return NewsRefusal.UNKNOWN_PAYMENT
    if payment.state is PaymentState.REFUSED:
        return NewsRefusal.NEVER_REQUESTED
    if news.kind is not payment.kind:
        return NewsRefusal.WRONG_KIND
    if news.currency != payment.currency:
        return NewsRefusal.WRONG_CURRENCY
    if news.micros != payment.micros:
        return NewsRefusal.WRONG_AMOUNT
    if not _is_about_the_same(payment, news):
        return NewsRefusal.WRONG_REFERENCE
    state = _NEXT.get((payment.state, news.status))
    if state is None and news.status is NewsStatus.SUCCEEDED and is_ended_by_us(payment):
        # The provider has the player's money, whatever we thought: it is owed.
        state = PaymentState.SUCCEEDED
    if state is None:
        return NewsRefusal.CONTRADICTS_OUTCOME
    return payment if state is payment.state else _moved(payment, news, state, now)


class Desk:
    """The payments that a batch of news is about, and what the batch does to them.

    `steps` are the payments that moved on, as each step left them, and `revived` those that we had
    ended ourselves; `new_news` is what was not told before.
    """

    def __init__(
        self, payments: Mapping[PaymentId, Payment], told: Iterable[SavedNews], *, now: datetime
    ) -> None:
        self._payments = dict(payments)
        self._told: dict[tuple[Shard, str, str], dict[bytes, SavedNews]] = {}
        for item in told:
            self._told_as(item.shard, item.news)[item.digest] = item
        self._now = now
        self.steps: list[Payment] = []
        self.revived: set[PaymentId] = set()
        self.new_news: list[SavedNews] = []

    def record(self, news: PaymentNews) -> NewsAnswer:
        """Answer one piece of news, seeing what those before it did."""
        before = self._payments.get(news.payment_id)
        shard = SYSTEM_SHARD if before is None else before.shard
        told, digest = self._told_as(shard, news), digest_of(news)
        earlier = told.get(digest)
        if earlier is not None:
            return self._repeated(earlier)

        after = NewsRefusal.EVENT_ID_REUSED if told else judge(before, news, now=self._now)
        refusal = after if isinstance(after, NewsRefusal) else None
        told[digest] = SavedNews(
            shard=shard, news=news, digest=digest, refusal=refusal, recorded_at=self._now
        )
        self.new_news.append(told[digest])
        if isinstance(after, NewsRefusal):
            return NewsRefused(reason=after)
        if after is not before:
            if before is not None and is_ended_by_us(before):
                self.revived.add(after.id)
            self._payments[after.id] = after
            self.steps.append(after)
        return Recorded(payment_id=after.id, state=after.state, changed=after is not before)

    def _repeated(self, earlier: SavedNews) -> NewsAnswer:
        if earlier.refusal is not None:
            return NewsRefused(reason=earlier.refusal)
        payment = self._payments[earlier.news.payment_id]
        return Recorded(payment_id=payment.id, state=payment.state, changed=False)

    def _told_as(self, shard: Shard, news: PaymentNews) -> dict[bytes, SavedNews]:
        return self._told.setdefault((shard, news.provider, news.event_id), {})


def digest_of(news: PaymentNews) -> bytes:
    """Return the hash of what the news says, so that the same words are known again."""
    return hashlib.sha256(_encode(news)).digest()


def moves_money(payment: Payment) -> bool:
    """Say whether a payment that got here moves money: it succeeded, or its hold is released."""
    failed_withdrawal = (
        payment.state is PaymentState.FAILED and payment.kind is PaymentKind.WITHDRAWAL
    )
    return payment.state is PaymentState.SUCCEEDED or failed_withdrawal


def tell_opened(payment: Payment, movements: tuple[Movement, ...]) -> Fact:
    """Return the fact that a payment was asked for, or refused."""
    if payment.state is PaymentState.REFUSED:
        return PaymentRefused(
            payment_id=payment.id,
            player_id=payment.player_id,
            provider=payment.provider,
            kind=payment.kind,
            micros=payment.micros,
            currency=payment.currency,
            reason=str(payment.reason),
        )
    deposit = payment.kind is PaymentKind.DEPOSIT
    requested = DepositRequested if deposit else WithdrawalRequested
    return requested(
        payment_id=payment.id,
        player_id=payment.player_id,
        provider=payment.provider,
        micros=payment.micros,
        currency=payment.currency,
        movements=movements,
    )


def tell_step(payment: Payment, movements: tuple[Movement, ...], *, revived: bool = False) -> Fact:
    """Return the fact that a payment got this far; `revived` after it had ended by us."""
    if payment.state is PaymentState.SUBMITTED:
        return PaymentSubmitted(payment_id=payment.id, reference=str(payment.reference))
    deposit = payment.kind is PaymentKind.DEPOSIT
    if payment.state is PaymentState.SUCCEEDED and deposit:
        return DepositConfirmed(
            payment_id=payment.id,
            player_id=payment.player_id,
            provider=payment.provider,
            micros=payment.micros,
            currency=payment.currency,
            reference=str(payment.reference),
            counts_again_from=write_instant(payment.requested_at) if revived else None,
            movements=movements,
        )
    if payment.state is PaymentState.SUCCEEDED:
        return WithdrawalPaid(
            payment_id=payment.id,
            player_id=payment.player_id,
            provider=payment.provider,
            micros=payment.micros,
            currency=payment.currency,
            reference=str(payment.reference),
            movements=movements,
        )
    if deposit:
        return DepositFailed(
            payment_id=payment.id,
            player_id=payment.player_id,
            micros=payment.micros,
            currency=payment.currency,
            reason=str(payment.reason),
            reference=payment.reference,
            requested_at=write_instant(payment.requested_at),
        )
    return WithdrawalFailed(
        payment_id=payment.id,
        player_id=payment.player_id,
        micros=payment.micros,
        currency=payment.currency,
        reason=str(payment.reason),
        reference=payment.reference,
        movements=movements,
    )


def tell_news(item: SavedNews) -> PaymentNewsRecorded | PaymentNewsRefused:
    """Return the fact that news was believed, or that it was not."""
    news = item.news
    if item.refusal is None:
        return PaymentNewsRecorded(
            provider=news.provider,
            event_id=news.event_id,
            payment_id=news.payment_id,
            kind=news.kind,
            status=news.status,
            micros=news.micros,
            currency=news.currency,
            reference=news.reference,
            why=news.reason,
        )
    return PaymentNewsRefused(
        provider=news.provider,
        event_id=news.event_id,
        payment_id=news.payment_id,
        kind=news.kind,
        status=news.status,
        micros=news.micros,
        currency=news.currency,
        reason=str(item.refusal),
        reference=news.reference,
        why=news.reason,
    )


def _is_about_the_same(payment: Payment, news: PaymentNews) -> bool:
    """Say whether the two know the payment by one reference, as far as they know one."""
    if news.reference is None:
        # Only what the provider never took on can fail without a reference.
        return news.status is NewsStatus.FAILED and payment.reference is None
    return payment.reference in (None, news.reference)


def _moved(payment: Payment, news: PaymentNews, state: PaymentState, now: datetime) -> Payment:
    return replace(
        payment,
        state=state,
        reference=payment.reference or news.reference,
        reason=(news.reason or NO_REASON) if state is PaymentState.FAILED else None,
        closed_at=now if state in CLOSED else None,
    )


def _payment(
    kind: PaymentKind, request: PaymentRequest, payment_id: PaymentId, now: datetime
) -> Payment:
    return Payment(
        shard=shard_of(request.player_id),
        id=payment_id,
        player_id=request.player_id,
        provider=request.provider,
        kind=kind,
        state=PaymentState.REQUESTED,
        micros=request.micros,
        currency=request.currency,
        requested_at=now,
    )


def _answer(
    kind: PaymentKind, request: PaymentRequest, payment: Payment | None, *, repeated: bool
) -> RequestAnswer:
    if payment is None:
        amount = refusal_of_amount(request.micros, request.currency)
        return Refused(reason=amount or Refusal.AMOUNT_OUT_OF_RANGE)
    same = (
        payment.kind is kind
        and payment.micros == request.micros
        and payment.currency == request.currency
        and payment.provider == request.provider
    )
    if not same:
        return Refused(reason=Refusal.KEY_REUSED)
    if payment.state is PaymentState.REFUSED:
        return Refused(reason=str(payment.reason))
    return Requested(payment=payment, repeated=repeated)


def obligations(
    accounts: Mapping[PlayerId, Account],
    owing: Collection[PlayerId],
    player_ids: Collection[PlayerId],
) -> dict[PlayerId, frozenset[Obligation]]:
    """Return what stands between us and each player who wants to be forgotten.

    `owing` are the players with a payment that has not ended.  A bet that is not settled holds its
    stake, and so does a withdrawal that is not paid.
    """
    found: dict[PlayerId, frozenset[Obligation]] = {}
    for player_id in player_ids:
        account = accounts.get(player_id)
        stands = {
            Obligation.MONEY_LEFT: account is not None and account.posted != 0,
            Obligation.MONEY_HELD: account is not None and account.held != 0,
            Obligation.PAYMENT_OPEN: player_id in owing,
        }
        found[player_id] = frozenset(item for item, there in stands.items() if there)
    return found
