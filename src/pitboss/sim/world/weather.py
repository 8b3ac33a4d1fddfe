"""What kind of world a seed makes: how restless it is, and which accidents happen in it."""

from __future__ import annotations

import random
from dataclasses import dataclass

# Each world lacks some kinds of accidents, because one kind can hide what another would show.
_KIND_MISSING_SHARE = 0.25

CRASH = "crash"
CUT_BEFORE = "connection cut before a statement"
CUT_AFTER = "connection cut after a statement"
DONE_LATE = "statement done after the connection was cut"
COMMIT_UNDONE = "commit lost, not done"
COMMIT_DONE = "commit lost, but done"
COMMIT_LATE = "commit lost, but done later"
FREEZE = "freeze"
LEAP = "time leaps"
RESTART = "server restarts"
IDLE = "idle transaction ended"
CIRCLE = "circle of locks"
DUPLICATE = "command delivered again"

_WEIGHTS = {
    CRASH: 4.0,
    CUT_BEFORE: 1.0,
    CUT_AFTER: 1.0,
    DONE_LATE: 1.0,
    COMMIT_UNDONE: 2.0,
    COMMIT_DONE: 1.5,
    COMMIT_LATE: 1.5,
    FREEZE: 4.0,
    LEAP: 1.5,
    RESTART: 0.5,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """How a world behaves.

    `sticky` is how often whoever moved last moves again, `fault_share` how many steps meet an
    accident, `linger_share` how often the server takes its time to notice a lost client.
    """

    sticky: float
    fault_share: float
    faults_max: int
    weights: dict[str, float]
    linger_share: float
    time_share: float
    frozen_seconds: tuple[float, float]

    @classmethod
    def draw(cls, chance: random.Random) -> Weather:
        """Return one of the many kinds."""
        weights = {
            kind: weight * chance.choice((0.5, 1.0, 2.0))
            for kind, weight in _WEIGHTS.items()
            if chance.random() > _KIND_MISSING_SHARE
        }
        return cls(
            sticky=chance.choice((0.0, 0.5, 0.8, 0.9)),
            fault_share=chance.choice((0.03, 0.06, 0.1)),
            faults_max=chance.randint(6, 18),
            weights=weights,
            linger_share=chance.choice((0.2, 0.7)),
            time_share=chance.choice((0.0, 0.02, 0.05)),
            frozen_seconds=chance.choice(((0.1, 3.0), (5.5, 9.5), (5.5, 15.0))),
        )
