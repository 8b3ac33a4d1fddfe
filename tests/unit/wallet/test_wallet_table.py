"""The table of the wallet's answers, run line by line and batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pitboss.kernel.money import AMOUNT_MICROS_MAX
from pitboss.kernel.shards import Shard
from pitboss.wallet.model import (
    Answer,
    Booked,
    HoldRequest,
    PostRequest,
    Request,
    TransferRequest,
    VoidRequest,
)
from property.wallet.vault import Vault, account, account_id, key

TABLE = Path(__file__).parents[2] / "tables" / "wallet.txt"
SHARD = Shard(7)
AMOUNTS = {"all": None, "max": AMOUNT_MICROS_MAX, "max+1": AMOUNT_MICROS_MAX + 1}


@dataclass(slots=True)
class Section:
    """A promise of the table: lines of words, each with what is expected."""

    title: str
    lines: list[tuple[list[str], str]] = field(default_factory=list)


def read_sections() -> Iterator[Section]:
    """Return the sections of the table."""
    section: Section | None = None
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            if section:
                yield section
            section = Section(line.removeprefix("== "))
        elif line and not line.startswith("#"):
            assert section is not None, f"{line!r} belongs to no section"
            asked, _, expected = line.partition("->")
            section.lines.append((asked.split(), expected.strip()))
    if section:
        yield section


SECTIONS = list(read_sections())


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
def test_request_by_request(section: Section) -> None:
    vault = opened()

    said = [
        state(vault, words[1]) if words[0] == "state" else word(*vault.book([request(words)]))
        for words, _ in section.lines
    ]

    assert said == [expected for _, expected in section.lines]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
def test_as_one_batch(section: Section) -> None:
    vault = opened()
    asked = [(words, expected) for words, expected in section.lines if words[0] != "state"]

    answers = vault.book([request(words) for words, _ in asked])

    assert [word(answer) for answer in answers] == [expected for _, expected in asked]


def opened() -> Vault:
    """Return the accounts with which every section starts."""
    vault = Vault.of(
        [
            account(SHARD, "bank", "EUR", may_overdraw=True),
            account(SHARD, "house", "EUR", may_overdraw=True),
            account(SHARD, "ann", "EUR"),
            account(SHARD, "ben", "EUR"),
            account(SHARD, "gil", "GBP"),
        ]
    )
    vault.book([request(f"transfer {name} bank {name} 100 EUR".split()) for name in ("ann", "ben")])
    return vault


def request(words: list[str]) -> Request:
    """Read a request from its line."""
    match words:
        case ["hold", name, holder, amount, currency]:
            return HoldRequest(
                shard=SHARD,
                key=key(name),
                account_id=account_id(holder),
                micros=some(amount),
                currency=currency,
            )
        case ["post", name, hold, credit, amount]:
            return PostRequest(
                shard=SHARD,
                key=key(name),
                hold_key=key(hold),
                credit_id=account_id(credit),
                micros=micros(amount),
            )
        case ["void", name, hold, amount]:
            return VoidRequest(
                shard=SHARD, key=key(name), hold_key=key(hold), micros=micros(amount)
            )
        case ["transfer", name, debit, credit, amount, currency]:
            return TransferRequest(
                shard=SHARD,
                key=key(name),
                debit_id=account_id(debit),
                credit_id=account_id(credit),
                micros=some(amount),
                currency=currency,
            )
        case _:
            raise AssertionError(f"nobody knows how to ask {' '.join(words)!r}")


def micros(text: str) -> int | None:
    """Read an amount."""
    return AMOUNTS[text] if text in AMOUNTS else int(text)


def some(text: str) -> int:
    """Read an amount where there must be one."""
    amount = micros(text)
    assert amount is not None
    return amount


def word(answer: Answer) -> str:
    """Write an answer as the table does."""
    if not isinstance(answer, Booked):
        return answer.reason.value
    return f"{'repeated' if answer.movement is None else 'booked'} {answer.micros}"


def state(vault: Vault, name: str) -> str:
    """Write how an account stands as the table does."""
    found = vault.accounts[SHARD, account_id(name)]
    return f"posted {found.posted} held {found.held}"
