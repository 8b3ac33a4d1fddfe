"""National registers over HTTP: asked before somebody is let in, shown to staff."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec
from litestar import Router, get, post

from pitboss import jurisdictions, registers
from pitboss.api import problems
from pitboss.api.central import CentralView, activity_verdict, begin_play, show_central
from pitboss.api.edge import Edge
from pitboss.api.furniture import (
    BEARER,
    Asked,
    Doors,
    TheEdge,
    needs,
    player_of,
)
from pitboss.api.problems import Problem, ProblemFound
from pitboss.api.turns import in_turn
from pitboss.jurisdictions.model import Jurisdiction, Moment, Register, RegisterDown
from pitboss.kernel.ids import PlayerId, new_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import SYSTEM_SHARD, shard_of
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.players.identity.errors import PlayerMissing
from pitboss.players.identity.model import Player
from pitboss.registers.model import (
    Outcome,
    People,
    Person,
    Pulse,
    Question,
    Silence,
    Verdict,
)
from pitboss.staff.agents.model import Permission

# Who asks the registers, in facts, wherever it is done.
ACTOR = "registers"
# Nothing is stored of it: who comes again is asked about again.
REGISTER_DOWN = Problem(
    status=503,
    slug="register_down",
    detail="The national register does not answer, so nobody can register now.",
    retry_after=60,
)


class CheckView(msgspec.Struct, frozen=True, kw_only=True):
    """What the national registers mean for the player's next stake."""

    verdict: Verdict


class RuleView(msgspec.Struct, frozen=True, kw_only=True):
    """Under which licence a register is asked, and what holds while it does not answer."""

    jurisdiction: str
    when_down: RegisterDown


class RegisterView(msgspec.Struct, frozen=True, kw_only=True):
    """How a register stands.

    `state` is `up`, `down` or `unknown`; `waiting` are players of whom it has yet to answer, and
    `excluded` those whom it named last.
    """

    register: str
    connected: bool
    state: str
    since: str | None
    reason: str | None
    waiting: int
    excluded: int
    answered_at: str | None
    licences: tuple[RuleView, ...]


class RegistersView(msgspec.Struct, frozen=True, kw_only=True):
    """Every register that a licence names, and the central files over all operators."""

    registers: tuple[RegisterView, ...]
    central: CentralView


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """What registers said of somebody who is no player yet."""

    outcomes: Mapping[Register, Outcome]

    @property
    def is_named(self) -> bool:
        """Whether a register says that this person is excluded."""
        return any(
            told.answer == "excluded" for item in self.outcomes.values() for told in item.told
        )

    @property
    def is_waited_for(self) -> bool:
        """Whether a register has not answered."""
        return any(item.silent for item in self.outcomes.values())


def make_router(doors: Doors) -> Router:
    """Return the routes about registers."""
    players = Router(
        "/me",
        route_handlers=[check_me],
        guards=[doors.player],
        security=BEARER,
        tags=["exclusion"],
    )
    staff = Router(
        "/staff",
        route_handlers=[show_registers],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
    )
    return Router("/v1", route_handlers=[players, staff])


@post("/register-check", status_code=200, summary="Have the national register asked")
async def check_me(request: Asked, edge: TheEdge) -> CheckView:
    """Ask the national register of the licence, where play has to wait for its word.

    Whoever was told `register_not_checked` or `register_down` asks this before the next stake.  A
    word that is fresh enough is not asked for again.  Where a central file knows who plays with
    which operator, it is asked for this session too; `elsewhere` is with another one.
    """
    try:
        async with edge.database.reading() as tx:
            player = await identity.get_player(tx, player_of(request))
    except PlayerMissing:
        raise ProblemFound(problems.NOT_FOUND) from None
    verdict = await _verdict(edge, player)
    if verdict in (Verdict.NOT_CHECKED, Verdict.DOWN):
        await check_player(edge, player, Moment.PLAY)
        verdict = await _verdict(edge, player)
    if verdict in (Verdict.CLEAR, Verdict.NOT_NEEDED):
        active = await activity_verdict(edge, player)
        if active not in (Verdict.CLEAR, Verdict.NOT_NEEDED) and request.user.session:
            await begin_play(edge, player, request.user.session)
            active = await activity_verdict(edge, player)
        verdict = verdict if active is Verdict.NOT_NEEDED else active
    return CheckView(verdict=verdict)


@get("/registers", opt=needs(Permission.SEE_REGISTERS), summary="National registers")
async def show_registers(edge: TheEdge) -> RegistersView:
    """Show how each national register stands, and what its licences do while it is silent."""
    async with edge.database.reading() as tx:
        found = await registers.find_states(tx, at=edge.clock.now())
    states = {state.register: state for state in found}
    licences: dict[Register, list[RuleView]] = {}
    for code in jurisdictions.codes():
        rules = jurisdictions.get(code).exclusion
        for register in rules.registers:
            view = RuleView(jurisdiction=code, when_down=rules.register_down)
            licences.setdefault(register, []).append(view)
    views: list[RegisterView] = []
    for register in sorted(licences.keys() | states.keys()):
        state = states.get(register)
        up = None if state is None else state.up
        since = None if state is None else state.since
        answered_at = None if state is None else state.answered_at
        views.append(
            RegisterView(
                register=register,
                connected=register in edge.registers,
                state="unknown" if up is None else "up" if up else "down",
                since=None if since is None else write_instant(since),
                reason=None if state is None else state.reason,
                waiting=0 if state is None else state.waiting,
                excluded=0 if state is None else state.excluded,
                answered_at=None if answered_at is None else write_instant(answered_at),
                licences=tuple(licences.get(register, ())),
            )
        )
    return RegistersView(registers=tuple(views), central=await show_central(edge))


async def check_player(edge: Edge, player: Player, step: Moment) -> None:
    """Ask the registers of a player's licence before this step, where the licence says so.

    Outside of any turn: what they say is noted in one of the player's, and from its commit on it
    holds.  A register that is silent is noted too, and stops play where the licence says so, never
    a login: whoever is excluded may still take their money out.
    """
    licence = jurisdictions.find(player.jurisdiction)
    if licence is None or not licence.exclusion.registers:
        return
    moment = registers.moments_before(step, licence)
    if moment is None and step is Moment.PLAY:
        # Nobody waits for the next login who could not be asked about at the last one.
        moment = registers.moments_before(Moment.LOGIN, licence)
    if moment is None:
        return
    shards = [shard_of(player.id)]

    async def read(turn: Turn) -> People:
        return await registers.read_people(turn, [player.id])

    sealed = await in_turn(edge, shards, ACTOR, read)
    person = registers.open_people(sealed, keys=edge.personal_keys).get(player.id)
    if person is None:
        return
    asked_at = edge.clock.now()
    outcomes = await _ask(edge, licence, player.id, person, moment)

    async def note(turn: Turn) -> None:
        await note_outcomes(turn, outcomes, moment, asked_at=asked_at)

    await in_turn(edge, shards, ACTOR, note)


async def check_newcomer(
    edge: Edge, licence: Jurisdiction, player_id: PlayerId, person: Person
) -> Newcomer:
    """Ask the registers of a licence about somebody who wants to register.

    Raises:
        ProblemFound: a register wants to know more of the person, or it is silent and the licence
            takes nobody then.
    """
    moment = registers.moments_before(Moment.REGISTRATION, licence)
    if moment is None:
        return Newcomer(outcomes={})
    missing = registers.missing_details(licence.exclusion.registers, person)
    if missing:
        detail = "the national register of this licence wants to know it"
        raise ProblemFound(problems.malformed(missing[0].value, detail))
    found = Newcomer(outcomes=await _ask(edge, licence, player_id, person, moment))
    refuses = licence.exclusion.register_down is RegisterDown.REFUSE
    if found.is_waited_for and refuses and not found.is_named:
        raise ProblemFound(REGISTER_DOWN)
    return found


async def note_outcomes(
    turn: Turn, outcomes: Mapping[Register, Outcome], moment: Moment, *, asked_at: datetime
) -> None:
    """Note what registers said, or did not say, of the player whose turn this is."""
    for register, outcome in outcomes.items():
        await registers.record(turn, register, outcome.told, moment=moment, asked_at=asked_at)
        if outcome.silent:
            await registers.record_silence(
                turn,
                register,
                outcome.silent,
                moment=moment,
                reason=outcome.reason or Silence.AWAY,
            )


async def _ask(
    edge: Edge, licence: Jurisdiction, player_id: PlayerId, person: Person, moment: Moment
) -> dict[Register, Outcome]:
    outcomes: dict[Register, Outcome] = {}
    for register in licence.exclusion.registers:
        pulse = edge.pulses.setdefault(register, Pulse())
        before, now = pulse.up, edge.wall.now()
        question = Question(id=new_id(now, edge.entropy), player_id=player_id, person=person)
        outcomes[register] = await registers.ask(
            edge.registers.get(register), [question], moment=moment, pulse=pulse, now=now
        )
        if pulse.up is not None and pulse.up is not before:
            await _note_pulse(edge, register, pulse)
    return outcomes


async def _note_pulse(edge: Edge, register: Register, pulse: Pulse) -> None:
    async def note(turn: Turn) -> None:
        await registers.note_pulse(turn, register, pulse)

    await in_turn(edge, [SYSTEM_SHARD], ACTOR, note)


async def _verdict(edge: Edge, player: Player) -> Verdict:
    async def look(turn: Turn) -> Verdict:
        licence = jurisdictions.find(player.jurisdiction)
        licences = {} if licence is None else {player.jurisdiction: licence}
        found = await registers.recall_verdicts(turn, [player], licences, for_play=True)
        return found.get(player.id, Verdict.NOT_NEEDED)

    return await in_turn(edge, [shard_of(player.id)], ACTOR, look)
