"""Writes about what was not done: parked, counted, tried again, let go."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from pitboss.db import Transaction
from pitboss.kernel.ids import derived_id, new_ids
from pitboss.kernel.shards import CATALOGUE_SHARD
from pitboss.messages import Turn
from pitboss.sportsbook.feeds import store
from pitboss.sportsbook.feeds.facts import FeedParked, FeedParkedDecided
from pitboss.sportsbook.feeds.model import (
    DETAIL_MAX,
    SAMPLE_KEPT_MAX,
    SUBJECT_MAX,
    Note,
    Parked,
    ParkedState,
)

_STREAM = derived_id("feeds")
_OPEN = frozenset({ParkedState.WAITING, ParkedState.WANTED})


async def park(turn: Turn, notes: Sequence[Note]) -> Counter[str]:
    """Park these; what is parked already is counted, and waits again if it was tried again.

    Returns how many notes there were, by their reasons.
    """
    times = Counter(_key(note) for note in notes)
    first = {_key(note): _bounded(note) for note in reversed(notes)}
    ids = new_ids(turn.now, turn.entropy, len(first))
    rows = [
        (parked_id, note, times[key])
        for parked_id, (key, note) in zip(ids, first.items(), strict=True)
    ]
    saved = await store.save_notes(turn.tx, rows, turn.now)
    for (_, note, _), (parked_id, state, before) in zip(rows, saved, strict=True):
        if before is None:
            _tell_parked(turn, parked_id, note)
        elif state is not before:
            _tell_decided(turn, parked_id, state, by=None)
    return Counter(note.reason for note in notes)


async def end_retries(turn: Turn, tried: Collection[str], notes: Sequence[Note]) -> None:
    """Say what came of parked messages that were tried again.

    Those that came to the same wait again already.
    """
    left = {note.retry_of for note in notes}
    for parked_id in dict.fromkeys(tried):
        parked = await store.lock_parked(turn.tx, parked_id)
        if parked is None or parked.state is not ParkedState.WANTED:
            continue
        state = ParkedState.SUPERSEDED if parked_id in left else ParkedState.APPLIED
        await store.set_parked(turn.tx, [parked_id], state, parked.decided_by)
        _tell_decided(turn, parked_id, state, by=parked.decided_by)


async def decide(turn: Turn, parked_id: str, state: ParkedState, *, by: str) -> Parked | None:
    """Have something parked tried again, or let it go; return it as it is then, if it is there.

    What was decided already stays as it is, and asking again changes nothing.
    """
    parked = await store.lock_parked(turn.tx, parked_id)
    if parked is None or parked.state is state or parked.state not in _OPEN:
        return parked
    await store.set_parked(turn.tx, [parked_id], state, by)
    _tell_decided(turn, parked_id, state, by=by)
    return replace(parked, state=state, decided_by=by)


async def forget(tx: Transaction, *, before_ms: int, limit: int) -> int:
    """Forget marks of things that were heard last before then; return of how many."""
    return await store.forget_marks(tx, before_ms=before_ms, limit=limit)


def _key(note: Note) -> tuple[str, str, str]:
    return note.producer, note.reason, note.subject[:SUBJECT_MAX]


def _bounded(note: Note) -> Note:
    """Return a note as it is kept: a message whole if it is owed, else a sample of it."""
    return replace(
        note,
        subject=note.subject[:SUBJECT_MAX],
        detail=note.detail[:DETAIL_MAX],
        body=note.body if note.owed else note.body[:SAMPLE_KEPT_MAX],
    )


def _tell_parked(turn: Turn, parked_id: str, note: Note) -> None:
    turn.publish(
        CATALOGUE_SHARD,
        _STREAM,
        FeedParked(
            parked_id=parked_id,
            producer=note.producer,
            reason=note.reason,
            subject=note.subject,
            detail=note.detail,
            owed=note.owed,
            digest=hashlib.sha256(note.body).hexdigest(),
        ),
    )


def _tell_decided(turn: Turn, parked_id: str, state: ParkedState, *, by: str | None) -> None:
    decided = FeedParkedDecided(parked_id=parked_id, state=state, by=by)
    turn.publish(CATALOGUE_SHARD, _STREAM, decided)
