"""Agents who work at a desk: hired, invited, with a second factor, and logged in."""

from __future__ import annotations

from dataclasses import dataclass, field

from integration.api.client import Answer
from integration.api.desk import Desk
from integration.players.keys import KEYS
from pitboss import messages
from pitboss.kernel.ids import StaffId, new_id
from pitboss.kernel.shards import STAFF_SHARD
from pitboss.kernel.totp import STEP_SECONDS, read_seed, totp
from pitboss.messages import TurnContext
from pitboss.staff import agents
from pitboss.staff.agents.model import Agent, Reason

PASSWORD = "a long staff password"
HALVES = ("AAAA", "BBBB")


@dataclass(slots=True, kw_only=True)
class Colleague:
    """An agent with a token, and what they can log in with again."""

    desk: Desk
    staff_id: StaffId
    name: str
    token: str = ""
    seed: bytes = field(default=b"", repr=False)

    async def ask(
        self, method: str, path: str, body: object = None, *, key: str | None = None
    ) -> Answer:
        """Ask for something as this agent."""
        return await self.desk.client.ask(method, path, token=self.token, body=body, key=key)

    async def log_in(self, *, code: str | None = None, password: str = PASSWORD) -> Answer:
        """Log in, with a code if there is one."""
        body = {"name": self.name, "password": password, "code": code}
        return await self.desk.client.ask("POST", "/v1/staff/sessions", body=body)

    def code(self, *, ahead: int = 0) -> str:
        """Return what the authenticator shows, or showed or will show."""
        return totp(self.seed, int(self.desk.clock.now().timestamp()) // STEP_SECONDS + ahead)


def staff_turn(desk: Desk) -> TurnContext:
    """Take the turn of the staff's shard, as the machine's owner does."""
    return messages.turn(
        desk.database,
        [STAFF_SHARD],
        now=desk.clock.now(),
        actor="staff:command line",
        entropy=desk.entropy,
    )


async def add(desk: Desk, name: str, *roles: str) -> Colleague:
    """Add an agent whom nobody has invited yet."""
    staff_id = StaffId(new_id(desk.clock.now(), desk.entropy))
    async with staff_turn(desk) as turn:
        agent = await agents.add(turn, staff_id, name, roles, Reason.JOINED)
    assert isinstance(agent, Agent)
    return Colleague(desk=desk, staff_id=staff_id, name=name)


async def invite(colleague: Colleague, halves: tuple[str, str] = HALVES) -> None:
    """Invite an agent with a code of their own."""
    async with staff_turn(colleague.desk) as turn:
        refusal = await agents.invite(
            turn, colleague.staff_id, _own(colleague, halves), Reason.JOINED, keys=KEYS
        )
    assert refusal is None


async def take(colleague: Colleague, halves: tuple[str, str] = HALVES) -> Answer:
    """Choose the password that an invited agent has from now on."""
    first, second = _own(colleague, halves)
    body = {"first": first, "second": second, "password": PASSWORD}
    return await colleague.desk.client.ask("POST", "/v1/staff/invitations", body=body)


async def prove(colleague: Colleague) -> None:
    """Set up a second factor, in a session that is good for that alone, and log in with it."""
    first = await colleague.log_in()
    colleague.token = first.json()["token"]
    offered = await colleague.ask("POST", "/v1/staff/me/second-factor")
    colleague.seed = read_seed(offered.json()["secret"])
    body = {"code": colleague.code(ahead=-1)}
    confirmed = await colleague.ask("POST", "/v1/staff/me/second-factor/confirmation", body)
    assert confirmed.status == 204, confirmed.body
    second = await colleague.log_in(code=colleague.code())
    assert second.status == 201, second.body
    colleague.token = second.json()["token"]


async def hire(desk: Desk, name: str, *roles: str) -> Colleague:
    """Return an agent with these roles who is logged in with both factors."""
    colleague = await add(desk, name, *roles)
    await invite(colleague)
    assert (await take(colleague)).status == 204
    await prove(colleague)
    return colleague


def _own(colleague: Colleague, halves: tuple[str, str]) -> tuple[str, str]:
    """Return halves of a code that nobody else has."""
    return halves[0] + colleague.staff_id[-8:].replace("-", ""), halves[1]
