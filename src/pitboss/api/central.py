"""Central files over HTTP: play begins there before it does here, and staff sees how they stand."""

from __future__ import annotations

import msgspec

from pitboss import central, jurisdictions, registers
from pitboss.api.edge import Edge
from pitboss.api.turns import in_turn
from pitboss.central.model import Began, holds_over_all
from pitboss.jurisdictions.model import RegisterDown
from pitboss.kernel.ids import new_id
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import SYSTEM_SHARD
from pitboss.messages import Turn
from pitboss.players.identity.model import Player
from pitboss.registers.model import People, Question, Verdict

# Who tells the central files, in facts, wherever it is done.
ACTOR = "central"


class CentralRuleView(msgspec.Struct, frozen=True, kw_only=True):
    """Which licence has central files of what, and what holds while they do not answer."""

    jurisdiction: str
    deposits: bool
    activity: bool
    when_down: RegisterDown


class CentralView(msgspec.Struct, frozen=True, kw_only=True):
    """How the central files over all operators stand.

    `state` is `up`, `down` or `unknown`; `waiting` are deposits of which they have yet to be told,
    and `active` those who are with us as they know it.
    """

    connected: bool
    state: str
    since: str | None
    reason: str | None
    waiting: int
    active: int
    licences: tuple[CentralRuleView, ...]


async def show_central(edge: Edge) -> CentralView:
    """Return how the central files stand, and what their licences do while they are silent."""
    async with edge.database.reading() as tx:
        state = await central.find_state(tx)
    rules = [jurisdictions.get(code) for code in jurisdictions.codes()]
    return CentralView(
        connected=edge.central is not None,
        state="unknown" if state.up is None else "up" if state.up else "down",
        since=None if state.since is None else write_instant(state.since),
        reason=state.reason,
        waiting=state.waiting,
        active=state.active,
        licences=tuple(
            CentralRuleView(
                jurisdiction=one.code,
                deposits=holds_over_all(one),
                activity=one.sessions.elsewhere_refused,
                when_down=one.exclusion.register_down,
            )
            for one in rules
            if holds_over_all(one) or one.sessions.elsewhere_refused
        ),
    )


async def activity_verdict(edge: Edge, player: Player) -> Verdict:
    """Return what the activity file means for the player's next stake."""

    async def look(turn: Turn) -> Verdict:
        licence = jurisdictions.find(player.jurisdiction)
        licences = {} if licence is None else {player.jurisdiction: licence}
        found = await central.recall_activity(turn, [player], licences)
        return found.get(player.id, Verdict.NOT_NEEDED)

    return await in_turn(edge, [player.shard], ACTOR, look)


async def begin_play(edge: Edge, player: Player, session_id: str) -> None:
    """Ask the activity file to have the player active with us, for as long as the session lives.

    What is asked is written down first, so that whatever becomes of us the file hears of the end.
    """
    activity_id = new_id(edge.wall.now(), edge.entropy)

    async def ask(turn: Turn) -> People:
        await central.ask_to_play(turn, player.id, session_id, activity_id=activity_id)
        return await registers.read_people(turn, [player.id])

    sealed = await in_turn(edge, [player.shard], ACTOR, ask)
    person = registers.open_people(sealed, keys=edge.personal_keys).get(player.id)
    if person is None:
        return
    pulse = edge.central_pulse
    before = pulse.up
    question = Question(id=activity_id, player_id=player.id, person=person)
    began = await central.begin(edge.central, question, pulse=pulse, now=edge.wall.now())
    if began is not None:
        await _note(edge, player, activity_id, began)
    if pulse.up is not None and pulse.up is not before:
        await in_turn(edge, [SYSTEM_SHARD], ACTOR, lambda turn: central.note_pulse(turn, pulse))


async def _note(edge: Edge, player: Player, activity_id: str, began: Began) -> None:
    licence = jurisdictions.get(player.jurisdiction)

    async def note(turn: Turn) -> None:
        await central.record_activity(turn, player.id, activity_id, began, licence)

    await in_turn(edge, [player.shard], ACTOR, note)
