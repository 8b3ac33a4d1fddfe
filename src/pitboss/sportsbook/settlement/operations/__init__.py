"""Writes of settlement, split by matter: what is said of markets, and what bets are paid for it."""

from pitboss.sportsbook.settlement.operations.recording import (
    record_as_shown,
    record_results,
    record_scores,
)
from pitboss.sportsbook.settlement.operations.setting_aside import set_aside
from pitboss.sportsbook.settlement.operations.settling import settle_waiting
from pitboss.sportsbook.settlement.operations.starting import record_starts

__all__ = [
    "record_as_shown",
    "record_results",
    "record_scores",
    "record_starts",
    "set_aside",
    "settle_waiting",
]
