"""What proves that a fact is in the log, and that the log has grown."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime

from pitboss import order
from pitboss.audit.record import store
from pitboss.audit.record.errors import FactUnknown
from pitboss.audit.record.model import Extract, ExtractFact
from pitboss.audit.record.ports import TileStore
from pitboss.audit.record.queries.files import (
    bundle_of,
    entries_of,
    nodes_of_size,
    read_checkpoint,
)
from pitboss.audit.record.rules import (
    open_ours,
    recorded_at,
)
from pitboss.db import Transaction
from pitboss.kernel.ids import FactId, PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.tlog.checkpoints import parse_checkpoint
from pitboss.tlog.notes import Note, Verifier
from pitboss.tlog.proofs import LogProof
from pitboss.tlog.tiles import (
    TILE_HASHES,
)
from pitboss.tlog.tree import (
    consistency_proof,
    inclusion_proof,
)


async def prove(
    tx: Transaction,
    tiles: TileStore,
    fact_id: FactId,
    verifiers: Iterable[Verifier] | None,
    *,
    nearby: bool = False,
) -> LogProof:
    """Return what proves, to whoever has the log's key, that a fact is in the log.

    Without `verifiers` the checkpoint is handed on as it is: who gets the proof checks it.  With
    `nearby` a fact that was put in order long after it was made is not looked for.

    Raises:
        FactUnknown: there is none with this id, or no checkpoint covers it yet.
        Untrusted: the checkpoint or a tile cannot be believed.
    """
    fact = await order.find_fact(tx, fact_id, nearby=nearby)
    if fact is None:
        raise FactUnknown(f"there is no fact {fact_id} in the order of facts")
    return await asyncio.to_thread(prove_index, tiles, fact.position, verifiers)


def prove_index(tiles: TileStore, index: int, verifiers: Iterable[Verifier] | None) -> LogProof:
    """Return the proof of the entry at an index, which carries the entry itself.

    Without `verifiers` the checkpoint is handed on as it is.

    Raises:
        FactUnknown: no checkpoint covers it yet.
        Untrusted: the checkpoint or a tile cannot be believed.
    """
    note = read_checkpoint(tiles)
    if verifiers is None:
        size = parse_checkpoint(note.text).size
    else:
        size = open_ours(note, tuple(verifiers)).size
    if index >= size:
        raise FactUnknown(f"entry {index} is in no checkpoint yet; the newest has {size}")
    bundle = bundle_of(index, size)
    return LogProof(
        index=index,
        path=tuple(inclusion_proof(index, size, nodes_of_size(tiles, size))),
        note=note,
        extra=entries_of(tiles, bundle)[index % TILE_HASHES],
    )


def prove_growth(tiles: TileStore, old: int, note: Note) -> Sequence[bytes]:
    """Return what proves that the log of this checkpoint goes on from an earlier size.

    Raises:
        Untrusted: a tile cannot be believed.
    """
    size = parse_checkpoint(note.text).size
    return consistency_proof(old, size, nodes_of_size(tiles, size))


async def export(
    tx: Transaction,
    tiles: TileStore,
    verifiers: Iterable[Verifier],
    *,
    player_id: PlayerId,
    since: datetime,
    until: datetime,
) -> Extract:
    """Return everything that the log says of a player in a time, with its proofs.

    These are the facts of every stream in which the player is named: above all the player's own,
    in which bets and money stand too.  A stream's facts are in it without a gap.  What has not been
    published yet is left out.

    Raises:
        FactUnknown: no fact names the player, or none of that time is in a checkpoint yet.
        Untrusted: the checkpoint or a tile cannot be believed.
    """
    note = await asyncio.to_thread(read_checkpoint, tiles)
    size = open_ours(note, tuple(verifiers)).size
    found = await store.find_facts_about(tx, shard_of(player_id), player_id)
    if not found:
        raise FactUnknown(f"no fact names a player {player_id}")
    in_time = {
        (shard, seq): body for shard, seq, body in found if since <= recorded_at(body) <= until
    }
    positions = await order.find_positions(tx, in_time)
    if not any(index < size for index in positions.values()):
        raise FactUnknown(f"no fact of {player_id} in this time is in the newest checkpoint")
    nodes = nodes_of_size(tiles, size)
    return Extract(
        player_id=player_id,
        since=since,
        until=until,
        note=note,
        facts=tuple(
            ExtractFact(
                index=index,
                body=in_time[place],
                path=tuple(inclusion_proof(index, size, nodes)),
            )
            for place, index in sorted(positions.items(), key=lambda item: item[1])
            if index < size
        ),
    )
