"""The evidence at the end of a season: facts, tables, and what players were told and shown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import msgspec

from pitboss import messages, wallet
from pitboss.cashier.facts import DepositConfirmed, WithdrawalPaid
from pitboss.db import Database, Transaction
from pitboss.games.rounds.facts import RoundReversed, RoundStaked, RoundWon
from pitboss.kernel.facts import Movement
from pitboss.kernel.ids import AccountId, PlayerId
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.shards import CATALOGUE_SHARD, SHARDS_ALL, Shard
from pitboss.messages.model import Head, SealedFact
from pitboss.sim.season.books import Books
from pitboss.sim.season.chains import ChainWalk, Envelope
from pitboss.sim.season.plain import Almanac
from pitboss.sim.season.studio import Played
from pitboss.sim.season.tally import Tally
from pitboss.sportsbook.betting.facts import BetAccepted, BetRefused
from pitboss.sportsbook.cash_out.facts import BetBoughtBack
from pitboss.sportsbook.catalog.facts import EventOpened
from pitboss.sportsbook.settlement.facts import BetResettled, BetSettled, MarketResulted
from pitboss.wallet.facts import AccountOpened, ReceivableCollected
from pitboss.wallet.model import Account

# Some megabytes at once.
FACTS_PAGE = 2_000
ACCOUNTS_PAGE = 1_000


class _Told(msgspec.Struct, frozen=True, kw_only=True):
    type: str
    movements: tuple[Movement, ...] = ()


_read_envelope = msgspec.json.Decoder(Envelope).decode
_read_told = msgspec.json.Decoder(_Told).decode
_READERS = {
    str(kind.__struct_config__.tag): msgspec.json.Decoder(kind).decode
    for kind in (
        *(AccountOpened, EventOpened, MarketResulted, BetAccepted, BetRefused, BetSettled),
        *(DepositConfirmed, WithdrawalPaid, BetResettled, ReceivableCollected),
        *(BetBoughtBack, RoundStaked, RoundWon, RoundReversed),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """What the wallet's tables say; `entries` are (number, sum) by account and currency."""

    accounts: tuple[Account, ...]
    entries: Mapping[tuple[AccountId, str], tuple[int, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that the checks look at.

    `players` are the numbers of this season's players by their ids; somebody else may live in
    the same home.  `shown` is what the API showed some of them as theirs, in micros.  `played` is
    what the studio knows of their games, and `rounds` how its rounds went.
    """

    books: Books
    tables: Tables
    almanac: Almanac
    broken_chains: tuple[str, ...] = ()
    tally: Tally = field(default_factory=Tally)
    players: Mapping[PlayerId, int] = field(default_factory=dict)
    shown: Mapping[PlayerId, int] = field(default_factory=dict)
    played: Mapping[PlayerId, Played] = field(default_factory=dict)
    rounds: Mapping[str, int] = field(default_factory=dict)


async def read_books(database: Database) -> tuple[Books, tuple[str, ...]]:
    """Fold all facts into books; return them with the places where a chain is broken."""
    books, broken = Books(), []
    async with database.reading() as tx:
        heads = {head.shard: head for head in await messages.read_heads(tx)}
        for shard in (CATALOGUE_SHARD, *(item for item in SHARDS_ALL if item != CATALOGUE_SHARD)):
            broken += await _read_shard(tx, shard, heads[shard], books)
    return books, tuple(broken)


async def read_tables(database: Database) -> Tables:
    """Read every account, and the sums of every account's entries."""
    accounts: list[Account] = []
    entries: dict[tuple[AccountId, str], tuple[int, int]] = {}
    async with database.reading() as tx:
        for shard in SHARDS_ALL:
            accounts += [account async for account in _accounts(tx, shard)]
            entries |= await wallet.find_entry_sums(tx, shard)
    return Tables(accounts=tuple(accounts), entries=entries)


def read_fact(body: bytes, books: Books) -> Envelope:
    """Take one fact into the books and return its envelope."""
    envelope = _read_envelope(body)
    data = bytes(envelope.data)
    told = _read_told(data)
    reader = _READERS.get(told.type)
    if reader is not None:
        books.take(reader(data), recorded_at=parse_instant(envelope.rec, field="rec"))
    books.move(told.movements)
    return envelope


async def _read_shard(tx: Transaction, shard: Shard, head: Head, books: Books) -> list[str]:
    walk = ChainWalk(shard)
    async for fact in _facts(tx, shard, upto=head.seq):
        walk.step(fact, read_fact(fact.body, books))
    walk.end(head)
    return walk.broken


async def _facts(tx: Transaction, shard: Shard, *, upto: int) -> AsyncIterator[SealedFact]:
    seq = 0
    while seq < upto:
        limit = min(FACTS_PAGE, upto - seq)
        page = await messages.read_facts(tx, shard, after_seq=seq, limit=limit)
        if not page:
            return
        for fact in page:
            yield fact
        seq = page[-1].seq


async def _accounts(tx: Transaction, shard: Shard) -> AsyncIterator[Account]:
    after: AccountId | None = None
    while True:
        page = await wallet.find_all_balances(tx, shard, after=after, limit=ACCOUNTS_PAGE)
        for account in page:
            yield account
        if len(page) < ACCOUNTS_PAGE:
            return
        after = page[-1].id
