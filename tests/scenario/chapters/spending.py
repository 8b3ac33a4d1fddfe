"""What a player spends: up to the limits, over midnights and odd days, tightened and loosened."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta

from pitboss.jurisdictions.model import (
    ConfirmedBy,
    LimitKind,
    Measure,
    OpenStakes,
    Period,
    WeekStart,
    WhenReached,
    Window,
)
from pitboss.kernel.instants import write_instant
from scenario.walking import UNIT, Person, Walk, limit_path, odd_days

SECOND = timedelta(seconds=1)
# After this nothing of before counts towards a day, of whichever kind.
A_DAY_ON = timedelta(hours=26)
# By so much longer a rolling period may be felt: hours are counted as a whole.
HOUR = timedelta(hours=1)
LIMIT = 100 * UNIT
TIGHTER, LOOSER, LOOSEST = 60 * UNIT, 200 * UNIT, 300 * UNIT
MINUTES = 30
ABOVE = "above_deposit_limit"


async def pays_in_up_to_her_limit(walk: Walk, ann: Person) -> None:
    """Set a limit of deposits and reach it, and get no further by taking money out."""
    rules = walk.licence.limits
    walk.wait(A_DAY_ON)
    await ann.logs_in()
    with walk.step("pays in up to her limit, and not the smallest coin more", "limits.kinds"):
        answer = await ann.sets(LimitKind.DEPOSIT, Period.DAY, LIMIT)
        assert answer.json()["amount"] == walk.money(LIMIT)
        assert await ann.pays_in(LIMIT + walk.minor) == ABOVE
        assert await ann.pays_in(LIMIT) == "requested"
        assert await ann.pays_in(walk.minor) == ABOVE
    with walk.step(
        "makes room under it by taking money out only where it is a net one",
        "limits.deposit_measure",
    ):
        assert await ann.takes_out(40 * UNIT) == "requested"
        net = rules.deposit_measure is Measure.NET
        assert await ann.pays_in(40 * UNIT) == ("requested" if net else ABOVE)
    with walk.step(
        "cannot do without a limit that the licence wants",
        "limits.mandatory_before_play",
        "limits.mandatory_before_deposit",
    ):
        wanted = {*rules.mandatory_before_play, *rules.mandatory_before_deposit}
        answer = await ann.sets(LimitKind.DEPOSIT, Period.DAY, None)
        if LimitKind.DEPOSIT in wanted:
            assert (answer.status, answer.slug) == (403, "limit_is_mandatory")
        else:
            assert answer.json()["amount"] == walk.money(LIMIT)
            await ann.ask("DELETE", f"{limit_path(LimitKind.DEPOSIT, Period.DAY)}/waiting")


async def does_not_pass_what_statute_allows(walk: Walk, born_on: str) -> None:
    """Be held by the caps of the law, whoever has chosen what."""
    age = walk.today.year - date.fromisoformat(born_on).year
    caps = [cap for cap in walk.licence.limits.caps if cap.is_for(age) and cap.kind.is_money]
    with walk.step("no limit can be set above a cap of the law", "limits.caps"):
        other = await walk.regular(date_of_birth=born_on)
        for cap in caps:
            if cap.kind in walk.licence.limits.kinds:
                assert cap.micros is not None
                answer = await other.sets(cap.kind, cap.period, cap.micros + walk.minor)
                assert (answer.status, answer.slug) == (422, "above_statutory_cap")
    with walk.step("and nobody pays in above one", "limits.caps"):
        paid_in = {LimitKind.DEPOSIT, LimitKind.NET_DEPOSIT}
        least = min((cap.micros or 0 for cap in caps if cap.kind in paid_in), default=None)
        assert await other.pays_in(least or LIMIT) == "requested"
        refused = {f"above_{cap.kind}_limit" for cap in caps}
        assert await other.pays_in(walk.minor) in (refused if least else {"requested"})


async def lives_through_days_of_odd_length(walk: Walk, ann: Person) -> None:
    """Fill a day's and a week's limit on the days on which clocks are changed."""
    for day in _next_two(walk):
        walk.wait_until(walk.at(day, 0, 30))
        await ann.logs_in()
        await _fills_the_day(walk, ann, day)
    with walk.step("begins a week when the licence's week begins", "licence.week_starts"):
        first = 0 if walk.licence.licence.week_starts is WeekStart.MONDAY else 6
        day = walk.today + timedelta(days=2)
        day += timedelta(days=(first - day.weekday()) % 7)
        other = await walk.regular()
        await other.sets(LimitKind.DEPOSIT, Period.WEEK, LIMIT)
        walk.wait_until(walk.at(day) - HOUR)
        await other.logs_in()
        assert await other.pays_in(LIMIT) == "requested"
        walk.wait_until(walk.at(day) - SECOND)
        await other.logs_in()
        assert await other.pays_in(walk.minor) == ABOVE
        walk.wait(SECOND)
        calendar = walk.licence.limits.window is Window.CALENDAR
        assert await other.pays_in(walk.minor) == ("requested" if calendar else ABOVE)


def _next_two(walk: Walk) -> tuple[date, date]:
    days = odd_days(walk.zone, walk.today)
    return next(days), next(days)


async def _fills_the_day(walk: Walk, ann: Person, day: date) -> None:
    midnight = walk.at(day + timedelta(days=1))
    hours = (midnight - walk.at(day)) // HOUR
    assert hours in (23, 25)
    filled_at = walk.now
    with walk.step(f"fills a limit at half past midnight of a day that has {hours} hours"):
        assert await ann.pays_in(LIMIT) == "requested"
        assert await ann.pays_in(walk.minor) == ABOVE
    match walk.licence.limits.window:
        case Window.CALENDAR:
            with walk.step(
                f"has room again when the day of {hours} hours is over, to the second",
                "limits.window",
                "licence.time_zone",
            ):
                await _has_room_at(walk, ann, midnight, full_until=midnight - SECOND)
        case Window.ROLLING:
            with walk.step(
                f"has no room at the end of the day of {hours} hours, but when 24 are over",
                "limits.window",
            ):
                full = filled_at + timedelta(hours=24) - SECOND
                await _has_room_at(walk, ann, filled_at + 25 * HOUR, full_until=full)


async def _has_room_at(walk: Walk, ann: Person, room: datetime, *, full_until: datetime) -> None:
    walk.wait_until(full_until)
    await ann.logs_in()
    assert await ann.pays_in(walk.minor) == ABOVE
    walk.wait_until(room)
    await ann.logs_in()
    assert await ann.pays_in(LIMIT) == "requested"


async def tightens_and_loosens(walk: Walk, ann: Person) -> None:
    """Want less, which counts at once; want more, which takes as long as the licence says."""
    rules = walk.licence.limits
    walk.wait(A_DAY_ON)
    await ann.logs_in()
    with walk.step("is held at once by a limit that she tightens", "limits.decrease"):
        answer = await ann.sets(LimitKind.DEPOSIT, Period.DAY, TIGHTER)
        assert answer.json()["amount"] == walk.money(TIGHTER)
        assert await ann.pays_in(TIGHTER + walk.minor) == ABOVE
    counts_from = await _waits_for_a_looser_one(walk, ann)
    with walk.step(
        "is held by the looser one then, by itself or once it is confirmed",
        "limits.increase_confirmed_by",
    ):
        walk.wait_until(counts_from)
        if rules.increase_confirmed_by is not ConfirmedBy.NOBODY:
            assert await ann.pays_in(TIGHTER + walk.minor) == ABOVE
            confirmed = await ann.ask("POST", f"{_path()}/confirmation")
            by_staff = rules.increase_confirmed_by is ConfirmedBy.STAFF
            assert confirmed.status == (403 if by_staff else 200), confirmed.body
        assert await ann.pays_in(TIGHTER + walk.minor) == "requested"
    with walk.step(
        "loses what she does not confirm in time, where it must be", "limits.increase_confirm_hours"
    ):
        await ann.sets(LimitKind.DEPOSIT, Period.DAY, LOOSEST)
        counts_from = _earliest(walk)
        hours = rules.increase_confirm_hours
        walk.wait_until(counts_from + timedelta(hours=hours or 24 * 30))
        await ann.logs_in()
        late = await ann.ask("POST", f"{_path()}/confirmation")
        (own,) = [
            item
            for item in (await ann.looks("/v1/me/limits"))["limits"]
            if (item["kind"], item["period"]) == (LimitKind.DEPOSIT, Period.DAY)
        ]
        if hours is None:
            assert own["amount"] == walk.money(LOOSEST)
        else:
            assert (late.status, late.slug) == (409, "lapsed")
            assert (own["amount"], own["waiting"]) == (walk.money(LOOSER), None)


async def _waits_for_a_looser_one(walk: Walk, ann: Person) -> datetime:
    """Ask for a looser limit; return when it counts, a second before that."""
    rules = walk.licence.limits
    with walk.step(
        "waits for a looser limit as long as the licence wants",
        "limits.increase_hours_min",
        "limits.increase_after_period_end",
    ):
        asked = (await ann.sets(LimitKind.DEPOSIT, Period.DAY, LOOSER)).json()
        counts_from = _earliest(walk)
        assert asked["amount"] == walk.money(TIGHTER)
        assert asked["waiting"]["amount"] == walk.money(LOOSER)
        assert asked["waiting"]["counts_from"] == write_instant(counts_from)
        early = await ann.ask("POST", f"{_path()}/confirmation")
        waits = rules.increase_confirmed_by is ConfirmedBy.PLAYER
        assert early.slug == ("too_early" if waits else "nothing_waits")
        walk.wait_until(counts_from - SECOND)
        await ann.logs_in()
        assert await ann.pays_in(TIGHTER + walk.minor) == ABOVE
    return counts_from


def _path() -> str:
    return limit_path(LimitKind.DEPOSIT, Period.DAY)


def _earliest(walk: Walk) -> datetime:
    """Return when a looser limit of a day can count that is asked for now."""
    rules = walk.licence.limits
    waited = walk.now + timedelta(hours=rules.increase_hours_min or 0)
    if not rules.increase_after_period_end:
        return waited
    calendar = rules.window is Window.CALENDAR
    end = walk.at(walk.today + timedelta(days=1)) if calendar else walk.now + timedelta(days=1)
    return max(waited, end)


async def feels_every_kind(walk: Walk) -> None:
    """Let one friend for each kind of limit reach it."""
    # In the morning, so that nobody's day is over in the middle of it.
    walk.wait_until(walk.at(walk.today + timedelta(days=1), 9))
    for kind in walk.licence.limits.kinds:
        friend = await walk.regular(deposit=0 if kind in _PAID_IN else LIMIT)
        sentence = f"a limit of {kind.replace('_', ' ')} is felt when it is reached, not before"
        rules = ["limits.kinds"]
        if kind is LimitKind.LOSS:
            rules.append("limits.loss_open_stakes")
        with walk.step(sentence, *rules):
            await _FELT[kind](walk, friend)


async def _deposit(walk: Walk, friend: Person) -> None:
    await friend.sets(LimitKind.DEPOSIT, Period.WEEK, LIMIT)
    said = [await friend.pays_in(micros) for micros in (LIMIT + walk.minor, LIMIT, walk.minor)]
    assert said == [ABOVE, "requested", ABOVE]


async def _net_deposit(walk: Walk, friend: Person) -> None:
    await friend.sets(LimitKind.NET_DEPOSIT, Period.MONTH, LIMIT)
    above = "above_net_deposit_limit"
    said = [await friend.pays_in(micros) for micros in (LIMIT, walk.minor)]
    said += [await friend.takes_out(LIMIT), await friend.pays_in(LIMIT)]
    assert said == ["requested", above, "requested", "requested"]


async def _balance(walk: Walk, friend: Person) -> None:
    await friend.sets(LimitKind.BALANCE, None, LIMIT)
    said = [await friend.pays_in(micros) for micros in (LIMIT + walk.minor, LIMIT, walk.minor)]
    assert said == ["above_balance_limit", "requested", "above_balance_limit"]


async def _stake(walk: Walk, friend: Person) -> None:
    await friend.sets(LimitKind.STAKE, Period.MONTH, 10 * UNIT)
    said = [await friend.bets(micros) for micros in (10 * UNIT + walk.minor, 10 * UNIT, UNIT)]
    assert said == ["above_stake_limit", "accepted", "above_stake_limit"]


async def _single_stake(walk: Walk, friend: Person) -> None:
    await friend.sets(LimitKind.SINGLE_STAKE, None, 10 * UNIT)
    said = [await friend.bets(micros) for micros in (10 * UNIT + walk.minor, 10 * UNIT, 10 * UNIT)]
    assert said == ["above_single_stake_limit", "accepted", "accepted"]


async def _loss(walk: Walk, friend: Person) -> None:
    await friend.sets(LimitKind.LOSS, Period.WEEK, 10 * UNIT)
    counted = walk.licence.limits.loss_open_stakes is OpenStakes.COUNTED
    said = [await friend.bets(micros) for micros in (10 * UNIT + walk.minor, 10 * UNIT, UNIT)]
    closes = walk.licence.limits.when_reached is WhenReached.REST_OF_PERIOD
    used_up = "limit_closed" if closes else "above_loss_limit"
    assert said == ["above_loss_limit", "accepted", used_up if counted else "accepted"]


async def _session_time(walk: Walk, friend: Person) -> None:
    await friend.sets(LimitKind.SESSION_TIME, Period.DAY, MINUTES)
    assert await friend.bets(UNIT) == "accepted"
    await friend.stays(timedelta(minutes=MINUTES) - SECOND)
    await friend.shows_where_they_are()
    assert await friend.bets(UNIT) == "accepted"
    walk.wait(SECOND)
    assert await friend.bets(UNIT) == "session_time_used_up"


_PAID_IN = (LimitKind.DEPOSIT, LimitKind.NET_DEPOSIT, LimitKind.BALANCE)
_FELT: dict[LimitKind, Callable[[Walk, Person], Awaitable[None]]] = {
    LimitKind.DEPOSIT: _deposit,
    LimitKind.NET_DEPOSIT: _net_deposit,
    LimitKind.STAKE: _stake,
    LimitKind.LOSS: _loss,
    LimitKind.SESSION_TIME: _session_time,
    LimitKind.SINGLE_STAKE: _single_stake,
    LimitKind.BALANCE: _balance,
}


async def stakes_what_the_licence_allows(walk: Walk) -> None:
    """Bet as little and as much as one may."""
    rules = walk.licence.sportsbook
    friend = await walk.regular(deposit=LIMIT)
    with walk.step(
        "stakes no less and no more than the licence lets anybody",
        "sportsbook.stake_micros_min",
        "sportsbook.stake_micros_max",
        "licence.products",
    ):
        stakes = (
            rules.stake_micros_min - walk.minor,
            rules.stake_micros_min,
            rules.stake_micros_max + walk.minor,
        )
        said = [await friend.bets(micros) for micros in stakes]
        assert said == ["stake_too_small", "accepted", "stake_too_large"]
