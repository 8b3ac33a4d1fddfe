"""The bet processor: one per partition of the log, each batch one transaction.

It reads commands in order, decides on them, and moves its offset in the transaction that they
caused.  A crash before the commit changes nothing; after it nothing is repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import msgspec
import structlog

from pitboss import messages
from pitboss.db import Database, Transaction
from pitboss.kernel.clock import Clock, SystemClock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.errors import Fault
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import Partition, Shard, partition_of, shard_of, shards_of
from pitboss.kernel.waiting import happened
from pitboss.messages import Turn
from pitboss.messages.errors import Fenced
from pitboss.messages.model import Command, Memory
from pitboss.sportsbook import betting, catalog, trading
from pitboss.sportsbook.betting.facts import CommandSetAside
from pitboss.sportsbook.betting.model import REFERRAL_LIFE, BetState, Pending, PlaceBet, Placing
from pitboss.sportsbook.trading.errors import RoomMoved
from pitboss.workers.observer import Batch, Observer

# Reached only by who is behind: an idle processor takes what is there.  A thousand is a tenth
# slower by the bet, because COPY keeps a list of its rows' descriptors that it walks for each row;
# beyond this the rate hardly grows, while everybody's wait does.
BATCH_MAX = 2_000
# How often an idle processor looks for work: most of the latency of a single bet.
IDLE_SECONDS_MIN = 0.004
# The longer nothing came, the less often: looking 250 times a second costs a tenth of a core.
IDLE_SECONDS_MAX = 0.02
IDLE_GROWTH = 1.05
RENEW_SECONDS = 1.0
# How often somebody looks whether a trader has answered.
HEAR_SECONDS = 0.1
RETRY_SECONDS_MIN = 0.05
RETRY_SECONDS_MAX = 2.0
# A few commands in a row may be beyond us; more than that, and it is not the commands.
ASIDE_IN_A_ROW_MAX = 10

_decode = msgspec.json.Decoder(PlaceBet).decode
_log = structlog.get_logger("bets")


class Halted(Fault):
    """Nothing can be processed any more, which is a mistake of ours: nobody's bet pays for it."""

    def __init__(self) -> None:
        super().__init__("command after command cannot be processed; see the log", retryable=True)


@dataclass(slots=True, kw_only=True)
class Processor:
    """What one partition's processor has in hand.

    `clock` is the platform's; `wall` is the machine's, by which work is timed.
    """

    partition: Partition
    owner: str
    database: Database
    clock: Clock
    entropy: Entropy
    wall: Clock = field(default_factory=SystemClock)
    epoch: int | None = None
    next_offset: int = 0
    batch_max: int = BATCH_MAX
    shelf: catalog.Shelf = field(default_factory=catalog.Shelf)
    desk: trading.Desk | None = None
    memory: Memory = field(default_factory=Memory)
    # Of all that was committed here, and of nothing else; None: it has to be looked up.
    recent: betting.Recent | None = None
    # When the next delayed bet is to be decided, and how many such at once.
    due_at: datetime | None = None
    due_max: int = BATCH_MAX
    # How long a bet waits for a trader at most.
    refer_for: timedelta = REFERRAL_LIFE
    observer: Observer | None = None
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    aside_in_a_row: int = 0

    def __post_init__(self) -> None:
        """Sit down at a desk of one's own."""
        if self.desk is None:
            self.desk = trading.Desk(self.database)

    async def run(self, stop: asyncio.Event) -> None:
        """Process until told to stop; faults of the world are waited out."""
        wait = RETRY_SECONDS_MIN
        while not stop.is_set():
            try:
                if self.epoch is None and not await self.own():
                    await happened(stop, RENEW_SECONDS)
                    continue
                if not await self.step():
                    await self._idle()
                wait = RETRY_SECONDS_MIN
            except Fenced as fault:
                _log.warning("fenced off", partition=self.partition, why=str(fault))
                if self.observer is not None:
                    self.observer.fenced()
                self.epoch = None
            except Fault as fault:
                _log.warning("trying again", partition=self.partition, why=str(fault))
                await happened(stop, wait)
                wait = min(wait * 2, RETRY_SECONDS_MAX)
                # The commit may have gone through before the fault: ask where we are.
                self.epoch = None

    async def step(self) -> int:
        """Process one batch and return how many commands it had.

        Raises:
            Halted: too many in a row could not be processed; they wait until somebody mends that.
        """
        assert self.epoch is not None  # noqa: S101 - run() owns the partition first
        due = await self._step_due() if self.is_due() else 0
        return due + await self._step_log()

    def is_due(self) -> bool:
        """Say whether the delay of a bet is over."""
        return self.due_at is not None and self.clock.now() >= self.due_at

    async def _step_due(self) -> int:
        """Decide on one batch of delayed bets; one that breaks it is found, and given up."""
        limit = self.due_max
        try:
            count = await self._decide_due(limit, give_up=False)
        except RoomMoved:
            # Another partition has taken what this one believed to have; now it knows.
            return 1
        except Fault:
            raise
        except Exception:
            _log.exception("delayed bets broke", partition=self.partition)
            self.due_max = 1
            return 1 if limit > 1 else await self._decide_due(1, give_up=True)
        self.due_max = min(self.due_max * 2, BATCH_MAX)
        return count

    async def _decide_due(self, limit: int, *, give_up: bool) -> int:
        assert self.epoch is not None  # noqa: S101 - step() checked it
        lanes, now = shards_of(self.partition), self.clock.now()
        async with self.database.transaction() as tx:
            found = await betting.find_due(tx, lanes, by=now, limit=limit)
            async with self._turn(tx, {item.shard for item in found}, now=now) as turn:
                # Looked at once more now that nobody else can decide on them.
                still = await betting.find_due(tx, set(turn.heads), by=now, limit=limit)
                due = await self._with_commands(tx, still)
                bets = await betting.decide_due(
                    turn, self.shelf, due, desk=self.desk, give_up=give_up
                )
            await messages.renew_lease(tx, self.partition, epoch=self.epoch)
            due_at = await betting.find_next_due(tx, lanes)
        self.due_at = due_at
        if any(bet.state is BetState.REFUSED for bet in bets):
            # Their slips were taken a moment ago, and stand for nothing any more.
            self.recent = None
        return len(bets)

    async def _with_commands(
        self, tx: Transaction, due: Sequence[Pending]
    ) -> list[tuple[Pending, Placing]]:
        found = await messages.find_commands(tx, self.partition, [item.bet_id for item in due])
        wanted = {command.command_id: _placing(command) for command in found}
        return [(item, wanted[item.bet_id]) for item in due]

    async def _step_log(self) -> int:
        limit = self.batch_max
        try:
            count = await self._batch(limit)
        except RoomMoved:
            # Another partition has taken what this one believed to have; now it knows.
            return 1
        except Fault:
            raise
        except Exception:
            if limit > 1:
                # One command breaks the batch: go on one by one until it is found.
                _log.exception("a batch broke", partition=self.partition, offset=self.next_offset)
                self.batch_max = 1
                return 1
            _log.exception("given up", partition=self.partition, offset=self.next_offset)
            if self.aside_in_a_row >= ASIDE_IN_A_ROW_MAX:
                raise Halted from None
            self.aside_in_a_row += 1
            return await self._give_up()
        self.aside_in_a_row = 0
        if self.batch_max < BATCH_MAX:
            self.batch_max = min(self.batch_max * 2, BATCH_MAX)
        return count

    async def own(self) -> bool:
        """Become the partition's processor, if nobody's lease runs; say whether that worked."""
        async with self.database.transaction() as tx:
            self.epoch = await messages.take_over(tx, self.partition, owner=self.owner)
            consumer = await messages.get_consumer(tx, self.partition)
            self.due_at = await betting.find_next_due(tx, shards_of(self.partition))
        self.next_offset = consumer.next_offset
        self.recent = None
        if self.epoch is not None:
            _log.info("owns", partition=self.partition, epoch=self.epoch, offset=self.next_offset)
        return self.epoch is not None

    async def _batch(self, limit: int) -> int:
        started_at = self.wall.now()
        async with self.database.transaction() as tx:
            commands = await self._read(tx, limit)
            if not commands:
                return 0
            placings = [_placing(command) for command in commands]
            async with self._turn(tx, {item.shard for item in placings}) as turn:
                # Commands with one key are one command in the log, so a repeat is next to
                # impossible; it would break the batch, and then they are looked up one by one.
                recent = await self._recall(turn)
                bets = await betting.place(
                    turn,
                    self.shelf,
                    placings,
                    desk=self.desk,
                    unseen=limit > 1,
                    recent=recent,
                    refer_for=self.refer_for,
                )
            await self._consume(tx, commands)
            due_at = self.due_at
            if any(bet.state is BetState.DELAYED for bet in bets):
                due_at = await betting.find_next_due(tx, shards_of(self.partition))
            decided_at = self.wall.now()
        self.recent, self.due_at = recent, due_at
        self.next_offset = commands[-1].offset + 1
        self._tell(
            Batch(
                placings=placings,
                bets=bets,
                started_at=started_at,
                decided_at=decided_at,
                committed_at=self.wall.now(),
                platform_now=self.clock.now(),
            )
        )
        return len(commands)

    async def _recall(self, turn: Turn) -> betting.Recent:
        """Take in hand which slips were taken a moment ago; they are put back after the commit."""
        recent, self.recent = self.recent, None
        if recent is None:
            # Of all our shards: nobody but us takes bets in them from here on.
            recent = await betting.find_recent(turn.tx, shards_of(self.partition))
        return recent

    def _tell(self, batch: Batch) -> None:
        """Let the observer take note; what it makes of it changes nothing any more."""
        if self.observer is None:
            return
        try:
            self.observer.decided(batch)
        except Exception:
            # The batch is committed: taken for its own failure, this would set the next one aside.
            _log.exception("a batch could not be observed", partition=self.partition)

    async def _give_up(self) -> int:
        """Step over a command that cannot be processed: its bet is refused, if it can be read."""
        try:
            return await self._refuse()
        except Fault:
            raise
        except Exception:
            _log.exception("set aside", partition=self.partition, offset=self.next_offset)
            return await self._set_aside()

    async def _refuse(self) -> int:
        async with self.database.transaction() as tx:
            commands = await self._read(tx, 1)
            placings = [_placing(command) for command in commands]
            async with self._turn(tx, {item.shard for item in placings}) as turn:
                await betting.give_up(turn, placings)
            await self._consume(tx, commands)
        self.next_offset = commands[-1].offset + 1
        return len(commands)

    async def _set_aside(self) -> int:
        """Step over a command that says of no bet what it is, and tell it in a fact."""
        shard = shards_of(self.partition)[0]
        async with self.database.transaction() as tx:
            commands = await self._read(tx, 1)
            async with self._turn(tx, {shard}) as turn:
                for command in commands:
                    _tell_set_aside(turn, shard, command)
            await self._consume(tx, commands)
        self.next_offset = commands[-1].offset + 1
        return len(commands)

    async def _read(self, tx: Transaction, limit: int) -> list[Command]:
        return await messages.read_commands(
            tx, self.partition, from_offset=self.next_offset, limit=limit
        )

    async def _consume(self, tx: Transaction, commands: Sequence[Command]) -> None:
        assert self.epoch is not None  # noqa: S101 - step() checked it
        await messages.consume(
            tx,
            self.partition,
            epoch=self.epoch,
            from_offset=self.next_offset,
            to_offset=commands[-1].offset + 1,
        )

    def _turn(
        self, tx: Transaction, shards: set[Shard], *, now: datetime | None = None
    ) -> messages.TurnContext:
        return messages.join_turn(
            tx,
            shards,
            now=now or self.clock.now(),
            actor="processor",
            entropy=self.entropy,
            epoch=self.epoch,
            memory=self.memory,
        )

    async def _idle(self) -> None:
        """Wait to be woken, and say now and then that we are alive."""
        assert self.epoch is not None  # noqa: S101 - run() owns the partition first
        self.wake.clear()
        if not await happened(self.wake, RENEW_SECONDS):
            async with self.database.transaction() as tx:
                await messages.renew_lease(tx, self.partition, epoch=self.epoch)


async def watch(database: Database, processors: Sequence[Processor], stop: asyncio.Event) -> None:
    """Wake each processor that has commands to process: one look for all of them."""
    pause, deaf = IDLE_SECONDS_MIN, 0.0
    while not await happened(stop, pause):
        deaf += pause
        pause = min(pause * IDLE_GROWTH, IDLE_SECONDS_MAX)
        try:
            async with database.reading() as tx:
                ends = await messages.read_ends(tx)
                if deaf >= HEAR_SECONDS:
                    deaf = 0.0
                    await hear_traders(tx, processors)
        except Fault:
            await happened(stop, RETRY_SECONDS_MAX)
            continue
        for processor in processors:
            if ends[processor.partition] > processor.next_offset or processor.is_due():
                processor.wake.set()
                pause = IDLE_SECONDS_MIN
    for processor in processors:
        processor.wake.set()


async def hear_traders(tx: Transaction, processors: Sequence[Processor]) -> None:
    """Let each processor know when the bets are due that a trader has answered."""
    answered = await betting.find_answered(tx)
    if not answered:
        return
    of = {processor.partition: processor for processor in processors}
    for shard, at in answered:
        processor = of.get(partition_of(shard))
        if processor is not None and (processor.due_at is None or at < processor.due_at):
            processor.due_at = at


async def run(
    database: Database,
    *,
    clock: Clock,
    entropy: Entropy,
    partitions: Sequence[Partition],
    owner: str,
    stop: asyncio.Event,
    observer: Observer | None = None,
    refer_for: timedelta = REFERRAL_LIFE,
) -> None:
    """Process these partitions until told to stop; bets wait for a trader for so long at most."""
    processors = [
        Processor(
            partition=partition,
            owner=owner,
            database=database,
            clock=clock,
            entropy=entropy,
            observer=observer,
            refer_for=refer_for,
        )
        for partition in partitions
    ]
    async with asyncio.TaskGroup() as group:
        if observer is not None:
            group.create_task(observer.follow_backlog(database, stop))
        group.create_task(watch(database, processors, stop))
        for processor in processors:
            group.create_task(processor.run(stop))


def _placing(command: Command) -> Placing:
    wanted = _decode(command.body)
    shard = shard_of(wanted.player_id)
    # Its turn could never be had here, and it would be waited for without end.
    ensure(partition_of(shard) == command.partition, "a command lies with its player")
    return Placing(shard=shard, command=wanted, placed_at=command.appended_at)


def _tell_set_aside(turn: Turn, shard: Shard, command: Command) -> None:
    turn.publish(
        shard,
        command.command_id,
        CommandSetAside(
            command_id=command.command_id,
            partition=command.partition,
            offset=command.offset,
            why="it could not be processed; see the processor's log",
        ),
    )
