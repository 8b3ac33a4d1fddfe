"""Writes of trading."""

from pitboss.sportsbook.trading.operations.desk import Desk
from pitboss.sportsbook.trading.operations.setting import set_factor, set_limits
from pitboss.sportsbook.trading.operations.weighing import change, rise, take, weigh

__all__ = ["Desk", "change", "rise", "set_factor", "set_limits", "take", "weigh"]
