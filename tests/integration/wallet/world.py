"""A small world for tests of the wallet: accounts in a few shards, and facts that tell it all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from integration.races import race_for_turns
from pitboss import messages, wallet
from pitboss.db import Database
from pitboss.kernel.entropy import SeededEntropy
from pitboss.kernel.facts import Fact, Movement
from pitboss.kernel.ids import AccountId, derived_id
from pitboss.kernel.shards import SHARDS_ALL, Shard
from pitboss.messages import Turn
from pitboss.wallet.model import Account, AccountKind, Answer, Booked, Request, TransferRequest

NOW = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)
UNIT = 1_000_000


class Told(Fact, frozen=True, kw_only=True, tag="test.told"):
    """What a test moved."""


@dataclass(slots=True, kw_only=True)
class World:
    """The hands of a test: every method is one thing that happens."""

    database: Database
    entropy: SeededEntropy = field(default_factory=lambda: SeededEntropy(7))

    async def open(self, *accounts: Account) -> None:
        """Open accounts."""
        async with self.turn(*{account.shard for account in accounts}) as turn:
            await wallet.open_accounts(turn, accounts)

    async def fund(self, shard: Shard, name: str, *, units: int, currency: str = "EUR") -> None:
        """Give an account money from the bank of its shard; both are opened if need be."""
        await self.open(account(shard, "bank", currency), account(shard, name, currency))
        (answer,) = await self.book(
            [
                TransferRequest(
                    shard=shard,
                    key=key(f"fund {name} {units}"),
                    debit_id=account_id("bank", currency),
                    credit_id=account_id(name, currency),
                    micros=units * UNIT,
                    currency=currency,
                )
            ]
        )
        assert isinstance(answer, Booked)

    async def book(self, requests: Sequence[Request]) -> tuple[Answer, ...]:
        """Book requests in one turn, and tell of them."""
        async with self.turn(*{request.shard for request in requests}) as turn:
            return await book_and_tell(turn, requests)

    async def race(
        self, batches: Sequence[Sequence[Request]], shards: Collection[Shard]
    ) -> list[tuple[Answer, ...]]:
        """Book each batch, all at once."""
        return await race_for_turns(self.database, batches, shards, book_and_tell, now=NOW)

    async def account(self, shard: Shard, name: str, *, currency: str = "EUR") -> Account:
        """Return an account as it stands."""
        async with self.database.reading() as tx:
            (found,) = await wallet.find_balances(tx, [(shard, account_id(name, currency))])
        return found

    async def stands(self, shard: Shard, name: str) -> tuple[int, int]:
        """Return what an account in EUR has and what of it is held, in micros."""
        found = await self.account(shard, name)
        return found.posted, found.held

    async def rebuilt(self) -> dict[tuple[Shard, AccountId], tuple[int, int]]:
        """Return what each account has and holds, from nothing but the facts."""
        stands: dict[tuple[Shard, AccountId], tuple[int, int]] = {}

        def add(shard: Shard, name: AccountId | None, posted: int, held: int) -> None:
            if name is not None:
                before = stands.get((shard, name), (0, 0))
                stands[shard, name] = (before[0] + posted, before[1] + held)

        for shard, item in await self.movements():
            sign = {"hold": 1, "void": -1, "post": -1, "transfer": 0}[item.kind]
            add(shard, item.account or item.debit, 0, sign * item.micros)
            add(shard, item.debit, -item.micros, 0)
            add(shard, item.credit, item.micros, 0)
        return stands

    async def movements(self) -> list[tuple[Shard, Movement]]:
        """Return every movement that a fact tells, with its shard."""
        async with self.database.reading() as tx:
            return [
                (shard, msgspec.convert(item, Movement))
                for shard in SHARDS_ALL
                for fact in await messages.read_facts(tx, shard, after_seq=0)
                for item in msgspec.json.decode(fact.body)["data"].get("movements", ())
            ]

    async def books_balance(self) -> None:
        """Check the tables against each other and against the facts."""
        rebuilt = await self.rebuilt()
        async with self.database.reading() as tx:
            for shard in SHARDS_ALL:
                sums = await wallet.find_entry_sums(tx, shard)
                for item in await wallet.find_all_balances(tx, shard):
                    stands = (item.posted, item.held)
                    assert rebuilt.pop((shard, item.id), (0, 0)) == stands
                    assert sums.pop((item.id, item.currency), (0, 0)) == (item.entries, item.posted)
                assert not sums
            totals = await wallet.find_totals(tx)
        assert not rebuilt
        for code in {currency for currency, _, _ in totals}:
            mine = [total for (currency, _, _), total in totals.items() if currency == code]
            assert sum(credits - debits for debits, credits, _ in mine) == 0

    def turn(self, *shards: Shard) -> messages.TurnContext:
        """Take the turn of these shards."""
        return messages.turn(self.database, shards, now=NOW, actor="test", entropy=self.entropy)


async def book_and_tell(turn: Turn, requests: Sequence[Request]) -> tuple[Answer, ...]:
    """Book requests, and publish each movement in a fact of its own."""
    answers = await wallet.book(turn, requests)
    for request, answer in zip(requests, answers, strict=True):
        if isinstance(answer, Booked) and answer.movement is not None:
            turn.publish(request.shard, key("stream"), Told(movements=(answer.movement,)))
    return answers


def account(shard: Shard, name: str, currency: str = "EUR") -> Account:
    """Return an empty account whose id follows from its name; bank and house may overdraw."""
    overdraws = name in {"bank", "house"}
    return Account(
        shard=shard,
        id=account_id(name, currency),
        kind=AccountKind.HOUSE if overdraws else AccountKind.PLAYER,
        owner=name,
        currency=currency,
        may_overdraw=overdraws,
    )


def account_id(name: str, currency: str = "EUR") -> AccountId:
    """Return the id of the account with this name."""
    return AccountId(derived_id("test account", name, currency))


def key(name: str) -> str:
    """Return the key with this name."""
    return derived_id("test key", name)
