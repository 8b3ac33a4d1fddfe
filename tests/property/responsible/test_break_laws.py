"""Laws of play over time, whatever a player does and however the clock moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pitboss import jurisdictions
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.responsible.breaks import rules
from pitboss.responsible.breaks.model import (
    Answering,
    Choice,
    Clock,
    Interval,
    Pace,
    RealityCheck,
    Reply,
    State,
    Stay,
)

ANN = PlayerId(derived_id("player", "ann"))
NOON = datetime(2026, 8, 1, 12, 0, tzinfo=UTC)
CODES = st.sampled_from(jurisdictions.codes())
# Around every licence's minutes, to the second.
STEPS = st.integers(min_value=1, max_value=40 * 60)
DEEDS = st.lists(
    st.tuples(
        STEPS,
        st.one_of(
            st.just("stake"),
            st.sampled_from(Reply),
            st.sampled_from((15, 30, 60)),
        ),
    ),
    max_size=60,
)


@given(CODES, DEEDS, st.one_of(st.none(), st.integers(1, 300)))
def test_nobody_stakes_longer_than_the_interval_after_the_last_answer(
    code: str, deeds: list[tuple[int, str | int]], cap: int | None
) -> None:
    licence = jurisdictions.get(code)
    ends_at = None if cap is None else NOON + timedelta(minutes=cap)
    clock = Clock(session_id="s", player_id=ANN, opened_at=NOON, ends_at=ends_at)
    state, now, left = State(player_id=ANN), NOON, False
    # Kept beside, in minutes and moments of its own: when somebody last went on.
    went_on, minutes = NOON, licence.reality_check.minutes_default
    for seconds, deed in deeds:
        now += timedelta(seconds=seconds)
        due = rules.due_at(clock, state, licence)
        if isinstance(deed, Reply):
            wish = Answering(clock=clock, due_at=due or now, reply=deed)
            if rules.refusal_to_answer(wish, state, licence, now) is None:
                newest = RealityCheck(
                    shard=shard_of(ANN),
                    session_id="s",
                    player_id=ANN,
                    due_at=wish.due_at,
                    reply=deed,
                    answered_at=now,
                )
                state = msgspec.structs.replace(state, newest=newest)
                went_on, left = now, left or deed is Reply.LEAVE
        elif isinstance(deed, int):
            choice = Choice(player_id=ANN, minutes=deed)
            waiting = [] if due is None else [due]
            if rules.refusal_to_choose(choice, licence, waiting, now) is None:
                interval = Interval(shard=shard_of(ANN), player_id=ANN, minutes=deed, set_at=now)
                state = msgspec.structs.replace(state, interval=interval)
                minutes = deed
        else:
            stops = left or (ends_at is not None and now >= ends_at)
            if licence.reality_check.answer_required and minutes is not None:
                stops = stops or now - went_on >= timedelta(minutes=minutes)
            goes_on = rules.pace_of(clock, state, licence, now=now) is Pace.GOES_ON
            assert goes_on == (not stops)


@given(
    st.lists(st.tuples(st.integers(1, 180 * 60), st.integers(1, 20 * 60)), max_size=8),
    st.lists(st.integers(0, 12 * 3600), max_size=80),
    st.sampled_from(
        [code for code in jurisdictions.codes() if rules.wants_breaks(jurisdictions.get(code))]
    ),
)
def test_no_run_of_stakes_without_a_break_is_longer_than_the_licence_lets_it_be(
    visits: list[tuple[int, int]], moments: list[int], code: str
) -> None:
    licence = jurisdictions.get(code)
    stays: list[Stay] = []
    at = NOON
    for here, away in visits:
        stays.append((at, at + timedelta(seconds=here)))
        at += timedelta(seconds=here + away)
    staked = []
    for moment in sorted(NOON + timedelta(seconds=second) for second in moments):
        known = [(start, min(end, moment)) for start, end in stays if start <= moment]
        if not known or known[-1][1] < moment:
            continue
        pause = rules.break_at(known, licence, moment)
        assert pause is not None
        assert moment < pause.ends_at
        if moment < pause.starts_at:
            staked.append(moment)

    play = timedelta(minutes=licence.breaks.mandatory_after_minutes or 0)
    rest = timedelta(minutes=licence.breaks.mandatory_minutes or 0)
    begun = None
    for before, moment in zip([None, *staked], staked, strict=False):
        if begun is None or before is None or moment - before >= rest:
            begun = moment
        assert moment - begun < play
