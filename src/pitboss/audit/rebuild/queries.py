"""Reads that make state again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import chain, islice
from typing import Any

from pitboss import order
from pitboss.audit import reading
from pitboss.audit.reading.model import Reader, ReadFact
from pitboss.audit.reading.ports import Lot, Spread, in_turn, lots_of
from pitboss.audit.rebuild.errors import EntityMissing
from pitboss.audit.rebuild.model import DIFFERENCES_KEPT, Column, Kind, Part, Report
from pitboss.db import Transaction
from pitboss.kernel.folding import Table
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import CATALOGUE_SHARD, SHARDS_ALL, Shard, shard_of
from pitboss.messages.model import SealedFact

from . import rules, store

Tell = Callable[[int, int], None]


async def check(tx: Transaction, *, spread: Spread = in_turn, tell: Tell | None = None) -> Report:
    """Fold all facts into fresh state, and compare every row of every table with the live ones.

    `tx` is one moment of the database (`Database.moment`).  Shard by shard, so that no more than
    one shard's state is in memory, and the tables that are not divided into shards.  `tell` hears
    after each lot of shards how many shards are done, of how many.

    Raises:
        FactUnreadable: a fact cannot be read, so nothing can be said of what follows from it.
    """
    report, live = Report(), await store.find_tables(tx)
    tables = rules.State(CATALOGUE_SHARD).tables
    report.oddities += rules.compare_schemas(tables, live)
    report.tables = {table.name: 0 for table in tables}
    undivided = {table.name: table for table in tables if not table.sharded}
    done = 0
    async for shards, part in spread(tx, check_shards, lots_of(SHARDS_ALL)):
        report.add(part.report)
        for name, rows in part.undivided.items():
            undivided[name].merge(rows)
        done += len(shards)
        if tell is not None:
            tell(done, len(SHARDS_ALL))
    for table in undivided.values():
        await _compare(tx, table, live, None, report)
    for table in tables:
        if table.sharded and table.name in live and (strays := await store.count_strays(tx, table)):
            report.oddities.append(f"table {table.name} has {strays} rows in shards that are none")
    return report


async def check_shards(tx: Transaction, shards: Lot, *, reader: Reader | None = None) -> Part:
    """Fold the facts of these shards, and compare their rows of the tables that are divided.

    Raises:
        FactUnreadable: a fact cannot be read.
    """
    live, reader = await store.find_tables(tx), reader or Reader()
    report, undivided = Report(), dict[str, Table]()
    for shard in shards:
        async with reading.naming(tx):
            state, commitments = await _fold(tx, shard, reader, report)
        report.oddities += state.oddities
        personal = commitments.compare(*await store.find_personal(tx, shard))
        report.oddities += islice(personal, DIFFERENCES_KEPT)
        for table in state.tables:
            if table.sharded:
                await _compare(tx, table, live, shard, report)
            else:
                first = undivided.setdefault(table.name, table)
                if first is not table:
                    first.merge(table.rows)
    rows = {name: table.rows for name, table in undivided.items()}
    return Part(report=report, undivided=rows)


async def show(
    tx: Transaction,
    kind: Kind,
    entity_id: str,
    *,
    at: datetime | int | None = None,
    reader: Reader | None = None,
) -> dict[str, list[dict[str, Any]]]:
    """Return, per table, the rows that an entity had at a time, or after a fact of the one order.

    `at` is an instant, included, or the index of a fact, included; without it all facts count.
    By an instant all facts of a shard count up to the last that was recorded by then: several
    clocks write one shard, and the order of its facts is the one that they were written in.

    Raises:
        EntityMissing: no fact has made it by then.
    """
    reader = reader or Reader()
    found: dict[str, list[dict[str, Any]]] = {}
    for shard in await _shards_of(tx, kind, entity_id):
        state = rules.State(shard)
        async with reading.naming(tx):
            index = None if isinstance(at, datetime) else at
            last = await _last_by(tx, shard, at, reader) if isinstance(at, datetime) else None
            async for page in reading.read_shard(tx, shard):
                counted = await _until(tx, page, last_seq=last, index=index)
                reader.feed(counted, state.take)
                if len(counted) < len(page):
                    break
        for name, rows in rules.related_rows(kind, entity_id, state).items():
            found.setdefault(name, []).extend(rows)
    if not found:
        raise EntityMissing(f"no fact has made the {kind} {entity_id} by then")
    return found


async def _fold(
    tx: Transaction, shard: Shard, reader: Reader, report: Report
) -> tuple[rules.State, rules.Commitments]:
    state, commitments = rules.State(shard), rules.Commitments()

    def take(read: ReadFact) -> None:
        state.take(read)
        commitments.take(read)

    async for page in reading.read_shard(tx, shard):
        reader.feed(page, take)
        report.facts += len(page)
    state.end()
    return state, commitments


async def _compare(
    tx: Transaction,
    table: Table,
    live: Mapping[str, Sequence[Column]],
    shard: Shard | None,
    report: Report,
) -> None:
    columns = {column.name: column.type for column in live.get(table.name, ())}
    if not columns.keys() >= {*table.columns}:
        return
    rows = await store.find_rows(tx, table, columns, shard)
    report.tables[table.name] = report.tables.get(table.name, 0) + len(rows)
    for difference in chain(
        rules.compare_rows(table, shard, rows), rules.missing_rows(table, shard)
    ):
        report.differ(difference)


async def _shards_of(tx: Transaction, kind: Kind, entity_id: str) -> Sequence[Shard]:
    match kind:
        case Kind.PLAYER:
            return (shard_of(PlayerId(entity_id)),)
        case Kind.EVENT | Kind.MARKET | Kind.SELECTION:
            return (CATALOGUE_SHARD,)
        case Kind.ACCOUNT | Kind.BET | Kind.PAYMENT:
            return await reading.find_places(tx, entity_id)


async def _last_by(tx: Transaction, shard: Shard, at: datetime, reader: Reader) -> int:
    """Return the seq of the last fact of a shard that was recorded by then; 0 if none was."""
    last = 0
    async for page in reading.read_shard(tx, shard):
        seqs = [fact.seq for fact in page if reader.read(fact).told.recorded_at <= at]
        last = max(seqs, default=last)
    return last


async def _until(
    tx: Transaction, page: Sequence[SealedFact], *, last_seq: int | None, index: int | None
) -> Sequence[SealedFact]:
    """Return the facts of a page that count: all of them, or those before one that does not."""
    if last_seq is not None:
        return [fact for fact in page if fact.seq <= last_seq]
    if index is None:
        return page
    positions = await order.find_positions(tx, [(fact.shard, fact.seq) for fact in page])
    counts = [positions.get((fact.shard, fact.seq), index + 1) <= index for fact in page]
    return page[: counts.index(False)] if False in counts else page
