"""Rounds whose rules are not here any more, ended by what was recorded of them."""

from __future__ import annotations

from pitboss.games import rounds
from pitboss.games.dealing.facts import HouseRoundEnded
from pitboss.games.dealing.model import (
    DIALECT,
    PROVIDER,
    EndedAsRecorded,
    Kept,
    NotDealt,
    Refusal,
    book_id,
    step_id,
)
from pitboss.games.rounds.model import (
    Bearer,
    ClosedBy,
    Done,
    NotResolved,
    Request,
    Resolution,
    Win,
)
from pitboss.kernel.errors import InvariantBroken
from pitboss.messages import Turn


async def end_as_recorded(turn: Turn, kept: Kept, *, by: ClosedBy) -> EndedAsRecorded | NotDealt:
    """End a round that no rules of this build can play on, so that no money hangs for ever.

    What it had won so far is paid; if that is nothing its stakes are given back.  If that was not
    recorded it waits for staff.  Who closes it is written down, where it is not its own win.
    """
    won = kept.recorded_win_micros
    if won is None:
        return NotDealt(reason=kept.why or Refusal.UNTOLD)
    if won:
        await _pay(turn, kept, won)
        return EndedAsRecorded(won_micros=won, refunded_micros=0)
    place = (kept.round.shard, book_id(kept.round))
    (answer,) = await rounds.resolve(turn, [place], Resolution.VOID, by=by)
    if isinstance(answer, NotResolved):
        return NotDealt(reason=answer.reason)
    return EndedAsRecorded(won_micros=0, refunded_micros=answer.refunded_micros)


async def _pay(turn: Turn, kept: Kept, won: int) -> None:
    round_ = kept.round
    win = Win(
        external_id=step_id(round_.id, kept.steps), micros=won, stake_id=step_id(round_.id, 1)
    )
    request = Request(
        provider=PROVIDER,
        player_id=round_.player_id,
        game=round_.game.value,
        round_ref=round_.id,
        currency=round_.currency,
        steps=(win,),
        closes=True,
        dialect=DIALECT,
        bearer=Bearer(session_id=None),
    )
    (answer,) = await rounds.play(turn, [request])
    if not isinstance(answer, Done):
        raise InvariantBroken(f"what was won is paid, and not {answer.reason}")
    fact = HouseRoundEnded(
        player_id=round_.player_id,
        round_id=round_.id,
        win_micros=won,
        draws=tuple(step.draw for step in kept.taken if step.draw is not None),
    )
    turn.publish(round_.shard, round_.player_id, fact)
