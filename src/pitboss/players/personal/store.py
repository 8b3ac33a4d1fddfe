"""The SQL of personal data: one statement a step, for a whole batch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.players.personal.model import Path, SealedValue, Subject, SubjectId


async def find_subjects(
    tx: Transaction, subject_ids: Collection[SubjectId]
) -> dict[SubjectId, Subject]:
    """Return those of the subjects that are known, erased ones included."""
    rows = await tx.fetch(
        "SELECT subject.shard, subject.subject_id, wrapped_key, erased_at"
        " FROM personal_subject AS subject"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, subject_id)"
        " ON subject.shard = wanted.shard AND subject.subject_id = wanted.subject_id",
        *_columns(subject_ids),
    )
    found = [
        Subject(
            shard=row["shard"],
            id=_subject_id(row["subject_id"]),
            wrapped_key=row["wrapped_key"],
            erased_at=row["erased_at"],
        )
        for row in rows
    ]
    return {subject.id: subject for subject in found}


async def save_subjects(tx: Transaction, subjects: Sequence[Subject]) -> None:
    """Write new subjects."""
    if not subjects:
        return
    await tx.copy_in(
        "personal_subject",
        ("shard", "subject_id", "wrapped_key"),
        [(subject.shard, subject.id, subject.wrapped_key) for subject in subjects],
    )


async def save_values(tx: Transaction, values: Sequence[SealedValue]) -> None:
    """Write values; one that is kept already at its path is replaced."""
    if not values:
        return
    await tx.execute(
        "INSERT INTO personal_value (shard, subject_id, path, sealed)"
        " SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::bytea[])"
        " ON CONFLICT (shard, subject_id, path) DO UPDATE SET sealed = excluded.sealed",
        *_columns([item.subject_id for item in values]),
        [item.path for item in values],
        [item.sealed for item in values],
    )


async def find_values(
    tx: Transaction, subject_ids: Collection[SubjectId]
) -> dict[SubjectId, list[SealedValue]]:
    """Return everything that is kept of these subjects."""
    rows = await tx.fetch(
        "SELECT value.subject_id, path, sealed FROM personal_value AS value"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, subject_id)"
        " ON value.shard = wanted.shard AND value.subject_id = wanted.subject_id",
        *_columns(subject_ids),
    )
    found: dict[SubjectId, list[SealedValue]] = {}
    for subject_id, path, sealed in rows:
        item = SealedValue(subject_id=_subject_id(subject_id), path=Path(path), sealed=sealed)
        found.setdefault(item.subject_id, []).append(item)
    return found


async def delete_values(
    tx: Transaction, subject_ids: Collection[SubjectId]
) -> dict[SubjectId, list[Path]]:
    """Delete everything that is kept of these subjects; return the paths that there were."""
    rows = await tx.fetch(
        "DELETE FROM personal_value AS value"
        " USING unnest($1::smallint[], $2::uuid[]) AS gone (shard, subject_id)"
        " WHERE value.shard = gone.shard AND value.subject_id = gone.subject_id"
        " RETURNING value.subject_id, path",
        *_columns(subject_ids),
    )
    paths: dict[SubjectId, list[Path]] = {}
    for subject_id, path in rows:
        paths.setdefault(_subject_id(subject_id), []).append(Path(path))
    return paths


async def delete_keys(
    tx: Transaction, subject_ids: Collection[SubjectId], erased_at: datetime
) -> None:
    """Delete the keys of these subjects, without which no copy of a value can be read."""
    await tx.execute(
        "UPDATE personal_subject AS subject SET wrapped_key = NULL, erased_at = $3"
        " FROM unnest($1::smallint[], $2::uuid[]) AS gone (shard, subject_id)"
        " WHERE subject.shard = gone.shard AND subject.subject_id = gone.subject_id",
        *_columns(subject_ids),
        erased_at,
    )


def _columns(subject_ids: Collection[SubjectId]) -> tuple[list[int], list[SubjectId]]:
    return [shard_of(item) for item in subject_ids], list(subject_ids)


def _subject_id(value: UUID) -> SubjectId:
    return SubjectId(PlayerId(str(value)))
