"""Verification on the real database: asked for, told, decided, raced, and read by the gate."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from integration.players.keys import KEYS
from integration.players.people import ENTROPY, NOW, assert_rebuilt, facts, in_turn, some_player
from paced import leave_registers_out
from pitboss import gate
from pitboss.db import Database
from pitboss.gate.model import Check as GateCheck
from pitboss.gate.model import DepositCheck, Permit, Product
from pitboss.gate.model import Refusal as GateRefusal
from pitboss.gate.model import Refused as GateRefused
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.ids import IdempotencyKey, PlayerId, derived_id
from pitboss.kernel.shards import SHARDS_ALL
from pitboss.messages import Turn
from pitboss.players import verification
from pitboss.players.verification.errors import ProviderAway
from pitboss.players.verification.model import (
    Believed,
    Check,
    CheckId,
    CheckNews,
    CheckRequest,
    CheckState,
    Decision,
    DecisionReason,
    DecisionRequest,
    NewsAnswer,
    NewsRefusal,
    NewsRefused,
    NewsStatus,
    Person,
    Refusal,
    Refused,
    RequestAnswer,
    Requested,
    Submission,
    VerificationState,
)
from pitboss.workers.verification import PATIENCE, TIMED_OUT, Loop


@pytest.fixture(autouse=True)
def no_registers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what a register would say before."""
    leave_registers_out(monkeypatch)


@dataclass(slots=True)
class FakeVerifier:
    """A provider without a network: it says what it was told to say."""

    at_once: NewsStatus | None = None
    later: NewsStatus | None = None
    away: bool = False
    asked: list[Person] = field(default_factory=list)
    name: str = "sandbox"

    async def submit(self, person: Person) -> tuple[str, CheckNews | None]:
        """Take a check on."""
        if self.away:
            raise ProviderAway("nobody is there")
        self.asked.append(person)
        news = None if self.at_once is None else news_of(person.check_id, self.at_once)
        return "ref", news

    async def ask(self, check_id: CheckId) -> CheckNews | None:
        """Say how a check stands."""
        if self.away:
            raise ProviderAway("nobody is there")
        return None if self.later is None else news_of(check_id, self.later)


def news_of(
    check_id: CheckId, status: NewsStatus, *, reference: str = "ref", event: str = ""
) -> CheckNews:
    return CheckNews(
        provider="sandbox",
        event_id=event or f"event.{status}",
        check_id=check_id,
        reference=reference,
        status=status,
        documents=("passport",) if status is NewsStatus.DOCUMENTS_WANTED else (),
        valid_until=NOW + timedelta(days=365) if status is NewsStatus.VERIFIED else None,
    )


async def ask(database: Database, player_id: PlayerId, key: str = "k") -> RequestAnswer:
    async def work(turn: Turn) -> RequestAnswer:
        wish = CheckRequest(player_id=player_id, key=IdempotencyKey(key))
        (answer,) = await verification.request(turn, [wish])
        return answer

    return await in_turn(database, player_id, work)


async def open_check(database: Database, player_id: PlayerId, key: str = "k") -> Check:
    answer = await ask(database, player_id, key)
    assert isinstance(answer, Requested)
    return answer.check


async def tell(database: Database, player_id: PlayerId, news: CheckNews) -> NewsAnswer:
    async def work(turn: Turn) -> NewsAnswer:
        (answer,) = await verification.record_news(turn, [news])
        return answer

    return await in_turn(database, player_id, work, actor="provider:sandbox")


async def decide(
    database: Database, player_id: PlayerId, decision: Decision, key: str = "d"
) -> RequestAnswer:
    async def work(turn: Turn) -> RequestAnswer:
        wish = DecisionRequest(
            player_id=player_id,
            key=IdempotencyKey(key),
            decision=decision,
            reason=DecisionReason.DOCUMENTS_SEEN,
        )
        (answer,) = await verification.decide(turn, [wish])
        return answer

    return await in_turn(database, player_id, work, actor="staff:ann")


async def state(database: Database, player_id: PlayerId, *, now: datetime = NOW) -> str:
    async with database.reading() as tx:
        standing = await verification.find_verification(tx, player_id)
    return standing.state_at(now)


async def may_play(database: Database, player_id: PlayerId, *, now: datetime = NOW) -> bool:
    async def work(turn: Turn) -> object:
        stake = GateCheck(
            player_id=player_id,
            product=Product.SPORTSBOOK,
            stake_micros=1_000_000,
            currency="GBP",
        )
        (answer,) = await gate.check(turn, [stake])
        return answer

    answer = await in_turn(database, player_id, work, now=now)
    # Great Britain also asks where the player is, which is another room's to know.
    assert isinstance(answer, Permit | GateRefused)
    return isinstance(answer, Permit) or answer.reason is not GateRefusal.PLAYER_NOT_VERIFIED


def loop_of(database: Database, provider: FakeVerifier, clock: ManualClock) -> Loop:
    return Loop(
        shards=SHARDS_ALL,
        database=database,
        provider=provider,
        keys=KEYS,
        clock=clock,
        entropy=ENTROPY,
        wall=clock,
    )


async def test_a_player_who_was_verified_plays_at_once_without_logging_in_again(
    database: Database,
) -> None:
    ann = await some_player(database)
    check = await open_check(database, ann)
    before = await may_play(database, ann)

    answer = await tell(database, ann, news_of(check.id, NewsStatus.VERIFIED))

    assert answer == Believed()
    assert (before, await may_play(database, ann)) == (False, True)
    assert await state(database, ann) == VerificationState.VERIFIED
    await assert_rebuilt(database)


async def test_a_verification_that_is_too_old_lets_nobody_play(database: Database) -> None:
    ann = await some_player(database)
    check = await open_check(database, ann)
    await tell(database, ann, news_of(check.id, NewsStatus.VERIFIED))
    end = NOW + timedelta(days=365)

    assert await may_play(database, ann, now=end - timedelta(microseconds=1))
    assert not await may_play(database, ann, now=end)
    assert await state(database, ann, now=end) == VerificationState.EXPIRED


async def test_a_deposit_waits_for_no_check_until_the_licences_hours_are_over(
    database: Database,
) -> None:
    ann = await some_player(database, jurisdiction="DE", currency="EUR")

    async def pays_in(now: datetime) -> bool:
        async def work(turn: Turn) -> object:
            wish = DepositCheck(player_id=ann, micros=10_000_000, currency="EUR")
            (answer,) = await gate.check_deposits(turn, [wish])
            return answer

        answer = await in_turn(database, ann, work, now=now)
        assert isinstance(answer, Permit | GateRefused)
        return isinstance(answer, Permit) or answer.reason is not GateRefusal.PLAYER_NOT_VERIFIED

    limit = NOW + timedelta(hours=72)
    assert await pays_in(limit - timedelta(microseconds=1))
    assert not await pays_in(limit)
    check = await open_check(database, ann)
    await tell(database, ann, news_of(check.id, NewsStatus.VERIFIED))
    assert await pays_in(limit)


async def test_documents_are_wanted_then_seen(database: Database) -> None:
    ann = await some_player(database)
    check = await open_check(database, ann)

    await tell(database, ann, news_of(check.id, NewsStatus.DOCUMENTS_WANTED))
    wanted = await state(database, ann)
    async with database.reading() as tx:
        found = await verification.find_check(tx, ann, check.id)
    await tell(database, ann, news_of(check.id, NewsStatus.VERIFIED))

    assert wanted == VerificationState.DOCUMENTS_WANTED
    assert found is not None
    assert found.documents == ("passport",)
    assert await state(database, ann) == VerificationState.VERIFIED
    await assert_rebuilt(database)


@pytest.mark.parametrize("last", [NewsStatus.REFUSED, NewsStatus.FAILED])
async def test_what_is_closed_stays_closed_and_a_new_key_asks_anew(
    database: Database, last: NewsStatus
) -> None:
    ann = await some_player(database)
    check = await open_check(database, ann)
    await tell(database, ann, news_of(check.id, last))

    late = await tell(database, ann, news_of(check.id, NewsStatus.VERIFIED))
    again = await ask(database, ann, "k2")

    assert late == NewsRefused(reason=NewsRefusal.CHECK_CLOSED)
    assert not await may_play(database, ann)
    assert isinstance(again, Requested)
    assert again.check.id != check.id
    await assert_rebuilt(database)


async def test_news_told_twenty_times_at_once_is_one_fact(database: Database) -> None:
    ann = await some_player(database)
    check = await open_check(database, ann)
    news = news_of(check.id, NewsStatus.VERIFIED)

    answers = await asyncio.gather(*(tell(database, ann, news) for _ in range(20)))

    assert set(answers) == {Believed()}
    assert len(await facts(database, since="verification.told")) == 1
    await assert_rebuilt(database)


async def test_news_of_another_reference_or_of_nobodys_check_changes_nothing(
    database: Database,
) -> None:
    ann = await some_player(database)
    check = await open_check(database, ann)

    async def submit(turn: Turn) -> None:
        await verification.record_submissions(
            turn,
            [Submission(shard=check.shard, check_id=check.id, reference="ref")],
        )

    await in_turn(database, ann, submit)
    other = await tell(database, ann, news_of(check.id, NewsStatus.VERIFIED, reference="other"))

    assert other == NewsRefused(reason=NewsRefusal.OTHER_REFERENCE)
    assert await state(database, ann) == VerificationState.PENDING
    await assert_rebuilt(database)


async def test_one_check_is_open_at_most_however_many_ask_at_once(database: Database) -> None:
    ann = await some_player(database)

    answers = await asyncio.gather(*(ask(database, ann, f"k{n}") for n in range(8)))

    made = [answer for answer in answers if isinstance(answer, Requested)]
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert len(made) == 1
    assert {answer.reason for answer in refused} == {Refusal.CHECK_OPEN}
    # A refusal is an answer that stays, even once it would be another.
    await tell(database, ann, news_of(made[0].check.id, NewsStatus.FAILED))
    for n, answer in enumerate(answers):
        again = await ask(database, ann, f"k{n}")
        assert isinstance(again, type(answer))
    await assert_rebuilt(database)


async def test_a_decision_of_staff_counts_at_once_and_no_late_word_undoes_it(
    database: Database,
) -> None:
    ann = await some_player(database)
    check = await open_check(database, ann)

    await decide(database, ann, Decision.REFUSED)
    late = await tell(database, ann, news_of(check.id, NewsStatus.VERIFIED))
    refused = await state(database, ann)
    await decide(database, ann, Decision.VERIFIED, "d2")
    repeated = await decide(database, ann, Decision.REFUSED)
    changed = await decide(database, ann, Decision.REFUSED, "d2")

    assert late == NewsRefused(reason=NewsRefusal.CHECK_CLOSED)
    assert refused == VerificationState.REFUSED
    assert isinstance(repeated, Requested)
    assert changed == Refused(reason=Refusal.KEY_REUSED)
    assert await may_play(database, ann)
    await decide(database, ann, Decision.EXPIRED, "d3")
    assert not await may_play(database, ann)
    await assert_rebuilt(database)


async def test_the_loop_submits_who_asked_and_a_fact_says_that_it_looked(
    database: Database,
) -> None:
    ann = await some_player(database)
    await open_check(database, ann)
    provider = FakeVerifier(at_once=NewsStatus.VERIFIED)
    clock = ManualClock(NOW)

    assert await loop_of(database, provider, clock).step() == 1
    assert await loop_of(database, provider, clock).step() == 0

    assert [person.given_name for person in provider.asked] == ["Ann"]
    assert "Ann" not in repr(provider.asked)
    assert await state(database, ann) == VerificationState.VERIFIED
    (read,) = await facts(database, since="personal.read")
    assert read["purpose"] == "verification"
    await assert_rebuilt(database)


async def test_a_callback_that_was_missed_is_asked_for(database: Database) -> None:
    ann = await some_player(database)
    await open_check(database, ann)
    provider = FakeVerifier()
    clock = ManualClock(NOW)
    loop = loop_of(database, provider, clock)
    await loop.step()
    provider.later = NewsStatus.VERIFIED

    assert await loop.step() == 0
    clock.advance(timedelta(minutes=2))
    assert await loop.step() == 1

    assert await state(database, ann) == VerificationState.VERIFIED


async def test_a_provider_that_is_away_for_a_day_is_given_up_and_may_be_asked_anew(
    database: Database,
) -> None:
    ann = await some_player(database)
    check = await open_check(database, ann)
    provider = FakeVerifier(away=True)
    clock = ManualClock(NOW)
    loop = loop_of(database, provider, clock)
    await loop.step()
    waiting = await state(database, ann)

    clock.advance(PATIENCE)
    await loop.step()

    async with database.reading() as tx:
        closed = await verification.find_check(tx, ann, check.id)
    assert waiting == VerificationState.PENDING
    assert closed is not None
    assert (closed.state, closed.reason) == (CheckState.FAILED, TIMED_OUT)
    assert await state(database, ann) == VerificationState.UNVERIFIED
    assert isinstance(await ask(database, ann, "k2"), Requested)
    await assert_rebuilt(database)


async def test_nobody_is_checked_who_is_not_there(database: Database) -> None:
    nobody = PlayerId(derived_id("nobody"))

    assert await ask(database, nobody) == Refused(reason=Refusal.UNKNOWN_PLAYER)
    assert await decide(database, nobody, Decision.VERIFIED) == Refused(
        reason=Refusal.UNKNOWN_PLAYER
    )
