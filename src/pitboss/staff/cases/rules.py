"""Which facts are signs of what, and when there are enough of them.  Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from pitboss.cashier.facts import DepositConfirmed, DepositFailed, DepositsBlocked
from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.upcasting import Schemas
from pitboss.location.facts import LocationChecked
from pitboss.location.model import Decision
from pitboss.players.identity.facts import PlayerFlagged
from pitboss.responsible.contacts.facts import ContactDue
from pitboss.responsible.limits.facts import LimitLoosened
from pitboss.sportsbook.betting.facts import BetAccepted
from pitboss.sportsbook.settlement.facts import BetResettled, BetSettled
from pitboss.staff.cases.model import (
    AGAIN_AFTER,
    GROWN_TO_MIN,
    MICROS,
    NIGHT_ENDS_AT_HOUR,
    RULES,
    UNITS_A_EURO,
    WEEKS_BEFORE,
    Case,
    Marker,
    Signal,
    State,
)

Zones = Callable[[str], ZoneInfo]

_READ: tuple[type[Fact], ...] = (
    BetAccepted,
    BetResettled,
    BetSettled,
    ContactDue,
    DepositConfirmed,
    DepositFailed,
    DepositsBlocked,
    LimitLoosened,
    LocationChecked,
    PlayerFlagged,
)
_schemas = Schemas(_READ)
# Facts are canonical JSON, so these bytes are in each one that is read, and in few others.
_MARKS = tuple(f'"type":"{name}"'.encode() for name in _schemas.types)
_WEEK = timedelta(days=7)


class _Envelope(msgspec.Struct, kw_only=True):
    """What is needed of a stored fact."""

    rec: str
    sv: int
    data: dict[str, object]


_decode = msgspec.json.Decoder(_Envelope).decode


def signals_of(position: int, body: bytes, zone_of: Zones) -> list[Signal]:
    """Return what a fact is a sign of, by its place in the one order; of most, nothing.

    Raises:
        SchemaUnknown: it was written by a pitboss that knows more than this one.
    """
    if not any(mark in body for mark in _MARKS):
        return []
    envelope = _decode(body)
    if envelope.data.get("type") not in _schemas.types:
        return []
    fact = _schemas.read_fact(envelope.sv, envelope.data)
    at = parse_instant(envelope.rec, field="rec")
    return [
        Signal(player_id=player_id, marker=marker, key=key or str(position), at=at, weight=n)
        for player_id, marker, key, n in _signs(fact, at, zone_of)
    ]


def _signs(
    fact: Fact, at: datetime, zone_of: Zones
) -> Iterable[tuple[PlayerId, Marker, str | None, int]]:
    match fact:
        case DepositFailed():
            yield fact.player_id, Marker.FAILED_DEPOSITS, None, 1
        case DepositConfirmed():
            # What has worked ends the row of those that did not.
            yield fact.player_id, Marker.FAILED_DEPOSITS, None, 0
            weight = _weight(fact.micros, fact.currency)
            yield fact.player_id, Marker.DEPOSITS_GROW, None, weight
        case BetSettled() | BetResettled():
            for play in fact.plays:
                lost = _weight(play.settled - play.returned, fact.currency)
                yield play.player_id, Marker.LOSSES, None, lost
        case BetAccepted():
            local = at.astimezone(zone_of(fact.jurisdiction))
            if local.hour < NIGHT_ENDS_AT_HOUR:
                yield fact.player_id, Marker.LATE_NIGHTS, local.date().isoformat(), 1
        case DepositsBlocked():
            yield fact.player_id, Marker.DEPOSITS_BLOCKED, None, 1
        case ContactDue():
            yield fact.player_id, Marker.CONTACT_DUE, None, 1
        case LimitLoosened():
            yield fact.player_id, Marker.LIMITS_LOOSENED, None, 1
        case LocationChecked():
            if fact.decision != Decision.PASS:
                yield fact.player_id, Marker.LOCATION_FAILED, None, 1
        case PlayerFlagged():
            yield fact.player_id, Marker.LOOK_ALIKE, None, 1


def value_of(marker: Marker, signals: Sequence[Signal], *, since: datetime | None) -> int:
    """Return how much there is of a marker at the moment of its newest signal.

    Args:
        signals: of one player and this marker, in order of time.
        since: when a case of it was closed: what somebody has looked into counts no more.
    """
    if not signals:
        return 0
    now = signals[-1].at
    start = now - RULES[marker].window
    recent = [item for item in signals if item.at > start and (since is None or item.at > since)]
    match marker:
        case Marker.FAILED_DEPOSITS:
            row = 0
            for item in recent:
                row = row + 1 if item.weight else 0
            return row
        case Marker.DEPOSITS_GROW:
            return _growth(signals, recent, now)
        case _:
            return sum(item.weight for item in recent)


def _growth(signals: Sequence[Signal], recent: Sequence[Signal], now: datetime) -> int:
    """Return how many times the weekly mean of the weeks before the last week came to.

    Who has paid in for the first time this week has no weeks before, and so does not grow.
    """
    grown = sum(item.weight for item in recent)
    first = now - (WEEKS_BEFORE + 1) * _WEEK
    before = sum(item.weight for item in signals if first < item.at <= now - _WEEK)
    if not before or grown < GROWN_TO_MIN:
        return 0
    return grown * WEEKS_BEFORE // before


def is_reached(marker: Marker, value: int) -> bool:
    """Say whether so much of a marker asks for somebody to look."""
    return value >= RULES[marker].threshold


def wants_telling(case: Case, now: datetime) -> bool:
    """Say whether an open case is told of again."""
    return case.state is State.OPEN and now - case.seen_at >= AGAIN_AFTER


def _weight(micros: int, currency: str) -> int:
    """Return an amount in whole euros, about; toward nothing, so that a cent is none."""
    unit = MICROS * UNITS_A_EURO.get(currency, 1)
    return micros // unit if micros >= 0 else -(-micros // unit)
