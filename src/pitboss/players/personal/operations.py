"""Writes and reads of personal data: inside the caller's turn.

Reads are here too, because nobody looks without a fact that says so, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pitboss.kernel.entropy import Entropy
from pitboss.kernel.ids import derived_id
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import Shard, shard_of
from pitboss.messages import Turn
from pitboss.players.personal.facts import (
    PersonalDisclosed,
    PersonalRead,
    PersonalReadInBulk,
    SubjectErased,
)
from pitboss.players.personal.model import (
    KEY_BYTES,
    SECRETS,
    BulkRead,
    DiscloseAnswer,
    Disclosed,
    EraseAnswer,
    Erased,
    EraseRequest,
    Found,
    KeepAnswer,
    KeepRequest,
    Kept,
    OpenedValue,
    Path,
    PersonalKeys,
    Purpose,
    ReadAnswer,
    ReadRequest,
    Refusal,
    Refused,
    SealedValue,
    Subject,
    SubjectId,
    Value,
)

from . import rules, store

# The names of so many fit into one fact of 65,535 bytes, with room.  Source: C2SP tlog-tiles.
BULK_MAX = 500


def draw_keys(entropy: Entropy) -> PersonalKeys:
    """Draw the keys of a house that has none yet.  Who does not keep them forgets everybody."""
    return PersonalKeys(
        master=entropy.random_bytes(KEY_BYTES), index=entropy.random_bytes(KEY_BYTES)
    )


async def keep(
    turn: Turn, requests: Sequence[KeepRequest], *, keys: PersonalKeys
) -> tuple[KeepAnswer, ...]:
    """Keep values of subjects; the answers hold the commitments, for the caller's own fact.

    Who is new gets a key.  A value that is kept again replaces the earlier one, whose commitment
    cannot be opened any more.  Of who was erased nothing is kept ever again.
    """
    subjects = await _subjects(turn, requests)
    fresh = [
        _new_subject(turn, keys, subject_id)
        for subject_id in dict.fromkeys(request.subject_id for request in requests)
        if subject_id not in subjects
    ]
    subjects |= {subject.id: subject for subject in fresh}

    answers: list[KeepAnswer] = []
    sealed: dict[tuple[SubjectId, str], SealedValue] = {}
    for request in requests:
        wrapped = subjects[request.subject_id].wrapped_key
        if wrapped is None:
            answers.append(Refused(reason=Refusal.SUBJECT_ERASED))
            continue
        ring = rules.Ring(keys, request.subject_id, wrapped)
        opened: list[OpenedValue] = []
        for path, value in request.values.items():
            entropy = turn.entropy.random_bytes(rules.VALUE_ENTROPY_BYTES)
            plain, sealed[request.subject_id, path] = ring.seal(path, value, entropy)
            opened.append(plain)
        answers.append(Kept(commitments=rules.commitments(opened)))

    await store.save_subjects(turn.tx, fresh)
    await store.save_values(turn.tx, list(sealed.values()))
    return tuple(answers)


async def read(
    turn: Turn, requests: Sequence[ReadRequest], *, keys: PersonalKeys
) -> tuple[ReadAnswer, ...]:
    """Return values of subjects to the turn's actor, and publish that they were looked at.

    Asking again is looking again.

    Raises:
        WrongKey: the house's keys are not those that the values were sealed with.
    """
    answers: list[ReadAnswer] = []
    for request, found in await _look(turn, requests, keys):
        if isinstance(found, Refused):
            answers.append(found)
            continue
        _publish(
            turn,
            request.subject_id,
            PersonalRead(
                subject_id=request.subject_id, paths=_paths(found), purpose=request.purpose
            ),
        )
        answers.append(Found(values={item.path: item.value for item in found}))
    return tuple(answers)


async def read_in_bulk(
    turn: Turn, subject_ids: Sequence[SubjectId], *, paths: tuple[Path, ...], purpose: Purpose
) -> BulkRead:
    """Return the same values of many subjects, sealed, and publish that they were looked at.

    One fact for each shard names them all, so that a look at everybody is a few facts and the turn
    is short: it decrypts nothing.  Open what is returned only after the turn has committed.  At
    most 500 subjects at once; asking again is looking again.
    """
    ensure(len(subject_ids) <= BULK_MAX, "a bulk fits into one fact")
    ensure(bool(paths), "a bulk is of named values")
    ensure(not any(path.startswith(SECRETS) for path in paths), "secrets are never read in bulk")
    wishes = [ReadRequest(subject_id=item, purpose=purpose, paths=paths) for item in subject_ids]
    known = await _subjects(turn, wishes)
    # In the order asked, as the database has none: the same look is the same fact.
    asked = [known[item] for item in dict.fromkeys(subject_ids) if item in known]
    subjects = tuple(item for item in asked if item.erased_at is None)
    values = await store.find_values(turn.tx, [item.id for item in subjects])
    by_shard: dict[Shard, list[SubjectId]] = {}
    for subject in subjects:
        by_shard.setdefault(subject.shard, []).append(subject.id)
    for shard, mine in by_shard.items():
        fact = PersonalReadInBulk(subject_ids=tuple(mine), paths=tuple(paths), purpose=purpose)
        turn.publish(shard, derived_id("personal.bulk", str(shard)), fact)
    return BulkRead(
        paths=paths,
        subjects=subjects,
        sealed={item.id: tuple(values.get(item.id, ())) for item in subjects},
    )


def open_bulk(bulk: BulkRead, *, keys: PersonalKeys) -> dict[SubjectId, Mapping[Path, Value]]:
    """Return the values of each subject by path; those that are not kept are not there.

    Raises:
        WrongKey: the house's keys are not those that the values were sealed with.
    """
    return {
        subject.id: {
            item.path: item.value
            for item in rules.open_values(keys, subject, bulk.sealed[subject.id], bulk.paths)
        }
        for subject in bulk.subjects
    }


async def disclose(
    turn: Turn, requests: Sequence[ReadRequest], *, keys: PersonalKeys
) -> tuple[DiscloseAnswer, ...]:
    """Return values with their salts, with which a third party can check a fact's commitments.

    It is published like `read`.  Ask for no more paths than the dispute is about.

    Raises:
        WrongKey: the house's keys are not those that the values were sealed with.
    """
    answers: list[DiscloseAnswer] = []
    for request, found in await _look(turn, requests, keys):
        if isinstance(found, Refused):
            answers.append(found)
            continue
        _publish(
            turn,
            request.subject_id,
            PersonalDisclosed(
                subject_id=request.subject_id, paths=_paths(found), purpose=request.purpose
            ),
        )
        answers.append(Disclosed(opened=found))
    return tuple(answers)


async def erase(turn: Turn, requests: Sequence[EraseRequest]) -> tuple[EraseAnswer, ...]:
    """Forget subjects: their values, their salts and the key that any copy of them would need.

    Whether the law lets them be forgotten is the caller's to know.  Facts are untouched, so the
    record verifies as before.  Asking again changes nothing and publishes nothing.
    """
    subjects = await _subjects(turn, requests)
    first = rules.first_of_each(requests, subjects)
    if first:
        paths = await store.delete_values(turn.tx, first)
        await store.delete_keys(turn.tx, first, turn.now)
        for subject_id, request in first.items():
            scope = tuple(sorted(paths.get(subject_id, ())))
            _publish(
                turn,
                subject_id,
                SubjectErased(subject_id=subject_id, scope=scope, basis=request.basis),
            )
    return tuple(_erased(turn, request, subjects, first) for request in requests)


def _erased(
    turn: Turn,
    request: EraseRequest,
    subjects: dict[SubjectId, Subject],
    first: dict[SubjectId, EraseRequest],
) -> EraseAnswer:
    subject = subjects.get(request.subject_id)
    if subject is None:
        return Refused(reason=Refusal.UNKNOWN_SUBJECT)
    return Erased(
        subject_id=subject.id,
        at=subject.erased_at or turn.now,
        repeated=first.get(subject.id) is not request,
    )


async def _look(
    turn: Turn, requests: Sequence[ReadRequest], keys: PersonalKeys
) -> list[tuple[ReadRequest, tuple[OpenedValue, ...] | Refused]]:
    """Open what each request asks for."""
    subjects = await _subjects(turn, requests)
    values = await store.find_values(turn.tx, list(subjects))
    looked: list[tuple[ReadRequest, tuple[OpenedValue, ...] | Refused]] = []
    for request in requests:
        subject = subjects.get(request.subject_id)
        if subject is None:
            looked.append((request, Refused(reason=Refusal.UNKNOWN_SUBJECT)))
        elif subject.erased_at is not None:
            looked.append((request, Refused(reason=Refusal.SUBJECT_ERASED)))
        else:
            sealed = values.get(subject.id, [])
            looked.append((request, rules.open_values(keys, subject, sealed, request.paths)))
    return looked


async def _subjects(
    turn: Turn, requests: Iterable[KeepRequest | ReadRequest | EraseRequest]
) -> dict[SubjectId, Subject]:
    """Return who is known of those that are asked about; the turn holds all their shards."""
    wanted = {request.subject_id for request in requests}
    ensure(
        all(shard_of(subject_id) in turn.heads for subject_id in wanted),
        "personal data is touched by who holds its subject's turn",
    )
    return await store.find_subjects(turn.tx, wanted) if wanted else {}


def _new_subject(turn: Turn, keys: PersonalKeys, subject_id: SubjectId) -> Subject:
    entropy = turn.entropy.random_bytes(rules.SUBJECT_ENTROPY_BYTES)
    return Subject(
        shard=shard_of(subject_id),
        id=subject_id,
        wrapped_key=rules.new_key(keys, subject_id, entropy),
    )


def _publish(
    turn: Turn, subject_id: SubjectId, fact: PersonalRead | PersonalDisclosed | SubjectErased
) -> None:
    turn.publish(shard_of(subject_id), subject_id, fact)


def _paths(opened: Iterable[OpenedValue]) -> tuple[str, ...]:
    return tuple(item.path for item in opened)
