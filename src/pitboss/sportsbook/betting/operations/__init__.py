"""Writes of betting, split by matter."""

from pitboss.sportsbook.betting.operations.boosting import give_boosts
from pitboss.sportsbook.betting.operations.closing import buy_back, close_bets, correct_bets
from pitboss.sportsbook.betting.operations.giving import give_free_bets
from pitboss.sportsbook.betting.operations.giving_up import give_up
from pitboss.sportsbook.betting.operations.placing import place
from pitboss.sportsbook.betting.operations.referring import answer_referral
from pitboss.sportsbook.betting.operations.waiting import decide_due

__all__ = [
    "answer_referral",
    "buy_back",
    "close_bets",
    "correct_bets",
    "decide_due",
    "give_boosts",
    "give_free_bets",
    "give_up",
    "place",
]
