"""When a limit counts, how long a looser one waits and what is left: licence by licence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from pitboss import jurisdictions
from pitboss.jurisdictions.model import (
    ConfirmedBy,
    Jurisdiction,
    LiftedBy,
    LimitKind,
    OpenStakes,
    Period,
    Window,
)
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.responsible.limits import rules
from pitboss.responsible.limits.model import (
    Change,
    Confirmation,
    Initiator,
    Lift,
    Limit,
    LimitKey,
    Played,
    Raise,
    Refusal,
)
from proofs import Proves

CODES = [code for code in jurisdictions.codes() if code != "demo"]
ANN = PlayerId(derived_id("player", "ann"))
# A Wednesday, in summer, so that no local midnight is UTC's.
NOW = datetime(2024, 7, 17, 10, 30, tzinfo=UTC)
UNIT = 1_000_000
LOOKED_AT = (Period.DAY, Period.WEEK, Period.MONTH)


def licence(code: str, **limits: Any) -> Jurisdiction:
    """Give a licence with other rules for its limits."""
    found = jurisdictions.get(code)
    return msgspec.structs.replace(found, limits=msgspec.structs.replace(found.limits, **limits))


def set_to(
    value: int | None, rulebook: Jurisdiction, before: Limit | None = None, *, now: datetime = NOW
) -> Limit:
    """Change a deposit limit over the licence's first period."""
    change = Change(player_id=ANN, key=key_of(rulebook), value=value)
    return rules.change_limit(before, change, rulebook, shard=shard_of(ANN), now=now)


def key_of(rulebook: Jurisdiction, kind: LimitKind = LimitKind.DEPOSIT) -> LimitKey:
    """Return a limit that the licence offers."""
    return LimitKey(kind=kind, period=rulebook.limits.periods[0])


@pytest.mark.parametrize("code", CODES)
def test_a_first_or_a_stricter_limit_counts_at_once_and_drops_what_waited(
    code: str, proves: Proves
) -> None:
    proves("limits.decrease", code)
    rulebook = jurisdictions.get(code)

    first = set_to(100 * UNIT, rulebook)
    looser = set_to(200 * UNIT, rulebook, first)
    stricter = set_to(50 * UNIT, rulebook, looser)

    assert [rules.in_force(item, NOW) for item in (first, looser, stricter)] == [
        100 * UNIT,
        100 * UNIT,
        50 * UNIT,
    ]
    assert stricter.waiting is None


@pytest.mark.parametrize("code", CODES)
def test_a_looser_limit_counts_neither_before_its_hours_nor_before_its_period_ends(
    code: str, proves: Proves
) -> None:
    proves("limits.increase_hours_min", code)
    proves("limits.increase_after_period_end", code)
    rulebook = jurisdictions.get(code)
    asked = set_to(200 * UNIT, rulebook, set_to(100 * UNIT, rulebook))
    assert asked.waiting is not None
    counts_from = asked.waiting.counts_from

    assert counts_from >= NOW + timedelta(hours=rulebook.limits.increase_hours_min or 0)
    if rulebook.limits.increase_after_period_end:
        period = key_of(rulebook).period
        assert period is not None
        assert counts_from >= rules.period_end(period, rulebook, NOW)
    just_before = counts_from - timedelta(microseconds=1)
    assert rules.in_force(asked, just_before) == 100 * UNIT
    wish = Confirmation(player_id=ANN, key=asked.key)
    assert rules.refusal_to_confirm(asked, wish, rulebook, just_before) is not None


@pytest.mark.parametrize("code", CODES)
def test_a_looser_limit_counts_by_itself_only_where_nobody_needs_to_confirm_it(
    code: str, proves: Proves
) -> None:
    proves("limits.increase_confirmed_by", code)
    proves("limits.increase_confirm_hours", code)
    rulebook = jurisdictions.get(code)
    asked = set_to(200 * UNIT, rulebook, set_to(100 * UNIT, rulebook))
    assert asked.waiting is not None
    counts_from = asked.waiting.counts_from
    wish = Confirmation(player_id=ANN, key=asked.key)

    if rulebook.limits.increase_confirmed_by is ConfirmedBy.NOBODY:
        assert rules.in_force(asked, counts_from) == 200 * UNIT
        assert rules.refusal_to_confirm(asked, wish, rulebook, counts_from) is Refusal.NOTHING_WAITS
        return
    assert rules.in_force(asked, counts_from + timedelta(days=365)) == 100 * UNIT
    assert rules.refusal_to_confirm(asked, wish, rulebook, counts_from) is None
    if rulebook.limits.increase_confirm_hours is not None:
        late = counts_from + timedelta(hours=rulebook.limits.increase_confirm_hours)
        assert rules.refusal_to_confirm(asked, wish, rulebook, late) is Refusal.LAPSED


def test_a_swedish_limit_raised_a_day_before_its_week_ends_counts_two_days_after_it() -> None:
    # Spelinspektionen's position of 2021-12-13: 72 hours, and not before the period has ended.
    rulebook = licence("SE", periods=(Period.WEEK,))
    end = rules.period_end(Period.WEEK, rulebook, NOW)
    asked = set_to(
        200 * UNIT, rulebook, set_to(100 * UNIT, rulebook), now=end - timedelta(hours=24)
    )

    assert asked.waiting is not None
    assert asked.waiting.counts_from == end + timedelta(hours=48)


def test_a_limit_of_pennsylvania_raised_on_the_third_waits_for_the_end_of_the_month() -> None:
    rulebook = licence("PA", periods=(Period.MONTH,))
    third = datetime(2024, 7, 3, 12, tzinfo=UTC)
    asked = set_to(200 * UNIT, rulebook, set_to(100 * UNIT, rulebook), now=third)

    assert asked.waiting is not None
    assert asked.waiting.needs_confirmation
    # Midnight in New York, where it is four hours later in UTC in summer.
    assert asked.waiting.counts_from == datetime(2024, 8, 1, 4, tzinfo=UTC)


def test_the_same_wish_again_does_not_begin_to_wait_anew() -> None:
    rulebook = jurisdictions.get("GB")
    asked = set_to(200 * UNIT, rulebook, set_to(100 * UNIT, rulebook))
    later = NOW + timedelta(hours=20)

    assert set_to(200 * UNIT, rulebook, asked, now=later) == asked
    another = set_to(300 * UNIT, rulebook, asked, now=later)
    assert another.waiting is not None
    assert another.waiting.counts_from == later + timedelta(hours=24)


def test_asking_for_what_is_there_takes_the_wish_for_more_back() -> None:
    rulebook = jurisdictions.get("GB")
    asked = set_to(200 * UNIT, rulebook, set_to(100 * UNIT, rulebook))

    kept = set_to(100 * UNIT, rulebook, asked)

    assert kept.waiting is None
    assert rules.in_force(kept, NOW + timedelta(days=365)) == 100 * UNIT


def test_where_staff_confirms_the_player_alone_cannot() -> None:
    rulebook = licence("GB", increase_confirmed_by=ConfirmedBy.STAFF)
    asked = set_to(200 * UNIT, rulebook, set_to(100 * UNIT, rulebook))
    assert asked.waiting is not None
    then = asked.waiting.counts_from

    def refusal(initiator: Initiator) -> Refusal | None:
        wish = Confirmation(player_id=ANN, key=asked.key, initiator=initiator)
        return rules.refusal_to_confirm(asked, wish, rulebook, then)

    assert refusal(Initiator.PLAYER) is Refusal.CONFIRMED_BY_STAFF_ONLY
    assert refusal(Initiator.STAFF) is None


@pytest.mark.parametrize("code", CODES)
def test_a_licence_offers_the_kinds_and_periods_that_it_names_and_no_others(
    code: str, proves: Proves
) -> None:
    proves("limits.kinds", code)
    proves("limits.periods", code)
    rulebook = jurisdictions.get(code)

    def refusal(kind: LimitKind, period: Period | None) -> Refusal | None:
        change = Change(player_id=ANN, key=LimitKey(kind=kind, period=period), value=1)
        return rules.refusal_to_change(change, rulebook, None)

    for kind in LimitKind:
        offered = rulebook.limits.periods if kind.is_periodic else (None,)
        for period in (*LOOKED_AT, None):
            if kind not in rulebook.limits.kinds:
                assert refusal(kind, period) is Refusal.KIND_NOT_OFFERED
            elif period in offered:
                assert refusal(kind, period) is None
            else:
                assert refusal(kind, period) is Refusal.PERIOD_NOT_OFFERED


@pytest.mark.parametrize("code", CODES)
def test_a_mandatory_limit_is_not_taken_away(code: str, proves: Proves) -> None:
    proves("limits.mandatory_before_play", code)
    rulebook = jurisdictions.get(code)
    for kind in rulebook.limits.kinds:
        period = rulebook.limits.periods[0] if kind.is_periodic else None
        change = Change(player_id=ANN, key=LimitKey(kind=kind, period=period), value=None)
        mandatory = kind in (
            *rulebook.limits.mandatory_before_play,
            *rulebook.limits.mandatory_before_deposit,
        )
        refusal = rules.refusal_to_change(change, rulebook, None)
        assert (refusal is Refusal.LIMIT_IS_MANDATORY) == mandatory


@pytest.mark.parametrize("code", CODES)
def test_no_limit_passes_a_cap_that_the_player_cannot_lift(code: str, proves: Proves) -> None:
    proves("limits.caps", code)
    rulebook = jurisdictions.get(code)
    for cap in rulebook.limits.caps:
        key = LimitKey(kind=cap.kind, period=cap.period)
        most = rules.cap_of(key, rulebook, cap.age_from)
        if most is None:
            continue
        if cap.kind in rulebook.limits.kinds:
            for value, expected in ((most, None), (most + 1, Refusal.ABOVE_STATUTORY_CAP)):
                change = Change(player_id=ANN, key=key, value=value)
                assert rules.refusal_to_change(change, rulebook, cap.age_from) is expected
        # Whoever has chosen nothing is held by it too.
        found = rules.allowance([], {}, rulebook, now=NOW, age=cap.age_from)
        assert cap.kind in (LimitKind.DEPOSIT, LimitKind.NET_DEPOSIT)
        assert found.refuses_deposit(most + 1) is not None
    assert rules.allowance([], {}, rulebook, now=NOW).refuses_deposit(1) is None


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("ground", LiftedBy)
def test_a_cap_is_raised_by_the_check_that_the_licence_names_and_by_nothing_else(
    code: str, ground: LiftedBy, proves: Proves
) -> None:
    proves("limits.caps", code)
    rulebook = jurisdictions.get(code)
    keys = {LimitKey(kind=kind, period=period) for kind in LimitKind for period in (None, *Period)}
    for key in keys:
        caps = [
            cap
            for cap in rulebook.limits.caps
            if (cap.kind, cap.period) == (key.kind, key.period) and cap.lifted_by is ground
        ]
        named = bool(caps) and ground in (LiftedBy.INCOME_CHECK, LiftedBy.RISK_CHECK)
        most = 10_000 * UNIT
        wish = Raise(player_id=ANN, key=key, most=most, ground=ground)
        refusal = rules.refusal_to_raise(wish, rulebook)
        assert refusal is (None if named else Refusal.CAP_NOT_LIFTABLE)
        if not named:
            continue
        lower = Raise(player_id=ANN, key=key, most=UNIT, ground=ground)
        assert rules.refusal_to_raise(lower, rulebook) is Refusal.VALUE_OUT_OF_RANGE
        lift = Lift(
            shard=shard_of(ANN), player_id=ANN, key=key, most=most, ground=ground, lifted_at=NOW
        )
        assert rules.cap_of(key, rulebook, None, [lift]) == most
        change = Change(player_id=ANN, key=key, value=most)
        if key.kind in rulebook.limits.kinds:
            assert rules.refusal_to_change(change, rulebook, None) is Refusal.ABOVE_STATUTORY_CAP
            assert rules.refusal_to_change(change, rulebook, None, [lift]) is None
        # Another ground than the statute's raises nothing.
        other = msgspec.structs.replace(lift, ground=LiftedBy.PLAYER)
        assert rules.cap_of(key, rulebook, None, [other]) == rules.cap_of(key, rulebook, None)


@pytest.mark.parametrize("code", ["DE", "ES", "NL"])
def test_what_was_raised_for_a_player_is_what_may_be_paid_in(code: str, proves: Proves) -> None:
    proves("limits.caps", code)
    rulebook = jurisdictions.get(code)
    lifts = [
        Lift(
            shard=shard_of(ANN),
            player_id=ANN,
            key=LimitKey(kind=cap.kind, period=cap.period),
            most=9_000 * UNIT,
            ground=cap.lifted_by,
            lifted_at=NOW,
        )
        for cap in rulebook.limits.caps
    ]

    before = rules.allowance([], {}, rulebook, now=NOW)
    after = rules.allowance([], {}, rulebook, now=NOW, lifts=lifts)

    assert before.refuses_deposit(9_000 * UNIT) is not None
    assert after.refuses_deposit(9_000 * UNIT) is None
    assert after.refuses_deposit(9_000 * UNIT + 1) is not None


@pytest.mark.parametrize("value", [0, -1, rules.MICROS_MAX + 1])
def test_a_value_that_cannot_be_is_refused(value: int) -> None:
    rulebook = jurisdictions.get("GB")
    change = Change(player_id=ANN, key=key_of(rulebook), value=value)

    assert rules.refusal_to_change(change, rulebook, None) is Refusal.VALUE_OUT_OF_RANGE


def at(hours_ago: float, **amounts: int) -> dict[datetime, Played]:
    """Return one hour of play."""
    hour = rules.hour_of(NOW - timedelta(hours=hours_ago))
    return {hour: Played(hour=hour, **amounts)}


def limit(kind: LimitKind, period: Period | None, value: int) -> Limit:
    """Return a limit that counts."""
    key = LimitKey(kind=kind, period=period)
    return Limit(shard=shard_of(ANN), player_id=ANN, key=key, value=value, set_at=NOW)


def test_the_lowest_of_several_limits_wins() -> None:
    # Source: RTS 12 guidance: £10 a day beside £100 a week is £10.
    rulebook = jurisdictions.get("GB")
    held = [
        limit(LimitKind.DEPOSIT, Period.WEEK, 100 * UNIT),
        limit(LimitKind.DEPOSIT, Period.DAY, 10 * UNIT),
    ]

    found = rules.allowance(held, {}, rulebook, now=NOW)

    assert found.refuses_deposit(10 * UNIT) is None
    assert found.refuses_deposit(10 * UNIT + 1) is LimitKind.DEPOSIT


def test_a_withdrawal_frees_a_net_deposit_limit_and_not_a_gross_one() -> None:
    # Source: RTS 12B, new text: "deposit limit" is gross; other kinds have other names.
    rulebook = jurisdictions.get("GB")
    played = at(1, deposited=10 * UNIT, withdrawn=4 * UNIT)

    gross = [limit(LimitKind.DEPOSIT, Period.DAY, 10 * UNIT)]
    net = [limit(LimitKind.NET_DEPOSIT, Period.DAY, 10 * UNIT)]

    gross_allowance = rules.allowance(gross, played, rulebook, now=NOW)
    net_allowance = rules.allowance(net, played, rulebook, now=NOW)
    assert gross_allowance.refuses_deposit(1) is LimitKind.DEPOSIT
    assert net_allowance.refuses_deposit(4 * UNIT) is None
    assert net_allowance.refuses_deposit(4 * UNIT + 1) is LimitKind.NET_DEPOSIT


@pytest.mark.parametrize(("counted", "left"), [(True, 5), (False, 8)])
def test_loss_is_what_settled_stakes_lost_and_open_stakes_where_the_licence_says_so(
    counted: bool, left: int
) -> None:
    open_stakes = OpenStakes.COUNTED if counted else OpenStakes.IGNORED
    rulebook = licence("GB", loss_open_stakes=open_stakes)
    # Source: RTS 12 guidance: £10 that won £8 lost £2; £3 more are open, from long ago.
    played = at(1, staked=10 * UNIT, settled=10 * UNIT, returned=8 * UNIT)
    played |= at(24 * 10, staked=3 * UNIT)
    held = [limit(LimitKind.LOSS, Period.DAY, 10 * UNIT)]

    found = rules.allowance(held, played, rulebook, now=NOW)

    assert found.refuses_stake(left * UNIT) is None
    assert found.refuses_stake(left * UNIT + 1) is LimitKind.LOSS


def test_stakes_of_one_batch_take_from_the_allowance_as_they_are_permitted() -> None:
    rulebook = jurisdictions.get("GB")
    found = rules.allowance([limit(LimitKind.STAKE, Period.DAY, 10 * UNIT)], {}, rulebook, now=NOW)
    found.take_stake(6 * UNIT)

    assert found.refuses_stake(4 * UNIT) is None
    assert found.refuses_stake(4 * UNIT + 1) is LimitKind.STAKE


@pytest.mark.parametrize("code", CODES)
def test_a_period_begins_where_the_licence_says(code: str, proves: Proves) -> None:
    proves("limits.window", code)
    rulebook = jurisdictions.get(code)
    for period in LOOKED_AT:
        start = rules.period_start(period, rulebook, NOW)
        end = rules.period_end(period, rulebook, NOW)
        assert start <= NOW < end
        if rulebook.limits.window is Window.CALENDAR:
            # Every licence's midnight is a whole hour of UTC: play is counted by the hour.
            assert rules.hour_of(start) == start
            assert rules.period_start(period, rulebook, end) == end
            before = rules.period_start(period, rulebook, start - timedelta(microseconds=1))
            assert before < start
        else:
            assert NOW - start in (timedelta(days=1), timedelta(days=7), timedelta(days=30))


def test_a_day_of_23_or_25_hours_ends_at_its_midnight() -> None:
    rulebook = licence("NL", window=Window.CALENDAR)
    for noon, hours in (
        (datetime(2024, 3, 31, 10, tzinfo=UTC), 23),
        (datetime(2024, 10, 27, 10, tzinfo=UTC), 25),
    ):
        start = rules.period_start(Period.DAY, rulebook, noon)
        end = rules.period_end(Period.DAY, rulebook, noon)
        assert end - start == timedelta(hours=hours)
