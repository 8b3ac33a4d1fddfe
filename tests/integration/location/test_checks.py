"""Checks on the real database: kept, told, answered the same again, and made again from facts."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from conftest import as_process, url_of
from integration.players.keys import KEYS
from located import ANN, IP, NOW, SESSION, evidence, fix, licences, request, sighting, survey
from pitboss import jurisdictions, location, messages
from pitboss.audit import rebuild
from pitboss.db import Database
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import Shard, shard_of
from pitboss.location.model import (
    Address,
    AddressState,
    CheckAnswer,
    Checked,
    CheckRequest,
    Decision,
    Place,
    Reason,
    Refusal,
    Refused,
    Standing,
    network_tag,
)
from pitboss.messages.model import Memory
from pitboss.players import personal
from pitboss.players.personal.model import (
    Erased,
    EraseRequest,
    Found,
    LegalBasis,
    Purpose,
    ReadRequest,
    SubjectId,
)
from proofs import Proves

ENTROPY = SystemEntropy()
# Of these every session has to show anew where it is.
RECHECKING = [
    code for code in jurisdictions.codes() if jurisdictions.get(code).location.login_rechecks
]
BOB = PlayerId(derived_id("player", "bob"))
NETWORK = network_tag(KEYS, ANN, IP)
END = NOW + timedelta(seconds=1_200)

pytestmark = pytest.mark.usefixtures("licences")

__all__ = ["licences"]


async def check(
    database: Database, *wishes: CheckRequest, now: datetime = NOW
) -> tuple[CheckAnswer, ...]:
    """Check in one turn."""
    shards = {shard_of(wish.player_id) for wish in wishes}
    async with messages.turn(database, shards, now=now, actor="player", entropy=ENTROPY) as turn:
        return await location.check(turn, wishes, keys=KEYS)


def wish(number: int, **changes: Any) -> CheckRequest:
    """Return a wish of Ann's with a token of its own."""
    said = evidence(token_id=f"token-{number}", **changes.pop("said", {}))
    seen = sighting(said, token_sha256=number.to_bytes(32, "big"), **changes.pop("seen", {}))
    return request(seen, check_id=derived_id("check", str(number)), **changes)


async def facts_of(database: Database, player_id: PlayerId = ANN) -> list[dict[str, Any]]:
    """Return the data of what was told of a player's location, in order."""
    async with database.reading() as tx:
        found = await messages.read_facts(tx, shard_of(player_id), after_seq=0, limit=1_000)
    datas = [msgspec.json.decode(item.body)["data"] for item in found]
    return [data for data in datas if data["type"] == "location.checked"]


async def rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    async with database.reading() as tx:
        return [tuple(row) for row in await tx.fetch(query)]


async def test_a_pass_is_a_permit_a_row_and_a_fact(database: Database) -> None:
    (answer,) = await check(database, wish(1))

    assert answer == Checked(
        check_id=wish(1).check_id, decision=Decision.PASS, reasons=(), expires_at=END
    )
    (fact,) = await facts_of(database)
    assert (fact["decision"], fact["boundary"], fact["boundary_version"]) == (
        "pass",
        "US-NJ",
        "0123456789abcdef",
    )
    assert (fact["accuracy_metres"], fact["vendor"]) == (20, "vendor")
    assert fact["expires_at"] == "2026-03-01T12:20:00.000000Z"
    assert fact["token_sha256"] == (1).to_bytes(32, "big").hex()
    async with database.reading() as tx:
        permit = await location.find_permit(tx, Place(player_id=ANN, session_id=SESSION))
    assert permit is not None
    assert (permit.check_id, permit.network, permit.expires_at) == (
        answer.check_id,
        NETWORK,
        END,
    )


@pytest.mark.parametrize("code", RECHECKING)
async def test_a_permit_of_one_session_is_none_for_another_of_the_same_player(
    database: Database, code: str, proves: Proves
) -> None:
    proves("location.login_rechecks", code)
    rules = jurisdictions.get(code).location
    country, _, subdivision = (rules.area or "").partition("-")
    here = Address(state=AddressState.FOUND, country=country, subdivision=subdivision or None)

    async def stands(session_id: str) -> Standing:
        async with database.reading() as tx:
            permit = await location.find_permit(tx, Place(player_id=ANN, session_id=session_id))
        return location.state_of(rules, permit, network=NETWORK, now=NOW)

    await check(database, wish(1, jurisdiction=code, seen={"address": here}))

    assert await stands(SESSION) is Standing.PERMITTED
    assert await stands("session-two") is Standing.NOT_SHOWN
    own = {"session_id": "session-two"}
    second = wish(2, jurisdiction=code, seen={"address": here}, said=own, session_id="session-two")
    await check(database, second)
    assert await stands("session-two") is Standing.PERMITTED


async def test_no_fact_says_where_somebody_was_and_the_player_can_be_forgotten(
    database: Database,
) -> None:
    await check(database, wish(1))
    (fact,) = await facts_of(database)
    whole = msgspec.json.encode(fact).decode()
    subject, where = SubjectId(ANN), f"/location/{wish(1).check_id}/fix"

    async with messages.turn(
        database, [shard_of(ANN)], now=NOW, actor="staff", entropy=ENTROPY
    ) as turn:
        look = ReadRequest(subject_id=subject, purpose=Purpose.DISPUTE)
        (found,) = await personal.read(turn, [look], keys=KEYS)
        erasure = EraseRequest(subject_id=subject, basis=LegalBasis.LEGAL_OBLIGATION)
        (erased,) = await personal.erase(turn, [erasure])
        await location.forget(turn, [ANN])
        await location.forget(turn, [ANN])

    assert isinstance(found, Found)
    assert {str(path): value for path, value in found.values.items()} == {
        where: "40.5000000,-74.5000000,20.0",
        where.replace("fix", "address"): IP,
    }
    assert set(fact["pd"]) == {where, where.replace("fix", "address")}
    assert not any(text in whole for text in ("40.5", "74.5", IP, "phone"))
    assert isinstance(erased, Erased)
    assert await rows(database, "SELECT 1 FROM location_last_fix") == []
    assert await rows(database, "SELECT 1 FROM personal_value") == []
    # Who was erased is checked as before, and nothing of it is kept.
    (again,) = await check(database, wish(2))
    assert isinstance(again, Checked)
    assert (await facts_of(database))[-1].get("pd", {}) == {}


async def test_the_same_check_again_gives_the_first_answer_and_changes_nothing(
    database: Database,
) -> None:
    (first,) = await check(database, wish(1))

    (second,) = await check(database, wish(1), now=NOW + timedelta(hours=9))
    (third,) = await check(database, wish(1, session_id="another"))
    (fourth,) = await check(database, wish(1, seen={"ip": "1.1.1.1"}))

    assert first == second == fourth
    assert third == Refused(reason=Refusal.KEY_REUSED)
    assert len(await facts_of(database)) == 1


async def test_a_token_is_good_for_one_check(database: Database) -> None:
    again = request(wish(1).sighting, check_id=derived_id("another check"))
    in_a_batch = request(wish(2).sighting, check_id=derived_id("a third check"))

    await check(database, wish(1))
    (replayed,) = await check(database, again)
    fresh, twin = await check(database, wish(2), in_a_batch)

    assert isinstance(replayed, Checked)
    assert replayed.reasons == (Reason.TOKEN_REPLAYED,)
    assert isinstance(fresh, Checked)
    assert isinstance(twin, Checked)
    assert (fresh.decision, twin.reasons) == (Decision.PASS, (Reason.TOKEN_REPLAYED,))


async def test_fifty_who_bring_one_token_at_once_get_one_permit(database: Database) -> None:
    wishes = [
        request(wish(1).sighting, check_id=derived_id("check", f"racer {number}"))
        for number in range(50)
    ]

    answers = [
        answer
        for answers in await asyncio.gather(*(check(database, each) for each in wishes))
        for answer in answers
    ]

    decisions = [answer.decision for answer in answers if isinstance(answer, Checked)]
    assert len(decisions) == 50
    assert decisions.count(Decision.PASS) == 1
    (used,) = await rows(database, "SELECT count(*) FROM location_check WHERE evidence IS NOT NULL")
    assert used == (1,)
    assert len(await facts_of(database)) == 50
    assert {fact["decision"] for fact in await facts_of(database)} == {"pass", "indeterminate"}


async def test_the_database_itself_refuses_a_token_twice(owned: Database) -> None:
    await check(owned, wish(1))

    with pytest.raises(Exception, match="location_check_evidence"):
        async with owned.transaction() as tx:
            await tx.execute(
                "INSERT INTO location_check SELECT shard, gen_random_uuid(), player_id, session_id,"
                " token_sha256, evidence, decision, reasons, expires_at, checked_at"
                " FROM location_check"
            )


async def test_a_batch_answers_as_its_checks_would_one_by_one(
    database: Database, empty_twin: Database
) -> None:
    batch = [
        wish(1),
        wish(2, seen={"survey": survey(-5.0)}),
        wish(3, said={"fix": None}),
        wish(4, session_id="two", said={"session_id": "two"}),
        wish(5, said={"fix": fix(latitude=41.9)}),
        request(wish(1).sighting, check_id=derived_id("replay")),
        wish(6, said={"device_id": "tablet"}),
        wish(1),
    ]

    together = await check(database, *batch)
    alone = [answer for each in batch for answer in await check(empty_twin, each)]

    assert together == tuple(alone)
    reasons = [answer.reasons for answer in together if isinstance(answer, Checked)]
    assert reasons == [
        (),
        (Reason.OUTSIDE,),
        (Reason.FIX_MISSING,),
        (),
        (Reason.IMPOSSIBLE_TRAVEL,),
        (Reason.TOKEN_REPLAYED,),
        (Reason.OTHER_DEVICE,),
        (),
    ]
    query = "SELECT * FROM location_permit ORDER BY session_id"
    assert await rows(database, query) == await rows(empty_twin, query)


async def test_state_made_again_from_facts_is_the_state_that_is_there(database: Database) -> None:
    lost = [wish(number, said={"fix": None}) for number in range(10, 17)]
    await check(database, wish(1), *lost)
    await check(database, wish(20), now=NOW + timedelta(hours=1))
    await check(database, wish(21, seen={"survey": survey(-5.0)}), now=NOW + timedelta(hours=1))
    await check(database, request(jurisdiction="ip", player_id=BOB, check_id=derived_id("by ip")))

    async with database.moment() as tx:
        report = await rebuild.check(tx)

    assert (report.oddities, [str(item) for item in report.differences]) == ([], [])
    assert report.tables["location_check"] == 11
    assert report.tables["location_permit"] == 2


async def test_who_does_not_hold_the_turn_locates_nobody(database: Database) -> None:
    async with messages.turn(
        database, [Shard((shard_of(ANN) + 1) % 64)], now=NOW, actor="player", entropy=ENTROPY
    ) as turn:
        assert await location.check(turn, [], keys=KEYS) == ()
        with pytest.raises(InvariantBroken):
            await location.check(turn, [wish(1)], keys=KEYS)


async def test_a_licence_that_does_not_ask_is_told_so(database: Database) -> None:
    (answer,) = await check(database, request(jurisdiction="demo"))

    assert answer == Refused(reason=Refusal.LOCATION_NOT_NEEDED)
    assert await facts_of(database) == []


async def test_permits_are_remembered_as_long_as_nobody_else_writes(database: Database) -> None:
    memory, place = Memory(), Place(player_id=ANN, session_id=SESSION)
    await check(database, wish(1))

    async def recall(*wishes: CheckRequest) -> datetime | None:
        async with (
            database.transaction() as tx,
            messages.join_turn(
                tx, [shard_of(ANN)], now=NOW, actor="t", entropy=ENTROPY, memory=memory
            ) as turn,
        ):
            await location.recall_permits(turn, [place])
            if wishes:
                await location.check(turn, wishes, keys=KEYS)
            return (await location.recall_permits(turn, [place]))[place].expires_at

    assert await recall() == END
    assert await recall(wish(2, seen={"survey": survey(-5.0)})) == NOW
    await check(database, wish(3), now=NOW + timedelta(seconds=60))
    assert await recall() == END + timedelta(seconds=60)


@pytest.fixture
async def empty_twin(
    postgres_url: str, maintenance: asyncpg.Connection[asyncpg.Record], template_name: str
) -> AsyncIterator[Database]:
    """Give a second database, as empty as the first."""
    name = f"pitboss_test_{secrets.token_hex(4)}"
    await maintenance.execute(f"CREATE DATABASE {name} TEMPLATE {template_name} STRATEGY FILE_COPY")
    fresh = Database(as_process(url_of(postgres_url, name)))
    yield fresh
    await fresh.close()
    await maintenance.execute(f"DROP DATABASE {name} WITH (FORCE)")
