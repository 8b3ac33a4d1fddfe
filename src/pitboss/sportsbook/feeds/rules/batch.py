"""A batch of messages, one after the other."""

from __future__ import annotations

from collections.abc import Sequence

from pitboss.sportsbook.feeds.model import (
    Alive,
    Cancelled,
    CancelUndone,
    Delivery,
    Ended,
    EndUndone,
    FixtureChanged,
    Note,
    Quoted,
    Reason,
    RecoveryDone,
    Stopped,
)

from . import liveness, quotes, results
from .desk import Desk
from .results import Work


def take(desk: Desk, deliveries: Sequence[Delivery]) -> list[Work]:
    """Work out what messages change, in their order; return the work of settlement's among it."""
    work: list[Work] = []
    for delivery in deliveries:
        desk.delivery = delivery
        if delivery.problem is not None:
            desk.plan.notes.append(_unread(delivery))
        if delivery.said is not None:
            work += _take(desk, delivery)
    return work


def _take(desk: Desk, delivery: Delivery) -> list[Work]:
    said = delivery.said
    if said is None or isinstance(said, Alive | RecoveryDone):
        return []
    terms = desk.terms.get(said.producer)
    if terms is None:
        desk.note(said, Reason.UNKNOWN_PRODUCER, said.producer)
        return []
    if liveness.is_ahead(terms.tolerance, said.generated_ms, now_ms=desk.now_ms):
        # Kept as the newest of its market, it would make everything after it late.
        owed = isinstance(said, Ended | EndUndone | Cancelled | CancelUndone)
        subject = f"{said.event} {said.generated_ms}" if owed else said.producer
        desk.note(said, Reason.TIME_UNBELIEVABLE, subject, "it is from the future", owed=owed)
        return []
    match said:
        case Quoted():
            quotes.take_quotes(desk, said)
        case Stopped():
            quotes.take_stop(desk, said)
        case FixtureChanged():
            quotes.take_fixture_change(desk, said)
        case Ended():
            return results.take_ends(desk, said)
        case EndUndone() | Cancelled() | CancelUndone():
            return results.take_correction(desk, said)
    return []


def _unread(delivery: Delivery) -> Note:
    """Return what to park of a message that says nothing we understand.

    What looks like a result may be owed to somebody, and is kept whole.
    """
    said = delivery.said
    reason = Reason(delivery.problem or Reason.MALFORMED)
    return Note(
        producer=said.producer if said is not None else delivery.feed,
        reason=reason,
        subject=delivery.subject,
        detail=delivery.detail,
        owed=delivery.owed,
        body=delivery.body,
        retry_of=delivery.retry_of,
    )
