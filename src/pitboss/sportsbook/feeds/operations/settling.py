"""What feeds say of results, handed to settlement in its words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pitboss.kernel.errors import Malformed
from pitboss.messages import Turn
from pitboss.sportsbook import settlement
from pitboss.sportsbook.feeds import rules
from pitboss.sportsbook.feeds.model import (
    Cancelled,
    CancelUndone,
    Ended,
    EndUndone,
    Reason,
    SelectionEnd,
    instant_of,
)
from pitboss.sportsbook.returns.model import parse_share
from pitboss.sportsbook.settlement.model import (
    Cancel,
    CancelRollback,
    Refused,
    Report,
    Result,
    ResultReport,
    Rollback,
)

_WATCHED, _CONFIRMED = 1, 2
# What was only watched may still be reviewed on the field, and paid is paid.
CERTAINTY_MIN = _CONFIRMED


async def settle(turn: Turn, desk: rules.Desk, work: Sequence[rules.Work]) -> None:
    """Have settlement record what is said of markets; what it refuses is owed.

    So is what it has recorded and cannot be true beside what it heard before: nothing of it is paid
    until somebody says otherwise, and tried again it is applied once that has come.
    """
    reports: list[Report] = []
    given: list[rules.Work] = []
    for item in work:
        try:
            reports.append(_report(item))
        except Malformed as problem:
            _owe(desk, item, Reason.RESULT_NOT_LEGAL, str(problem))
        else:
            given.append(item)
    if not reports:
        return
    answers = await settlement.record_results(turn, reports, certainty_min=CERTAINTY_MIN)
    for item, answer in zip(given, answers, strict=True):
        if isinstance(answer, Refused):
            _owe(desk, item, Reason.REFUSED, answer.reason)
        elif answer.torn:
            _owe(desk, item, Reason.CONTRADICTION, "not all that was said of this market is true")
        else:
            desk.plan.counts["result" if answer.changed else "repeated"] += 1


def _owe(desk: rules.Desk, item: rules.Work, reason: Reason, detail: str) -> None:
    desk.delivery = item.delivery
    desk.note(item.said, reason, item.subject, detail, owed=True)


def _report(item: rules.Work) -> Report:
    """Return what a feed says of a market, as settlement knows it.

    Raises:
        Malformed: there is no such result.
    """
    said = item.said
    reported_at = instant_of(said.generated_ms)
    match said:
        case Ended():
            return ResultReport(
                market_id=item.market_id,
                source=said.producer,
                reported_at=reported_at,
                results={selection_id: _result(end) for selection_id, end in item.ends},
                certainty=_CONFIRMED if said.confirmed else _WATCHED,
            )
        case EndUndone():
            return Rollback(
                market_id=item.market_id,
                source=said.producer,
                reported_at=reported_at,
                selections=item.undone,
            )
        case Cancelled():
            return Cancel(
                market_id=item.market_id,
                source=said.producer,
                reported_at=reported_at,
                from_at=_find_instant(said.from_ms),
                until=_find_instant(said.until_ms),
            )
        case CancelUndone():
            return CancelRollback(
                market_id=item.market_id,
                source=said.producer,
                reported_at=reported_at,
                from_at=_find_instant(said.from_ms),
                until=_find_instant(said.until_ms),
            )


def _result(end: SelectionEnd) -> Result | None:
    if end.won is None:
        return None
    return Result(
        won=end.won,
        void_share=parse_share(end.void_share, field="void_share"),
        dead_heat=parse_share(end.dead_heat, field="dead_heat"),
    )


def _find_instant(ms: int | None) -> datetime | None:
    return None if ms is None else instant_of(ms)
