"""What bets pay once their selections have results, and the paying."""

from pitboss.sportsbook.settlement.operations import record_scores, settle_waiting
from pitboss.sportsbook.settlement.queries import find_lags, find_results, replay

__all__ = ["find_lags", "find_results", "record_scores", "replay", "settle_waiting"]
