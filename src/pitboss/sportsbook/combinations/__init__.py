"""Same-event combinations: selections of one event that traders sell at one price."""

from pitboss.sportsbook.combinations.operations import price
from pitboss.sportsbook.combinations.queries import find, find_on_sale

__all__ = ["find", "find_on_sale", "price"]
