"""Nouns of cases: markers of risk with their rules, signals of them, and cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

import msgspec

from pitboss.kernel.ids import PlayerId, StaffId

CaseId = NewType("CaseId", str)

PAGE_FACTS = 2_000
CASES_MAX = 200
# A case that goes on is told of once a day.
AGAIN_AFTER = timedelta(hours=24)
NIGHT_ENDS_AT_HOUR = 6
MICROS = 1_000_000
# How many units of a currency weigh about as much as one euro: markers ask for people, not money.
UNITS_A_EURO: Mapping[str, int] = {
    "DKK": 7,
    "SEK": 11,
    "NOK": 11,
    "PLN": 4,
    "CZK": 25,
    "HUF": 390,
    "RON": 5,
    "TRY": 35,
    "ISK": 150,
    "JPY": 160,
    "MXN": 20,
    "ZAR": 20,
    "BRL": 6,
    "CLP": 1_000,
    "KRW": 1_450,
}


class Marker(StrEnum):
    """What may be a sign that somebody needs looking after."""

    FAILED_DEPOSITS = "failed_deposits"
    LOSSES = "losses"
    LATE_NIGHTS = "late_nights"
    DEPOSITS_GROW = "deposits_grow"
    LIMITS_LOOSENED = "limits_loosened"
    LOCATION_FAILED = "location_failed"
    LOOK_ALIKE = "look_alike"
    DEPOSITS_BLOCKED = "deposits_blocked"
    CONTACT_DUE = "contact_due"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a marker opens a case: at this sum of signals within this time.

    `source` says what asks for the marker; where a number is ours it says so.
    """

    window: timedelta
    threshold: int
    source: str


_OURS = "the number is a choice of this house"
RULES: Mapping[Marker, Rule] = {
    Marker.FAILED_DEPOSITS: Rule(
        window=timedelta(days=1),
        threshold=3,
        source=f"UKGC SR Code 3.4.3, gambling behaviour indicators; {_OURS}",
    ),
    Marker.LOSSES: Rule(
        window=timedelta(days=7),
        threshold=1_000,
        source=f"UKGC SR Code 3.4.3, customer spend; {_OURS} (about so many euros)",
    ),
    Marker.LATE_NIGHTS: Rule(
        window=timedelta(days=7),
        threshold=3,
        source=f"UKGC SR Code 3.4.3, time indicators; {_OURS} (nights, by the licence's clock)",
    ),
    Marker.DEPOSITS_GROW: Rule(
        window=timedelta(days=7),
        threshold=3,
        source=f"UKGC SR Code 3.4.3, patterns of spend; {_OURS} (times the weekly mean before)",
    ),
    Marker.LIMITS_LOOSENED: Rule(
        window=timedelta(days=30),
        threshold=3,
        source=f"UKGC SR Code 3.4.3, use of gambling management tools; {_OURS}",
    ),
    Marker.LOCATION_FAILED: Rule(
        window=timedelta(days=1),
        threshold=5,
        source=f"N.J.A.C. 13:69O-1.2, location of patrons; {_OURS}",
    ),
    Marker.LOOK_ALIKE: Rule(
        window=timedelta(days=1),
        threshold=1,
        source="N.J.A.C. 13:69O-1.3(c): a person must look at both",
    ),
    Marker.DEPOSITS_BLOCKED: Rule(
        window=timedelta(days=1),
        threshold=1,
        source="N.J.A.C. 13:69O-1.3(e): a person must look before the next deposit",
    ),
    Marker.CONTACT_DUE: Rule(
        window=timedelta(days=1),
        threshold=1,
        source="the licence's `limits.contact_above`: the operator gets in touch",
    ),
}
# Weeks before the last one, whose mean growth is measured by, and the least that is worth a look.
WEEKS_BEFORE = 4
GROWN_TO_MIN = 100
LOOKED_BACK = timedelta(weeks=WEEKS_BEFORE + 1)


class Outcome(StrEnum):
    """What came of looking into a case."""

    NO_CONCERN = "no_concern"
    CONTACTED = "contacted"
    LIMITS_AGREED = "limits_agreed"
    TIME_OUT_TAKEN = "time_out_taken"
    EXCLUDED = "excluded"
    SUSPENDED = "suspended"
    REPORTED = "reported"
    DUPLICATE = "duplicate"


class Why(StrEnum):
    """Why a case was given to somebody."""

    ON_DUTY = "on_duty"
    KNOWS_THE_PLAYER = "knows_the_player"
    HANDED_OVER = "handed_over"
    ESCALATED = "escalated"


class State(StrEnum):
    """Whether somebody still has to look."""

    OPEN = "open"
    CLOSED = "closed"


class Refusal(StrEnum):
    """Why nothing was changed."""

    UNKNOWN_CASE = "unknown_case"
    CASE_CLOSED = "case_closed"
    UNKNOWN_AGENT = "unknown_agent"
    CANNOT_WORK_CASES = "cannot_work_cases"


class Signal(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One thing that happened and counts towards a marker, with its weight.

    `key` makes it one however often it is read: the fact's position, or the night.
    """

    player_id: PlayerId
    marker: Marker
    key: str
    at: datetime
    weight: int


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody should look at a player; `value` is the marker's, when it was told of last."""

    id: CaseId
    player_id: PlayerId
    marker: Marker
    value: int
    opened_at: datetime
    seen_at: datetime
    state: State = State.OPEN
    assigned_to: StaffId | None = None
    closed_at: datetime | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """Yes: this is how the case stands."""

    case: Case


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No, and why."""

    reason: Refusal


Answer = Changed | Refused
