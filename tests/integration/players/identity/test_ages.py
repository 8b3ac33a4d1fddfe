"""Ages on the real database: kept with the registration, read once, forgotten with the player."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import msgspec
import pytest

from integration.players.keys import KEYS
from integration.players.people import ENTROPY, NOW, assert_rebuilt, some_request
from paced import leave_registers_out
from pitboss import gate, jurisdictions, messages
from pitboss.db import Database
from pitboss.gate.model import Check, Product, Refusal, Refused
from pitboss.jurisdictions import queries
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import SHARDS_ALL
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.players.identity.model import (
    ErasureRequest,
    PlayerErased,
    PlayerStatus,
    RegisterRequest,
    StatusReason,
    StatusRequest,
)
from pitboss.players.personal.model import LegalBasis


@pytest.fixture(autouse=True)
def no_registers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what a register would say before."""
    leave_registers_out(monkeypatch)


def turn_at(database: Database, now: datetime) -> messages.TurnContext:
    """Take every turn at a moment."""
    return messages.turn(database, SHARDS_ALL, now=now, actor="test", entropy=ENTROPY)


async def register(database: Database, *requests: RegisterRequest) -> list[PlayerId]:
    """Register people."""
    async with turn_at(database, NOW) as turn:
        await identity.register(turn, requests, keys=KEYS)
    return [request.player_id for request in requests]


async def ages(turn: Turn, licences: dict[PlayerId, str]) -> dict[PlayerId, int]:
    """Recall ages, by the code of the licence."""
    found = {player_id: jurisdictions.get(code) for player_id, code in licences.items()}
    return await identity.recall_ages(turn, found)


async def test_a_player_comes_of_an_age_at_the_month_after_the_birthday_by_the_licences_clock(
    database: Database,
) -> None:
    young = some_request("bea", born_on=date(2000, 6, 15))
    (bea,) = await register(database, young)

    # Midnight in London is 23:00 in UTC in July.
    turned_25 = datetime.fromisoformat("2025-06-30T23:00:00+00:00")
    found = {}
    for moment in (NOW, turned_25 - timedelta(seconds=1), turned_25):
        async with turn_at(database, moment) as turn:
            found[moment] = (await ages(turn, {bea: "GB"}))[bea]

    assert list(found.values()) == [23, 24, 25]
    await assert_rebuilt(database)


async def test_the_gate_holds_the_young_to_their_stake_and_whose_age_is_unknown_too(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nobody is verified here, and that would be said first.
    known = {code: jurisdictions.get(code) for code in jurisdictions.codes()}
    known["GB"] = msgspec.structs.replace(known["GB"], verification=known["demo"].verification)
    monkeypatch.setattr(queries, "_licences", lambda: known)
    ann, bea, cyd = await register(
        database,
        some_request("ann"),
        some_request("bea", born_on=date(2003, 1, 1)),
        some_request("cyd"),
    )
    async with database.transaction() as tx:
        # As if she had registered before ages were kept.
        await tx.execute("DELETE FROM player_age WHERE player_id = $1", cyd)

    async with turn_at(database, NOW) as turn:
        answers = await gate.check(
            turn,
            [
                Check(
                    player_id=player_id,
                    product=Product.GAMES,
                    stake_micros=micros,
                    currency="GBP",
                )
                for player_id in (ann, bea, cyd)
                for micros in (2_000_000, 2_000_001, 5_000_001)
            ],
        )

    too_large = [answer == Refused(reason=Refusal.STAKE_TOO_LARGE) for answer in answers]
    assert too_large == [False, False, True, False, True, True, False, True, True]


async def test_a_licence_without_rules_by_age_keeps_none(database: Database) -> None:
    request = some_request("dot", jurisdiction="SE", currency="SEK")
    (dot,) = await register(database, request)

    async with turn_at(database, NOW) as turn:
        assert await ages(turn, {dot: "SE"}) == {}
        rows = await turn.tx.fetch("SELECT 1 FROM player_age")
    assert rows == []


async def test_an_age_is_forgotten_with_the_player(database: Database) -> None:
    (ann,) = await register(database, some_request("ann"))
    closing = StatusRequest(
        key=str(ann),
        player_id=ann,
        status=PlayerStatus.CLOSED,
        reason=StatusReason.PLAYER_ASKED,
    )
    long_after = NOW + timedelta(days=366 * 12)
    wish = ErasureRequest(player_id=ann, basis=LegalBasis.NO_LONGER_NEEDED, obligations=frozenset())

    async with turn_at(database, NOW) as turn:
        await identity.set_status(turn, [closing])
    async with turn_at(database, long_after) as turn:
        before = await ages(turn, {ann: "GB"})
        (answer,) = await identity.erase(turn, [wish])
        after = await ages(turn, {ann: "GB"})

    assert isinstance(answer, PlayerErased)
    assert (list(before), after) == ([ann], {})
