"""When play must stop, for every licence, from its own data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from pitboss import jurisdictions
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.responsible.breaks import rules
from pitboss.responsible.breaks.model import (
    Answering,
    Break,
    Choice,
    Clock,
    GamePlan,
    Interval,
    Pace,
    Planned,
    RealityCheck,
    Refusal,
    Reply,
    State,
    Totals,
)
from proofs import Proves

CODES = jurisdictions.codes()
ANN = PlayerId(derived_id("player", "ann"))
NOON = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
CLOCK = Clock(session_id=derived_id("session"), player_id=ANN, opened_at=NOON)
NOTHING = State(player_id=ANN)


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def chose(minutes: int | None, newest: RealityCheck | None = None) -> State:
    interval = Interval(shard=shard_of(ANN), player_id=ANN, minutes=minutes, set_at=NOON)
    return State(player_id=ANN, interval=interval, newest=newest)


def said(reply: Reply, *, due: float, at: float) -> RealityCheck:
    return RealityCheck(
        shard=shard_of(ANN),
        session_id=CLOCK.session_id,
        player_id=ANN,
        due_at=after(due),
        reply=reply,
        answered_at=after(at),
    )


def pace(licence: Jurisdiction, state: State | None, now: datetime) -> Pace:
    return rules.pace_of(CLOCK, state, licence, now=now)


@pytest.mark.parametrize("code", CODES)
def test_play_stops_at_the_licences_own_interval_until_the_check_is_answered(
    code: str, proves: Proves
) -> None:
    proves("reality_check.minutes_default", code)
    proves("reality_check.answer_required", code)
    licence = jurisdictions.get(code)
    minutes = licence.reality_check.minutes_default
    if minutes is None:
        assert pace(licence, None, after(100_000)) is Pace.GOES_ON
        return
    stopped = Pace.CHECK_DUE if licence.reality_check.answer_required else Pace.GOES_ON
    goes_on = State(player_id=ANN, newest=said(Reply.CONTINUE, due=minutes, at=minutes + 2))

    found = [
        pace(licence, None, after(minutes) - INSTANT),
        pace(licence, None, after(minutes)),
        pace(licence, goes_on, after(minutes + 2)),
        pace(licence, goes_on, after(2 * minutes + 2) - INSTANT),
        pace(licence, goes_on, after(2 * minutes + 2)),
    ]

    assert found == [Pace.GOES_ON, stopped, Pace.GOES_ON, Pace.GOES_ON, stopped]


@pytest.mark.parametrize("code", CODES)
def test_a_player_chooses_among_the_licences_intervals_and_no_other(
    code: str, proves: Proves
) -> None:
    proves("reality_check.minutes_choices", code)
    licence = jurisdictions.get(code)
    offered = licence.reality_check.minutes_choices

    for minutes in (*range(1, 121), 1_440):
        refusal = rules.refusal_to_choose(Choice(player_id=ANN, minutes=minutes), licence, [], NOON)
        assert refusal == (None if minutes in offered else Refusal.INTERVAL_NOT_OFFERED)
    without = rules.refusal_to_choose(Choice(player_id=ANN, minutes=None), licence, [], NOON)
    needless = licence.reality_check.minutes_default is None
    assert without == (None if needless else Refusal.INTERVAL_NOT_OFFERED)
    for minutes in offered:
        assert rules.due_at(CLOCK, chose(minutes), licence) == after(minutes)


@pytest.mark.parametrize("code", CODES)
def test_an_interval_that_is_not_offered_any_more_leaves_nobody_without_checks(code: str) -> None:
    licence = jurisdictions.get(code)

    for minutes in (None, 7):
        found = rules.minutes_of(chose(minutes).interval, licence)
        assert found == licence.reality_check.minutes_default


@pytest.mark.parametrize("code", CODES)
def test_another_interval_does_not_get_rid_of_a_check_that_waits(code: str) -> None:
    licence = jurisdictions.get(code)
    wish = Choice(player_id=ANN, minutes=max(licence.reality_check.minutes_choices))

    refusal = rules.refusal_to_choose(wish, licence, [after(30)], after(30))
    early = rules.refusal_to_choose(wish, licence, [after(30)], after(30) - INSTANT)

    required = licence.reality_check.answer_required
    assert refusal == (Refusal.REALITY_CHECK_DUE if required else None)
    assert early is None


@pytest.mark.parametrize("code", CODES)
def test_no_session_is_looked_up_that_is_too_young_for_any_check(code: str) -> None:
    licence = jurisdictions.get(code)
    shortest = min(licence.reality_check.minutes_choices)
    required = licence.reality_check.answer_required

    assert not rules.may_be_due(CLOCK, licence, after(shortest) - INSTANT)
    assert rules.may_be_due(CLOCK, licence, after(shortest)) == required
    for minutes in licence.reality_check.minutes_choices:
        due = rules.due_at(CLOCK, chose(minutes), licence)
        assert due is not None
        assert rules.may_be_due(CLOCK, licence, due) == required


@pytest.mark.parametrize("code", CODES)
def test_where_an_answer_is_needed_having_seen_a_check_is_none(code: str) -> None:
    licence = jurisdictions.get(code)
    state, due = chose(30), after(30)

    def refusal(reply: Reply, due_at: datetime, now: datetime) -> Refusal | None:
        wish = Answering(clock=CLOCK, due_at=due_at, reply=reply)
        return rules.refusal_to_answer(wish, state, licence, now)

    required = licence.reality_check.answer_required
    assert refusal(Reply.SEEN, due, due) == (Refusal.ANSWER_NEEDED if required else None)
    assert refusal(Reply.CONTINUE, due, due) is None
    assert refusal(Reply.LEAVE, due, after(500)) is None
    assert refusal(Reply.CONTINUE, due, due - INSTANT) is Refusal.NO_CHECK_DUE
    assert refusal(Reply.CONTINUE, due + INSTANT, after(500)) is Refusal.NO_CHECK_DUE


@pytest.mark.parametrize("code", CODES)
def test_nobody_goes_on_in_a_session_that_was_left_at_a_check(code: str) -> None:
    licence = jurisdictions.get(code)
    left = State(player_id=ANN, newest=said(Reply.LEAVE, due=30, at=31))
    wish = Answering(clock=CLOCK, due_at=after(91), reply=Reply.CONTINUE)

    assert pace(licence, left, after(31)) is Pace.SESSION_OVER
    assert rules.refusal_to_answer(wish, left, licence, after(91)) is Refusal.NO_CHECK_DUE


@pytest.mark.parametrize("code", CODES)
def test_a_session_ends_at_its_cap_to_the_microsecond(code: str, proves: Proves) -> None:
    proves("sessions.minutes_max", code)
    licence = jurisdictions.get(code)
    most = licence.sessions.minutes_max
    assert rules.is_watched(licence) == (most is not None or licence.reality_check.answer_required)
    capped = msgspec.structs.replace(CLOCK, ends_at=after(10))

    assert rules.pace_of(capped, None, licence, now=after(10) - INSTANT) is Pace.GOES_ON
    assert rules.pace_of(capped, None, licence, now=after(10)) is Pace.SESSION_OVER


@pytest.mark.parametrize("code", CODES)
def test_a_break_begins_after_the_licences_minutes_and_lasts_as_long_as_it_says(
    code: str, proves: Proves
) -> None:
    proves("breaks.mandatory_after_minutes", code)
    proves("breaks.mandatory_minutes", code)
    licence = jurisdictions.get(code)
    play, pause = licence.breaks.mandatory_after_minutes, licence.breaks.mandatory_minutes
    if play is None or pause is None:
        assert not rules.wants_breaks(licence)
        assert rules.break_at([(NOON, after(1_000))], licence, after(1_000)) is None
        return

    def on_break(minutes: float) -> bool:
        now = after(minutes)
        found = rules.break_at([(NOON, now)], licence, now)
        return found is not None and found.starts_at <= now < found.ends_at

    moments = (0, play - 0.001, play, play + pause - 0.001, play + pause, 2 * play + pause)
    assert rules.wants_breaks(licence)
    assert [on_break(minutes) for minutes in moments] == [False, False, True, True, False, True]


@pytest.mark.parametrize("code", CODES)
def test_games_need_a_plan_where_the_licence_says_so_and_end_with_it(
    code: str, proves: Proves
) -> None:
    proves("games.session_planned", code)
    licence = jurisdictions.get(code)
    plan = GamePlan(
        player_id=ANN, made_at=NOON, minutes=30, spend_micros=10, rest_minutes=60, spent_micros=4
    )
    spent = msgspec.structs.replace(plan, spent_micros=10, reached_at=after(10))
    asked = [
        (None, 1, 0),
        (plan, 6, 0),
        (plan, 7, 0),
        (plan, 1, 29.9),
        (plan, 1, 30),
        (plan, 1, 89.9),
        (plan, 1, 90),
        (spent, 1, 10),
        (spent, 1, 69.9),
        (spent, 1, 70),
    ]

    found = [rules.planned(one, licence, stake, after(minutes)) for one, stake, minutes in asked]

    missing, over, holds = Planned.MISSING, Planned.OVER, Planned.HOLDS
    wanted = [missing, holds, over, holds, over, over, missing, over, over, missing]
    if not licence.games.session_planned:
        wanted = [Planned.NOT_NEEDED] * len(asked)
    assert found == wanted


GERMANY = jurisdictions.get("DE")


def test_a_break_that_was_taken_elsewhere_counts_and_one_that_was_too_short_does_not() -> None:
    rested = [(NOON, after(50)), (after(55), after(70))]
    hurried = [(NOON, after(50)), (after(54.9), after(61))]

    assert rules.break_at(rested, GERMANY, after(70)) == Break(
        starts_at=after(115), ends_at=after(120)
    )
    assert rules.break_at(hurried, GERMANY, after(61)) == Break(
        starts_at=after(60), ends_at=after(65)
    )
    assert rules.break_at(hurried, GERMANY, after(66)) is None


def test_a_net_position_is_what_was_won_less_what_was_lost_and_open_stakes_are_neither() -> None:
    done = Totals(staked=30, settled=20, returned=25)

    assert done.net_position == 5
    assert Totals(staked=40, settled=30, returned=25).since(done) == Totals(staked=10, settled=10)
