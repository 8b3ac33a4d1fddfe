"""What the cashier believes, takes on and tells, without any database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pitboss.cashier import facts, rules
from pitboss.cashier.model import (
    Declined,
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
    Requested,
    Submission,
    Submitted,
)
from pitboss.kernel.ids import IdempotencyKey, PaymentId, PlayerId, derived_id
from pitboss.kernel.shards import SYSTEM_SHARD, shard_of

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
ANN = PlayerId(derived_id("player", "ann"))
TEN = 10_000_000
REFERENCE = "ref-1"

R, S, Y, N = (
    PaymentState.REQUESTED,
    PaymentState.SUBMITTED,
    PaymentState.SUCCEEDED,
    PaymentState.FAILED,
)
PENDING, SUCCEEDED, FAILED = NewsStatus.PENDING, NewsStatus.SUCCEEDED, NewsStatus.FAILED
NO = NewsRefusal.CONTRADICTS_OUTCOME


def a_request(key: str = "k1", *, micros: int = TEN, currency: str = "GBP") -> PaymentRequest:
    return PaymentRequest(player_id=ANN, key=IdempotencyKey(key), micros=micros, currency=currency)


def a_payment(
    state: PaymentState = R, kind: PaymentKind = PaymentKind.DEPOSIT, *, key: str = "k1"
) -> Payment:
    return Payment(
        shard=shard_of(ANN),
        id=a_request(key).payment_id,
        player_id=ANN,
        provider="sandbox",
        kind=kind,
        state=state,
        micros=TEN,
        currency="GBP",
        requested_at=NOW,
        reference=None if state in (R, PaymentState.REFUSED) else REFERENCE,
        reason="because" if state in (N, PaymentState.REFUSED) else None,
        closed_at=None if state in (R, S) else NOW,
    )


def some_news(status: NewsStatus = SUCCEEDED, *, event_id: str = "e1") -> PaymentNews:
    return PaymentNews(
        provider="sandbox",
        event_id=event_id,
        payment_id=a_payment().id,
        kind=PaymentKind.DEPOSIT,
        status=status,
        micros=TEN,
        currency="GBP",
        reference=REFERENCE,
    )


def altered(news: PaymentNews, **changes: object) -> PaymentNews:
    fields = {name: getattr(news, name) for name in news.__struct_fields__}
    return PaymentNews(**{**fields, **changes})


@pytest.mark.parametrize(
    ("state", "status", "verdict"),
    [
        (R, PENDING, S),
        (R, SUCCEEDED, Y),
        (R, FAILED, N),
        (S, PENDING, S),
        (S, SUCCEEDED, Y),
        (S, FAILED, N),
        (Y, PENDING, Y),
        (Y, SUCCEEDED, Y),
        (Y, FAILED, NO),
        (N, PENDING, N),
        (N, SUCCEEDED, NO),
        (N, FAILED, N),
        (PaymentState.REFUSED, PENDING, NewsRefusal.NEVER_REQUESTED),
        (PaymentState.REFUSED, SUCCEEDED, NewsRefusal.NEVER_REQUESTED),
        (PaymentState.REFUSED, FAILED, NewsRefusal.NEVER_REQUESTED),
    ],
)
def test_news_moves_a_payment_on_and_never_back(
    state: PaymentState, status: NewsStatus, verdict: PaymentState | NewsRefusal
) -> None:
    after = rules.judge(a_payment(state), some_news(status), now=NOW)

    assert (after.state if isinstance(after, Payment) else after) == verdict


@pytest.mark.parametrize("state", [R, S, Y, N])
@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"provider": "another"}, NewsRefusal.UNKNOWN_PAYMENT),
        ({"kind": PaymentKind.WITHDRAWAL}, NewsRefusal.WRONG_KIND),
        ({"currency": "EUR"}, NewsRefusal.WRONG_CURRENCY),
        ({"micros": TEN + 10_000}, NewsRefusal.WRONG_AMOUNT),
        ({"reference": None}, NewsRefusal.WRONG_REFERENCE),
    ],
)
def test_news_that_tells_of_another_payment_is_refused_in_every_state(
    state: PaymentState, changes: dict[str, object], refusal: NewsRefusal
) -> None:
    assert rules.judge(a_payment(state), altered(some_news(), **changes), now=NOW) is refusal


def test_a_known_reference_does_not_change() -> None:
    news = altered(some_news(), reference="ref-2")

    assert rules.judge(a_payment(S), news, now=NOW) is NewsRefusal.WRONG_REFERENCE


def test_only_what_was_never_taken_on_fails_without_a_reference() -> None:
    news = altered(some_news(FAILED), reference=None)

    declined = rules.judge(a_payment(R), news, now=NOW)

    assert isinstance(declined, Payment)
    assert declined.state is N
    assert rules.judge(a_payment(S), news, now=NOW) is NewsRefusal.WRONG_REFERENCE


def test_a_payment_that_ends_says_when_and_why() -> None:
    silent = rules.judge(a_payment(S), some_news(FAILED), now=NOW)
    telling = rules.judge(a_payment(S), altered(some_news(FAILED), reason="lost"), now=NOW)

    assert silent == replace(a_payment(S), state=N, reason="not_told", closed_at=NOW)
    assert telling == replace(a_payment(S), state=N, reason="lost", closed_at=NOW)


def test_news_told_twice_is_new_once() -> None:
    desk = rules.Desk({a_payment().id: a_payment()}, [], now=NOW)

    first, second = desk.record(some_news()), desk.record(some_news())

    assert first == Recorded(payment_id=a_payment().id, state=Y, changed=True)
    assert second == Recorded(payment_id=a_payment().id, state=Y, changed=False)
    assert [payment.state for payment in desk.steps] == [Y]
    assert len(desk.new_news) == 1


def test_another_event_that_says_the_same_changes_nothing() -> None:
    desk = rules.Desk({a_payment().id: a_payment()}, [], now=NOW)

    desk.record(some_news())
    second = desk.record(some_news(event_id="e2"))

    assert second == Recorded(payment_id=a_payment().id, state=Y, changed=False)
    assert len(desk.steps) == 1
    assert len(desk.new_news) == 2


def test_an_event_id_means_one_thing_for_ever() -> None:
    desk = rules.Desk({a_payment().id: a_payment()}, [], now=NOW)

    desk.record(some_news(PENDING))
    answers = [desk.record(some_news(SUCCEEDED)) for _ in range(2)]

    assert answers == [NewsRefused(reason=NewsRefusal.EVENT_ID_REUSED)] * 2
    assert [item.refusal for item in desk.new_news] == [None, NewsRefusal.EVENT_ID_REUSED]


def test_news_of_nothing_we_know_is_kept_by_the_system() -> None:
    desk = rules.Desk({}, [], now=NOW)

    answers = [desk.record(some_news()) for _ in range(2)]

    assert answers == [NewsRefused(reason=NewsRefusal.UNKNOWN_PAYMENT)] * 2
    assert [item.shard for item in desk.new_news] == [SYSTEM_SHARD]


def test_what_was_told_in_an_earlier_batch_is_remembered() -> None:
    first = rules.Desk({a_payment().id: a_payment()}, [], now=NOW)
    first.record(some_news())
    (payment,) = first.steps

    second = rules.Desk({payment.id: payment}, first.new_news, now=NOW)

    assert second.record(some_news()) == Recorded(payment_id=payment.id, state=Y, changed=False)
    assert not second.new_news
    assert not second.steps


@pytest.mark.parametrize(
    ("micros", "currency", "refusal"),
    [
        (10_000, "GBP", None),
        (1_000_000_000_000, "GBP", None),
        (1_000_000, "JPY", None),
        (1_000, "KWD", None),
        (0, "GBP", Refusal.AMOUNT_OUT_OF_RANGE),
        (-10_000, "GBP", Refusal.AMOUNT_OUT_OF_RANGE),
        (1_000_000_010_000, "GBP", Refusal.AMOUNT_OUT_OF_RANGE),
        (2**70, "GBP", Refusal.AMOUNT_OUT_OF_RANGE),
        (10_001, "GBP", Refusal.AMOUNT_NOT_WHOLE),
        (500_000, "JPY", Refusal.AMOUNT_NOT_WHOLE),
        (TEN, "XXX", Refusal.WRONG_CURRENCY),
    ],
)
def test_a_payment_is_of_whole_minor_units_within_reason(
    micros: int, currency: str, refusal: Refusal | None
) -> None:
    assert rules.refusal_of_amount(micros, currency) is refusal


def test_a_batch_makes_one_payment_for_each_new_key() -> None:
    requests = [a_request("k1"), a_request("k2"), a_request("k1"), a_request("k3", micros=1)]
    known = {a_payment(key="k2").id: a_payment(key="k2")}

    made = rules.first_payments(PaymentKind.DEPOSIT, requests, known, now=NOW)

    assert made == [a_payment(key="k1")]


def test_each_request_is_answered_with_its_payment() -> None:
    made, known = a_payment(key="k1"), a_payment(Y, key="k2")
    refused = rules.refused(a_payment(key="k4"), "insufficient_funds")
    requests = [
        a_request("k1"),
        a_request("k1"),
        a_request("k2"),
        a_request("k2", micros=2 * TEN),
        a_request("k2", currency="EUR"),
        a_request("k4"),
        a_request("k5", micros=0),
    ]

    answers = rules.answer_requests(
        PaymentKind.DEPOSIT,
        requests,
        {payment.id: payment for payment in (made, known, refused)},
        [made.id, refused.id],
    )

    assert answers == (
        Requested(payment=made, repeated=False),
        Requested(payment=made, repeated=True),
        Requested(payment=known, repeated=True),
        Refused(reason=Refusal.KEY_REUSED),
        Refused(reason=Refusal.KEY_REUSED),
        Refused(reason="insufficient_funds"),
        Refused(reason=Refusal.AMOUNT_OUT_OF_RANGE),
    )


def test_a_deposits_key_is_not_a_withdrawals() -> None:
    payments = {a_payment().id: a_payment()}

    (answer,) = rules.answer_requests(PaymentKind.WITHDRAWAL, [a_request()], payments, [])

    assert answer == Refused(reason=Refusal.KEY_REUSED)


def test_an_answer_to_a_submission_is_news_of_its_own() -> None:
    taken_on = rules.news_of(Submission(payment=a_payment(), answer=Submitted(reference="r")))
    declined = rules.news_of(Submission(payment=a_payment(), answer=Declined(reason="no")))

    assert (taken_on.status, taken_on.reference, taken_on.reason) == (PENDING, "r", None)
    assert (declined.status, declined.reference, declined.reason) == (FAILED, None, "no")
    assert taken_on.event_id != declined.event_id


@pytest.mark.parametrize(
    ("state", "kind", "moves", "fact"),
    [
        (S, PaymentKind.DEPOSIT, False, facts.PaymentSubmitted),
        (S, PaymentKind.WITHDRAWAL, False, facts.PaymentSubmitted),
        (Y, PaymentKind.DEPOSIT, True, facts.DepositConfirmed),
        (Y, PaymentKind.WITHDRAWAL, True, facts.WithdrawalPaid),
        (N, PaymentKind.DEPOSIT, False, facts.DepositFailed),
        (N, PaymentKind.WITHDRAWAL, True, facts.WithdrawalFailed),
    ],
)
def test_every_step_is_told_and_money_moves_at_the_end(
    state: PaymentState, kind: PaymentKind, moves: bool, fact: type
) -> None:
    payment = a_payment(state, kind)

    assert type(rules.tell_step(payment, ())) is fact
    assert rules.moves_money(payment) is moves


@pytest.mark.parametrize(
    ("state", "kind", "fact"),
    [
        (R, PaymentKind.DEPOSIT, facts.DepositRequested),
        (R, PaymentKind.WITHDRAWAL, facts.WithdrawalRequested),
        (PaymentState.REFUSED, PaymentKind.DEPOSIT, facts.PaymentRefused),
    ],
)
def test_every_request_is_told(state: PaymentState, kind: PaymentKind, fact: type) -> None:
    assert type(rules.tell_opened(a_payment(state, kind), ())) is fact


def test_a_payment_is_named_by_its_player_and_key() -> None:
    bob = PlayerId(derived_id("player", "bob"))
    request = a_request()

    assert request.payment_id == a_request(micros=1).payment_id
    assert request.payment_id != a_request("k2").payment_id
    assert request.payment_id != replace(request, player_id=bob).payment_id
    assert PaymentId(request.payment_id)
