"""What the machine's owner does about staff: the first agents, and new invitations."""

from __future__ import annotations

import base64
from collections.abc import Collection
from dataclasses import dataclass, field

from pitboss import messages
from pitboss.app.parts import clock_of, open_database, personal_keys
from pitboss.db import Database
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.ids import StaffId, new_id
from pitboss.kernel.shards import STAFF_SHARD
from pitboss.messages import Turn, TurnContext
from pitboss.settings import Settings
from pitboss.staff import agents
from pitboss.staff.agents.model import Agent, AgentStatus, Reason, Refusal, Refused

# Who is named in facts of what is done from here.
ACTOR = "staff:command line"
_HALF_BYTES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited:
    """An agent who may choose a password now, and the two halves of the code for it."""

    staff_id: StaffId
    halves: tuple[str, str] = field(repr=False)


async def add(settings: Settings, name: str, roles: Collection[str]) -> Invited | Refused:
    """Add an agent and invite them, while there are not two administrators who could."""

    async with (
        open_database(settings, connections_max=1) as database,
        _turn(database, settings) as turn,
    ):
        staff_id = StaffId(new_id(turn.now, turn.entropy))
        answer = await agents.bootstrap(turn, staff_id, name, roles)
        if isinstance(answer, Refused):
            return answer
        return await _invite(turn, settings, answer.id, Reason.BOOTSTRAP)


async def invite(settings: Settings, name: str) -> Invited | Refused:
    """Let an agent who cannot get in any more choose another password and second factor."""
    async with (
        open_database(settings, connections_max=1) as database,
        _turn(database, settings) as turn,
    ):
        for agent in await agents.find_agents(turn.tx):
            if agent.name == name and agent.status is AgentStatus.ACTIVE:
                return await _invite(turn, settings, agent.id, Reason.LOST_CREDENTIALS)
    return Refused(reason=Refusal.UNKNOWN_AGENT)


async def find_all(settings: Settings) -> list[Agent]:
    """Return everybody who is or was staff."""
    async with open_database(settings, connections_max=1) as database, database.reading() as tx:
        return await agents.find_agents(tx)


async def _invite(
    turn: Turn, settings: Settings, staff_id: StaffId, reason: Reason
) -> Invited | Refused:
    halves = (_half(turn), _half(turn))
    refusal = await agents.invite(turn, staff_id, halves, reason, keys=personal_keys(settings))
    return refusal or Invited(staff_id=staff_id, halves=halves)


def _half(turn: Turn) -> str:
    return base64.b32encode(turn.entropy.random_bytes(_HALF_BYTES)).decode()


def _turn(database: Database, settings: Settings) -> TurnContext:
    return messages.turn(
        database,
        [STAFF_SHARD],
        now=clock_of(settings).now(),
        actor=ACTOR,
        entropy=SystemEntropy(),
    )
