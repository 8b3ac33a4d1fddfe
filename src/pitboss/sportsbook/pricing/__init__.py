"""Prices that traders of the house push: each source in its own order, and none by a slip."""

from pitboss.sportsbook.pricing.operations import push

__all__ = ["push"]
