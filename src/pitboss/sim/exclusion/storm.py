"""The storm: players bet, play and pay in as fast as they may, and are all excluded in it."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from http import HTTPStatus

from pitboss.kernel.errors import PlatformError
from pitboss.kernel.shards import SHARDS_ALL
from pitboss.sim import house
from pitboss.sim.crash.report import Latency
from pitboss.sim.exclusion.model import PAID_OUT, WON, Config, Report
from pitboss.sim.exclusion.studio import PROVIDERS, Studio
from pitboss.sim.exclusion.verdict import count, counts_of, faults_of
from pitboss.sim.house import Guest, House
from pitboss.sim.http import Answer, ConnectionLost

BETTORS = 48
GAMBLERS = 12
DEPOSITORS = 6
EXCLUDERS = 8
CONNECTIONS = BETTORS + GAMBLERS + DEPOSITORS + EXCLUDERS
FUNDS_MICROS = 100_000 * 1_000_000
MONTHS = 6
DECIDED_SECONDS_MAX = 120.0
LOOK_SECONDS = 0.2
# What the door says to a session that an exclusion has ended.
TURNED_AWAY = HTTPStatus.UNAUTHORIZED
_AS_IT_SHOULD_BE = {HTTPStatus.ACCEPTED, HTTPStatus.FORBIDDEN, TURNED_AWAY}


class StormBroken(PlatformError):
    """The storm could not be gone through to its end."""


async def run(config: Config, *, tell: Callable[[str], None]) -> Report:
    """Let a storm blow on an instance of its own, exclude everybody in it, and read the facts.

    Raises:
        StormBroken: somebody was answered as nobody should be.
    """
    tell("the platform starts")
    async with house.opened(seed=config.seed, connections=CONNECTIONS, games=PROVIDERS) as venue:
        tell(f"{config.players:,} players are welcomed")
        guests = await venue.welcome(config.players, micros=FUNDS_MICROS)
        storm = _Storm(venue, guests, config)
        await storm.sit_down()
        tell("the storm begins")
        seconds = await storm.blow()
        tell("the storm is over; what was acknowledged is decided")
        undecided = await storm.come_to_rest()
        found = count((await venue.facts(set(SHARDS_ALL))).values())
        return Report(
            config=config,
            excluded=found["excluded"],
            asked=dict(storm.asked),
            turned_away=storm.turned_away,
            counts=counts_of(_without_welcome(found, config.players)),
            paid_out_after=found[f"{PAID_OUT} after"],
            won_after=found[f"{WON} after"],
            undecided=undecided,
            seconds=seconds,
            answer_ms=Latency.of_seconds(storm.took),
            faults=tuple(
                faults_of(
                    _without_welcome(found, config.players),
                    players=config.players,
                    undecided=undecided,
                )
            ),
        )


def _without_welcome(found: Counter[str], players: int) -> Counter[str]:
    """Leave out the deposits with which players came: they were made in calm weather."""
    return Counter(
        {**found, "deposit.requested before": found["deposit.requested before"] - players}
    )


class _Storm:
    def __init__(self, venue: House, guests: Sequence[Guest], config: Config) -> None:
        self._venue = venue
        self._guests = guests
        self._config = config
        self._chance = random.Random(config.seed)  # noqa: S311 - load, not secrets
        self._over = asyncio.Event()
        # Whoever has a token of before there were sessions comes past the door, to the gate.
        self._old_tokens = {
            guest.player_id: venue.token(guest.player_id, session=False) for guest in guests
        }
        self._studio = Studio(venue, seed=config.seed)
        self._number = 0
        self._acknowledged = 0
        self.asked: Counter[str] = Counter()
        self.turned_away = 0
        self.took: list[float] = []

    async def sit_down(self) -> None:
        """Open a game for everybody; for every other one without a login that could end."""
        await self._studio.list_game()
        for number, guest in enumerate(self._guests):
            old = self._old_tokens[guest.player_id]
            await self._studio.seat(guest, token=old if number % 2 else guest.token)

    async def blow(self) -> float:
        """Blow, exclude everybody, blow on; return how long excluding took."""
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            for _ in range(BETTORS):
                group.create_task(self._bet())
            for _ in range(GAMBLERS):
                group.create_task(self._gamble())
            for _ in range(DEPOSITORS):
                group.create_task(self._pay_in())
            await asyncio.sleep(self._config.seconds_around)
            began = loop.time()
            await asyncio.gather(
                *(self._exclude(self._guests[number::EXCLUDERS]) for number in range(EXCLUDERS))
            )
            seconds = loop.time() - began
            await asyncio.sleep(self._config.seconds_around)
            self._over.set()
        return seconds

    async def come_to_rest(self) -> int:
        """Pay all rounds, and wait until every acknowledged bet is decided.

        Returns how many never were.
        """
        while await self._studio.pay():
            pass
        loop = asyncio.get_running_loop()
        deadline = loop.time() + DECIDED_SECONDS_MAX
        while True:
            found = count((await self._venue.facts(set(SHARDS_ALL))).values())
            decided = sum(
                found[f"{kind} {when}"]
                for kind in ("bet.accepted", "bet.refused")
                for when in ("before", "after")
            )
            if decided >= self._acknowledged or loop.time() > deadline:
                return self._acknowledged - decided
            await asyncio.sleep(LOOK_SECONDS)

    async def _bet(self) -> None:
        while not self._over.is_set():
            guest = self._chance.choice(self._guests)
            answer = await self._send("bets", "/v1/bets", self._venue.slip(1), guest)
            self._acknowledged += answer.status == HTTPStatus.ACCEPTED

    async def _gamble(self) -> None:
        """Stake in games all the time, and leave half of the wins for later."""
        while not self._over.is_set():
            await self._studio.stake(self._chance.choice(self._guests))
            self.asked["stakes in games"] += 1
            if self._chance.random() < 0.5:
                await self._studio.pay()

    async def _pay_in(self) -> None:
        body = {"amount": "1.00", "currency": "EUR"}
        while not self._over.is_set():
            await self._send("deposits", "/v1/deposits", body, self._chance.choice(self._guests))

    async def _exclude(self, guests: Sequence[Guest]) -> None:
        """Exclude these, every other one by themselves; each asks for their money afterwards."""
        time = asyncio.get_running_loop().time
        for number, guest in enumerate(guests):
            began = time()
            if number % 2:
                answer = await self._venue.ask(
                    "POST",
                    "/v1/me/exclusions",
                    {"months": MONTHS},
                    token=guest.token,
                    key="exclude",
                )
            else:
                answer = await self._venue.ask(
                    "POST",
                    f"/v1/staff/players/{guest.player_id}/exclusions",
                    {"months": MONTHS, "reason": "risk_of_harm"},
                    token=self._venue.instance.staff_token,
                    key=f"exclude-{guest.player_id}",
                )
            self.took.append(time() - began)
            self.asked["exclusions"] += 1
            if answer.status != HTTPStatus.OK:
                raise StormBroken(f"an exclusion: {answer.status} {answer.body[:200]!r}")
            body = {"amount": "1.00", "currency": "EUR"}
            await self._send("withdrawals", "/v1/withdrawals", body, guest, old=True)

    async def _send(
        self, what: str, path: str, body: object, guest: Guest, *, old: bool | None = None
    ) -> Answer:
        self._number += 1
        old = self._chance.random() < 0.5 if old is None else old
        token = self._old_tokens[guest.player_id] if old else guest.token
        try:
            answer = await self._venue.ask(
                "POST", path, body, token=token, key=f"storm-{self._number}"
            )
        except ConnectionLost as lost:
            raise StormBroken(f"{path}: {lost}") from lost
        self.asked[what] += 1
        if answer.status not in _AS_IT_SHOULD_BE:
            raise StormBroken(f"{path}: {answer.status} {answer.body[:200]!r}")
        self.turned_away += answer.status == TURNED_AWAY
        return answer
