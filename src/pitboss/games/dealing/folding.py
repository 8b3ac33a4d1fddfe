"""The tables of dealing, from facts alone."""

from __future__ import annotations

from pitboss.games.dealing.facts import (
    HouseDrawsCounted,
    HouseRoundBegun,
    HouseRoundEnded,
    HouseStepTaken,
)
from pitboss.games.dealing.model import digest_of
from pitboss.kernel.folding import Fold, Row, Table, Told


class DealingFold(Fold):
    """Rounds of the house and their steps, of one shard."""

    def __init__(self) -> None:
        self.rounds = Table(
            "house_round",
            key=("player_id", "round_id"),
            columns=(
                *("player_id", "round_id", "session_id", "game", "version", "currency", "wager"),
                "opened_at",
            ),
        )
        self.steps = Table(
            "house_step",
            key=("player_id", "round_id", "number"),
            columns=(
                *("player_id", "round_id", "number", "action", "staked_micros", "draw_digest"),
                *("played_at", "won_micros"),
            ),
            untold={"draw": "facts say its digest, which the table must agree with"},
        )
        self.counts = Table(
            "house_draw_count",
            key=("instance",),
            columns=("instance", "drawn", "missing", "counted_at", "settled", "lost"),
            sharded=False,
        )
        super().__init__(self.rounds, self.steps, self.counts)
        self._digests: dict[tuple[str, str], list[bytes]] = {}
        self.takes = {
            HouseRoundBegun: self._begin,
            HouseStepTaken: self._step,
            HouseRoundEnded: self._end,
            HouseDrawsCounted: self._count,
        }

    def _begin(self, fact: HouseRoundBegun, told: Told) -> None:
        row: Row = [fact.player_id, fact.round_id, fact.session_id, fact.game, fact.version]
        self.add_row(self.rounds, [*row, fact.currency, fact.wager, told.recorded_at], told)

    def _step(self, fact: HouseStepTaken, told: Told) -> None:
        self.find_row(self.rounds, (fact.player_id, fact.round_id), told)
        digest = None if fact.draw_digest is None else bytes.fromhex(fact.draw_digest)
        if digest is not None:
            self._digests.setdefault((fact.player_id, fact.round_id), []).append(digest)
        row: Row = [fact.player_id, fact.round_id, fact.number, fact.action, fact.staked_micros]
        self.add_row(self.steps, [*row, digest, told.recorded_at, fact.won_micros], told)

    def _count(self, fact: HouseDrawsCounted, told: Told) -> None:
        row: Row = [fact.instance, fact.drawn, fact.missing, told.recorded_at]
        self.counts.add([*row, fact.settled, fact.lost])

    def _end(self, fact: HouseRoundEnded, told: Told) -> None:
        promised = self._digests.pop((fact.player_id, fact.round_id), [])
        if [digest_of(draw) for draw in fact.draws] != promised:
            self.odd(told, f"shows other draws than round {fact.round_id} was played with")
