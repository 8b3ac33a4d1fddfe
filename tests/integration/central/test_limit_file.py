"""A deposit is taken once the central limit file has room for it, and told of to its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import msgspec
import pytest

from contract.fake_central import FakeCentral
from contract.fake_payments import FakePayments, reference_of
from integration.cashier.world import START, World
from integration.players.keys import KEYS
from integration.players.people import assert_rebuilt
from paced import put_in_force
from pitboss import central, jurisdictions
from pitboss.cashier.model import NewsStatus, Payment, PaymentKind, PaymentState, Recorded, Refused
from pitboss.central import model as central_model
from pitboss.db import Database
from pitboss.jurisdictions.model import ConfirmedBy, LimitKind, Period, RegisterDown, Scope
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import partition_of, shard_of
from pitboss.responsible import limits
from pitboss.responsible.limits.model import Change, LimitKey
from pitboss.workers import central as worker
from pitboss.workers import payments
from pitboss.workers.figures import Figures
from proofs import Proves

CODES = tuple(code for code in jurisdictions.codes() if code != "demo")
OVER_ALL = {"limits": {"scope": Scope.ALL_OPERATORS}}


@dataclass(slots=True, kw_only=True)
class Town:
    """A cashier with a payment provider, a limit file, and the loops that ask both."""

    world: World
    file: FakeCentral = field(default_factory=FakeCentral)
    provider: FakePayments = field(default_factory=FakePayments)
    wall: ManualClock = field(default_factory=lambda: ManualClock(START))
    connected: bool = True

    async def tell_file(self, figures: Figures | None = None) -> int:
        """Let a fresh loop do once what is due at the files, as after a restart."""
        loop = worker.Loop(
            files=self.file if self.connected else None,
            database=self.world.database,
            keys=KEYS,
            clock=self.world.clock,
            entropy=self.world.entropy,
            wall=self.wall,
            figures=figures,
        )
        return await loop.step()

    async def send(self, payment: Payment) -> None:
        """Let the payments loop look once at what is due."""
        loop = payments.Loop(
            partition=partition_of(payment.shard),
            database=self.world.database,
            provider=self.provider,
            clock=self.world.clock,
            entropy=self.world.entropy,
            wall=self.wall,
        )
        await loop.step()
        self.wall.advance(timedelta(seconds=1))

    async def hear(self, payment: Payment, status: NewsStatus) -> None:
        """Let the provider tell what became of a payment."""
        news = self.world.news(payment, status)
        (answer,) = await self.world.tell(
            msgspec.structs.replace(news, reference=reference_of(payment.id))
        )
        assert isinstance(answer, Recorded)

    async def stands(self, payment: Payment) -> tuple[PaymentState, str | None]:
        """Return where a payment stands, and why."""
        found = await self.world.payment(payment)
        return found.state, found.reason


@pytest.fixture
async def town(database: Database) -> Town:
    return Town(world=World(database=database))


@pytest.mark.parametrize("code", CODES)
async def test_a_deposit_waits_for_the_central_limit_file_where_limits_hold_over_all_operators(
    town: Town, code: str, proves: Proves, monkeypatch: pytest.MonkeyPatch
) -> None:
    proves("limits.scope", code)
    scope = jurisdictions.get(code).limits.scope
    put_in_force(monkeypatch, {"limits": {"scope": scope}})
    payment = await town.world.deposit(await town.world.player(), units=50)

    await town.send(payment)

    if scope is not Scope.ALL_OPERATORS:
        assert await town.tell_file() == 0
        assert await town.stands(payment) == (PaymentState.SUBMITTED, None)
        assert town.file.claims == []
        return
    assert await town.stands(payment) == (PaymentState.REQUESTED, None)
    assert town.provider.heard == {}
    assert await town.tell_file() == 1
    await town.send(payment)
    assert await town.stands(payment) == (PaymentState.SUBMITTED, None)
    await town.hear(payment, NewsStatus.SUCCEEDED)
    await town.tell_file()
    assert (town.file.confirmed, await town.tell_file()) == ([payment.id], 0)
    await assert_rebuilt(town.world.database)


async def test_what_the_file_has_no_room_for_is_not_paid_in_and_never_sent(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, OVER_ALL)
    town.file.others_micros = 990_000_000
    player = await town.world.player()
    large, small = [await town.world.deposit(player, units=units) for units in (11, 10)]

    for _ in range(2):
        await town.tell_file()
        await town.send(large)

    assert await town.stands(large) == (PaymentState.FAILED, "above_central_limit")
    assert await town.stands(small) == (PaymentState.SUBMITTED, None)
    assert set(town.provider.heard) == {small.id}
    await assert_rebuilt(town.world.database)


async def test_the_file_is_told_who_pays_in_how_much_and_the_players_own_limit_of_a_month(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, OVER_ALL)
    ann = await town.world.player()
    await set_limit(town, ann, micros=40_000_000)
    town.file.others_micros = 30_000_000
    first = await town.world.deposit(ann, units=10)
    over = await town.world.deposit(ann, units=1)

    await town.tell_file()
    await town.send(first)

    claim = next(item for item in town.file.claims if item.deposit.id == first.id)
    assert (claim.month, claim.limit_micros, claim.deposit.micros) == (
        START.strftime("%Y-%m"),
        40_000_000,
        10_000_000,
    )
    assert (claim.person.given_name, claim.person.born_on) == ("Ann", "1990-01-01")
    stands = {await town.stands(first), await town.stands(over)}
    assert (PaymentState.FAILED, "above_central_limit") in stands
    assert "Ann" not in repr(claim)


async def test_while_the_file_is_down_nothing_is_paid_in_and_what_it_may_have_heard_is_taken_back(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, OVER_ALL)
    payment = await town.world.deposit(await town.world.player())
    town.file.away = True
    for _ in range(3):
        await town.tell_file()
        town.wall.advance(timedelta(seconds=5))
    await town.send(payment)
    refused = await town.stands(payment)
    town.file.away = False
    town.wall.advance(timedelta(minutes=10))

    await town.tell_file()

    assert refused == (PaymentState.FAILED, "central_file_down")
    assert town.file.released == [payment.id]
    assert town.provider.heard == {}
    assert await town.tell_file() == 0
    await assert_rebuilt(town.world.database)


async def test_without_a_connection_nothing_is_paid_in_unless_the_licence_allows_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.connected = False
    found = []
    for rule in RegisterDown:
        put_in_force(monkeypatch, OVER_ALL, {"exclusion": {"register_down": rule}})
        payment = await town.world.deposit(await town.world.player())
        for _ in range(3):
            await town.tell_file()
            town.wall.advance(timedelta(seconds=5))
        await town.send(payment)
        found.append((rule, (await town.stands(payment))[0]))
    async with town.world.database.reading() as tx:
        state = await central.find_state(tx)

    assert dict(found) == {
        RegisterDown.REFUSE: PaymentState.FAILED,
        RegisterDown.ALLOW: PaymentState.SUBMITTED,
    }
    assert (state.up, state.reason) == (False, "not_connected")


async def test_a_deposit_that_fails_gives_its_room_back(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, OVER_ALL)
    payment = await town.world.deposit(await town.world.player())
    await town.tell_file()
    await town.send(payment)
    await town.hear(payment, NewsStatus.FAILED)
    await town.tell_file()

    assert (town.file.released, town.file.counted) == ([payment.id], {})
    assert await town.tell_file() == 0
    await assert_rebuilt(town.world.database)


async def test_what_ends_while_the_file_is_asked_is_taken_back_there(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, OVER_ALL)
    ann = await town.world.player()
    payment = await town.world.deposit(ann)
    async with town.world.database.reading() as tx:
        (asked,) = await central.find_due(tx, at=town.wall.now(), limit=9)
    await town.world.suspend(ann)
    await town.send(payment)
    await town.tell_file()
    said = {asked.deposit.id: central_yes()}

    # The answer to what was asked before comes now.
    async with town.world.turn(payment.shard) as turn:
        await central.record_reserved(turn, said, [asked.deposit])
    await town.tell_file()

    assert town.file.released == [payment.id, payment.id]
    assert (await town.stands(payment))[0] is PaymentState.FAILED
    await assert_rebuilt(town.world.database)


async def test_a_repeated_request_asks_for_room_once(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, OVER_ALL)
    request = town.world.request(await town.world.player())
    for _ in range(3):
        (answer,) = await town.world.ask(PaymentKind.DEPOSIT, [request])
        assert not isinstance(answer, Refused)
    await town.tell_file()

    assert await town.tell_file() == 0
    assert len(town.file.claims) == 1


async def test_a_limit_that_is_changed_is_told_at_once_and_once(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, OVER_ALL)
    ann = await town.world.player()
    await set_limit(town, ann, micros=40_000_000)
    await set_limit(town, ann, micros=30_000_000)
    await set_limit(town, ann, micros=9_000_000, kind=LimitKind.STAKE)
    first, idle = await town.tell_file(), await town.tell_file()
    await set_limit(town, ann, micros=20_000_000)
    await set_limit(town, ann, micros=20_000_000)
    await town.tell_file()

    assert (first, idle, await town.tell_file()) == (1, 0, 0)
    told = [(item.micros, item.currency) for item in town.file.limits]
    assert told == [(30_000_000, "GBP"), (20_000_000, "GBP")]
    numbers = [item.filed.number for item in town.file.limits]
    assert numbers == sorted(set(numbers))
    assert "Ann" not in repr(town.file.limits)
    await town.world.deposit(ann)
    await town.tell_file()
    (claim,) = town.file.claims
    assert (claim.limit_micros, claim.limit_number) == (20_000_000, numbers[-1])
    await assert_rebuilt(town.world.database)


async def test_a_looser_limit_is_told_when_it_counts(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, OVER_ALL, {"limits": {"increase_confirmed_by": ConfirmedBy.NOBODY}})
    ann = await town.world.player()
    await set_limit(town, ann, micros=20_000_000)
    await town.tell_file()
    await set_limit(town, ann, micros=50_000_000)
    await town.tell_file()
    town.world.clock.advance(timedelta(days=40))
    counts = await town.tell_file()

    assert [claim.micros for claim in town.file.limits] == [20_000_000, 20_000_000, 50_000_000]
    assert (counts, await town.tell_file()) == (1, 0)
    await assert_rebuilt(town.world.database)


async def test_a_limit_that_the_file_did_not_hear_is_told_when_it_answers(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, OVER_ALL)
    ann = await town.world.player()
    await set_limit(town, ann, micros=20_000_000)
    town.file.away = True
    counts = [await town.tell_file(), await town.tell_file()]
    town.file.away = False
    town.wall.advance(timedelta(minutes=10))
    counts += [await town.tell_file(), await town.tell_file()]

    assert counts == [1, 0, 1, 0]
    assert [claim.micros for claim in town.file.limits] == [20_000_000]
    await assert_rebuilt(town.world.database)


async def test_without_a_file_over_all_operators_nobody_is_told_of_a_limit(town: Town) -> None:
    ann = await town.world.player()
    await set_limit(town, ann, micros=20_000_000)

    assert (await town.tell_file(), town.file.limits) == (0, [])


async def test_figures_say_how_many_deposits_wait_for_the_file_and_for_how_long(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, OVER_ALL)
    town.file.away = True
    found = [await shown(town)]
    await town.world.deposit(await town.world.player())
    town.world.clock.advance(timedelta(seconds=90))
    await town.world.deposit(await town.world.player())
    # A try in vain makes nothing younger.
    found.append(await shown(town))
    town.file.away = False
    town.wall.advance(timedelta(minutes=10))
    await town.tell_file()
    found.append(await shown(town))

    assert found == [(0.0, 0.0), (2.0, 90.0), (0.0, 0.0)]


async def shown(town: Town) -> tuple[float | None, float | None]:
    """Return what the figures of a loop say after its next round."""
    figures = Figures()
    await town.tell_file(figures)
    names = ("pitboss_central_waiting_deposits", "pitboss_central_oldest_seconds")
    waiting, oldest = [figures.registry.get_sample_value(name) for name in names]
    return waiting, oldest


def central_yes() -> central_model.Reserved:
    return central_model.Reserved(granted=True, reference="late")


async def set_limit(
    town: Town, player_id: PlayerId, *, micros: int, kind: LimitKind = LimitKind.DEPOSIT
) -> None:
    """Have a player set a limit of a month, as the API does."""
    change = Change(player_id=player_id, key=LimitKey(kind=kind, period=Period.MONTH), value=micros)
    async with town.world.turn(shard_of(player_id)) as turn:
        await limits.change(turn, change, jurisdictions.get("demo"))
        await central.file_limit(turn, player_id)
