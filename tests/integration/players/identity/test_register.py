"""Registration on the real database: repeats, races, and what is told of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import msgspec
import pytest

from integration.players.keys import KEYS
from pitboss import messages
from pitboss.db import Database
from pitboss.db.errors import TransactionConflict
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.ids import PlayerId, derived_id, new_id
from pitboss.kernel.shards import SHARDS_ALL, shard_of
from pitboss.players import identity
from pitboss.players.identity.errors import PlayerMissing
from pitboss.players.identity.model import (
    PlayerStatus,
    Refusal,
    Refused,
    RegisterAnswer,
    Registered,
    RegisterRequest,
    parse_email,
    parse_name,
)

NOW = datetime(2024, 5, 19, 15, 0, tzinfo=UTC)
ENTROPY = SystemEntropy()
CONNECTIONS = 8


def some_request(name: str = "ann", **changes: Any) -> RegisterRequest:
    request = RegisterRequest(
        key=derived_id("key", name),
        player_id=PlayerId(new_id(NOW, ENTROPY)),
        jurisdiction="demo",
        currency="GBP",
        email=parse_email(f"{name}@example.com"),
        password_hash=f"$argon2id$of-{name}",
        given_name=parse_name(name.title(), field="given_name"),
        family_name=parse_name("Lovelace", field="family_name"),
        born_on=date(1990, 1, 1),
    )
    return replace(request, **changes)


def proposing_anew(request: RegisterRequest) -> RegisterRequest:
    """Return what the edge makes of a repeat: the same body, another id, another salt."""
    return replace(
        request, player_id=PlayerId(new_id(NOW, ENTROPY)), password_hash="$argon2id$salted-anew"
    )


async def register(
    database: Database, requests: Sequence[RegisterRequest]
) -> tuple[RegisterAnswer, ...]:
    shards = {shard_of(request.player_id) for request in requests}
    async with messages.turn(database, shards, now=NOW, actor="player", entropy=ENTROPY) as turn:
        return await identity.register(turn, requests, keys=KEYS)


async def register_at_barrier(
    database: Database, barrier: asyncio.Barrier, requests: Sequence[RegisterRequest]
) -> tuple[RegisterAnswer, ...]:
    """Register as the edge does: all at once, and again if the database chose another one."""
    await barrier.wait()
    while True:
        try:
            return await register(database, requests)
        except TransactionConflict:
            continue


async def facts(database: Database) -> list[dict[str, Any]]:
    async with database.transaction() as tx:
        return [
            msgspec.json.decode(fact.body)
            for shard in SHARDS_ALL
            for fact in await messages.read_facts(tx, shard, after_seq=0)
        ]


async def count(database: Database, table: str) -> int:
    async with database.transaction() as tx:
        row = await tx.fetch_one(f"SELECT count(*) AS rows FROM {table}")
    assert row is not None
    return int(row["rows"])


async def test_a_registered_person_is_a_player_who_can_log_in(database: Database) -> None:
    request = some_request()

    answers = await register(database, [request])

    async with database.transaction() as tx:
        player = await identity.get_player(tx, request.player_id)
        login = await identity.find_login(tx, parse_email("ANN@Example.com"), keys=KEYS)
    assert answers == (Registered(player_id=request.player_id, repeated=False),)
    assert player.shard == shard_of(request.player_id)
    assert (player.jurisdiction, player.currency) == ("demo", "GBP")
    assert player.status is PlayerStatus.ACTIVE
    assert player.registered_at == NOW
    assert login is not None
    assert login.player_id == request.player_id
    assert login.shard == player.shard
    assert login.status is PlayerStatus.ACTIVE
    assert login.password_hash == "$argon2id$of-ann"
    assert "argon2" not in repr(login)


async def test_a_registration_is_told_without_personal_data(database: Database) -> None:
    request = some_request()

    await register(database, [request, some_request("kid", born_on=date(2010, 1, 1))])

    told = await facts(database)
    text = msgspec.json.encode(told).decode().lower()
    by_type = {fact["data"]["type"]: fact for fact in told}
    data = by_type["player.registered"]["data"]
    assert sorted(data.pop("pd")) == ["/born_on", "/email", "/family_name", "/given_name"]
    assert data == {
        "type": "player.registered",
        "player_id": request.player_id,
        "jurisdiction": "demo",
        "currency": "GBP",
        "status": "active",
    }
    assert by_type["player.registered"]["stream"] == request.player_id
    assert by_type["player.registered"]["shard"] == shard_of(request.player_id)
    assert by_type["player.registered"]["cause"] == request.key
    assert by_type["player.registration_refused"]["data"]["reason"] == "under_age"
    assert not any(word in text for word in ("example.com", "lovelace", "1990-01-01", "argon2"))


async def test_each_refusal_has_its_reason_and_stops_nobody_else(database: Database) -> None:
    requests = [
        some_request("ann"),
        some_request("kid", born_on=date(2006, 5, 20)),
        some_request("rich", currency="JPY"),
        some_request("far", jurisdiction="Atlantis e\u0301" + "x" * 100_000),
        some_request("bob", email=parse_email("ann@example.com")),
        some_request("eve"),
    ]

    answers = await register(database, requests)

    assert answers == (
        Registered(player_id=requests[0].player_id, repeated=False),
        Refused(reason=Refusal.UNDER_AGE),
        Refused(reason=Refusal.CURRENCY_NOT_OFFERED),
        Refused(reason=Refusal.UNKNOWN_JURISDICTION),
        Refused(reason=Refusal.EMAIL_TAKEN),
        Registered(player_id=requests[5].player_id, repeated=False),
    )
    assert await count(database, "player") == await count(database, "player_login") == 2
    assert await count(database, "player_registration") == len(requests)
    assert len(await facts(database)) == len(requests)


async def test_the_same_key_gives_the_first_player_whatever_id_the_edge_proposes(
    database: Database,
) -> None:
    request = some_request()
    await register(database, [request])

    answers = await register(database, [proposing_anew(request)])

    assert answers == (Registered(player_id=request.player_id, repeated=True),)
    assert await count(database, "player") == 1
    assert len(await facts(database)) == 1
    async with database.transaction() as tx:
        login = await identity.find_login(tx, request.email, keys=KEYS)
    assert login is not None
    assert login.password_hash == request.password_hash


async def test_the_same_key_gives_the_first_refusal(database: Database) -> None:
    kid = some_request("kid", born_on=date(2010, 1, 1))
    ann = some_request("ann")
    late = some_request("late", email=ann.email)
    first = await register(database, [kid, ann, late])

    again = await register(database, [proposing_anew(kid), proposing_anew(late)])

    assert again == (first[0], first[2])
    assert len(await facts(database)) == 3


async def test_a_key_with_another_body_is_refused_and_changes_nothing(database: Database) -> None:
    request = some_request("ann")
    await register(database, [request])

    answers = await register(
        database,
        [
            proposing_anew(replace(request, email=parse_email("other@example.com"))),
            proposing_anew(replace(request, born_on=date(1991, 1, 1))),
        ],
    )

    assert answers == (Refused(reason=Refusal.KEY_REUSED),) * 2
    assert await count(database, "player") == 1
    assert len(await facts(database)) == 1


async def test_a_batch_answers_as_its_requests_would_one_by_one(database: Database) -> None:
    ann = some_request("ann")
    batch = [
        some_request("bob", email=ann.email, born_on=date(2010, 1, 1)),
        ann,
        some_request("eve", email=ann.email),
        proposing_anew(ann),
        proposing_anew(replace(ann, currency="EUR")),
        some_request("bob", email=ann.email, born_on=date(2010, 1, 1)),
        some_request("eve", email=ann.email),
    ]
    others = [replace(item, email=parse_email(f"2.{item.email}")) for item in batch]
    others = [replace(item, key=derived_id("2", item.key)) for item in others]
    others = [proposing_anew(item) for item in others]

    together = await register(database, batch)

    alone = [(await register(database, [request]))[0] for request in others]
    assert [outcome(answer) for answer in together] == [outcome(answer) for answer in alone]


def outcome(answer: RegisterAnswer) -> object:
    return answer.reason if isinstance(answer, Refused) else answer.repeated


async def test_of_eight_who_race_for_one_email_one_gets_it(database: Database) -> None:
    barrier = asyncio.Barrier(CONNECTIONS)
    rivals = [
        some_request(f"rival{number}", email=parse_email("one@example.com"))
        for number in range(CONNECTIONS)
    ]

    answers = await asyncio.gather(
        *(register_at_barrier(database, barrier, [request]) for request in rivals)
    )

    winners = [answer for (answer,) in answers if isinstance(answer, Registered)]
    assert len(winners) == 1
    assert [answer for (answer,) in answers].count(Refused(reason=Refusal.EMAIL_TAKEN)) == 7
    assert await count(database, "player") == await count(database, "player_login") == 1
    async with database.transaction() as tx:
        login = await identity.find_login(tx, parse_email("one@example.com"), keys=KEYS)
    assert login is not None
    assert login.player_id == winners[0].player_id


async def test_of_eight_repeats_that_race_with_one_key_all_get_one_player(
    database: Database,
) -> None:
    barrier = asyncio.Barrier(CONNECTIONS)
    request = some_request()

    answers = await asyncio.gather(
        *(
            register_at_barrier(database, barrier, [proposing_anew(request)])
            for _ in range(CONNECTIONS)
        )
    )

    registered = [answer for (answer,) in answers if isinstance(answer, Registered)]
    assert len(registered) == CONNECTIONS
    assert len({answer.player_id for answer in registered}) == 1
    assert sum(not answer.repeated for answer in registered) == 1
    assert await count(database, "player") == 1
    assert len(await facts(database)) == 1


@pytest.mark.parametrize("seed", range(3))
async def test_eight_shuffles_of_one_batch_that_race_make_each_player_once(
    database: Database, seed: int
) -> None:
    barrier = asyncio.Barrier(CONNECTIONS)
    people = [some_request(f"person{number}") for number in range(30)]
    shuffles = [
        random.Random(seed * CONNECTIONS + number).sample(people, len(people))
        for number in range(CONNECTIONS)
    ]

    answers = await asyncio.gather(
        *(
            register_at_barrier(database, barrier, [proposing_anew(item) for item in shuffle])
            for shuffle in shuffles
        )
    )

    made: dict[str, set[PlayerId]] = {}
    for shuffle, batch in zip(shuffles, answers, strict=True):
        for request, answer in zip(shuffle, batch, strict=True):
            assert isinstance(answer, Registered)
            made.setdefault(request.key, set()).add(answer.player_id)
    assert all(len(ids) == 1 for ids in made.values())
    assert await count(database, "player") == await count(database, "player_login") == 30
    assert len(await facts(database)) == 30


async def test_a_registration_that_is_rolled_back_leaves_its_key_and_email_free(
    database: Database,
) -> None:
    request = some_request()
    with pytest.raises(RuntimeError):
        async with messages.turn(
            database, [shard_of(request.player_id)], now=NOW, actor="player", entropy=ENTROPY
        ) as turn:
            await identity.register(turn, [request], keys=KEYS)
            raise RuntimeError

    answers = await register(database, [request])

    assert answers == (Registered(player_id=request.player_id, repeated=False),)


async def test_nobody_is_registered_without_the_turn_of_their_shard(database: Database) -> None:
    request = some_request()
    other = next(shard for shard in SHARDS_ALL if shard != shard_of(request.player_id))

    with pytest.raises(InvariantBroken):
        async with messages.turn(
            database, [other], now=NOW, actor="player", entropy=ENTROPY
        ) as turn:
            await identity.register(turn, [request], keys=KEYS)

    assert await count(database, "player_registration") == 0


async def test_an_empty_batch_is_answered_with_nothing(database: Database) -> None:
    assert await register(database, []) == ()


async def test_players_are_found_many_at_once_and_strangers_are_left_out(
    database: Database,
) -> None:
    people = [some_request(f"person{number}") for number in range(20)]
    await register(database, people)
    stranger = PlayerId(new_id(NOW, ENTROPY))
    places = [(shard_of(item.player_id), item.player_id) for item in people]

    async with database.transaction() as tx:
        found = await identity.find_players(tx, [(shard_of(stranger), stranger), *places])
        none = await identity.find_players(tx, [])
        login = await identity.find_login(tx, parse_email("nobody@example.com"), keys=KEYS)
        with pytest.raises(PlayerMissing):
            await identity.get_player(tx, stranger)

    assert set(found) == {item.player_id for item in people}
    assert all(player_id == player.id for player_id, player in found.items())
    assert none == {}
    assert login is None


async def test_a_password_hash_is_renewed_only_over_the_one_that_was_checked(
    database: Database,
) -> None:
    request = some_request()
    await register(database, [request])

    async with database.transaction() as tx:
        renewed = await identity.replace_password_hash(
            tx, request.player_id, before=request.password_hash, after="$argon2id$new"
        )
        late = await identity.replace_password_hash(
            tx, request.player_id, before=request.password_hash, after="$argon2id$newer"
        )
        login = await identity.find_login(tx, request.email, keys=KEYS)

    assert renewed
    assert not late
    assert login is not None
    assert login.password_hash == "$argon2id$new"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE player SET status = 'asleep'",
        "UPDATE player SET currency = 'pounds'",
        "UPDATE player_login SET email_digest = 'short'",
        "UPDATE player_login SET password_hash = repeat('x', 513)",
        "UPDATE personal_subject SET wrapped_key = NULL",
        "UPDATE personal_subject SET erased_at = now()",
        "UPDATE personal_value SET path = 'email'",
        "UPDATE personal_value SET sealed = 'short'",
        "UPDATE player_registration SET request_digest = 'short'",
        "INSERT INTO player_login (shard, player_id, email_digest, password_hash)"
        " SELECT 0, gen_random_uuid(), email_digest, '' FROM player_login",
    ],
)
async def test_the_database_repeats_the_rules(database: Database, change: str) -> None:
    await register(database, [some_request()])

    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        async with database.transaction() as tx:
            await tx.execute(change)
