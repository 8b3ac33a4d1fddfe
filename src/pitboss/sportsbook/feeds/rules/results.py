"""What results and their corrections are about: markets of ours, for settlement to judge.

Settlement takes them in any order and as often as they come.  What cannot be given to it is kept
whole and owed, until a person says what becomes of it; only a market that we never had is of no
concern.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pitboss.kernel.ids import MarketId, SelectionId
from pitboss.sportsbook.feeds.model import (
    Board,
    BoardMarket,
    Cancelled,
    CancelUndone,
    Delivery,
    Ended,
    EndedMarket,
    EndUndone,
    MarketRef,
    Reason,
    SelectionEnd,
    UndoneMarket,
    feed_of,
    market_key,
)

from . import ordering
from .desk import Desk

Correction = EndUndone | Cancelled | CancelUndone


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One market's part of a message, for settlement to do.

    `undone` are the selections that a rollback names; all are meant if there is none.
    """

    market_id: MarketId
    subject: str
    said: Ended | Correction
    delivery: Delivery
    ends: tuple[tuple[SelectionId, SelectionEnd], ...] = ()
    undone: tuple[SelectionId, ...] = ()


def take_ends(desk: Desk, said: Ended) -> list[Work]:
    """Return what a message says of how markets of ours ended; what it cannot is noted."""
    board = desk.boards.get(said.event)
    if board is None:
        desk.note(said, Reason.UNKNOWN_EVENT, said.event)
        for ended in said.markets:
            _end_unsold(desk, said, ended.ref)
        return []
    work: list[Work] = []
    for ended in said.markets:
        market = _find(desk, said, board, ended.ref)
        if market is not None:
            work += _take_market(desk, said, market, ended)
    torn = _find_torn(work)
    for item in work:
        if item.market_id in torn:
            desk.note(said, Reason.CONTRADICTION, item.subject, owed=True)
    return [item for item in work if item.market_id not in torn]


def _find_torn(work: Sequence[Work]) -> set[MarketId]:
    """Return the markets of which a message says two things at once: neither is believed."""
    first: dict[SelectionId, tuple[object, ...]] = {}
    torn: set[MarketId] = set()
    for item in work:
        for selection_id, end in item.ends:
            stated = (end.won, end.void_share, end.dead_heat)
            if first.setdefault(selection_id, stated) != stated:
                torn.add(item.market_id)
    return torn


def take_correction(desk: Desk, said: Correction) -> list[Work]:
    """Return what a correction says of markets of ours."""
    board = desk.boards.get(said.event)
    if board is None:
        desk.note(said, Reason.UNKNOWN_EVENT, said.event)
        for item in said.markets:
            _end_unsold(desk, said, item.ref if isinstance(item, UndoneMarket) else item)
        return []
    work: list[Work] = []
    for item in said.markets:
        ref, codes = (item.ref, item.codes) if isinstance(item, UndoneMarket) else (item, ())
        market = _find(desk, said, board, ref)
        if market is None:
            continue
        undone = [market.selections[code] for code in codes if code in market.selections]
        if len(undone) < len(codes):
            desk.note(said, Reason.UNKNOWN_SELECTION, _subject(said, ref), owed=True)
            continue
        one = _work(desk, said, market, ref)
        work.append(replace(one, undone=tuple(dict.fromkeys(undone))))
    return work


def _find(desk: Desk, said: Ended | Correction, board: Board, ref: MarketRef) -> BoardMarket | None:
    """Return the market of ours that is meant, if this producer's word counts for it."""
    if ref.kind is None:
        desk.note(said, Reason.UNKNOWN_MARKET, ref.family, f"{ref.foreign} of {said.event}")
        return None
    market = board.markets.get(market_key(ref.kind, ref.specifiers))
    if market is None:
        desk.note(said, Reason.NOT_OFFERED, ref.family, f"{ref.foreign} of {said.event}")
        _end_unsold(desk, said, ref)
        return None
    # A market that was handed over may be settled by either; one of another feed, or of our own
    # traders, by none of them.
    if market.producer is None or feed_of(market.producer) != feed_of(said.producer):
        desk.note(said, Reason.ANOTHER_PRODUCERS, _subject(said, ref), owed=True)
        return None
    return market


def _end_unsold(desk: Desk, said: Ended | Correction, ref: MarketRef) -> None:
    """Note the end of a market that we have not, or have not yet: its price may be on its way.

    One that was generated before opens it no more; its result would be nobody's.
    """
    if ref.kind is not None and isinstance(said, Ended | Cancelled):
        desk.mark_end(said, ordering.end_key(market_key(ref.kind, ref.specifiers)))


def _take_market(desk: Desk, said: Ended, market: BoardMarket, ended: EndedMarket) -> list[Work]:
    """Return how a market ended; decided, or about to be, it takes no more bets.

    Nor does a price open it that was generated before, whoever of the feed sent it.
    """
    desk.suspend(market)
    desk.mark_end(said, ordering.end_key(market.key))
    named = [(end.code, end) for end in ended.ends]
    ends = [
        (market.selections[code], end)
        for code, end in named
        if code is not None and code in market.selections
    ]
    if len(ends) < len(named):
        desk.note(said, Reason.UNKNOWN_SELECTION, _subject(said, ended.ref), owed=True)
        return []
    return [_work(desk, said, market, ended.ref, tuple(ends))]


def _work(
    desk: Desk,
    said: Ended | Correction,
    market: BoardMarket,
    ref: MarketRef,
    ends: tuple[tuple[SelectionId, SelectionEnd], ...] = (),
) -> Work:
    return Work(
        market_id=market.id,
        subject=_subject(said, ref),
        said=said,
        delivery=desk.delivery,
        ends=ends,
    )


def _subject(said: Ended | Correction, ref: MarketRef) -> str:
    """Return what a parked result is called: another one of the same market is another."""
    return f"{said.event} {ref.foreign} {type(said).__name__} {said.generated_ms}"
