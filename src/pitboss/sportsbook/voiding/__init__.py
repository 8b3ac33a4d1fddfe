"""What becomes of the open bets of players who are excluded: the licence says which are void."""

from pitboss.sportsbook.voiding.operations import void_waiting
from pitboss.sportsbook.voiding.queries import find_lag

__all__ = ["find_lag", "void_waiting"]
