"""Personal data on the real database: kept, looked at, disclosed, and forgotten for ever."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from integration.players.keys import KEYS
from pitboss import messages
from pitboss.db import Database
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import SHARDS_ALL, shard_of
from pitboss.messages import Turn
from pitboss.messages.rules import leaf_hash
from pitboss.players import personal
from pitboss.players.personal.model import (
    Disclosed,
    Erased,
    EraseRequest,
    Found,
    KeepRequest,
    Kept,
    LegalBasis,
    Path,
    Purpose,
    ReadRequest,
    Refusal,
    Refused,
    SubjectId,
)

NOW = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)
ANN, BOB = (SubjectId(PlayerId(derived_id("subject", name))) for name in ("ann", "bob"))
EMAIL, NAME = Path("/email"), Path("/given_name")
VALUES = {EMAIL: "ann@example.com", NAME: "Zoë Annabel"}


def turn_of(database: Database, *subjects: SubjectId) -> messages.TurnContext:
    shards = {shard_of(subject) for subject in subjects}
    return messages.turn(database, shards, now=NOW, actor="staff:eve", entropy=SystemEntropy())


async def keep(database: Database, subject_id: SubjectId = ANN) -> dict[str, str]:
    async with turn_of(database, subject_id) as turn:
        (answer,) = await personal.keep(
            turn, [KeepRequest(subject_id=subject_id, values=VALUES)], keys=KEYS
        )
    assert isinstance(answer, Kept)
    return dict(answer.commitments)


async def erase(database: Database, *subjects: SubjectId) -> tuple[Any, ...]:
    async with turn_of(database, *subjects) as turn:
        return await erase_in(turn, *subjects)


async def erase_in(turn: Turn, *subjects: SubjectId) -> tuple[Any, ...]:
    wishes = [EraseRequest(subject_id=item, basis=LegalBasis.OBJECTED) for item in subjects]
    return await personal.erase(turn, wishes)


async def bodies(database: Database) -> list[bytes]:
    async with database.reading() as tx:
        return [
            fact.body
            for shard in SHARDS_ALL
            for fact in await messages.read_facts(tx, shard, after_seq=0)
        ]


async def told(database: Database) -> list[dict[str, Any]]:
    return [json.loads(body) for body in await bodies(database)]


async def dump(database: Database) -> str:
    """Return every row of every table as text, as whoever steals the database reads it."""
    async with database.reading() as tx:
        tables = await tx.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = [
            await tx.fetch(f"SELECT to_jsonb(t)::text FROM {row['tablename']} AS t")
            for row in tables
        ]
    return "\n".join(row[0] for table in rows for row in table)


async def test_a_value_is_opened_with_the_salt_of_its_commitment(database: Database) -> None:
    commitments = await keep(database)
    wish = ReadRequest(subject_id=ANN, purpose=Purpose.DISPUTE, paths=(NAME,))

    async with turn_of(database, ANN) as turn:
        (answer,) = await personal.disclose(turn, [wish], keys=KEYS)

    assert isinstance(answer, Disclosed)
    (opened,) = answer.opened
    canonical = json.dumps(opened.value, ensure_ascii=False).encode()
    assert (opened.path, opened.value) == (NAME, VALUES[NAME])
    assert hashlib.sha256(opened.salt + canonical).hexdigest() == commitments[NAME]
    (fact,) = await told(database)
    assert fact["actor"] == "staff:eve"
    assert fact["data"] == {
        "type": "personal.disclosed",
        "subject_id": ANN,
        "paths": [NAME],
        "purpose": "dispute",
    }


async def test_nobody_looks_without_a_fact_that_says_so(database: Database) -> None:
    await keep(database)
    wishes = [
        ReadRequest(subject_id=ANN, purpose=Purpose.SUPPORT),
        ReadRequest(subject_id=BOB, purpose=Purpose.SUPPORT),
        ReadRequest(subject_id=ANN, purpose=Purpose.PAYMENT_CHECK, paths=(EMAIL,)),
    ]

    async with turn_of(database, ANN, BOB) as turn:
        answers = await personal.read(turn, wishes, keys=KEYS)

    assert answers == (
        Found(values=VALUES),
        Refused(reason=Refusal.UNKNOWN_SUBJECT),
        Found(values={EMAIL: VALUES[EMAIL]}),
    )
    assert [(fact["data"]["paths"], fact["data"]["purpose"]) for fact in await told(database)] == [
        ([EMAIL, NAME], "support"),
        ([EMAIL], "payment_check"),
    ]


async def test_a_look_that_is_rolled_back_shows_nothing_and_says_nothing(
    database: Database,
) -> None:
    await keep(database)

    with pytest.raises(LookupError):
        async with turn_of(database, ANN) as turn:
            wish = ReadRequest(subject_id=ANN, purpose=Purpose.SUPPORT)
            await personal.read(turn, [wish], keys=KEYS)
            raise LookupError

    assert await told(database) == []


async def test_the_stolen_database_tells_nothing(database: Database) -> None:
    await keep(database)

    text = (await dump(database)).lower()

    assert ANN in text
    for value in VALUES.values():
        assert value.lower() not in text
        assert value.encode().hex() not in text


async def test_two_subjects_with_one_value_have_nothing_in_common(database: Database) -> None:
    ann, bob = await keep(database, ANN), await keep(database, BOB)

    assert not set(ann.values()) & set(bob.values())


async def test_what_is_kept_again_replaces_what_was_there(database: Database) -> None:
    first = await keep(database)
    again = await keep(database)

    async with turn_of(database, ANN) as turn:
        (answer,) = await personal.read(
            turn, [ReadRequest(subject_id=ANN, purpose=Purpose.SUPPORT)], keys=KEYS
        )

    assert answer == Found(values=VALUES)
    assert first[EMAIL] != again[EMAIL]


async def test_an_erasure_takes_values_salts_and_key_and_leaves_the_others(
    database: Database,
) -> None:
    await keep(database, ANN)
    await keep(database, BOB)

    answers = await erase(database, ANN)

    assert answers == (Erased(subject_id=ANN, at=NOW, repeated=False),)
    async with database.reading() as tx:
        values = await tx.fetch("SELECT DISTINCT subject_id::text FROM personal_value")
        keys = await tx.fetch(
            "SELECT subject_id::text FROM personal_subject WHERE wrapped_key IS NOT NULL"
        )
    assert [row[0] for row in values] == [row[0] for row in keys] == [BOB]
    (fact,) = await told(database)
    assert fact["data"] == {
        "type": "subject.erased",
        "subject_id": ANN,
        "scope": [EMAIL, NAME],
        "basis": "gdpr_17_1_c",
    }


async def test_who_is_erased_is_not_read_not_kept_and_not_erased_twice(database: Database) -> None:
    await keep(database)
    await erase(database, ANN)

    async with turn_of(database, ANN) as turn:
        again = await erase_in(turn, ANN, ANN)
        wish = ReadRequest(subject_id=ANN, purpose=Purpose.SUPPORT)
        read = await personal.read(turn, [wish], keys=KEYS)
        disclosed = await personal.disclose(turn, [wish], keys=KEYS)
        kept = await personal.keep(turn, [KeepRequest(subject_id=ANN, values=VALUES)], keys=KEYS)

    erased = Refused(reason=Refusal.SUBJECT_ERASED)
    assert again == (Erased(subject_id=ANN, at=NOW, repeated=True),) * 2
    assert (*read, *disclosed, *kept) == (erased,) * 3
    assert len(await told(database)) == 1


async def test_a_batch_erases_as_its_requests_would_one_by_one(database: Database) -> None:
    await keep(database)

    answers = await erase(database, ANN, BOB, ANN)

    assert answers == (
        Erased(subject_id=ANN, at=NOW, repeated=False),
        Refused(reason=Refusal.UNKNOWN_SUBJECT),
        Erased(subject_id=ANN, at=NOW, repeated=True),
    )


async def test_of_many_who_erase_at_once_one_does(database: Database) -> None:
    await keep(database)

    answers = await asyncio.gather(*(erase(database, ANN) for _ in range(8)))

    assert sorted(answer.repeated for (answer,) in answers) == [False] + [True] * 7
    assert len(await told(database)) == 1


async def test_the_record_is_the_same_before_and_after_an_erasure(database: Database) -> None:
    await keep(database)
    async with turn_of(database, ANN) as turn:
        wish = ReadRequest(subject_id=ANN, purpose=Purpose.SUPPORT)
        await personal.read(turn, [wish], keys=KEYS)
    before = await bodies(database)

    await erase(database, ANN)

    first, second = await bodies(database)
    assert [first] == before
    assert msgspec.json.decode(second)["prev"] == leaf_hash(first).hex()


async def test_without_the_turn_nothing_is_touched(database: Database) -> None:
    other = next(shard for shard in SHARDS_ALL if shard != shard_of(ANN))
    async with messages.turn(
        database, [other], now=NOW, actor="staff:eve", entropy=SystemEntropy()
    ) as turn:
        with pytest.raises(InvariantBroken, match="turn"):
            await erase_in(turn, ANN)
