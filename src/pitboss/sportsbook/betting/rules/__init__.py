"""Whether the sportsbook wants a bet, and what becomes of it: pure."""

from pitboss.sportsbook.betting.rules.boosting import judge_boost, judge_boosting, with_boost
from pitboss.sportsbook.betting.rules.combining import judge_combination, with_combination
from pitboss.sportsbook.betting.rules.deciding import (
    accepted,
    passed,
    pending_of,
    refused,
    refused_twin,
)
from pitboss.sportsbook.betting.rules.giving import judge_free_bet, judge_gift
from pitboss.sportsbook.betting.rules.judging import (
    are_related,
    delay_of,
    first_of_each,
    judge,
    refusal_after_delay,
    refusal_of,
    see,
    share_a_competition,
)
from pitboss.sportsbook.betting.rules.liability import (
    as_held,
    as_shaped,
    has_risen,
    lines_of_legs,
    offering,
    refusal_of_terms,
    stake_within,
    takes_less,
    taking_of,
    taking_of_bet,
    with_stake,
)
from pitboss.sportsbook.betting.rules.referring import (
    as_answered,
    hear,
    referred_of,
    verdict_of_trader,
    with_offer,
)
from pitboss.sportsbook.betting.rules.twins import Recent, find_twins, likeness_of

__all__ = [
    "Recent",
    "accepted",
    "are_related",
    "as_answered",
    "as_held",
    "as_shaped",
    "delay_of",
    "find_twins",
    "first_of_each",
    "has_risen",
    "hear",
    "judge",
    "judge_boost",
    "judge_boosting",
    "judge_combination",
    "judge_free_bet",
    "judge_gift",
    "likeness_of",
    "lines_of_legs",
    "offering",
    "passed",
    "pending_of",
    "referred_of",
    "refusal_after_delay",
    "refusal_of",
    "refusal_of_terms",
    "refused",
    "refused_twin",
    "see",
    "share_a_competition",
    "stake_within",
    "takes_less",
    "taking_of",
    "taking_of_bet",
    "verdict_of_trader",
    "with_boost",
    "with_combination",
    "with_offer",
    "with_stake",
]
