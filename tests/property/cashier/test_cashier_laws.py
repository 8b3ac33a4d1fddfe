"""Laws of payments: webhooks may repeat and come in any order, the end is the same."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from pitboss.cashier import rules
from pitboss.cashier.model import (
    NewsRefused,
    NewsStatus,
    Payment,
    PaymentKind,
    PaymentNews,
    PaymentState,
    SavedNews,
)
from pitboss.kernel.ids import PaymentId, PlayerId, derived_id
from pitboss.kernel.shards import shard_of

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
PLAYER = PlayerId(derived_id("player", "one"))
SHARD = shard_of(PLAYER)
MICROS = 10_000_000


def payment(number: int, kind: PaymentKind) -> Payment:
    return Payment(
        shard=SHARD,
        id=PaymentId(derived_id("payment", str(number))),
        player_id=PLAYER,
        provider="sandbox",
        kind=kind,
        state=PaymentState.REQUESTED,
        micros=MICROS,
        currency="GBP",
        requested_at=NOW,
    )


def told(item: Payment, status: NewsStatus, *, micros: int = MICROS) -> PaymentNews:
    return PaymentNews(
        provider="sandbox",
        event_id=f"{item.id}.{status}.{micros}",
        payment_id=item.id,
        kind=item.kind,
        status=status,
        micros=micros,
        currency="GBP",
        reference=f"ref.{item.id}",
    )


def record(
    payments: dict[PaymentId, Payment], batches: list[list[PaymentNews]]
) -> tuple[dict[PaymentId, Payment], list[Payment], list[SavedNews]]:
    """Record the batches one after another; return the end, all steps and all saved news."""
    steps: list[Payment] = []
    saved: list[SavedNews] = []
    for batch in batches:
        desk = rules.Desk(payments, saved, now=NOW)
        for news in batch:
            desk.record(news)
        payments = payments | {step.id: step for step in desk.steps}
        steps += desk.steps
        saved += desk.new_news
    return payments, steps, saved


@st.composite
def stories(
    draw: st.DrawFn,
) -> tuple[list[Payment], list[PaymentNews], dict[PaymentId, NewsStatus]]:
    """Draw payments, their ends, and what is told of them: repeated and in any order."""
    kinds = draw(st.lists(st.sampled_from(PaymentKind), min_size=1, max_size=4))
    payments = [payment(number, kind) for number, kind in enumerate(kinds)]
    ends: dict[PaymentId, NewsStatus] = {}
    news: list[PaymentNews] = []
    for item in payments:
        end = draw(st.sampled_from((NewsStatus.SUCCEEDED, NewsStatus.FAILED)))
        ends[item.id] = end
        news += [told(item, NewsStatus.PENDING)] * draw(st.integers(0, 3))
        news += [told(item, end)] * draw(st.integers(1, 3))
    return payments, draw(st.permutations(news)), ends


def split(news: list[PaymentNews], seed: int) -> list[list[PaymentNews]]:
    """Cut the news into batches."""
    dice = random.Random(seed)
    batches: list[list[PaymentNews]] = [[]]
    for item in news:
        if dice.random() < 0.4:
            batches.append([])
        batches[-1].append(item)
    return batches


@given(stories(), st.integers())
def test_any_order_and_repetition_ends_in_the_same_state_and_moves_money_once(
    story: tuple[list[Payment], list[PaymentNews], dict[PaymentId, NewsStatus]], seed: int
) -> None:
    payments, news, ends = story

    after, steps, saved = record({item.id: item for item in payments}, split(news, seed))

    assert {key: item.state.value for key, item in after.items()} == {
        key: end.value for key, end in ends.items()
    }
    movers = [step.id for step in steps if rules.moves_money(step)]
    assert sorted(movers) == sorted(key for key, item in after.items() if rules.moves_money(item))
    assert all(item.refusal is None for item in saved)
    assert len(saved) == len({item.event_id for item in news})


@given(stories(), st.integers(), st.integers())
def test_news_in_batches_is_recorded_as_it_would_be_one_by_one(
    story: tuple[list[Payment], list[PaymentNews], dict[PaymentId, NewsStatus]],
    one_seed: int,
    other_seed: int,
) -> None:
    payments, news, _ = story
    start = {item.id: item for item in payments}

    assert record(start, split(news, one_seed)) == record(start, split(news, other_seed))


@given(stories(), st.integers(), st.data())
def test_what_cannot_be_true_changes_nothing(
    story: tuple[list[Payment], list[PaymentNews], dict[PaymentId, NewsStatus]],
    seed: int,
    data: st.DataObject,
) -> None:
    payments, news, ends = story
    start = {item.id: item for item in payments}
    lies = [told(item, ends[item.id], micros=MICROS + 10_000) for item in payments]
    mixed = data.draw(st.permutations(news + lies))

    after, _, saved = record(start, split(list(mixed), seed))
    honest, _, _ = record(start, [news])

    states = {key: replace(item, reference=None) for key, item in after.items()}
    assert states == {key: replace(item, reference=None) for key, item in honest.items()}
    assert sum(item.refusal is not None for item in saved) == len(lies)


@given(stories(), st.integers())
def test_after_the_end_the_opposite_is_never_believed(
    story: tuple[list[Payment], list[PaymentNews], dict[PaymentId, NewsStatus]], seed: int
) -> None:
    payments, news, ends = story
    after, _, saved = record({item.id: item for item in payments}, split(news, seed))
    opposite = {
        NewsStatus.SUCCEEDED: NewsStatus.FAILED,
        NewsStatus.FAILED: NewsStatus.SUCCEEDED,
    }
    desk = rules.Desk(after, saved, now=NOW)

    answers = [desk.record(told(item, opposite[ends[item.id]])) for item in payments]

    assert all(isinstance(answer, NewsRefused) for answer in answers)
    assert desk.steps == []
