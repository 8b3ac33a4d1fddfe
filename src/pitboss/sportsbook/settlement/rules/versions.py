"""Every version of the rules that anything may have been settled under."""

from __future__ import annotations

from pitboss.sportsbook.settlement.model import RuleBook, Rules
from pitboss.sportsbook.settlement.rules.ending import (
    market_results,
    results_by_kind,
    results_with_places,
)
from pitboss.sportsbook.settlement.rules.paying import settle, settle_as_struck, settle_lines

# A changed rule is a new function and a new version below; what is here is never edited.
V1 = Rules(version="settlement.v1", settle=settle, results=market_results)
V2 = Rules(version="settlement.v2", settle=settle_lines, results=results_by_kind)
V3 = Rules(version="settlement.v3", settle=settle_lines, results=results_with_places)
V4 = Rules(version="settlement.v4", settle=settle_as_struck, results=results_with_places)
RULE_BOOK = RuleBook(versions=(V1, V2, V3, V4))
