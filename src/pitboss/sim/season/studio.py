"""The studio: a game provider of a season, who asks for stakes, pays wins, and takes some back."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pitboss.kernel.ids import PlayerId
from pitboss.sim import wheel
from pitboss.sim.http import Answer
from pitboss.sim.season.caller import Caller, describe
from pitboss.sim.season.model import CURRENCY, MICROS_PER_CENT, show_cents
from pitboss.sim.season.plan import PlannedRound, Turn
from pitboss.sim.season.tally import Tally

PROVIDER = "season"
# Why a stake is not taken, if nothing is wrong: there is not enough for it.
_NO_FUNDS = "100"


@dataclass(slots=True, kw_only=True)
class Played:
    """What a player has staked in games and won, as the studio knows it, in micros."""

    rounds: int = 0
    staked: int = 0
    won: int = 0


@dataclass(slots=True, kw_only=True)
class Studio:
    """Plays planned rounds with the wallet, and remembers what came of them.

    `rounds` counts them by how they went, `played` says what each player staked and won.
    """

    caller: Caller
    tally: Tally
    run: str
    played: dict[PlayerId, Played] = field(default_factory=dict)
    rounds: Counter[str] = field(default_factory=Counter)

    async def play(
        self, player_id: PlayerId, session_id: str, name: str, planned: PlannedRound
    ) -> None:
        """Play one round, of this name, in a session that a player has opened."""
        ref = f"{self.run}:{player_id}:{name}"
        seat = {
            "account_id": player_id,
            "currency": CURRENCY,
            "game_id": wheel.GAME,
            "session_id": session_id,
        }
        stake = _step("bet", ref, planned.stake_cents)
        win = [_step("win", ref, planned.win_cents)] if planned.win_cents else []
        apart = planned.turn is Turn.UNDONE or (planned.turn is Turn.APART and win != [])
        steps = [stake] if apart else [stake, *win]
        first = {**seat, "round_id": ref, "finished": not apart, "transactions": steps}
        answer = await self._ask("betwin", first)
        if answer.status != 200:
            self._note_refusal(planned, answer)
            return
        played = self.played.setdefault(player_id, Played())
        if planned.turn is Turn.REPEATED:
            again = await self._ask("betwin", first)
            if again.body != answer.body:
                self.tally.surprise(f"a round again, but: {describe(again)}")
        elif planned.turn is Turn.UNDONE:
            back = {
                **seat,
                "round_id_provider": ref,
                "finished": True,
                "transactions": [
                    {
                        "id_provider": f"undo-{ref}",
                        "type": "rollback",
                        "original_id_provider": f"bet-{ref}",
                    }
                ],
            }
            self._expect(await self._ask("rollback", back), "a rollback")
            self.rounds["undone"] += 1
            return
        elif apart:
            last = {**seat, "round_id": ref, "finished": True, "transactions": win}
            self._expect(await self._ask("betwin", last), "a win apart")
        self.rounds["played"] += 1
        played.rounds += 1
        played.staked += planned.stake_cents * MICROS_PER_CENT
        played.won += planned.win_cents * MICROS_PER_CENT

    async def _ask(self, call: str, said: dict[str, Any]) -> Answer:
        body, headers = wheel.signed(said)
        return await self.caller.ask(
            "POST", wheel.path_of(PROVIDER, call), body=body, headers=headers
        )

    def _note_refusal(self, planned: PlannedRound, answer: Answer) -> None:
        code = answer.json()["meta"]["api_code"] if answer.status == 400 else ""
        self.rounds["refused"] += 1
        if code != _NO_FUNDS:
            self.tally.surprise(f"a stake of {planned.stake_cents}, but: {describe(answer)}")

    def _expect(self, answer: Answer, what: str) -> None:
        if answer.status != 200:
            self.tally.surprise(f"{what}, but: {describe(answer)}")


def _step(kind: str, ref: str, cents: int) -> dict[str, str]:
    return {"id_provider": f"{kind}-{ref}", "type": kind, "amount": show_cents(cents)}
