"""The loop that ends rounds which their providers have left open."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from pitboss import messages
from pitboss.db import Database
from pitboss.games import dealing, rounds
from pitboss.games.dealing.model import PROVIDER, NotDealt, book_id
from pitboss.games.dealing.ports import Equipment
from pitboss.games.rounds.model import ClosedBy, Resolution, Resolved, Round
from pitboss.kernel.clock import Clock
from pitboss.kernel.entropy import Entropy
from pitboss.kernel.errors import Fault
from pitboss.kernel.waiting import happened

# Hours are what it is about; a minute more is nothing.
IDLE_SECONDS = 30.0
RETRY_SECONDS = 1.0
HALTED_SECONDS = 60.0
AT_ONCE_MAX = 100

_log = structlog.get_logger("rounds")


@dataclass(slots=True, kw_only=True)
class Resolver:
    """Ends what was open for too long, by one rule; of several that run, all do no harm.

    Rounds of the `house` are played to their ends instead: what they would have won is won.  One
    whose rules are not here any more ends as it was recorded.  One that cannot be, for nothing is
    drawn or nobody can say what it has won, waits for staff.
    """

    database: Database
    clock: Clock
    entropy: Entropy
    open_for: timedelta
    rule: Resolution
    house: Equipment | None = None
    # Where the next rounds are looked for: one that breaks is stepped over until the next look.
    after: tuple[datetime, str] | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Resolve until told to stop; faults of the world are waited out."""
        pause = 0.0
        while not await happened(stop, pause):
            pause = IDLE_SECONDS
            try:
                self.after = None
                while not stop.is_set() and await self.step():
                    pass
                # Last, for it needs the generator, and providers' rounds do not.
                await self.sweep()
            except Fault as fault:
                _log.warning("trying again", why=str(fault))
                pause = RETRY_SECONDS
            except Exception:
                _log.exception("no rounds are resolved")
                pause = HALTED_SECONDS

    async def step(self) -> int:
        """End the next rounds that are open for too long; return how many there were.

        Together, or if that breaks each by itself: one that is broken holds up no other.

        Raises:
            Fault: the database is away; what is left is ended next time.
        """
        async with self.database.reading() as tx:
            found = await rounds.find_open_rounds(
                tx,
                before=self.clock.now() - self.open_for,
                limit=AT_ONCE_MAX,
                without=PROVIDER,
                after=self.after,
            )
        if not found:
            return 0
        try:
            ended = await self._resolve(found)
        except Fault:
            raise
        except Exception:
            _log.exception("rounds broke together")
            ended = sum([await self._resolve_alone(item) for item in found])
        self.after = (found[-1].opened_at, found[-1].id)
        _log.warning("rounds were left open", ended=ended, rule=self.rule)
        return len(found)

    async def _resolve_alone(self, item: Round) -> int:
        try:
            return await self._resolve([item])
        except Fault:
            raise
        except Exception:
            _log.exception("a round cannot be ended", round_id=item.id)
            return 0

    async def _resolve(self, found: Sequence[Round]) -> int:
        """End rounds by the rule, in one turn; return how many of them it ended."""
        async with messages.turn(
            self.database,
            {item.shard for item in found},
            now=self.clock.now(),
            actor="rounds",
            entropy=self.entropy,
        ) as turn:
            places = [(item.shard, item.id) for item in found]
            answers = await rounds.resolve(turn, places, self.rule, by=ClosedBy.RULE)
        return sum(isinstance(answer, Resolved) for answer in answers)

    async def sweep(self) -> int:
        """Play every round of the house that is open for too long to its end; say how many.

        Each in a turn of its own: one that is broken holds up no other and waits for staff.

        Raises:
            Fault: nothing is drawn, or the database is away; what is left is played next time.
        """
        if self.house is None:
            return 0
        before, after, ended, waiting = self.clock.now() - self.open_for, None, 0, 0
        while True:
            async with self.database.reading() as tx:
                found = await rounds.find_open_rounds(
                    tx, before=before, limit=AT_ONCE_MAX, provider=PROVIDER, after=after
                )
                kept = await dealing.find_kept(tx, [(item.player_id, item.ref) for item in found])
            playable = {book_id(item.round) for item in kept if item.is_endable}
            for item in found:
                done = item.id in playable and await self._finish(item, self.house)
                ended, waiting = ended + done, waiting + (not done)
            if len(found) < AT_ONCE_MAX:
                break
            after = (found[-1].opened_at, found[-1].id)
        if ended or waiting:
            _log.warning("rounds of the house were left open", ended=ended, waiting=waiting)
        return ended

    async def _finish(self, item: Round, house: Equipment) -> bool:
        """Play one round to its end; say whether it is over."""
        key = (item.player_id, item.ref)
        try:
            async with messages.turn(
                self.database,
                [item.shard],
                now=self.clock.now(),
                actor="rounds",
                entropy=self.entropy,
            ) as turn:
                answer = (await dealing.finish(turn, [key], house, by=ClosedBy.RULE))[key]
        except Fault:
            raise
        except Exception:
            _log.exception("a round of the house cannot be played on", round_id=item.ref)
            return False
        return not isinstance(answer, NotDealt)
