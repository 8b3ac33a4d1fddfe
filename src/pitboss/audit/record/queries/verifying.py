"""Is the log whole and unchanged: recomputed from its files up to the signed root."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from itertools import islice

from pitboss.audit.record.errors import Difference
from pitboss.audit.record.model import LastCheckpoint, Verified
from pitboss.audit.record.ports import CheckpointRecord, TileStore, TokenCheck
from pitboss.audit.record.queries.comparing import (
    Moment,
    compare_checkpoints,
    compare_facts,
    compare_rows,
    expect_database_not_behind,
    expect_noted,
)
from pitboss.audit.record.queries.files import (
    expect_root,
    file_bytes,
    frontier_at,
    nodes_of_size,
    read_checkpoint,
)
from pitboss.audit.record.queries.walking import Walk
from pitboss.audit.record.rules import (
    KEPT_BEGINNING,
    Chains,
    check_recorded,
    kept_path,
    open_ours,
    token_path,
    token_sizes,
)
from pitboss.db import Transaction
from pitboss.kernel.errors import Malformed
from pitboss.tlog.checkpoints import parse_checkpoint
from pitboss.tlog.errors import Unreadable, Untrusted
from pitboss.tlog.notes import Verifier, parse_note
from pitboss.tlog.tiles import TILE_HASHES, bundles_between
from pitboss.tlog.tree import root_of

# Read at once: ten thousand entries, some ten megabytes.
BUNDLES_AT_ONCE = 40

Tell = Callable[[int, int], None]


async def verify(
    tiles: TileStore,
    verifiers: Sequence[Verifier],
    *,
    first: int = 0,
    moment: Moment | None = None,
    last: CheckpointRecord | None = None,
    old: Sequence[bytes] = (),
    check_token: TokenCheck | None = None,
    tell: Tell = lambda done, all_of_them: None,
) -> Verified:
    """Recompute the whole log from its files, and hold what else is given against it.

    Checked are: the signatures of the checkpoint; every entry and every tile up to the signed root;
    the chain of every shard and the versions of every stream; that nothing was rolled back behind
    the record of the last checkpoint; that earlier checkpoints are of this same log; that the
    database has these facts in this order and no others, each canonical and with its own columns,
    heads and streams where the facts leave them, and checkpoints of this same log; that timestamps
    are of checkpoints of this same log.  Not checked are columns that no fact speaks of (when
    something was sequenced or published, who holds a lease), nor whether checkpoints other than the
    newest were noted.

    Args:
        first: where to begin, rounded down to a whole bundle; what is below is believed as far as
            its tiles lead to the signed root.
        moment: lends one moment of the database; it is asked for after the checkpoint is read, so
            that what the checkpoint covers is there.
        last: the record of the last checkpoint.
        old: earlier checkpoints that somebody has kept, as they were published.
        check_token: says what a timestamp is worth.

    Raises:
        Malformed: the log has no entry at `first`.
        Difference: the first place that is not as it must be.
        Untrusted: a checkpoint is not signed by a known key, a timestamp not by a known
            authority, or a file cannot be read.
    """
    # Listed before the checkpoint is read: whoever publishes meanwhile makes none of them newer.
    stamped = token_sizes(await asyncio.to_thread(tiles.find, KEPT_BEGINNING))
    walk = await asyncio.to_thread(_begin, tiles, verifiers, first)
    # Recorded before it is published: read afterwards, it cannot be older.
    recorded = None if last is None else await asyncio.to_thread(last.load)
    compared = 0
    async with AsyncExitStack() as lent:
        tx = None if moment is None else await lent.enter_async_context(moment())
        await _go_over(walk, tx, recorded, tell)
        if last is not None:
            await asyncio.to_thread(_compare_recorded, walk, recorded)
        compared += await asyncio.to_thread(_compare_earlier, walk, old, verifiers)
        if tx is not None:
            compared += await compare_checkpoints(tx, walk, verifiers)
            await compare_rows(tx, walk, recorded)
    if moment is not None:
        await expect_noted(moment, walk.checkpoint)
    timestamps = await asyncio.to_thread(_check_timestamps, walk, stamped, check_token)
    recorded_size = None if recorded is None else recorded.size
    return walk.tell(checkpoints=compared, recorded=recorded_size, timestamps=timestamps)


def _begin(tiles: TileStore, verifiers: Sequence[Verifier], first: int) -> Walk:
    checkpoint = open_ours(read_checkpoint(tiles), verifiers)
    if first and first >= checkpoint.size:
        raise Malformed("first", f"{first} is beyond the log, which has {checkpoint.size} entries")
    first = first // TILE_HASHES * TILE_HASHES
    return Walk(
        tiles=tiles,
        checkpoint=checkpoint,
        first=first,
        frontier=frontier_at(tiles, first, checkpoint.size),
        chains=Chains(versions={}, joining=first > 0),
    )


async def _go_over(
    walk: Walk, tx: Transaction | None, recorded: LastCheckpoint | None, tell: Tell
) -> None:
    """Go over all entries up to the signed root, and those of the database beside them."""
    size = walk.checkpoint.size
    if tx is not None:
        await expect_database_not_behind(tx, max(size, recorded.size if recorded else 0))
    bundles = bundles_between(walk.frontier.size, size)
    while some := list(islice(bundles, BUNDLES_AT_ONCE)):
        position = walk.frontier.size
        entries = await asyncio.to_thread(walk.read_bundles, some)
        await asyncio.to_thread(walk.add, entries)
        if tx is not None:
            await compare_facts(tx, position, entries)
        tell(walk.frontier.size, size)
    expect_root("the root", size, walk.checkpoint.root, walk.frontier.root)


def _compare_earlier(walk: Walk, old: Sequence[bytes], verifiers: Sequence[Verifier]) -> int:
    """See whether checkpoints that somebody has kept are earlier ones of this log; count them."""
    newest = walk.checkpoint
    nodes = nodes_of_size(walk.tiles, newest.size)
    for note in old:
        one = open_ours(note, verifiers)
        if one.origin != newest.origin or one.size > newest.size:
            raise Difference(
                "the newest checkpoint",
                index=newest.size,
                wanted=f"one of {one.origin}, of size {one.size} or more, as was published,",
                found=f"of {newest.origin}, of size {newest.size}",
            )
        expect_root("an earlier checkpoint", one.size, one.root, root_of(one.size, nodes))
    return len(old)


def _compare_recorded(walk: Walk, recorded: LastCheckpoint | None) -> None:
    """See whether the log goes as far as was recorded, which is before it is published."""
    now = walk.checkpoint
    check_recorded(recorded, now, walk.chains)
    if recorded is None or recorded.size == now.size:
        return
    nodes = nodes_of_size(walk.tiles, recorded.size)
    try:
        for size, root in ((recorded.size, recorded.root), (now.size, now.root)):
            expect_root("what was recorded last", size, root, root_of(size, nodes))
    except Unreadable as error:
        raise Difference(
            "the tile store",
            index=now.size,
            wanted=f"the {recorded.size} entries that were recorded last",
            found=f"cut ({error})",
        ) from error


def _check_timestamps(walk: Walk, sizes: Sequence[int], check: TokenCheck | None) -> int | None:
    """Check every timestamp, if somebody said which authority is trusted; return how many."""
    if check is None:
        return None
    for size in sizes:
        _check_timestamp(walk, size, check)
    return len(sizes)


def _check_timestamp(walk: Walk, size: int, check_token: TokenCheck) -> None:
    """See whether what was timestamped is an earlier head of this same log.

    Who signed it is not asked: his key may have been replaced since, and the root says enough.
    """
    tiles, newest = walk.tiles, walk.checkpoint
    data = file_bytes(tiles, kept_path(size))
    kept = parse_checkpoint(parse_note(data).text)
    if (kept.origin, kept.size) != (newest.origin, size) or size > newest.size:
        raise Difference(
            f"the timestamped {kept_path(size)}",
            index=size,
            wanted=f"a checkpoint of {newest.origin}, of size {size} of {newest.size},",
            found=f"of {kept.origin}, of size {kept.size}",
        )
    expect_root(
        "a timestamped checkpoint",
        size,
        kept.root,
        root_of(size, nodes_of_size(tiles, newest.size)),
    )
    try:
        check_token(file_bytes(tiles, token_path(size)), data)
    except Untrusted as error:
        raise Untrusted(f"{token_path(size)}: {error}") from error
