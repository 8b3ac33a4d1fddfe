"""Settlements, worked out again from facts alone, and compared with the coin that moved."""

from pitboss.audit.replay.queries import replay_all, replay_bet

__all__ = ["replay_all", "replay_bet"]
