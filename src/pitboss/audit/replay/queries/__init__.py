"""Reads that replay: facts, and nothing else."""

from pitboss.audit.replay.queries.all_bets import replay_all
from pitboss.audit.replay.queries.one_bet import replay_bet

__all__ = ["replay_all", "replay_bet"]
