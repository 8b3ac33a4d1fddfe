"""Writes and reads of notes: inside the caller's turn of the player's shard.

Reads are here too, because nobody reads what was written about a player without a fact that says
so.
"""

from __future__ import annotations

from dataclasses import replace

from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players import identity, personal
from pitboss.players.personal.model import (
    Found,
    KeepRequest,
    Kept,
    PersonalKeys,
    Purpose,
    ReadRequest,
    SubjectId,
)
from pitboss.staff.notes.facts import NoteWritten
from pitboss.staff.notes.model import (
    NOTES_MAX,
    Note,
    Reading,
    Refusal,
    Refused,
    Writing,
    path_of,
)

from . import store


async def write(turn: Turn, wish: Writing, *, keys: PersonalKeys) -> Note | Refused:
    """Write something down about a player.  The same id again is the same note, if it says so.

    The text is personal data: the fact holds a commitment to it, and erasing the player erases it.
    """
    place = (shard_of(wish.player_id), wish.player_id)
    ensure(place[0] in turn.heads, "notes are written by who holds the player's turn")
    if not await identity.recall_players(turn, [place]):
        return Refused(reason=Refusal.UNKNOWN_PLAYER)
    subject, path = SubjectId(wish.player_id), path_of(wish.id)
    earlier = await store.find_note(turn.tx, wish.player_id, wish.id)
    if earlier is not None:
        look = ReadRequest(subject_id=subject, purpose=Purpose.SUPPORT, paths=(path,))
        (found,) = await personal.read(turn, [look], keys=keys)
        text = found.values.get(path) if isinstance(found, Found) else None
        same = (text, earlier.case_id, earlier.player_id) == (
            wish.text,
            wish.case_id,
            wish.player_id,
        )
        return earlier if same else Refused(reason=Refusal.KEY_REUSED)
    request = KeepRequest(subject_id=subject, values={path: wish.text})
    (kept,) = await personal.keep(turn, [request], keys=keys)
    if not isinstance(kept, Kept):
        return Refused(reason=Refusal.SUBJECT_ERASED)
    note = Note(
        id=wish.id,
        player_id=wish.player_id,
        author=wish.author,
        written_at=turn.now,
        case_id=wish.case_id,
    )
    await store.save_note(turn.tx, note)
    fact = NoteWritten(
        note_id=note.id,
        player_id=note.player_id,
        author=note.author,
        case_id=note.case_id,
        pd=kept.commitments,
    )
    turn.publish(place[0], note.player_id, fact)
    return note


async def read(turn: Turn, wish: Reading, *, keys: PersonalKeys) -> list[Note] | Refused:
    """Return what was written about a player, the newest first; a fact says who read it and why."""
    place = (shard_of(wish.player_id), wish.player_id)
    if not await identity.recall_players(turn, [place]):
        return Refused(reason=Refusal.UNKNOWN_PLAYER)
    found = await store.find_notes(turn.tx, wish.player_id, case_id=wish.case_id, limit=NOTES_MAX)
    if not found:
        return []
    look = ReadRequest(
        subject_id=SubjectId(wish.player_id),
        purpose=wish.purpose,
        paths=tuple(path_of(note.id) for note in found),
    )
    (opened,) = await personal.read(turn, [look], keys=keys)
    if not isinstance(opened, Found):
        return Refused(reason=Refusal.SUBJECT_ERASED)
    return [replace(note, text=opened.values.get(path_of(note.id))) for note in found]
