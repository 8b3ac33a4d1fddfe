"""What prices and stops change.

Careful by default: a market is open only if everything that its producer says of it now makes
sense, and whatever does not suspends it, with a note for staff.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import MarketId, SelectionId, derived_id
from pitboss.kernel.price import parse_price
from pitboss.sportsbook import registry
from pitboss.sportsbook.catalog.model import EventChange, EventStatus, parse_specifiers
from pitboss.sportsbook.feeds.model import (
    Board,
    BoardMarket,
    FixtureChanged,
    LiveState,
    MarketRef,
    Offered,
    Opening,
    Phase,
    Quoted,
    QuotedMarket,
    Reason,
    Scope,
    Stopped,
    Verdict,
    feed_of,
    market_key,
    split_line,
)

from . import ordering
from .desk import OPEN, OVER, STALE_MS, Desk

# One over the prices, summed, for each answer that can be right at once: what a book of all answers
# costs.  Below 1 the house pays who backs them all; a rounded price or two is no reason to doubt
# the feed, a tenth is.  Above, nobody bets.
BOOK_MIN = Fraction(95, 100)
BOOK_MAX = Fraction(2)
_STATE = "state"


@dataclass(slots=True, kw_only=True)
class Book:
    """What a market is sold at, selection by selection; some may not be sold just now."""

    prices: dict[str, Fraction] = field(default_factory=dict)
    inactive: set[str] = field(default_factory=set)


def take_quotes(desk: Desk, said: Quoted) -> None:
    """Work out what a message with prices changes."""
    board = desk.boards.get(said.event)
    if board is None:
        desk.note(said, Reason.UNKNOWN_EVENT, said.event)
        return
    if said.state is not None:
        _take_state(desk, said, board, said.state)
    for market in said.markets:
        _take_market(desk, said, board, market)


def take_stop(desk: Desk, said: Stopped) -> None:
    """Work out which markets a stop suspends: those whose last price is not from after it.

    A market that is deactivated, settled or void stays what it is.
    """
    for kind in (None,) if said.kinds is None else said.kinds:
        key = ordering.stop_key(kind)
        if desk.judge(said, Scope.QUOTES, key, b"") is Verdict.FRESH:
            desk.mark(said, Scope.QUOTES, key, b"")
    board = desk.boards.get(said.event)
    if board is None:
        # Nothing of it is sold, and by the mark a price that is older will be late.  What could
        # not be read is parked for that already.
        if desk.delivery.problem is None:
            desk.note(said, Reason.UNKNOWN_EVENT, said.event)
        return
    marks = desk.marks_of(said)
    for market in board.markets.values():
        if said.kinds is not None and market.kind not in said.kinds:
            continue
        newest = marks.get(ordering.name_of(Scope.QUOTES, market.key))
        if newest is not None and newest.generated_ms > said.generated_ms:
            continue
        if market.producer == said.producer:
            desk.suspend(market)


def take_fixture_change(desk: Desk, said: FixtureChanged) -> None:
    """Stop an event of which something basic has changed, until its producer sells it again.

    What has changed is fetched by the reader; that it has is shown to staff.
    """
    board = desk.boards.get(said.event)
    if board is None:
        return
    desk.note(said, Reason.FIXTURE_CHANGED, said.event, said.change)
    for market in board.markets.values():
        if market.producer is not None and feed_of(market.producer) == feed_of(said.producer):
            desk.suspend(market)


def _take_state(desk: Desk, said: Quoted, board: Board, state: LiveState) -> None:
    """Work out what an event comes to.

    The live producer knows, and its newest word counts even if it takes the last one back.  The
    prematch one is asked only before the start.
    """
    digest = ordering.digest_of(state)
    if desk.judge(said, Scope.QUOTES, _STATE, digest) is not Verdict.FRESH:
        return
    desk.mark(said, Scope.QUOTES, _STATE, digest)
    live = desk.terms[said.producer].phase is Phase.LIVE
    before = board.state.status
    status = None if state.status is None else EventStatus(state.status)
    if not live and (before is not EventStatus.PREMATCH or status is None):
        return
    sold = live and status is EventStatus.LIVE
    change = EventChange(
        event_id=board.event_id,
        status=status,
        score=state.score,
        period=state.period,
        clock_seconds=state.clock_seconds,
        red_cards=state.red_cards,
        in_play_open=True if sold else None,
        takes_back=live,
    )
    desk.plan.events.append(change)
    board.state = replace(board.state, status=status or before)


def _take_market(desk: Desk, said: Quoted, board: Board, quoted: QuotedMarket) -> None:
    ref = quoted.ref
    if ref.kind is None:
        desk.note(said, Reason.UNKNOWN_MARKET, ref.family, f"{ref.foreign} of {said.event}")
        return
    key = market_key(ref.kind, ref.specifiers)
    market = board.markets.get(key)
    digest = ordering.digest_of((quoted, said.early))
    verdict = _judge(desk, said, ref.kind, key, digest)
    if verdict is Verdict.CONTRADICTS:
        # Two truths of one moment: neither is believed.
        desk.note(said, Reason.CONTRADICTION, f"{said.event} {ref.foreign}")
        if market is not None and market.producer == said.producer:
            desk.suspend(market)
    if verdict is not Verdict.FRESH:
        return
    desk.mark(said, Scope.QUOTES, key, digest)
    sells = quoted.offered is Offered.ACTIVE
    if market is not None and not desk.may_change(said, market, sells=sells):
        if sells:
            desk.note(said, Reason.ANOTHER_PRODUCERS, f"{said.event} {market.key}")
        return
    book = _read_book(desk, said, quoted, board, market) if sells else None
    wanted = book is not None and not said.early
    if market is not None:
        _change(desk, said, market, book, wanted=wanted)
    elif book is not None and wanted and not book.inactive:
        _open(desk, said, board, ref, book)


def _judge(desk: Desk, said: Quoted, kind: str, key: str, digest: bytes) -> Verdict:
    """Say whether this is news of the market: not if it was stopped or ended since, or is old."""
    stopped = ordering.stopped_ms(desk.marks_of(said), kind, key)
    if said.generated_ms <= stopped or said.generated_ms < desk.now_ms - STALE_MS:
        desk.plan.counts[Verdict.LATE] += 1
        return Verdict.LATE
    return desk.judge(said, Scope.QUOTES, key, digest)


def _change(
    desk: Desk, said: Quoted, market: BoardMarket, book: Book | None, *, wanted: bool
) -> None:
    if market.status in OVER:
        if wanted:
            desk.note(said, Reason.MARKET_CLOSED, f"{said.event} {market.key}", market.status)
        return
    if book is not None:
        for code, price in book.prices.items():
            desk.plan.prices[market.selections[code]] = price
        inactive = book.inactive | _sold_after_the_end(desk, said, market, book)
        for code in market.selections:
            if (code in inactive) is not (code in market.inactive):
                desk.plan.actives.append((market.selections[code], code not in inactive))
        market.inactive = inactive
    if wanted:
        desk.reopen(market)
    else:
        desk.suspend(market)


def _sold_after_the_end(desk: Desk, said: Quoted, market: BoardMarket, book: Book) -> set[str]:
    """Return the answers that are sold though a result of them counts, and tell staff of them.

    A bet on these would be on what is known, and nobody would settle it.
    """
    sold = {code for code in market.ended if code in book.prices}
    for code in sorted(sold):
        subject = f"{said.event} {market.key} {code}"
        desk.note(said, Reason.MARKET_CLOSED, subject, "a result of it counts")
    return sold


def _open(desk: Desk, said: Quoted, board: Board, ref: MarketRef, book: Book) -> None:
    """Open a market that we have not had, under ids that follow from what it is."""
    kind = ref.kind or ""
    key = market_key(kind, ref.specifiers)
    market_id = MarketId(derived_id("feed market", board.event_id, key))
    selections = {
        code: SelectionId(derived_id("feed selection", market_id, code)) for code in book.prices
    }
    board.markets[key] = BoardMarket(
        id=market_id,
        kind=kind,
        specifiers=ref.specifiers,
        producer=said.producer,
        status=OPEN,
        selections=selections,
    )
    desk.plan.openings.append(
        Opening(
            event_id=board.event_id,
            market_id=market_id,
            kind=kind,
            specifiers=ref.specifiers,
            producer=said.producer,
            selections=tuple(
                (selections[code], code, price) for code, price in book.prices.items()
            ),
        )
    )


def _read_book(
    desk: Desk, said: Quoted, quoted: QuotedMarket, board: Board, market: BoardMarket | None
) -> Book | None:
    """Return what each selection is sold at, or None if this makes no sense as a whole."""
    subject = quoted.ref.family
    detail = f"{quoted.ref.foreign} of {said.event}"
    book = Book()
    for quote in quoted.quotes:
        code = quote.code
        if code is None:
            desk.note(said, Reason.UNKNOWN_SELECTION, f"{subject} {quote.foreign}", detail)
            return None
        if code in book.prices or code in book.inactive:
            desk.note(said, Reason.CONTRADICTION, f"{subject} {quote.foreign}", detail)
            return None
        if not quote.active or quote.price is None:
            book.inactive.add(code)
            continue
        try:
            book.prices[code] = parse_price(quote.price)
        except Malformed as problem:
            desk.note(said, Reason.PRICE_UNUSABLE, subject, f"{detail}: {problem.message}")
            return None
    if doubt := _doubt(quoted.ref, board, market, book):
        desk.note(said, doubt[0], subject, f"{detail}: {doubt[1]}")
        return None
    return book if book.prices else None


def _doubt(
    ref: MarketRef, board: Board, market: BoardMarket | None, book: Book
) -> tuple[Reason, str] | None:
    """Return what is wrong with a market as a whole, if anything: its question, answers or prices.

    A market that is open keeps the answers that it was opened with.
    """
    codes = book.prices.keys() | book.inactive
    if market is not None and codes != market.selections.keys():
        return Reason.SELECTIONS_MISSING, "other selections than it was opened with"
    kind = ref.kind or ""
    if doubt := _doubt_question(kind, ref.specifiers, board.sport, tuple(sorted(codes))):
        return doubt
    winners, complete = _answers(kind, ref.specifiers)
    cost = sum(1 / price for price in book.prices.values()) / winners
    if cost > BOOK_MAX or (cost < BOOK_MIN and complete and not book.inactive):
        return Reason.BOOK_NOT_SANE, f"it costs {float(cost):.3f}"
    return None


# The same markets are said again and again.
@lru_cache(maxsize=65_536)
def _doubt_question(
    kind: str, specifiers: str, sport: str, codes: tuple[str, ...]
) -> tuple[Reason, str] | None:
    line, others = split_line(kind, specifiers)
    try:
        registry.check_market(
            kind,
            sport=sport,
            line=line,
            specifiers=parse_specifiers(others),
            codes=codes,
            field="market",
        )
    except Malformed as problem:
        of_codes = problem.field == "market.selections"
        return Reason.SELECTIONS_MISSING if of_codes else Reason.UNKNOWN_MARKET, problem.message
    return None


@lru_cache(maxsize=65_536)
def _answers(kind: str, specifiers: str) -> tuple[int, bool]:
    """Return how many answers can be right at once, and whether one of them must be."""
    found = registry.find_kind(kind)
    if found is None:  # _doubt_question has asked before
        raise LookupError(kind)
    return found.winners(parse_specifiers(split_line(kind, specifiers)[1])), found.is_complete
