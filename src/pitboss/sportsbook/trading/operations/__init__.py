"""Writes of trading."""

from pitboss.sportsbook.trading.operations.desk import Desk
from pitboss.sportsbook.trading.operations.setting import set_factor, set_limits
from pitboss.sportsbook.trading.operations.weighing import change, offer, rise, take, weigh

__all__ = ["Desk", "change", "offer", "rise", "set_factor", "set_limits", "take", "weigh"]
