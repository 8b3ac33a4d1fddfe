"""When what goes wrong: drawn from a seed alone.  Pure."""

from __future__ import annotations

import random
from dataclasses import dataclass

from pitboss.sim.crash.model import FaultKind

# Between two faults: sometimes the next comes before everybody is up again, sometimes not.
GAP_SECONDS_MIN = 2.0
GAP_SECONDS_MAX = 8.0
# A short run has all its faults in this share of its time, one upon the other.
SHARE_MAX = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something to go wrong so many seconds after the start; `worker` is which bet processor."""

    at: float
    kind: FaultKind
    worker: int


def draw_schedule(seed: int, *, seconds: float, workers: int) -> tuple[Fault, ...]:
    """Draw what goes wrong when: every kind once, in any order, then every kind again.

    However short the time is, the first round is in it.
    """
    chance = random.Random(f"crash:{seed}")  # noqa: S311 - what goes wrong is no secret
    longest_round = GAP_SECONDS_MAX * len(FaultKind)
    pace = min(1.0, seconds * SHARE_MAX / longest_round)
    faults: list[Fault] = []
    at = 0.0
    while True:
        kinds = list(FaultKind)
        chance.shuffle(kinds)
        for kind in kinds:
            at += pace * chance.uniform(GAP_SECONDS_MIN, GAP_SECONDS_MAX)
            if at > seconds:
                return tuple(faults)
            faults.append(Fault(at=at, kind=kind, worker=chance.randrange(workers)))
        if pace < 1.0:
            return tuple(faults)
