"""Players under a licence with a register, and what is done with them again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contract.fake_registers import FakeRegister
from integration.players.keys import KEYS
from integration.players.people import NOW, facts, in_turn, some_player
from pitboss import jurisdictions, registers
from pitboss.db import Database
from pitboss.jurisdictions.model import Moment, Register
from pitboss.kernel.clock import ManualClock
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.players.identity.model import parse_name
from pitboss.registers.model import Answer, Standing, Told, Verdict
from pitboss.responsible import exclusion
from pitboss.responsible.exclusion.model import Exclusion
from pitboss.workers.registers import Loop

GAMSTOP = Register.GAMSTOP


@dataclass(slots=True, kw_only=True)
class World:
    """A database, a register and a clock."""

    database: Database
    fake: FakeRegister = field(default_factory=FakeRegister)
    clock: ManualClock = field(default_factory=lambda: ManualClock(NOW))
    wall: ManualClock = field(default_factory=lambda: ManualClock(NOW))

    def loop(self) -> Loop:
        """Return a loop, as a process that has just started has it."""
        return Loop(
            client=self.fake,
            database=self.database,
            keys=KEYS,
            clock=self.clock,
            entropy=SystemEntropy(),
            wall=self.wall,
            pause_seconds=0,
        )

    async def player(self, name: str, jurisdiction: str = "GB", currency: str = "GBP") -> PlayerId:
        """Register somebody of this family name."""
        return await some_player(
            self.database,
            name,
            jurisdiction=jurisdiction,
            currency=currency,
            family_name=parse_name(name, field="name"),
            postcode=parse_name("E1 1AA", field="postcode"),
        )

    async def hear(
        self,
        player_id: PlayerId,
        answer: Answer,
        *,
        moment: Moment = Moment.LOGIN,
        asked_at: datetime | None = None,
    ) -> tuple[PlayerId, ...]:
        """Note that the register answered so, to what was asked then, or just now."""

        async def work(turn: Turn) -> tuple[PlayerId, ...]:
            told = Told(player_id=player_id, answer=answer, reference="ref-1")
            return await registers.record(
                turn, GAMSTOP, [told], moment=moment, asked_at=asked_at or turn.now
            )

        return await in_turn(self.database, player_id, work, now=self.clock.now())

    async def verdict(self, player_id: PlayerId) -> Verdict:
        """Return what the gate would hear."""

        async def work(turn: Turn) -> Verdict:
            players = await identity.recall_players(turn, [(shard_of(player_id), player_id)])
            licences = {code: jurisdictions.get(code) for code in jurisdictions.codes()}
            found = await registers.recall_verdicts(
                turn, list(players.values()), licences, for_play=True
            )
            return found.get(player_id, Verdict.NOT_NEEDED)

        return await in_turn(self.database, player_id, work, now=self.clock.now())

    async def standing(self, player_id: PlayerId) -> Standing | None:
        """Return the last that the register said of a player."""
        async with self.database.reading() as tx:
            found = await registers.find_standings(tx, [player_id])
        return next(iter(found[player_id]), None)

    async def exclusions(self, player_id: PlayerId) -> Sequence[Exclusion]:
        """Return everything that ever kept a player away."""
        async with self.database.reading() as tx:
            return await exclusion.list_exclusions(tx, player_id)

    async def told(self, since: str) -> list[str]:
        """Return the types of facts that start so."""
        return [fact["type"] for fact in await facts(self.database, since=since)]

    def later(self, **units: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(**units))
        self.wall.advance(timedelta(**units))
