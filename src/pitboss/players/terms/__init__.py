"""The terms that players play under: which are in force, and who has accepted which."""

from pitboss.players.terms.operations import accept, publish
from pitboss.players.terms.queries import find_acceptance, find_current, recall_agreed

__all__ = ["accept", "find_acceptance", "find_current", "publish", "recall_agreed"]
