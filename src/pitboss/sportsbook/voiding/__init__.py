"""What becomes of the open bets of players who are excluded: the licence says which are void."""

from pitboss.sportsbook.voiding.operations import set_aside, void_waiting
from pitboss.sportsbook.voiding.queries import find_lag

__all__ = ["find_lag", "set_aside", "void_waiting"]
