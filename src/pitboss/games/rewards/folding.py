"""The tables of rewards, from facts alone."""

from __future__ import annotations

from typing import Any

from pitboss.games.rewards.facts import (
    RewardCancelAsked,
    RewardCancelDeclined,
    RewardCancelled,
    RewardDeclined,
    RewardGivenBack,
    RewardGivenUp,
    RewardGranted,
    RewardRequested,
    RewardSent,
    RewardUnanswered,
    RewardUsed,
)
from pitboss.games.rewards.model import RewardState
from pitboss.kernel.folding import Fold, Row, Table, Told
from pitboss.kernel.instants import parse_instant

_STATE, _REF, _WORD, _USED, _USED_MICROS, _CHANGED_AT, _NAMED_BY = 10, 11, 12, 13, 14, 15, 17
_MICROS, _GIVEN_BACK = 4, 5
_BY_THE_LOOP = "when the rewards loop looks again, by the machine's clock"


class RewardsFold(Fold):
    """Rewards of one shard, and the free stakes that were taken on them."""

    def __init__(self) -> None:
        self.rewards = Table(
            "game_reward",
            key=("reward_id",),
            columns=(
                *("reward_id", "player_id", "provider", "game", "prepaid", "campaign", "currency"),
                *("stake_micros", "stakes_max", "ends_at", "state", "ref", "word", "used"),
                *("used_micros", "changed_at", "requested_at", "named_by"),
            ),
            untold={"attempts": _BY_THE_LOOP, "try_at": _BY_THE_LOOP},
        )
        self.uses = Table(
            "game_reward_use",
            key=("provider", "stake_id", "player_id"),
            columns=(
                *("provider", "stake_id", "player_id", "reward_id", "micros", "given_back"),
                "used_at",
            ),
        )
        super().__init__(self.rewards, self.uses)
        self.takes = {
            RewardRequested: self._request,
            RewardSent: self._send,
            RewardGranted: self._grant,
            RewardDeclined: self._decline,
            RewardUnanswered: self._doubt,
            RewardGivenUp: self._give_up,
            RewardCancelAsked: self._ask_to_cancel,
            RewardCancelled: self._cancel,
            RewardCancelDeclined: self._keep,
            RewardUsed: self._use,
            RewardGivenBack: self._give_back,
        }

    def _request(self, fact: RewardRequested, told: Told) -> None:
        row: Row = [fact.reward, fact.player_id, fact.provider, fact.game, fact.prepaid]
        row += [fact.campaign, fact.currency, fact.stake_micros, fact.stakes_max]
        row += [parse_instant(fact.ends_at, field="ends_at"), RewardState.REQUESTED, None, None]
        self.add_row(self.rewards, [*row, 0, 0, told.recorded_at, told.recorded_at, None], told)

    def _send(self, fact: RewardSent, told: Told) -> None:
        self._move(fact, RewardState.SENT, told)

    def _grant(self, fact: RewardGranted, told: Told) -> None:
        self._move(fact, RewardState.GRANTED, told, ref=fact.ref)
        if fact.reward in self.rewards.rows:
            self.rewards.rows[fact.reward][_NAMED_BY] = fact.by

    def _decline(self, fact: RewardDeclined, told: Told) -> None:
        self._move(fact, RewardState.REFUSED, told, word=fact.word)

    def _doubt(self, fact: RewardUnanswered, told: Told) -> None:
        self._move(fact, RewardState.UNKNOWN, told, word=fact.word)

    def _give_up(self, fact: RewardGivenUp, told: Told) -> None:
        self._move(fact, RewardState.GIVEN_UP, told)
        # If staff had said a name of it before, that was not its name.
        if fact.reward in self.rewards.rows:
            row = self.rewards.rows[fact.reward]
            row[_REF] = row[_NAMED_BY] = None

    def _ask_to_cancel(self, fact: RewardCancelAsked, told: Told) -> None:
        row = self.rewards.rows.get(fact.reward)
        unheard = row is not None and row[_STATE] == RewardState.REQUESTED
        state = RewardState.CANCELLED if unheard else RewardState.CANCELLING
        self._move(fact, state, told, ref=fact.ref)

    def _cancel(self, fact: RewardCancelled, told: Told) -> None:
        self._move(fact, RewardState.CANCELLED, told)

    def _keep(self, fact: RewardCancelDeclined, told: Told) -> None:
        self._move(fact, RewardState.GRANTED, told, word=fact.word)

    def _move(
        self,
        fact: Any,
        state: RewardState,
        told: Told,
        *,
        ref: str | None = None,
        word: str | None = None,
    ) -> None:
        row = self.find_row(self.rewards, fact.reward, told)
        if row is not None:
            row[_STATE], row[_WORD], row[_CHANGED_AT] = state, word, told.recorded_at
            row[_REF] = ref or row[_REF]

    def _use(self, fact: RewardUsed, told: Told) -> None:
        row: Row = [fact.provider, fact.stake_id, fact.player_id, fact.reward, fact.micros]
        self.add_row(self.uses, [*row, False, told.recorded_at], told)
        self._count(fact.reward, 1, fact.micros, told)

    def _give_back(self, fact: RewardGivenBack, told: Told) -> None:
        key = (fact.provider, fact.stake_id, fact.player_id)
        use = self.find_row(self.uses, key, told)
        if use is not None:
            use[_GIVEN_BACK] = True
            self._count(fact.reward, -1, -use[_MICROS], told)

    def _count(self, reward: str, used: int, micros: int, told: Told) -> None:
        row = self.find_row(self.rewards, reward, told)
        if row is not None:
            row[_USED] += used
            row[_USED_MICROS] += micros
