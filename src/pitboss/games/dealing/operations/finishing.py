"""Rounds that their players have left, played to their ends."""

from __future__ import annotations

from collections.abc import Sequence

from pitboss.games.dealing.model import (
    STEPS_MAX,
    Finish,
    NotDealt,
    Play,
    Refusal,
    RoundKey,
    last_action,
)
from pitboss.games.dealing.operations.playing import play
from pitboss.games.dealing.operations.recording import end_as_recorded
from pitboss.games.dealing.ports import Equipment
from pitboss.games.dealing.queries import find_kept
from pitboss.games.rounds.model import ClosedBy
from pitboss.kernel.errors import InvariantBroken
from pitboss.messages import Turn


async def finish(
    turn: Turn, keys: Sequence[RoundKey], equipment: Equipment, *, by: ClosedBy
) -> dict[RoundKey, Finish]:
    """Play rounds to their ends for players who have left them: free spins are spun, hands stand.

    Nothing more is staked.  A round whose rules are not here any more ends as it was recorded, `by`
    staff or the rule for rounds that are left open.
    One that is over, or that nobody can say anything of, is answered with the reason and stays.

    Raises:
        Fault: the generator does not answer, or draws nothing: no round is played on.
    """
    answers: dict[RoundKey, Finish] = {}
    left = list(dict.fromkeys(keys))
    for _ in range(STEPS_MAX):
        plays = await _next_steps(turn, left, answers, by)
        if not plays:
            return answers
        left = []
        for item, answer in zip(plays, await play(turn, plays, equipment), strict=True):
            key = (item.player_id, item.round_id)
            answers[key] = answer
            if not isinstance(answer, NotDealt) and not answer.state.over:
                left.append(key)
    raise InvariantBroken("a round of the house ends")


async def _next_steps(
    turn: Turn, keys: Sequence[RoundKey], answers: dict[RoundKey, Finish], by: ClosedBy
) -> list[Play]:
    """Return the next step of each round that can be played on; say what becomes of the others."""
    found = {(item.round.player_id, item.round.id): item for item in await find_kept(turn.tx, keys)}
    plays: list[Play] = []
    for key in keys:
        kept = found.get(key)
        if kept is None:
            answers[key] = NotDealt(reason=Refusal.UNKNOWN_ROUND)
        elif kept.closed or (kept.state is not None and kept.state.over):
            answers[key] = NotDealt(reason=Refusal.ROUND_CLOSED)
        elif kept.state is None and kept.is_endable:
            answers[key] = await end_as_recorded(turn, kept, by=by)
        elif kept.state is None:
            answers[key] = NotDealt(reason=kept.why or Refusal.UNTOLD)
        else:
            action = last_action(kept.state)
            number = kept.steps + 1
            plays.append(Play(player_id=key[0], round_id=key[1], number=number, action=action))
    return plays
