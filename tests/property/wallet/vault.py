"""The wallet without a database: its rules, and dicts for what a store would keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from msgspec.structs import replace

from pitboss.kernel.facts import Movement
from pitboss.kernel.ids import AccountId, derived_id
from pitboss.kernel.shards import Shard
from pitboss.wallet.model import (
    Account,
    AccountKind,
    Answer,
    Booked,
    Hold,
    Request,
    SavedAnswer,
    Transfer,
)
from pitboss.wallet.rules import Books

Place = tuple[Shard, str]
K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class Vault:
    """Everything that the wallet's tables would hold; two are equal if all their rows are."""

    accounts: dict[Place, Account] = field(default_factory=dict)
    holds: dict[Place, Hold] = field(default_factory=dict)
    transfers: dict[Place, Transfer] = field(default_factory=dict)
    answers: dict[tuple[Shard, str, str], SavedAnswer] = field(default_factory=dict)

    @classmethod
    def of(cls, accounts: Iterable[Account]) -> Vault:
        """Return a vault in which these accounts are open."""
        return cls(accounts={(account.shard, account.id): account for account in accounts})

    def copy(self) -> Vault:
        """Return a vault with the same rows."""
        return Vault(
            dict(self.accounts), dict(self.holds), dict(self.transfers), dict(self.answers)
        )

    def book(self, requests: Sequence[Request]) -> tuple[Answer, ...]:
        """Answer a batch and write what came of it, as the store would: nothing twice."""
        books = Books(
            self.accounts.values(),
            self.holds.values(),
            self.transfers.values(),
            self.answers.values(),
        )

        answers = books.decide(requests)

        _insert(self.holds, {(hold.shard, hold.key): hold for hold in books.new_holds()})
        _update(self.holds, {(hold.shard, hold.key): hold for hold in books.changed_holds()})
        _insert(self.transfers, {(item.shard, item.key): item for item in books.new_transfers})
        _insert(
            self.answers, {(item.shard, item.verb, item.key): item for item in books.new_answers}
        )
        changed = {(item.shard, str(item.id)): item for item in books.changed_accounts()}
        _update(self.accounts, changed)
        return answers


def account(shard: Shard, name: str, currency: str, *, may_overdraw: bool = False) -> Account:
    """Return an empty account whose id follows from its name."""
    return Account(
        shard=shard,
        id=account_id(name),
        kind=AccountKind.HOUSE if may_overdraw else AccountKind.PLAYER,
        owner=name,
        currency=currency,
        may_overdraw=may_overdraw,
    )


def account_id(name: str) -> AccountId:
    """Return the id of the account with this name."""
    return AccountId(derived_id("test account", name))


def key(name: str) -> str:
    """Return the key with this name."""
    return derived_id("test key", name)


def movements(
    requests: Sequence[Request], answers: Sequence[Answer]
) -> list[tuple[Shard, Movement]]:
    """Return what the answers moved, with the shard that each moved in."""
    return [
        (request.shard, answer.movement)
        for request, answer in zip(requests, answers, strict=True)
        if isinstance(answer, Booked) and answer.movement is not None
    ]


def as_repeated(answer: Answer) -> Answer:
    """Return the answer as it is given to somebody who asks again."""
    return Booked(micros=answer.micros, movement=None) if isinstance(answer, Booked) else answer


def replay(
    opened: Iterable[Account], moved: Iterable[tuple[Shard, Movement]]
) -> dict[Place, Account]:
    """Rebuild every account from nothing but the movements that facts tell."""
    accounts = {(item.shard, str(item.id)): item for item in opened}

    def change(shard: Shard, name: str | None, **deltas: int) -> None:
        assert name is not None
        old = accounts[shard, name]
        changed = {field: getattr(old, field) + delta for field, delta in deltas.items()}
        accounts[shard, name] = replace(old, **changed)

    for shard, item in moved:
        match item.kind:
            case "hold":
                change(shard, item.account, held=item.micros)
            case "void":
                change(shard, item.account, held=-item.micros)
            case "post":
                change(shard, item.debit, held=-item.micros, debits=item.micros, entries=1)
                change(shard, item.credit, credits=item.micros, entries=1)
            case "transfer":
                change(shard, item.debit, debits=item.micros, entries=1)
                change(shard, item.credit, credits=item.micros, entries=1)
            case other:
                raise AssertionError(f"nobody knows what {other!r} moves")
    return accounts


def _insert(rows: dict[K, V], new: Mapping[K, V]) -> None:
    assert not rows.keys() & new.keys(), "a primary key would refuse this"
    rows.update(new)


def _update(rows: dict[K, V], changed: Mapping[K, V]) -> None:
    assert changed.keys() <= rows.keys(), "an update would find nothing"
    rows.update(changed)
