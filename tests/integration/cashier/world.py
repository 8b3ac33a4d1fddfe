"""A small world for tests of the cashier: players, their wishes, and what providers tell."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import msgspec

from integration.players.keys import KEYS
from pitboss import cashier, messages, wallet
from pitboss.cashier.model import (
    NewsAnswer,
    NewsStatus,
    Payment,
    PaymentKind,
    PaymentNews,
    PaymentRequest,
    RequestAnswer,
    Requested,
)
from pitboss.db import Database
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.entropy import SeededEntropy
from pitboss.kernel.ids import IdempotencyKey, PaymentId, PlayerId, derived_id, new_id
from pitboss.kernel.shards import Shard, shard_of
from pitboss.players import identity
from pitboss.players.identity.model import (
    PlayerStatus,
    Registered,
    RegisterRequest,
    StatusReason,
    StatusRequest,
    parse_email,
    parse_name,
)
from pitboss.wallet.model import player_account, provider_account

START = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)
UNIT = 1_000_000
# For what takes a moment, on a machine that has other things to do.
PATIENCE_SECONDS = 30.0


@dataclass(slots=True, kw_only=True)
class World:
    """The hands of a test: every method is one thing that happens."""

    database: Database
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    entropy: SeededEntropy = field(default_factory=lambda: SeededEntropy(7))
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    async def player(self, *, units: int = 0) -> PlayerId:
        """Register a player and let them pay in."""
        player_id = PlayerId(new_id(self.clock.now(), self.entropy))
        async with self.turn(shard_of(player_id)) as turn:
            (answer,) = await identity.register(turn, [_registration(player_id)], keys=KEYS)
        assert isinstance(answer, Registered)
        if units:
            payment = await self.deposit(player_id, units=units)
            await self.tell(self.news(payment, NewsStatus.SUCCEEDED))
        return player_id

    async def suspend(self, player_id: PlayerId) -> None:
        """Forbid a player to play."""
        request = StatusRequest(
            key=derived_id("suspend", player_id),
            player_id=player_id,
            status=PlayerStatus.SUSPENDED,
            reason=StatusReason.STAFF_DECISION,
        )
        async with self.turn(shard_of(player_id)) as turn:
            await identity.set_status(turn, [request])

    def request(
        self,
        player_id: PlayerId,
        *,
        units: int = 10,
        key: str | None = None,
        currency: str = "GBP",
        provider: str = "sandbox",
    ) -> PaymentRequest:
        """Return a wish; without a key, one that was never used."""
        return PaymentRequest(
            player_id=player_id,
            key=IdempotencyKey(key or f"key-{next(self.numbers)}"),
            micros=units * UNIT,
            currency=currency,
            provider=provider,
        )

    async def ask(
        self, kind: PaymentKind, requests: Sequence[PaymentRequest]
    ) -> tuple[RequestAnswer, ...]:
        """Ask for payments in one turn."""
        verb = {
            PaymentKind.DEPOSIT: cashier.request_deposits,
            PaymentKind.WITHDRAWAL: cashier.request_withdrawals,
        }[kind]
        async with self.turn(*{shard_of(request.player_id) for request in requests}) as turn:
            return await verb(turn, requests)

    async def deposit(self, player_id: PlayerId, *, units: int = 10) -> Payment:
        """Ask for a deposit that is taken on."""
        return await self._taken_on(PaymentKind.DEPOSIT, player_id, units)

    async def withdraw(self, player_id: PlayerId, *, units: int = 10) -> Payment:
        """Ask for a withdrawal that is taken on."""
        return await self._taken_on(PaymentKind.WITHDRAWAL, player_id, units)

    async def tell(self, *news: PaymentNews) -> tuple[NewsAnswer, ...]:
        """Record news as the edge does: look up the shards, then take their turn."""
        async with self.database.reading() as tx:
            shards = await cashier.find_shards(tx, news)
        async with self.turn(*shards) as turn:
            return await cashier.record_news(turn, news)

    def news(
        self, payment: Payment, status: NewsStatus, *, event_id: str | None = None
    ) -> PaymentNews:
        """Return what a provider truly tells of a payment."""
        return PaymentNews(
            provider=payment.provider,
            event_id=event_id or f"{status}.{payment.id}",
            payment_id=payment.id,
            kind=payment.kind,
            status=status,
            micros=payment.micros,
            currency=payment.currency,
            reference=f"ref.{payment.id}",
        )

    async def payment(self, payment: Payment) -> Payment:
        """Return a payment as it stands now."""
        async with self.database.reading() as tx:
            found = await cashier.find_payment(tx, payment.shard, payment.id)
        assert found is not None
        return found

    async def balance(self, player_id: PlayerId) -> tuple[int, int]:
        """Return what a player has and what of it is held, in whole units."""
        place = (shard_of(player_id), player_account(player_id, "GBP"))
        async with self.database.reading() as tx:
            (account,) = await wallet.find_balances(tx, [place])
        return account.posted // UNIT, account.held // UNIT

    async def clearing(self, player_id: PlayerId) -> int:
        """Return what stands in the provider's account in the player's shard, in whole units."""
        shard = shard_of(player_id)
        async with self.database.reading() as tx:
            (account,) = await wallet.find_balances(
                tx, [(shard, provider_account(shard, "sandbox", "GBP"))]
            )
        return account.posted // UNIT

    async def facts(self, shard: Shard) -> list[dict[str, Any]]:
        """Return the data of the shard's facts about payments, in order."""
        async with self.database.reading() as tx:
            sealed = await messages.read_facts(tx, shard, after_seq=0)
        told = [msgspec.json.decode(fact.body)["data"] for fact in sealed]
        rooms = ("deposit", "deposits", "withdrawal", "payment")
        return [data for data in told if data["type"].split(".")[0] in rooms]

    async def kinds(self, payment: Payment) -> list[str]:
        """Return the kinds of the facts about one payment's steps, in order."""
        told = await self.facts(payment.shard)
        steps = [data for data in told if not data["type"].startswith("payment.news_")]
        return [data["type"] for data in steps if data.get("payment_id") == payment.id]

    def turn(self, *shards: Shard) -> messages.TurnContext:
        """Take the turn of these shards."""
        return messages.turn(
            self.database, shards, now=self.clock.now(), actor="test", entropy=self.entropy
        )

    async def _taken_on(self, kind: PaymentKind, player_id: PlayerId, units: int) -> Payment:
        (answer,) = await self.ask(kind, [self.request(player_id, units=units)])
        assert isinstance(answer, Requested), answer
        return answer.payment


async def until(happened: Callable[[], bool]) -> None:
    """Wait until this is so; not for ever."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if happened():
                return
            await asyncio.sleep(0.01)


async def ends(task: asyncio.Task[None]) -> None:
    """Wait until this has ended, as it was asked to; not for ever."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        await task


def altered(news: PaymentNews, **changes: object) -> PaymentNews:
    """Return news with some of it changed, as another event."""
    fields = {name: getattr(news, name) for name in news.__struct_fields__}
    return PaymentNews(**{**fields, "event_id": f"altered.{sorted(changes)}", **changes})


def stranger(number: int = 0) -> PaymentNews:
    """Return news of a payment that nobody asked for."""
    return PaymentNews(
        provider="sandbox",
        event_id=f"stranger-{number}",
        payment_id=PaymentId(derived_id("stranger", str(number))),
        kind=PaymentKind.DEPOSIT,
        status=NewsStatus.SUCCEEDED,
        micros=UNIT,
        currency="GBP",
        reference="ref",
    )


def _registration(player_id: PlayerId) -> RegisterRequest:
    return RegisterRequest(
        key=derived_id("register", player_id),
        player_id=player_id,
        jurisdiction="demo",
        currency="GBP",
        email=parse_email(f"{player_id}@example.com"),
        password_hash="$argon2id$hash",
        given_name=parse_name("Ann", field="given_name"),
        family_name=parse_name("Other", field="family_name"),
        born_on=date(1990, 1, 1),
    )
