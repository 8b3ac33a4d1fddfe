"""What is told of cases: why each was opened, and every step until it was closed."""

from __future__ import annotations

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import PlayerId, StaffId


class CaseOpened(Fact, frozen=True, kw_only=True, tag="case.opened"):
    """A marker was reached: somebody should look at a player."""

    case_id: str
    player_id: PlayerId
    marker: str
    value: int
    threshold: int
    window_hours: int


class CaseSeenAgain(Fact, frozen=True, kw_only=True, tag="case.seen_again"):
    """The marker of an open case was reached again, a day or more after it was told of."""

    case_id: str
    value: int


class CaseAssigned(Fact, frozen=True, kw_only=True, tag="case.assigned"):
    """A case was given to an agent."""

    case_id: str
    to: StaffId
    by: StaffId
    why: str


class CaseClosed(Fact, frozen=True, kw_only=True, tag="case.closed"):
    """An agent looked into a case, and this came of it."""

    case_id: str
    by: StaffId
    outcome: str


# Every type of this room, for who reads facts.
FACTS = (CaseAssigned, CaseClosed, CaseOpened, CaseSeenAgain)
