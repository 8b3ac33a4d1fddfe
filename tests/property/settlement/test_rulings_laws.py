"""Laws of what is said of markets: what counts does not depend on order or repetition."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pitboss.kernel.ids import MarketId, SelectionId
from pitboss.sportsbook.settlement.model import (
    HALF_WON,
    LOST,
    VOID,
    WON,
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
    Window,
)
from pitboss.sportsbook.settlement.rules import effect_of, find_refusal, said_of, was_said

MARKET = MarketId("market")
SELECTIONS = tuple(SelectionId(name) for name in "abc")
START = datetime(2026, 8, 15, 14, tzinfo=UTC)

minutes = st.integers(0, 12).map(lambda count: START + timedelta(minutes=count))
bounds = st.none() | minutes
authorities = st.sampled_from(Authority)
SHARED = Result(won=True, dead_heat=Fraction(1, 2))
endings = st.sampled_from([None, WON, LOST, VOID, HALF_WON, SHARED])


@st.composite
def reports(draw: st.DrawFn, at: datetime) -> Report:
    """Draw something that is said of a market at this time."""
    source, authority = draw(st.sampled_from(["uof:1", "uof:3"])), draw(authorities)
    match draw(st.sampled_from(["result", "result", "rollback", "cancel", "cancel rollback"])):
        case "result":
            keys = draw(st.sets(st.sampled_from(SELECTIONS), min_size=1))
            return ResultReport(
                market_id=MARKET,
                source=source,
                reported_at=at,
                results={key: draw(endings) for key in sorted(keys)},
                certainty=draw(st.sampled_from([1, 2])),
                authority=authority,
            )
        case "rollback":
            return Rollback(
                market_id=MARKET,
                source=source,
                reported_at=at,
                selections=tuple(sorted(draw(st.sets(st.sampled_from(SELECTIONS))))),
                authority=authority,
            )
        case said:
            kind = Cancel if said == "cancel" else CancelRollback
            from_at, until = draw(bounds), draw(bounds)
            if from_at is not None and until is not None and from_at >= until:
                until = None
            return kind(
                market_id=MARKET,
                source=source,
                reported_at=at,
                from_at=from_at,
                until=until,
                authority=authority,
            )


@st.composite
def histories(draw: st.DrawFn) -> list[Report]:
    """Draw what is said of a market, each at a time of its own."""
    count = draw(st.integers(1, 7))
    return [draw(reports(START + timedelta(seconds=number))) for number in range(count)]


def heard(arrivals: Sequence[Report], *, certainty_min: int = 1, one_of: int = 0) -> Effect:
    """Record reports in the order of their arrival, as the operation does; return what counts.

    With `one_of` it is a market of so many selections, of which exactly one wins.
    """
    rulings: list[Ruling] = []
    for number, report in enumerate(arrivals):
        said = said_of(report, certainty_min=certainty_min)
        if said.kind is RulingKind.RESULT:
            said = replace(said, one_of=one_of)
        if was_said(said, rulings):
            continue
        now = START + timedelta(hours=1, seconds=number)
        refusal = find_refusal(said, rulings, SELECTIONS, now=now)
        if one_of and refusal is Refusal.CONTRADICTS_ITSELF:
            # Each is said at a time of its own, so it cannot be true even by itself.
            continue
        # What a feed says against staff is kept out; here it is let in, and counts nothing.
        assert refusal in (None, Refusal.AGAINST_STAFF)
        rulings.append(Ruling(version=len(rulings) + 1, said=said, recorded_at=now))
    return effect_of(rulings)


def cannot_be(report: Report) -> bool:
    """Say whether this alone cannot be true where one of three wins."""
    said = replace(said_of(report), one_of=3)
    late = START + timedelta(hours=1)
    return find_refusal(said, [], SELECTIONS, now=late) is Refusal.CONTRADICTS_ITSELF


def as_sets(effect: Effect) -> tuple[frozenset[object], ...]:
    return (
        frozenset(effect.results),
        frozenset((window.from_at, window.until) for window in effect.windows),
        frozenset(effect.torn),
    )


@given(
    histories(), st.randoms(use_true_random=False), st.sampled_from([1, 2]), st.sampled_from([0, 3])
)
def test_what_counts_does_not_depend_on_the_order_or_repetition_of_what_is_said(
    history: list[Report], chance: object, certainty_min: int, one_of: int
) -> None:
    arrivals = history + history[: len(history) // 2]
    chance.shuffle(arrivals)  # type: ignore[attr-defined] # a Random

    assert as_sets(heard(arrivals, certainty_min=certainty_min, one_of=one_of)) == as_sets(
        heard(history, certainty_min=certainty_min, one_of=one_of)
    )


@given(histories())
def test_where_one_wins_what_counts_can_be_true(history: list[Report]) -> None:
    counts = [Result.of(item) for item in heard(history, one_of=len(SELECTIONS)).results]

    shares = [(1 - one.void_share) * one.dead_heat for one in counts if one.won]
    assert sum(shares) <= 1
    assert len(counts) < len(SELECTIONS) or any(one.won or one.void_share for one in counts)


@given(histories())
def test_what_cannot_be_true_stops_counting_and_nothing_counts_in_its_place(
    history: list[Report],
) -> None:
    possible = [report for report in history if not cannot_be(report)]
    one, each = heard(possible, one_of=3), heard(possible)

    assert {*one.results}.isdisjoint(one.torn)
    assert {*one.results, *one.torn} == {*each.results}
    assert one.windows == each.windows


@given(histories())
def test_no_feed_keeps_from_counting_what_staff_say(history: list[Report]) -> None:
    theirs = [report for report in history if report.authority is Authority.STAFF]

    assert {*heard(theirs, one_of=3).results} <= {*heard(history, one_of=3).results}


@given(histories())
def test_what_was_rolled_back_as_a_whole_counts_no_more(history: list[Report]) -> None:
    late = START + timedelta(minutes=30)
    rollback = Rollback(market_id=MARKET, source="x", reported_at=late, authority=Authority.STAFF)
    cancels = CancelRollback(
        market_id=MARKET, source="x", reported_at=late, authority=Authority.STAFF
    )

    assert heard([*history, rollback, cancels]) == Effect()


@given(histories())
def test_of_a_selection_the_newest_result_counts(history: list[Report]) -> None:
    newest = ResultReport(
        market_id=MARKET,
        source="x",
        reported_at=START + timedelta(minutes=30),
        results=dict.fromkeys(SELECTIONS, WON),
        authority=Authority.STAFF,
    )

    counts = heard([*history, newest])

    assert {item.selection_id for item in counts.results if item.won} == {*SELECTIONS}


@given(histories())
def test_a_feed_never_changes_what_staff_have_said(history: list[Report]) -> None:
    from_feed = [report for report in history if report.authority is Authority.FEED]
    staffs = ResultReport(
        market_id=MARKET,
        source="staff",
        reported_at=START - timedelta(minutes=30),
        results=dict.fromkeys(SELECTIONS, LOST),
        authority=Authority.STAFF,
    )

    counts = heard([staffs, *from_feed])

    assert {item.selection_id for item in counts.results} == {*SELECTIONS}
    assert not any(item.won or item.void_share != "0" for item in counts.results)


@given(bounds, bounds, minutes)
def test_a_window_holds_from_its_beginning_to_before_its_end(
    from_at: datetime | None, until: datetime | None, accepted_at: datetime
) -> None:
    holds = Window(from_at=from_at, until=until).holds(accepted_at)

    assert holds == (
        (from_at is None or accepted_at >= from_at) and (until is None or accepted_at < until)
    )
