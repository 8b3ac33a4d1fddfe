"""Prices that traders of the house push: each source in its own order, and none by a slip."""

from pitboss.sportsbook.pricing.operations import push
from pitboss.sportsbook.pricing.queries import find_sections

__all__ = ["find_sections", "push"]
