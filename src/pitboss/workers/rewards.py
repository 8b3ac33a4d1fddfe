"""The rewards loop: asks providers for what was given, once, and cancels what is to be.

A provider is asked between transactions, never inside one.  That it is asked now is committed
before it is: a crash after that leaves a reward of which nobody knows whether it was granted, and
that is what it is then called.  It is never asked for again, for that could grant it twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from pitboss import messages
from pitboss.db import Database
from pitboss.games import rewards
from pitboss.games.rewards.model import (
    Changed,
    CreateOutcome,
    Ending,
    Place,
    Reward,
    RewardState,
    Unanswered,
    Waiting,
    Why,
)
from pitboss.games.rewards.ports import Rewards
from pitboss.kernel.clock import Clock, SystemClock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.errors import Fault
from pitboss.kernel.waiting import happened

BATCH_MAX = 32
IDLE_SECONDS = 0.5
RETRY_SECONDS = 0.5
# Of what is no single reward's; somebody must look, and payments beside us go on.
HALTED_SECONDS = 60.0
# After a provider that is away, twice as long each time.
BACKOFF_SECONDS_MIN = 1.0
BACKOFF_SECONDS_MAX = 300.0
_DOUBLINGS_MAX = 16
# Twice what an answer may take: whoever sent it has died, or has an answer that it cannot write.
SILENCE_SECONDS = 60.0
# Between two looks at whose rewards are forfeited; an excluded player's stakes are refused anyhow.
SWEEP_SECONDS = 5.0
# How often an answer is written again that could not be, a little later each time.
NOTES_MAX = 8
NO_ANSWER = "whoever asked has died, or could not write what was answered"

_log = structlog.get_logger("rewards")


@dataclass(slots=True, kw_only=True)
class Loop:
    """Looks after rewards with all providers; of several that run, one asks for each.

    `clock` is the platform's; `wall` is the machine's, by which providers live.  `busy` are the
    providers that are being asked: who is slow holds up nobody else's rewards.
    """

    database: Database
    providers: Mapping[str, Rewards]
    clock: Clock
    entropy: Entropy
    wall: Clock = field(default_factory=SystemClock)
    busy: set[str] = field(default_factory=set)

    async def run(self, stop: asyncio.Event) -> None:
        """Go on until told to stop; faults of the world are waited out.

        Nobody who was excluded waits behind providers that are slow, or behind all that is given.
        """
        async with asyncio.TaskGroup() as group:

            async def begin() -> int:
                batches = await self._begin()
                for provider, found in batches.items():
                    group.create_task(self._look_after_all(provider, found))
                return len(batches)

            group.create_task(self._go_on(stop, begin, IDLE_SECONDS))
            group.create_task(self._go_on(stop, self.sweep, SWEEP_SECONDS))

    async def _go_on(
        self, stop: asyncio.Event, work: Callable[[], Awaitable[int]], idle_seconds: float
    ) -> None:
        while not stop.is_set():
            try:
                wait = 0.0 if await work() else idle_seconds
            except Fault as fault:
                _log.warning("trying again", why=str(fault))
                wait = RETRY_SECONDS
            except Exception:
                _log.exception("no rewards are looked after")
                wait = HALTED_SECONDS
            if wait:
                await happened(stop, wait)

    async def step(self) -> int:
        """Look at what waits, until that is done; return how many rewards that were."""
        batches = await self._begin()
        await asyncio.gather(*(self._look_after_all(*item) for item in batches.items()))
        return sum(map(len, batches.values()))

    async def _begin(self) -> dict[str, list[Reward]]:
        """Return what waits with each provider that is not busy, all of which now are."""
        async with self.database.reading() as tx:
            found = await rewards.find_waiting(
                tx, self.providers.keys(), busy=self.busy, at=self.wall.now(), limit=BATCH_MAX
            )
        batches: dict[str, list[Reward]] = {}
        for item in found:
            batches.setdefault(item.provider, []).append(item)
        self.busy.update(batches)
        return batches

    async def _look_after_all(self, provider: str, found: Sequence[Reward]) -> None:
        """Look after what waits with one provider; only then is more of it looked for."""
        try:
            await asyncio.gather(*map(self._look_after, found))
        finally:
            self.busy.discard(provider)

    async def sweep(self) -> int:
        """Have the open rewards of excluded players cancelled; return how many there were."""
        after: Ending | None = None
        count = 0
        while True:
            async with self.database.reading() as tx:
                found, after = await rewards.find_forfeited(tx, now=self.clock.now(), after=after)
            for item in found:
                count += await self._forfeit(item.place)
            if after is None:
                return count

    async def _forfeit(self, place: Place) -> bool:
        """Have a reward cancelled; one that breaks takes no other along."""
        try:
            async with self._turn(place) as turn:
                answer = await rewards.cancel(turn, place, Why.EXCLUDED)
        except Fault as fault:
            _log.warning("not cancelled yet", reward=place[1], why=str(fault))
            return False
        except Exception:
            _log.exception("a reward broke", reward=place[1])
            return False
        return isinstance(answer, Changed) and answer.changed

    async def _look_after(self, reward: Reward) -> None:
        """Do what a reward waits for; what breaks concerns this one alone."""
        try:
            match reward.state:
                case RewardState.REQUESTED:
                    await self._give(reward)
                case RewardState.SENT:
                    await self._note(reward.place, Unanswered(word=NO_ANSWER))
                case _:
                    await self._cancel(reward)
        except Fault as fault:
            _log.warning("put off", reward=reward.id, why=str(fault))
            await self._put_off(reward, BACKOFF_SECONDS_MIN)
        except Exception:
            _log.exception("a reward broke", reward=reward.id)
            await self._put_off(reward, BACKOFF_SECONDS_MAX)

    async def _put_off(self, reward: Reward, seconds_min: float) -> None:
        """Look at it again later; at once, after a breath, if that cannot be written."""
        try:
            await self._postpone(reward, seconds_min)
        except Exception:
            _log.exception("not put off", reward=reward.id)
            await asyncio.sleep(RETRY_SECONDS)

    async def _give(self, reward: Reward) -> None:
        """Send a reward, if it would be what was given."""
        provider = self.providers[reward.provider]
        refusal = await _refuse_terms(provider, reward)
        async with self._turn(reward.place) as turn:
            if refusal is not None:
                await rewards.decline(turn, reward.place, refusal)
                return
            sent = await rewards.send(turn, [reward.place])
            await rewards.postpone(turn, [self._waiting(item, SILENCE_SECONDS) for item in sent])
        for item in sent:
            await self._note(item.place, await self._ask(provider, item))

    async def _ask(self, provider: Rewards, reward: Reward) -> CreateOutcome:
        try:
            return await provider.create(reward)
        except Exception as error:
            # It was on its way: what came back cannot be read, and that is no no.
            _log.exception("an answer broke", reward=reward.id)
            return Unanswered(word=type(error).__name__)

    async def _note(self, place: Place, outcome: CreateOutcome) -> None:
        """Write what was answered, again if the database is away: nobody will say it again."""
        for number in range(NOTES_MAX):
            try:
                async with self._turn(place) as turn:
                    reward = await rewards.record_outcome(turn, place, outcome)
                break
            except Fault as fault:
                _log.warning("an answer is not written yet", reward=place[1], why=str(fault))
                await asyncio.sleep(RETRY_SECONDS * number)
        else:
            _log.error("an answer is lost", reward=place[1], outcome=str(outcome))
            return
        if reward.state is RewardState.UNKNOWN:
            _log.error("nobody knows whether a reward was granted", reward=place[1])

    async def _cancel(self, reward: Reward) -> None:
        """Cancel a reward: asked again until there is an answer, for that grants nothing."""
        outcome = await self.providers[reward.provider].cancel(reward.ref or "")
        async with self._turn(reward.place) as turn:
            await rewards.record_cancel(turn, reward.place, outcome)

    async def _postpone(self, reward: Reward, seconds_min: float) -> None:
        """Write when to look at it again, unless it has moved on meanwhile."""
        doubled = seconds_min * 2 ** min(reward.attempts, _DOUBLINGS_MAX)
        waiting = self._waiting(reward, min(doubled, BACKOFF_SECONDS_MAX), again=True)
        async with self._turn(reward.place) as turn:
            found = await rewards.find_reward(turn.tx, reward.place)
            if found is not None and found.state is reward.state:
                await rewards.postpone(turn, [waiting])

    def _waiting(self, reward: Reward, seconds: float, *, again: bool = False) -> Waiting:
        return Waiting(
            place=reward.place,
            attempts=reward.attempts + again,
            try_at=self.wall.now() + timedelta(seconds=seconds),
        )

    def _turn(self, place: Place) -> messages.TurnContext:
        return messages.turn(
            self.database,
            {place[0]},
            now=self.clock.now(),
            actor="rewards",
            entropy=self.entropy,
        )


async def _refuse_terms(provider: Rewards, reward: Reward) -> str | None:
    """Return why a provider would not give what we give, as its prepaid or campaign has it."""
    prepaids = await provider.list_prepaids(reward.game, reward.currency)
    refusal = rewards.refuse_prepaid(reward, prepaids)
    if refusal is not None or reward.campaign is None:
        return refusal
    return rewards.refuse_campaign(reward, await provider.list_campaigns())
