"""A race from its racers to its verdict; all races, again and again, until one goes wrong."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from pitboss.kernel.clock import SharedClock
from pitboss.kernel.errors import PlatformError
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import Shard, partition_of
from pitboss.sim import house
from pitboss.sim.http import Answer
from pitboss.sim.limits.model import (
    MINUTES,
    RACES,
    UNITS,
    Config,
    Race,
    Report,
    Result,
    Round,
    Set,
    What,
)
from pitboss.sim.limits.report import line_of
from pitboss.sim.limits.verdict import Ledger, judge

# As many as ask at the same instant; the others follow on their heels.
CONNECTIONS = 100
# A noon, so that no race runs over a midnight of any licence; every race has minutes of its own.
START = datetime(2026, 1, 14, 12, 0, tzinfo=UTC)
A_DAY = timedelta(days=1)
JUST_BEFORE = timedelta(seconds=1)
DECIDED_SECONDS_MAX = 60.0
LOOK_SECONDS = 0.02
_PATHS = {What.BETS: "/v1/bets", What.DEPOSITS: "/v1/deposits"}
_DECIDED = {
    What.BETS: ("bet.accepted", "bet.refused"),
    What.DEPOSITS: ("deposit.requested", "payment.refused"),
}


class RaceBroken(PlatformError):
    """A race could not be run to its end."""


async def run(config: Config, *, tell: Callable[[str], None]) -> Report:
    """Run all races so many times on one instance; stop after the first round with a fault.

    Raises:
        RaceBroken: somebody was not answered, or not decided on.
    """
    rounds: list[Round] = []
    tell("the platform starts")
    async with house.opened(seed=config.seed, connections=CONNECTIONS, start=START) as venue:
        loop = asyncio.get_running_loop()
        for number in range(1, config.rounds + 1):
            began = loop.time()
            results = [await _Course(venue, race, config, number).run() for race in RACES]
            done = Round(number=number, seconds=loop.time() - began, results=tuple(results))
            rounds.append(done)
            tell(line_of(done, config.rounds))
            if done.faults:
                break
    return Report(config=config, rounds=tuple(rounds))


class _Course:
    """One race: its racers, what they ask for, and what is read of it afterwards."""

    def __init__(self, venue: house.House, race: Race, config: Config, number: int) -> None:
        self._venue = venue
        self._race = race
        self._config = config
        self._chance = random.Random(f"{config.seed}:{number}:{race.name}")  # noqa: S311 - an order
        self._answered = 0
        self._middle = asyncio.Event()
        # Where time passes, the second half comes when some of the first were taken.
        self._second_half = asyncio.Event()
        # A few come when it has passed, however fast the platform decides on the others.
        self._time_up = asyncio.Event()

    async def run(self) -> Result:
        """Run the race and judge it."""
        guests = await self._invite()
        for guest in guests:
            for wanted in self._race.limits:
                await self._set(guest, wanted)
        time_up_at = await self._come_to_the_edge()
        async with asyncio.TaskGroup() as group:
            asking = [group.create_task(self._ask_all(guest)) for guest in guests]
            group.create_task(self._do_in_the_middle(guests))
        answers = [answer for task in asking for answer in task.result()]
        facts = await self._wait_until_decided(guests, answers)
        up = None if time_up_at is None else write_instant(time_up_at)
        ledgers = [
            judge(self._race, facts[guest.shard], guest.player_id, time_up_at=up)
            for guest in guests
        ]
        return self._result(answers, ledgers)

    async def _invite(self) -> tuple[house.Guest, ...]:
        """Welcome the racers; of several, no two in one shard or one part of the log."""
        race = self._race
        found: dict[int, house.Guest] = {}
        while len(found) < race.players:
            (guest,) = await self._venue.welcome(
                1, micros=race.funds_micros, jurisdiction=race.jurisdiction
            )
            found.setdefault(partition_of(guest.shard), guest)
        return tuple(found.values())

    async def _set(self, guest: house.Guest, wanted: Set) -> None:
        value = {"amount": f"{wanted.value // 1_000_000}.00"}
        body = value if wanted.kind.is_money else {"minutes": wanted.value}
        path = f"/v1/me/limits/{wanted.kind}/{wanted.period or 'none'}"
        answer = await self._venue.ask("PUT", path, body, token=guest.token)
        if answer.status != HTTPStatus.OK:
            raise RaceBroken(f"{path}: {answer.status} {answer.body[:200]!r}")

    async def _come_to_the_edge(self) -> datetime | None:
        """Move the clock to just before a limit of time is used up; return when it will be."""
        clock = self._venue.clock
        if not self._race.clock_moves or not isinstance(clock, SharedClock):
            return None
        time_up_at = clock.now() + timedelta(minutes=MINUTES)
        clock.set(time_up_at - JUST_BEFORE)
        return time_up_at

    async def _ask_all(self, guest: house.Guest) -> list[Answer]:
        racers = self._config.racers
        units = [UNITS[number % len(UNITS)] for number in range(racers)]
        self._chance.shuffle(units)
        return await asyncio.gather(
            *(self._ask(guest, number, each) for number, each in enumerate(units))
        )

    async def _ask(self, guest: house.Guest, number: int, units: int) -> Answer:
        racers = self._config.racers
        if self._race.clock_moves and number * 2 >= racers:
            await (self._time_up if number * 10 >= racers * 9 else self._second_half).wait()
        body: dict[str, Any] = self._venue.slip(units)
        if self._race.what is What.DEPOSITS:
            body = {"amount": body["stake"], "currency": body["currency"]}
        path = _PATHS[self._race.what]
        answer = await self._venue.ask("POST", path, body, token=guest.token, key=f"race-{number}")
        self._answered += 1
        if self._answered * 3 >= racers:
            self._middle.set()
        return answer

    async def _do_in_the_middle(self, guests: Sequence[house.Guest]) -> None:
        """Once a third is answered, lower the limit, or let time pass."""
        await self._middle.wait()
        clock, lowered = self._venue.clock, self._race.lowered
        if lowered is not None:
            for guest in guests:
                await self._set(guest, lowered)
        if self._race.clock_moves and isinstance(clock, SharedClock):
            await self._wait_until(guests, decided=1)
            self._second_half.set()
            await asyncio.sleep(self._chance.uniform(0, LOOK_SECONDS))
            clock.set(clock.now() + JUST_BEFORE)
            self._time_up.set()

    async def _wait_until_decided(
        self, guests: Sequence[house.Guest], answers: Sequence[Answer]
    ) -> dict[Shard, list[dict[str, Any]]]:
        """Wait until whatever was asked for is decided; return the facts of the racers' shards."""
        allowed = {HTTPStatus.ACCEPTED, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY}
        for answer in answers:
            if answer.status not in allowed:
                raise RaceBroken(f"{answer.status} {answer.body[:200]!r}")
        # The welcome is a deposit too.
        came_with = self._race.funds_micros > 0 and self._race.what is What.DEPOSITS
        return await self._wait_until(
            guests, decided=len(answers) + (len(guests) if came_with else 0)
        )

    async def _wait_until(
        self, guests: Sequence[house.Guest], *, decided: int
    ) -> dict[Shard, list[dict[str, Any]]]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + DECIDED_SECONDS_MAX
        while True:
            facts = await self._venue.facts({guest.shard for guest in guests})
            if self._decided(facts, guests) >= decided:
                return facts
            if loop.time() > deadline:
                raise RaceBroken(f"{self._race.name}: not everything was decided in a minute")
            await asyncio.sleep(LOOK_SECONDS)

    def _decided(
        self, facts: dict[Shard, list[dict[str, Any]]], guests: Sequence[house.Guest]
    ) -> int:
        ids = {guest.player_id for guest in guests}
        return sum(
            fact["data"]["type"] in _DECIDED[self._race.what] and fact["data"]["player_id"] in ids
            for own in facts.values()
            for fact in own
        )

    def _result(self, answers: Sequence[Answer], ledgers: Sequence[Ledger]) -> Result:
        faults = [fault for ledger in ledgers for fault in ledger.faults]
        taken = sum(ledger.taken for ledger in ledgers)
        refused = sum(ledger.refused for ledger in ledgers)
        if taken + refused != len(answers):
            faults.append(f"{len(answers)} were asked for, {taken + refused} decided")
        if not (taken and refused):
            faults.append("nobody came to the edge: it was no race")
        return Result(
            race=self._race.name,
            asked=len(answers),
            taken=taken,
            refused=refused,
            taken_micros=sum(ledger.taken_micros for ledger in ledgers),
            faults=tuple(faults),
        )
