"""Promises of the loops: nothing is decided twice, nothing stops the rest, whatever breaks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from datetime import datetime

import msgspec
import pytest

from integration.races import RACERS
from integration.sportsbook.world import UNIT, World, selection
from pitboss import messages
from pitboss.db import Database, Transaction
from pitboss.db.errors import DatabaseAway
from pitboss.kernel.ids import BetId, PlayerId, SelectionId, derived_id
from pitboss.kernel.shards import PARTITIONS_ALL, Partition, partition_of, shard_of, shards_of
from pitboss.messages.model import Consumer
from pitboss.sim.crash.trial import read_evidence
from pitboss.sportsbook import betting, catalog
from pitboss.sportsbook.betting.model import BetState, PlaceBet, Refusal, SlipLeg
from pitboss.sportsbook.catalog.model import MarketKind, Offer
from pitboss.workers import bets, settlement
from pitboss.workers.observer import Batch, Observer

HOME, AWAY = (selection("A", MarketKind.MATCH_RESULT, code) for code in ("home", "away"))
# For what takes a moment, on a machine that has other things to do.
PATIENCE_SECONDS = 60.0
# A partition that is fought for changes hands more often than this.
HANDS = 2
END_LEASES = "UPDATE log_consumer SET lease_until = '-infinity'"


@pytest.fixture
async def world(database: Database) -> World:
    made = World(database=database)
    await made.event("A")
    return made


class Forgetful(Database):
    """A database that loses the answers to some commits, before they count or after, and is away
    for some reads."""

    lost_before = 0
    lost_after = 0
    away = 0

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """Lend a connection, if it is not away."""
        if self.away:
            self.away -= 1
            raise DatabaseAway("nobody there")
        async with Database.reading(self) as tx:
            yield tx

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a transaction whose end may remain unknown."""
        async with Database.transaction(self) as tx:
            yield tx
            if self.lost_before:
                self.lost_before -= 1
                raise DatabaseAway("the connection broke before the commit")
        if self.lost_after:
            self.lost_after -= 1
            raise DatabaseAway("the connection broke after the commit")


def broken(kind: str, player_id: PlayerId) -> bytes:
    """Return a command that cannot be processed."""
    partition = partition_of(shard_of(player_id))
    command = PlaceBet(
        bet_id=BetId(derived_id("bet", "broken")),
        player_id=player_id,
        currency="EUR",
        stake_micros=5 * UNIT,
        legs=(SlipLeg(selection_id=HOME, tick=1),),
    )
    match kind:
        case "nothing":
            return b""
        case "cut off":
            return msgspec.json.encode(command)[:-1]
        case "another command":
            return b'{"type":"bet.dream"}'
        case "no id of a player":
            nobody = next(
                name
                for name in (PlayerId(f"nobody {number}") for number in range(1_000))
                if partition_of(shard_of(name)) == partition
            )
            return msgspec.json.encode(msgspec.structs.replace(command, player_id=nobody))
        case "a stake that no column holds":
            return msgspec.json.encode(msgspec.structs.replace(command, stake_micros=2**70))
        case "a player of another partition":
            stranger = next(
                PlayerId(derived_id("player", str(number)))
                for number in range(1_000)
                if partition_of(shard_of(PlayerId(derived_id("player", str(number))))) != partition
            )
            return msgspec.json.encode(msgspec.structs.replace(command, player_id=stranger))
        case _:
            raise AssertionError(kind)


@pytest.mark.parametrize(
    "kind",
    [
        "nothing",
        "cut off",
        "another command",
        "no id of a player",
        "a stake that no column holds",
        "a player of another partition",
    ],
)
async def test_a_command_that_breaks_its_batch_is_set_aside_and_the_others_go_on(
    world: World, kind: str
) -> None:
    player = await world.player(units=100)
    partition = partition_of(shard_of(player))
    good = []
    # At the beginning, in the middle, twice, and at the end.
    for number, place in enumerate("x.x.xx..x"):
        if place == ".":
            good.append(await world.wish(player, HOME, units=1))
        else:
            await world.append(derived_id("bad", str(number)), player, broken(kind, player))
    processor = world.processor(partition)
    await processor.own()

    async with asyncio.timeout(PATIENCE_SECONDS):
        while await processor.step():
            pass

    for bet_id in good:
        assert (await world.bet(player, bet_id)).state is BetState.ACCEPTED
    assert await world.balance(player) == (100 * UNIT, 4 * UNIT)
    aside = await world.facts(shards_of(partition)[0], "command.set_aside")
    assert [(fact["command_id"], fact["offset"]) for fact in aside] == [
        (derived_id("bad", str(number)), number) for number in (0, 2, 4, 5, 8)
    ]
    assert processor.next_offset == (await consumer_of(world, partition)).next_offset == 9


class Thin(catalog.Shelf):
    """A shelf that breaks under whoever asks for one selection."""

    async def locked(
        self, tx: Transaction, wanted: Collection[SelectionId]
    ) -> Mapping[SelectionId, Offer]:
        """Give the offers, if that one is not asked for."""
        if AWAY in wanted:
            raise ZeroDivisionError
        return await catalog.Shelf.locked(self, tx, wanted)


async def test_a_bet_that_breaks_its_batch_is_refused_and_the_others_go_on(world: World) -> None:
    player = await world.player(units=100)
    partition = partition_of(shard_of(player))
    bad, good = [], []
    for place in "x.x..x":
        if place == ".":
            good.append(await world.wish(player, HOME, units=1))
        else:
            bad.append(await world.wish(player, AWAY, units=1))
    processor = world.processor(partition)
    processor.shelf = Thin()
    await processor.own()

    async with asyncio.timeout(PATIENCE_SECONDS):
        while await processor.step():
            pass

    for bet_id in good:
        assert (await world.bet(player, bet_id)).state is BetState.ACCEPTED
    for bet_id in bad:
        bet = await world.bet(player, bet_id)
        assert (bet.state, bet.refusal) == (BetState.REFUSED, Refusal.UNREADABLE)
    told = await world.facts(shard_of(player), "bet.refused")
    assert [fact["bet_id"] for fact in told] == bad
    assert await world.balance(player) == (100 * UNIT, 3 * UNIT)
    assert await world.facts(shards_of(partition)[0], "command.set_aside") == []
    # The simulation of crashes sees them: no fault of the world may do that to a sound bet.
    evidence = await read_evidence(world.database.url)
    assert sorted(evidence.set_aside) == sorted(bad)


async def test_when_command_after_command_breaks_the_processor_halts_and_the_rest_waits(
    world: World,
) -> None:
    player = await world.player(units=100)
    partition = partition_of(shard_of(player))
    for number in range(bets.ASIDE_IN_A_ROW_MAX + 1):
        await world.append(derived_id("bad", str(number)), player, b"")
    good = await world.wish(player, HOME, units=1)
    processor = world.processor(partition)
    await processor.own()

    with pytest.raises(bets.Halted):
        for _ in range(100):
            await processor.step()
    with pytest.raises(bets.Halted):
        await processor.step()
    stood_at = processor.next_offset
    # Somebody has mended it and started it again.
    another = world.processor(partition)
    await another.own()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await another.step():
            pass

    assert stood_at == bets.ASIDE_IN_A_ROW_MAX
    assert (await world.bet(player, good)).state is BetState.ACCEPTED


async def test_batches_grow_again_after_one_was_broken(world: World) -> None:
    player = await world.player(units=100)
    processor = world.processor(partition_of(shard_of(player)))
    await processor.own()
    await world.append(derived_id("bad"), player, b"")

    sizes = []
    for _ in range(14):
        await processor.step()
        sizes.append(processor.batch_max)

    assert sizes[0] == 1
    assert sizes[-1] == bets.BATCH_MAX


class Blind(Observer):
    """An observer that breaks on whatever it sees."""

    def decided(self, batch: Batch) -> None:
        """Break."""
        raise ZeroDivisionError


async def test_an_observer_that_breaks_changes_nothing(world: World) -> None:
    player = await world.player(units=100)
    wished = [await world.wish(player, HOME, units=1) for _ in range(6)]
    processor = world.processor(partition_of(shard_of(player)))
    processor.observer, processor.batch_max = Blind(), 2
    await processor.own()

    async with asyncio.timeout(PATIENCE_SECONDS):
        while await processor.step():
            pass

    assert await decided(world, player, wished)
    assert await world.balance(player) == (100 * UNIT, 6 * UNIT)
    assert await world.facts(shards_of(processor.partition)[0], "command.set_aside") == []


async def test_after_a_commit_of_unknown_outcome_nothing_is_repeated_and_nothing_lost(
    world: World,
) -> None:
    player = await world.player(units=100)
    wished = [await world.wish(player, HOME, units=1) for _ in range(20)]
    processor = world.processor(partition_of(shard_of(player)))
    processor.batch_max = 4
    forgetful = processor.database = Forgetful(world.database.url)
    forgetful.lost_before, forgetful.lost_after = 2, 3

    async with running(processor.run):
        await until(lambda: decided(world, player, wished))
    await forgetful.close()

    assert (forgetful.lost_before, forgetful.lost_after) == (0, 0)
    assert await world.balance(player) == (100 * UNIT, 20 * UNIT)
    told = await world.facts(shard_of(player), "bet.accepted")
    assert sorted(str(fact["bet_id"]) for fact in told) == sorted(wished)


async def test_a_database_that_is_away_is_waited_for(world: World) -> None:
    player = await world.player(units=100)
    wished = [await world.wish(player, HOME)]
    processor = world.processor(partition_of(shard_of(player)))
    processor.database = Database("postgresql://127.0.0.1:1/nowhere")

    async with running(processor.run):
        await asyncio.sleep(0.2)
        processor.database = world.database
        await until(lambda: decided(world, player, wished))

    assert await world.balance(player) == (100 * UNIT, 5 * UNIT)


async def test_an_idle_processor_keeps_its_partition(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bets, "RENEW_SECONDS", 0.05)
    partition = Partition(0)
    processor = world.processor(partition, owner="idle")

    async with running(processor.run):
        await until(lambda: owned_by(world, partition, "idle"))
        before = (await consumer_of(world, partition)).lease_until
        await until(lambda: prolonged(world, partition, before))
        async with world.database.transaction() as tx:
            other = await messages.take_over(tx, partition, owner="other")

    assert other is None


async def test_who_is_fenced_off_decides_no_more_and_gets_on_when_it_may(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bets, "RENEW_SECONDS", 0.05)
    player = await world.player(units=100)
    partition = partition_of(shard_of(player))
    first = world.processor(partition, owner="first")
    async with running(first.run):
        await until(lambda: owned_by(world, partition, "first"))
        async with world.database.transaction() as tx:
            # In one transaction: between two of them, who owns it could prolong the lease.
            await tx.execute(END_LEASES)
            assert await messages.take_over(tx, partition, owner="second")
        waiting = await world.wish(player, HOME)
        first.wake.set()
        await asyncio.sleep(0.3)
        before = await consumer_of(world, partition)
        await let_leases_run_out(world)
        await until(lambda: decided(world, player, [waiting]))

    assert (before.owner, before.next_offset) == ("second", 0)
    assert await owned_by(world, partition, "first")
    assert len(await world.facts(shard_of(player), "bet.accepted")) == 1


async def test_processors_who_fight_for_a_partition_decide_each_bet_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bets, "RENEW_SECONDS", 0.01)
    monkeypatch.setattr(bets, "RETRY_SECONDS_MAX", 0.05)
    partition = Partition(1)
    players = [await player_of(world, partition) for _ in range(4)]
    wished = [(player, await world.wish(player, HOME, units=1)) for player in players * 10]
    rivals = [world.processor(partition, owner=f"rival {number}") for number in range(RACERS)]
    for rival in rivals:
        rival.batch_max = 1

    async def meddle() -> bool:
        """Let every lease run out, all the time; have work there until hands have changed."""
        await let_leases_run_out(world)
        for rival in rivals:
            rival.batch_max = 2
            rival.wake.set()
        now = await consumer_of(world, partition)
        if now.epoch <= HANDS:
            # A fast machine is through with its bets before it has lost a lease.
            wished.extend([(player, await world.wish(player, HOME, units=1)) for player in players])
            return False
        return now.next_offset == len(wished)

    async with contextlib.AsyncExitStack() as stack:
        for rival in rivals:
            await stack.enter_async_context(running(rival.run))
        # Leases are lost and won: the partition goes from hand to hand.
        await until(meddle)

    for player, bet_id in wished:
        assert (await world.bet(player, bet_id)).state is BetState.ACCEPTED
    each = len(wished) // len(players)
    for player in players:
        assert await world.balance(player) == (100 * UNIT, each * UNIT)
    told = [
        fact["bet_id"]
        for shard in {shard_of(player) for player in players}
        for fact in await world.facts(shard, "bet.accepted")
    ]
    assert len(told) == len(set(told)) == len(wished)


async def test_the_loops_take_bets_and_pay_them_until_they_are_stopped(world: World) -> None:
    players = [await world.player(units=100) for _ in range(6)]
    async with (
        running(lambda stop: run_bets(world, stop)),
        running(lambda stop: run_settlement(world, stop)),
    ):
        wished = {player: await world.wish(player, HOME, units=10) for player in players}
        for player, bet_id in wished.items():
            await until(lambda p=player, b=bet_id: decided(world, p, [b]))  # type: ignore[misc] # bound now
        await world.score(await world.event("A"), 1, 0)
        for player in players:
            await until(lambda p=player: has(world, p, 115 * UNIT))  # type: ignore[misc] # bound now

    for player, bet_id in wished.items():
        assert (await world.bet(player, bet_id)).state is BetState.SETTLED
        assert await world.balance(player) == (115 * UNIT, 0)
    assert await world.totals() == {"EUR": 0}


async def test_the_loops_wait_for_a_database_that_comes_and_goes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bets, "RETRY_SECONDS_MAX", 0.05)
    monkeypatch.setattr(settlement, "RETRY_SECONDS", 0.05)
    player = await world.player(units=100)
    forgetful = Forgetful(world.database.url)
    forgetful.lost_before = forgetful.lost_after = forgetful.away = 2

    async with running(lambda stop: run_bets(world, stop, database=forgetful)):
        bet_id = await world.wish(player, HOME, units=10)
        await until(lambda: decided(world, player, [bet_id]))
    await world.score(await world.event("A"), 1, 0)
    forgetful.lost_before = forgetful.lost_after = forgetful.away = 2
    async with running(lambda stop: run_settlement(world, stop, database=forgetful)):
        await until(lambda: has(world, player, 115 * UNIT))
    await forgetful.close()

    assert len(await world.facts(shard_of(player), "bet.accepted")) == 1
    assert len(await world.facts(shard_of(player), "bet.settled")) == 1


async def run_bets(world: World, stop: asyncio.Event, *, database: Database | None = None) -> None:
    await bets.run(
        database or world.database,
        clock=world.clock,
        entropy=world.entropy,
        partitions=PARTITIONS_ALL,
        owner="test",
        stop=stop,
    )


async def run_settlement(
    world: World, stop: asyncio.Event, *, database: Database | None = None
) -> None:
    await settlement.run(
        database or world.database,
        clock=world.clock,
        entropy=world.entropy,
        partitions=PARTITIONS_ALL,
        stop=stop,
    )


@contextlib.asynccontextmanager
async def running(work: Callable[[asyncio.Event], Awaitable[None]]) -> AsyncIterator[None]:
    """Let a loop run meanwhile, and see that it ends when it is told to."""
    stop = asyncio.Event()
    task = asyncio.ensure_future(work(stop))
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await task


async def until(happened: Callable[[], Awaitable[bool]]) -> None:
    """Wait until this is so; not for ever."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if await happened():
                return
            await asyncio.sleep(0.01)


async def player_of(world: World, partition: Partition) -> PlayerId:
    """Register players until one is of this partition."""
    while True:
        player = await world.player(units=100)
        if partition_of(shard_of(player)) == partition:
            return player


async def decided(world: World, player: PlayerId, wished: list[BetId]) -> bool:
    async with world.database.reading() as tx:
        found = await betting.find_bets(tx, [(shard_of(player), bet_id) for bet_id in wished])
    return len(found) == len(wished)


async def has(world: World, player: PlayerId, micros: int) -> bool:
    return (await world.balance(player))[0] == micros


async def consumer_of(world: World, partition: Partition) -> Consumer:
    async with world.database.reading() as tx:
        return await messages.get_consumer(tx, partition)


async def owned_by(world: World, partition: Partition, owner: str) -> bool:
    return (await consumer_of(world, partition)).owner == owner


async def prolonged(world: World, partition: Partition, before: datetime) -> bool:
    return (await consumer_of(world, partition)).lease_until > before


async def let_leases_run_out(world: World) -> None:
    async with world.database.transaction() as tx:
        await tx.execute(END_LEASES)
