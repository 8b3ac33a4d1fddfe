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
    one_wins: bool = False,
) -> Refusal | None:
    """Return why something cannot be said of a market.

    Args:
        said: what somebody wants to say; it has its time.
        rulings: what was said of the market before.
        selections: those of the market.
        now: by our own clock.
        one_wins: whether exactly one of the selections wins, or the stakes come back.
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
    torn = one_wins and _cannot_all_be(said, selections)
    if torn or any(_contradicts(said, ruling.said) for ruling in rulings):
        return Refusal.CONTRADICTS_ITSELF
    if _is_against_staff(said, rulings):
        return Refusal.AGAINST_STAFF
    return None


def find_refusal_of(
    market: Market, said: Said, rulings: Sequence[Ruling], *, now: datetime
) -> Refusal | None:
    """Return why something cannot be said of this market; see `find_refusal`."""
    kind = registry.find_kind(market.kind)
    return find_refusal(
        said,
        rulings,
        [item.id for item in market.selections],
        now=now,
        one_wins=kind is not None and kind.has_one_winner,
    )


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
    return structs.replace(said, reported_at=None)


def was_said(said: Said, rulings: Sequence[Ruling]) -> bool:
    """Say whether the same was said before: a repeated message changes nothing."""
    return any(ruling.said == said for ruling in rulings)


def effect_of(rulings: Sequence[Ruling]) -> Effect:
    """Return what all that was said of a market comes to, in whatever order it arrived.

    Of a selection the newest result counts that was not rolled back; what staff say holds against
    what feeds say.  A rollback undoes what was reported until then, also what arrives after it.  A
    cancel holds until a rollback that is as new, for the bets of its window.
    Source: Sportradar UOF, rollback_bet_settlement, bet_cancel, rollback_bet_cancel.
    """
    rollbacks = [item for item in rulings if item.said.kind is RulingKind.ROLLBACK]
    gone = {item.said.rolls_back for item in rollbacks}
    newest: dict[SelectionId, tuple[tuple[object, ...], SelectionResult] | None] = {}
    for ruling in rulings:
        if ruling.said.kind is not RulingKind.RESULT:
            continue
        counts = not ruling.said.provisional and ruling.version not in gone
        order = _order(ruling)
        for item in ruling.said.results:
            before = newest.setdefault(item.selection_id, None)
            if not counts or _is_undone(ruling, item.selection_id, rollbacks):
                continue
            if before is None or before[0] < order:
                newest[item.selection_id] = (order, item)
    return Effect(
        results=tuple([found[1] for found in newest.values() if found is not None]),
        windows=_windows(rulings),
    )


def closes(effect: Effect, selections: Collection[SelectionId], *, now: datetime) -> bool:
    """Say whether nothing can be bet on any more: all has ended, or what comes would be void.

    Somebody who has won is enough: the market is decided, whatever is still to be said of others.
    A window that is over in a moment closes nothing: it is about what was accepted until now, by
    clocks that may be a little ahead.
    """
    if {item.selection_id for item in effect.results} >= {*selections}:
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


def _cannot_all_be(said: Said, selections: Collection[SelectionId]) -> bool:
    """Say whether several have won, or none of all, where exactly one does.

    Those that tie share the stake of one, by shares that a feed may have rounded up.
    """
    results = [Result.of(item) for item in said.results]
    won = sum((1 - one.void_share) * one.dead_heat for one in results if one.won)
    if won > SHARES_MAX:
        return True
    told = {item.selection_id for item in said.results} >= {*selections}
    return told and not any(one.won or one.void_share for one in results)


def _is_against_staff(said: Said, rulings: Sequence[Ruling]) -> bool:
    """Say whether a feed wants a selection to have ended otherwise than staff say."""
    if said.authority is Authority.STAFF:
        return False
    theirs = [item for item in rulings if item.said.authority is Authority.STAFF]
    held = {item.selection_id: item for item in effect_of(theirs).results}
    return any(held.get(item.selection_id, item) != item for item in said.results)


def _stated(said: Said) -> dict[SelectionId, SelectionResult | None]:
    results: dict[SelectionId, SelectionResult | None] = dict.fromkeys(said.open_ids)
    return results | {item.selection_id: item for item in said.results}
