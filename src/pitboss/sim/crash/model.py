"""Nouns of a crash simulation."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

CURRENCY = "EUR"
JURISDICTION = "demo"
UNIT = 1_000_000


class FaultKind(StrEnum):
    """What is done to a running instance."""

    API_KILLED = "api_killed"
    PROCESSOR_KILLED = "processor_killed"
    PROCESSOR_FROZEN = "processor_frozen"
    SETTLEMENT_KILLED = "settlement_killed"
    SEQUENCER_KILLED = "sequencer_killed"
    PAYMENTS_KILLED = "payments_killed"
    PROVIDER_KILLED = "provider_killed"
    POSTGRES_KILLED = "postgres_killed"
    POSTGRES_STOPPED = "postgres_stopped"
    BACKEND_KILLED = "backend_killed"
    CONNECTIONS_CUT = "connections_cut"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrashConfig:
    """What to simulate.

    `minutes` is how long faults happen; before that the instance comes up, after it comes to rest.
    `commands_per_second` counts what clients want; each is sent one to three times, and again on
    any doubt.
    """

    minutes: float
    seed: int
    commands_per_second: float = 120.0
    players: int = 120
    keep: bool = False

    @property
    def seconds(self) -> float:
        """How long faults happen."""
        return self.minutes * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A promise, and the first places where it is not kept: nowhere, if it is `ok`."""

    name: str
    details: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether the promise is kept."""
        return not self.details
