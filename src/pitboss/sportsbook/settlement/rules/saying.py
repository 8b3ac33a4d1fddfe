"""What may be said of a market, and what counts of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from msgspec import json, structs

from pitboss.kernel.ids import SelectionId
from pitboss.sportsbook import registry
from pitboss.sportsbook.catalog.model import Market
from pitboss.sportsbook.settlement.model import (
    A_MOMENT,
    Authority,
    Cancel,
    CancelRollback,
    Effect,
    Refusal,
    Report,
    Result,
    ResultReport,
    Rollback,
    Ruling,
    RulingKind,
    Said,
    SelectionResult,
    Window,
)

# Of a source's clock and ours; what is newer would hold against all for as long as that is wrong.
AHEAD_MAX = timedelta(minutes=5)
# Of one stake, what those who share it may win together: feeds give two decimals, or more.
SHARES_MAX = Fraction(102, 100)


def said_of(report: Report, *, certainty_min: int = 1) -> Said:
    """Return a report as it is stored; results that are less certain than that do not count."""
    match report:
        case ResultReport():
            told = {key: result for key, result in report.results.items() if result is not None}
            return Said(
                source=report.source,
                authority=report.authority,
                reported_at=report.reported_at.astimezone(UTC),
                results=tuple(result.told_of(key) for key, result in told.items()),
                open_ids=tuple(key for key, result in report.results.items() if result is None),
                certainty=report.certainty,
                provisional=report.certainty < certainty_min,
                reason=report.reason,
            )
        case Rollback():
            return Said(
                kind=RulingKind.ROLLBACK,
                source=report.source,
                authority=report.authority,
                reported_at=report.reported_at.astimezone(UTC),
                selections=report.selections,
                rolls_back=report.version,
                reason=report.reason,
            )
        case Cancel() | CancelRollback():
            cancels = isinstance(report, Cancel)
            return Said(
                kind=RulingKind.CANCEL if cancels else RulingKind.CANCEL_ROLLBACK,
                source=report.source,
                authority=report.authority,
                reported_at=report.reported_at.astimezone(UTC),
                from_at=_in_utc(report.from_at),
                until=_in_utc(report.until),
                reason=report.reason,
            )


def find_refusal(
    said: Said,
    rulings: Sequence[Ruling],
    selections: Collection[SelectionId],
    *,
    now: datetime,
) -> Refusal | None:
    """Return why something cannot be said of a market.

    Args:
        said: what somebody wants to say, of a market of this kind (`said_in`); it has its time.
        rulings: what was said of the market before.
        selections: those of the market.
        now: by our own clock.
    """
    named = {item.selection_id for item in said.results} | {*said.open_ids, *said.selections}
    if not named <= {*selections}:
        return Refusal.UNKNOWN_SELECTION
    if said.kind is RulingKind.RESULT and not named:
        return Refusal.NOTHING_SAID
    if said.reported_at is None or said.reported_at > now + AHEAD_MAX:
        return Refusal.FROM_THE_FUTURE
    if said.from_at is not None and said.until is not None and said.from_at >= said.until:
        return Refusal.NO_WINDOW
    if said.rolls_back is not None and not any(
        ruling.version == said.rolls_back and ruling.said.kind is RulingKind.RESULT
        for ruling in rulings
    ):
        return Refusal.UNKNOWN_VERSION
    if _clashing(said.results, said.one_of) or any(
        _contradicts(said, ruling.said) for ruling in rulings
    ):
        return Refusal.CONTRADICTS_ITSELF
    if _is_against_staff(said, rulings):
        return Refusal.AGAINST_STAFF
    return None


def said_in(market: Market, said: Said) -> Said:
    """Return what is said of a market with what its kind says of it: whether just one wins."""
    kind = registry.find_kind(market.kind)
    if said.kind is not RulingKind.RESULT or kind is None or not kind.has_one_winner:
        return said
    return structs.replace(said, one_of=len(market.selections))


def marked(said: Said, version: int) -> bytes:
    """Return what a preview's digest begins with: what would be said, whenever, after how much."""
    return json.encode((_timeless(said), version))


def said_at(wish: Said, now: datetime) -> Said:
    """Return what somebody wants to say as it is said now."""
    return structs.replace(wish, reported_at=now)


def is_repeated(said: Said, rulings: Sequence[Ruling], version: int) -> bool:
    """Say whether just this was said after that version, at whatever time."""
    return any(
        ruling.version == version + 1 and _timeless(ruling.said) == _timeless(said)
        for ruling in rulings
    )


def _timeless(said: Said) -> Said:
    return structs.replace(said, reported_at=None, one_of=0)


def was_said(said: Said, rulings: Sequence[Ruling]) -> bool:
    """Say whether the same was said before: a repeated message changes nothing."""
    mine = structs.replace(said, one_of=0)
    return any(structs.replace(ruling.said, one_of=0) == mine for ruling in rulings)


def effect_of(rulings: Sequence[Ruling]) -> Effect:
    """Return what all that was said of a market comes to, in whatever order it arrived.

    Of a selection the newest result counts that was not rolled back; what staff say holds against
    what feeds say.  A rollback undoes what was reported until then, also what arrives after it.  A
    cancel holds until a rollback that is as new, for the bets of its window.

    Where exactly one selection wins, what cannot all be true does not count: of several winners,
    and of all if none has won.  Those that feeds say go first; if it is torn among equals, none of
    them counts, and bets wait until somebody says otherwise.  No older result counts in its place.

    Source: Sportradar UOF, rollback_bet_settlement, bet_cancel, rollback_bet_cancel.
    """
    rollbacks = [item for item in rulings if item.said.kind is RulingKind.ROLLBACK]
    gone = {item.said.rolls_back for item in rollbacks}
    one_of = 0
    newest: dict[SelectionId, tuple[tuple[int, datetime, int, str], SelectionResult] | None] = {}
    for ruling in rulings:
        if ruling.said.kind is not RulingKind.RESULT:
            continue
        one_of = max(one_of, ruling.said.one_of)
        counts = not ruling.said.provisional and ruling.version not in gone
        order = _order(ruling)
        for item in ruling.said.results:
            before = newest.setdefault(item.selection_id, None)
            if not counts or _is_undone(ruling, item.selection_id, rollbacks):
                continue
            if before is None or before[0] < order:
                newest[item.selection_id] = (order, item)
    told = [(order[0], item) for order, item in filter(None, newest.values())]
    torn = _find_torn(told, one_of)
    return Effect(
        results=tuple([item for _, item in told if item.selection_id not in torn]),
        windows=_windows(rulings),
        torn=tuple([item for _, item in told if item.selection_id in torn]),
    )


def closes(effect: Effect, selections: Collection[SelectionId], *, now: datetime) -> bool:
    """Say whether nothing can be bet on any more: all has ended, or what comes would be void.

    Somebody who has won is enough: the market is decided, whatever is still to be said of others.
    So is a market of which things were said that cannot all be true: it has ended somehow.
    A window that is over in a moment closes nothing: it is about what was accepted until now, by
    clocks that may be a little ahead.
    """
    if effect.torn or {item.selection_id for item in effect.results} >= {*selections}:
        return True
    if any(item.won and item.void_share != "1" for item in effect.results):
        return True
    return any(window.until is None or window.until - now > A_MOMENT for window in effect.windows)


def newly_ended(before: Effect, after: Effect) -> list[SelectionId]:
    """Return the selections of which a result counts now and none did before."""
    known = {item.selection_id for item in before.results}
    return [item.selection_id for item in after.results if item.selection_id not in known]


def _in_utc(instant: datetime | None) -> datetime | None:
    return None if instant is None else instant.astimezone(UTC)


def _order(ruling: Ruling) -> tuple[int, datetime, int, str]:
    """Return what tells which of two results counts, whichever arrived first."""
    said = ruling.said
    return said.authority.rank, ruling.at, said.certainty, said.source


def _is_undone(ruling: Ruling, selection_id: SelectionId, rollbacks: Sequence[Ruling]) -> bool:
    return any(
        back.said.rolls_back is None
        and (not back.said.selections or selection_id in back.said.selections)
        and _reaches(back, ruling)
        for back in rollbacks
    )


def _windows(rulings: Sequence[Ruling]) -> tuple[Window, ...]:
    backs = [item for item in rulings if item.said.kind is RulingKind.CANCEL_ROLLBACK]
    found: dict[Window, None] = {}
    for ruling in rulings:
        said = ruling.said
        if said.kind is not RulingKind.CANCEL:
            continue
        window = Window(from_at=said.from_at, until=said.until)
        nowhere = Window(from_at=None, until=None)
        if not any(
            Window(from_at=back.said.from_at, until=back.said.until) in (window, nowhere)
            and _reaches(back, ruling)
            for back in backs
        ):
            found[window] = None
    return tuple(found)


def _reaches(back: Ruling, ruling: Ruling) -> bool:
    """Say whether a rollback undoes that: it is as new, and no lower word."""
    return back.at >= ruling.at and back.said.authority.rank >= ruling.said.authority.rank


def _contradicts(said: Said, earlier: Said) -> bool:
    """Say whether one source said two things at one time."""
    if said.kind is not RulingKind.RESULT or earlier.kind is not said.kind:
        return False
    if (said.source, said.reported_at) != (earlier.source, earlier.reported_at):
        return False
    before = _stated(earlier)
    return any(key in before and before[key] != stated for key, stated in _stated(said).items())


def _find_torn(told: Sequence[tuple[int, SelectionResult]], one_of: int) -> set[SelectionId]:
    """Return the selections of which nothing counts; `told` are results, each with its rank.

    Where several cannot all be true, those of the lower rank go first.
    """
    torn: set[SelectionId] = set()
    while one_of:
        left = {item.selection_id: rank for rank, item in told if item.selection_id not in torn}
        clashing = _clashing([item for _, item in told if item.selection_id in left], one_of)
        if not clashing:
            break
        highest = max(left[key] for key in clashing)
        lower = {key for key in clashing if left[key] < highest}
        torn |= lower or clashing
    return torn


def _clashing(results: Sequence[SelectionResult], one_of: int) -> set[SelectionId]:
    """Return the selections whose results cannot all be true, where exactly one of so many wins.

    Those that have won if it is too many of them, all if none has.  Those that tie share the stake
    of one, by shares that a feed may have rounded up.
    """
    if not one_of:
        return set()
    read = {item.selection_id: Result.of(item) for item in results}
    shares = {
        key: (1 - one.void_share) * one.dead_heat
        for key, one in read.items()
        if one.won and one.void_share < 1
    }
    if sum(shares.values()) > SHARES_MAX:
        return {*shares}
    if len(read) < one_of or any(one.won or one.void_share for one in read.values()):
        return set()
    return {*read}


def _is_against_staff(said: Said, rulings: Sequence[Ruling]) -> bool:
    """Say whether a feed wants a selection to have ended otherwise than staff say.

    Or, where exactly one wins, another one to have won beside theirs, or none at all.
    """
    if said.authority is Authority.STAFF or said.reported_at is None:
        return False
    theirs = [item for item in rulings if item.said.authority is Authority.STAFF]
    before = effect_of(theirs)
    held = {item.selection_id: item for item in (*before.results, *before.torn)}
    if any(held.get(item.selection_id, item) != item for item in said.results):
        return True
    word = Ruling(version=0, said=said, recorded_at=said.reported_at)
    torn = {item.selection_id for item in effect_of([*theirs, word]).torn}
    return not torn <= held.keys()


def _stated(said: Said) -> dict[SelectionId, SelectionResult | None]:
    results: dict[SelectionId, SelectionResult | None] = dict.fromkeys(said.open_ids)
    return results | {item.selection_id: item for item in said.results}
