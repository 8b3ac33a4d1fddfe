"""Rounds that their players have left, played to their ends."""

from __future__ import annotations

from collections.abc import Sequence

from pitboss.games.dealing.model import (
    STEPS_MAX,
    Answer,
    NotDealt,
    Play,
    Refusal,
    RoundKey,
    last_action,
)
from pitboss.games.dealing.operations.playing import play
from pitboss.games.dealing.ports import Equipment
from pitboss.games.dealing.queries import find_kept
from pitboss.kernel.errors import InvariantBroken
from pitboss.messages import Turn


async def finish(
    turn: Turn, keys: Sequence[RoundKey], equipment: Equipment
) -> dict[RoundKey, Answer]:
    """Play rounds to their ends for players who have left them: free spins are spun, hands stand.

    Nothing more is staked.  A round that is over, or that cannot be played on because its game has
    changed, is answered with the reason and stays as it is.

    Raises:
        Fault: the generator does not answer, or draws nothing: no round is played on.
    """
    answers: dict[RoundKey, Answer] = {}
    left = list(dict.fromkeys(keys))
    for _ in range(STEPS_MAX):
        plays = await _next_steps(turn, left, answers)
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
    turn: Turn, keys: Sequence[RoundKey], answers: dict[RoundKey, Answer]
) -> list[Play]:
    """Return the next step of each round that can be played on; say why of the others."""
    found = {(item.round.player_id, item.round.id): item for item in await find_kept(turn.tx, keys)}
    plays: list[Play] = []
    for key in keys:
        kept = found.get(key)
        if kept is None:
            answers[key] = NotDealt(reason=Refusal.UNKNOWN_ROUND)
        elif kept.state is None:
            answers[key] = NotDealt(reason=kept.why or Refusal.UNTOLD)
        elif kept.state.over or kept.closed:
            answers[key] = NotDealt(reason=Refusal.ROUND_CLOSED)
        else:
            action = last_action(kept.state)
            number = kept.steps + 1
            plays.append(Play(player_id=key[0], round_id=key[1], number=number, action=action))
    return plays
