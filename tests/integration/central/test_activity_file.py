"""Who is active with another operator does not play, nor do those who just were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from integration.api.desk import Desk, Somebody
from integration.players.keys import KEYS
from integration.players.people import assert_rebuilt
from paced import put_in_force
from pitboss import central, gate, jurisdictions, messages
from pitboss.db import Database
from pitboss.gate.model import Check, Refusal, Refused
from pitboss.jurisdictions.model import Product, RegisterDown
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.workers.central import Loop
from proofs import Proves

CODES = tuple(code for code in jurisdictions.codes() if code != "demo")
CURRENCY = "EUR"
WATCHED = {"sessions": {"elsewhere_refused": True, "elsewhere_gap_minutes": 5}}


@dataclass(slots=True, kw_only=True)
class Hall:
    """An API over the activity file, and the loop that tells the file who has left."""

    desk: Desk
    loop: Loop = field(init=False)

    def __post_init__(self) -> None:
        self.loop = Loop(
            files=self.desk.central,
            database=self.desk.database,
            keys=KEYS,
            clock=self.desk.clock,
            entropy=SystemEntropy(),
            wall=self.desk.wall,
        )

    async def checks(self, player: Somebody) -> str:
        """Have the registers asked, as a client does before play; return the verdict."""
        answer = await self.desk.client.ask("POST", "/v1/me/register-check", token=player.token)
        assert answer.status == 200, answer.body
        return str(answer.json()["verdict"])

    async def stakes(self, player: Somebody) -> Refusal | None:
        """Return why the gate refuses a stake."""
        player_id = PlayerId(player.player_id)
        check = Check(
            player_id=player_id,
            product=Product.SPORTSBOOK,
            stake_micros=1_000_000,
            currency=CURRENCY,
        )
        async with messages.turn(
            self.desk.database,
            [shard_of(player_id)],
            now=self.desk.clock.now(),
            actor="test",
            entropy=SystemEntropy(),
        ) as turn:
            (answer,) = await gate.check(turn, [check])
        return answer.reason if isinstance(answer, Refused) else None

    def later(self, **units: float) -> None:
        """Let time pass."""
        self.desk.clock.advance(timedelta(**units))
        self.desk.wall.advance(timedelta(**units))

    async def shown(self) -> Mapping[str, Any]:
        """Return what staff sees of the central files."""
        answer = await self.desk.client.ask("GET", "/v1/staff/registers", token=self.desk.staff)
        found: Mapping[str, Any] = answer.json()["central"]
        return found


@pytest.fixture
async def hall(database: Database) -> Hall:
    return Hall(desk=Desk(database=database))


@pytest.mark.parametrize("code", CODES)
async def test_who_is_active_elsewhere_does_not_play_where_the_licence_says_so(
    hall: Hall, code: str, proves: Proves, monkeypatch: pytest.MonkeyPatch
) -> None:
    proves("sessions.elsewhere_refused", code)
    proves("sessions.elsewhere_gap_minutes", code)
    sessions = jurisdictions.get(code).sessions
    refused, gap = sessions.elsewhere_refused, sessions.elsewhere_gap_minutes
    put_in_force(
        monkeypatch, {"sessions": {"elsewhere_refused": refused, "elsewhere_gap_minutes": gap}}
    )
    ann = await hall.desk.player()
    hall.desk.central.elsewhere = True
    found = [await hall.stakes(ann), await hall.checks(ann), await hall.stakes(ann)]

    if not refused:
        assert gap is None
        assert found == [None, "not_needed", None]
        assert hall.desk.central.active == set()
        return
    assert gap is not None
    assert found == [Refusal.REGISTER_NOT_CHECKED, "elsewhere", Refusal.ACTIVE_ELSEWHERE]
    # The file lets people in at once: the minutes after are ours to keep.
    hall.desk.central.elsewhere = False
    hall.desk.central.left_at = hall.desk.clock.now()
    hall.later(seconds=gap * 60 - 1)
    assert (await hall.checks(ann), await hall.stakes(ann) is None) == ("elsewhere", False)
    hall.later(seconds=1)
    assert (await hall.checks(ann), await hall.stakes(ann)) == ("clear", None)
    await hall.loop.step()
    assert len(hall.desk.central.active) == 1
    await assert_rebuilt(hall.desk.database)


async def test_play_is_told_to_the_file_when_it_begins_and_when_the_session_is_over(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, WATCHED)
    ann = await hall.desk.player()
    await hall.checks(ann)
    await hall.checks(ann)
    began = set(hall.desk.central.active)
    await hall.loop.walk()
    await hall.loop.step()
    stayed = set(hall.desk.central.active)
    await hall.desk.client.ask("DELETE", "/v1/me/session", token=ann.token)

    await hall.loop.walk()
    gone = await hall.stakes(ann)
    await hall.loop.step()

    assert len(began) == 1
    assert (stayed, hall.desk.central.active) == (began, set())
    assert gone is Refusal.REGISTER_NOT_CHECKED
    assert (await hall.shown())["active"] == 0
    await assert_rebuilt(hall.desk.database)


async def test_while_the_file_is_silent_the_licence_says_who_plays_and_staff_sees_it(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall.desk.central.away = True
    found = []
    for rule in RegisterDown:
        put_in_force(monkeypatch, WATCHED, {"exclusion": {"register_down": rule}})
        ann = await hall.desk.player()
        for _ in range(3):
            await hall.checks(ann)
        found.append((rule, await hall.stakes(ann)))
    shown = await hall.shown()

    assert dict(found) == {
        RegisterDown.REFUSE: Refusal.REGISTER_DOWN,
        RegisterDown.ALLOW: None,
    }
    assert (shown["connected"], shown["state"], shown["reason"]) == (True, "down", "away")
    assert shown["licences"] == [
        {"jurisdiction": "DE", "deposits": True, "activity": True, "when_down": "refuse"},
        {"jurisdiction": "demo", "deposits": False, "activity": True, "when_down": "allow"},
    ]
    await assert_rebuilt(hall.desk.database)


async def test_what_the_file_may_have_heard_before_we_died_is_ended_with_the_session(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, WATCHED)
    ann = await hall.desk.player()
    hall.desk.central.confused = True
    await hall.checks(ann)
    hall.desk.central.confused = False
    # It had heard us all the same.
    (asked,) = await open_times(hall)
    hall.desk.central.active.add(asked)
    await hall.desk.client.ask("DELETE", "/v1/me/session", token=ann.token)
    await hall.loop.walk()
    hall.desk.central.away = True
    await hall.loop.step()
    waits = set(hall.desk.central.active)
    hall.desk.central.away = False
    hall.later(seconds=30)

    await hall.loop.step()

    assert (waits, hall.desk.central.active) == ({asked}, set())
    await assert_rebuilt(hall.desk.database)


async def open_times(hall: Hall) -> list[str]:
    async with hall.desk.database.reading() as tx:
        return [item.id for item in await central.find_active(tx, limit=9)]
