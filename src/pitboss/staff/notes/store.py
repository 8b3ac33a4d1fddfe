"""The SQL of notes."""

from __future__ import annotations

import asyncpg

from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.staff.notes.model import Note, NoteId

_COLUMNS = "note_id, player_id, author, case_id, written_at"


async def find_note(tx: Transaction, player_id: PlayerId, note_id: NoteId) -> Note | None:
    """Return a note about a player, if there is one."""
    row = await tx.fetch_one(
        f"SELECT {_COLUMNS} FROM staff_note WHERE shard = $1 AND note_id = $2",
        shard_of(player_id),
        note_id,
    )
    return None if row is None else _note(row)


async def find_notes(
    tx: Transaction, player_id: PlayerId, *, case_id: str | None, limit: int
) -> list[Note]:
    """Return notes about a player, or about one of their cases, the newest first."""
    rows = await tx.fetch(
        f"SELECT {_COLUMNS} FROM staff_note WHERE shard = $1 AND player_id = $2"
        " AND ($3::uuid IS NULL OR case_id = $3) ORDER BY written_at DESC, note_id LIMIT $4",
        shard_of(player_id),
        player_id,
        case_id,
        limit,
    )
    return [_note(row) for row in rows]


async def save_note(tx: Transaction, note: Note) -> None:
    """Append a note."""
    await tx.execute(
        f"INSERT INTO staff_note (shard, {_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6)",
        shard_of(note.player_id),
        note.id,
        note.player_id,
        note.author,
        note.case_id,
        note.written_at,
    )


def _note(row: asyncpg.Record) -> Note:
    case_id = row["case_id"]
    return Note(
        id=NoteId(str(row["note_id"])),
        player_id=PlayerId(str(row["player_id"])),
        author=row["author"],
        written_at=row["written_at"],
        case_id=None if case_id is None else str(case_id),
    )
