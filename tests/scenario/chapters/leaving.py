"""How a player leaves: for some hours, for some months, for ever; and how one comes back."""

from __future__ import annotations

from datetime import datetime, timedelta

from pitboss.jurisdictions.model import Lift
from pitboss.kernel.instants import parse_instant, write_instant
from scenario.walking import UNIT, Person, Walk

SECOND = timedelta(seconds=1)
A_DAY_ON = timedelta(hours=26)
# Of no licence: more months than any has.
MONTHS_ODD = 7


async def takes_a_time_out(walk: Walk, ann: Person) -> None:
    """Stop for as short a time as can be had, and be back by the clock."""
    rules = walk.licence.breaks
    walk.wait(A_DAY_ON)
    await ann.comes_back()
    choices = rules.time_out_hours_choices
    offered = choices or (rules.time_out_hours_min, rules.time_out_hours_max)
    with walk.step(
        "takes no time-out that is not offered",
        "breaks.time_out_hours_min",
        "breaks.time_out_hours_max",
        "breaks.time_out_hours_choices",
    ):
        between = [hours + 1 for hours in choices] if choices else []
        for hours in (min(offered) - 1, max(offered) + 1, *between):
            answer = await ann.ask("POST", "/v1/me/time-outs", {"hours": hours})
            assert answer.status == 422, (hours, answer.body)
        assert (await ann.looks("/v1/me/exclusions"))["exclusions"] == []
    with walk.step(
        "stops play and deposits at once, and keeps her money hers",
        "breaks.time_out_hours_min",
        "exclusion.withdrawals_open",
    ):
        on_its_way = await ann.asks_for_a_bet(UNIT)
        answer = await ann.ask("POST", "/v1/me/time-outs", {"hours": min(offered)})
        assert answer.status == 200, answer.body
        ends_at = parse_instant(answer.json()["ends_at"], field="ends_at")
        assert ends_at == walk.now + timedelta(hours=min(offered))
        assert await ann.outcome(on_its_way) == "player_on_time_out"
        assert await ann.bets(UNIT) == "player_on_time_out"
        assert await ann.pays_in(UNIT) == "player_on_time_out"
        assert await ann.takes_out(UNIT) == "requested"
    with walk.step("plays again when it is over, and not a second before"):
        walk.wait_until(ends_at - SECOND)
        await ann.comes_back()
        assert await ann.bets(UNIT) == "player_on_time_out"
        walk.wait(SECOND)
        assert await ann.bets(UNIT) == "accepted"
    await _takes_every_one(walk, offered)


async def _takes_every_one(walk: Walk, offered: tuple[int, ...]) -> None:
    with walk.step(
        "takes every time-out that is offered, each for its own time",
        "breaks.time_out_hours_choices",
        "breaks.time_out_hours_max",
    ):
        friend = await walk.newcomer()
        for hours in offered:
            answer = await friend.ask("POST", "/v1/me/time-outs", {"hours": hours})
            assert answer.status == 200, answer.body
            assert answer.json()["ends_at"] == write_instant(walk.now + timedelta(hours=hours))


async def excludes_herself(walk: Walk, ann: Person) -> datetime:
    """Leave for the shortest term there is; return when it ends."""
    rules = walk.licence.exclusion
    walk.wait(A_DAY_ON)
    await ann.comes_back()
    shortest = min(rules.months_choices or (rules.months_min,))
    with walk.step(
        "excludes herself for no term that is not offered",
        "exclusion.months_min",
        "exclusion.months_choices",
    ):
        odd = (MONTHS_ODD,) if rules.months_choices else ()
        for months in (shortest - 1, *odd):
            answer = await ann.ask("POST", "/v1/me/exclusions", {"months": months})
            assert answer.status == 422, answer.body
        assert shortest == rules.months_min
    with walk.step(
        "is logged out and kept away from the commit on, bets on their way included",
        "exclusion.months_min",
    ):
        on_its_way = [await ann.asks_for_a_bet(UNIT) for _ in range(5)]
        answer = await ann.ask("POST", "/v1/me/exclusions", {"months": shortest})
        assert answer.status == 200, answer.body
        assert not await ann.is_let_in()
        await ann.comes_back()
        said = [await ann.outcome(path) for path in on_its_way]
        assert said == ["player_excluded"] * 5
        assert await ann.bets(UNIT) == "player_excluded"
        assert await ann.pays_in(UNIT) == "player_excluded"
    with walk.step("may take her money out", "exclusion.withdrawals_open"):
        expected = "requested" if walk.licence.exclusion.withdrawals_open else "player_excluded"
        assert await ann.takes_out(UNIT) == expected
    return parse_instant(answer.json()["ends_at"], field="ends_at")


async def comes_back_as_the_licence_says(walk: Walk, ann: Person, ends_at: datetime) -> None:
    """Not before the end, whatever she asks; after it by the licence's way, if there is one."""
    rules = walk.licence.exclusion
    with walk.step("is not let back before the term is over, to the second", "exclusion.lift"):
        walk.wait_until(ends_at - SECOND)
        await ann.comes_back()
        asked = await ann.ask("POST", "/v1/me/return")
        never = rules.lift is Lift.NEVER
        assert asked.slug == ("never_lifted" if never else "term_not_over")
        assert await ann.bets(UNIT) == "player_excluded"
        assert await ann.pays_in(UNIT) == "player_excluded"
    wait = timedelta(hours=rules.lift_wait_hours or 0)
    walk.wait_until(ends_at)
    match rules.lift:
        case Lift.AT_END:
            with walk.step("plays again by herself after it", "exclusion.lift"):
                await _plays_from(walk, ann, ends_at + wait)
        case Lift.ON_REQUEST:
            with walk.step("stays away for as long as she does not ask", "exclusion.lift"):
                walk.wait(timedelta(days=30))
                await ann.comes_back()
                assert await ann.bets(UNIT) == "player_excluded"
            with walk.step(
                "asks, waits as long as the licence wants, and plays again",
                "exclusion.lift",
                "exclusion.lift_wait_hours",
            ):
                answer = await ann.ask("POST", "/v1/me/return")
                assert answer.json()["returns_at"] == write_instant(walk.now + wait)
                await _plays_from(walk, ann, walk.now + wait)
        case Lift.BY_REGISTER:
            fakes = [walk.desk.registers[register] for register in rules.registers]
            with walk.step("stays away while the national register names her", "exclusion.lift"):
                for fake in fakes:
                    fake.names_everybody = True
                walk.wait(timedelta(days=30))
                await ann.comes_back()
                assert (await ann.ask("POST", "/v1/me/return")).slug == "held_by_register"
                assert await ann.bets(UNIT) == "player_excluded"
            with walk.step("plays again once the register has let her go", "exclusion.lift"):
                for fake in fakes:
                    fake.names_everybody = False
                await ann.comes_back()
                await _plays_from(walk, ann, walk.now)
        case Lift.NEVER:
            with walk.step("stays away until others let her back", "exclusion.lift"):
                walk.wait(timedelta(days=30))
                await ann.comes_back()
                assert (await ann.ask("POST", "/v1/me/return")).slug == "never_lifted"
                assert await ann.bets(UNIT) == "player_excluded"


async def _plays_from(walk: Walk, person: Person, instant: datetime) -> None:
    """Be refused a second before, and bet from then on."""
    if walk.now < instant:
        walk.wait_until(instant - SECOND)
        await person.comes_back()
        assert await person.bets(UNIT) == "player_excluded"
    walk.wait_until(instant)
    await person.comes_back()
    assert await person.bets(UNIT) == "accepted"


async def leaves_for_ever(walk: Walk) -> None:
    """Leave without a term, where the licence has that."""
    rules = walk.licence.exclusion
    carl = await walk.regular(deposit=10 * UNIT)
    with walk.step("leaves without a term, if the licence has that", "exclusion.indefinite"):
        answer = await carl.ask("POST", "/v1/me/exclusions", {"months": None})
        assert answer.status == (200 if rules.indefinite else 422), answer.body
    if not rules.indefinite:
        return
    assert answer.json()["ends_at"] is None
    least = _months_later(walk.now, rules.indefinite_months_min or 0)
    lift = rules.indefinite_lift or Lift.NEVER
    with walk.step(
        "and comes back from that as the licence says, or never",
        "exclusion.indefinite_lift",
        "exclusion.indefinite_months_min",
        "exclusion.indefinite_wait_hours",
    ):
        if lift is not Lift.NEVER:
            if walk.now < least:
                walk.wait_until(least - SECOND)
                await carl.comes_back()
                assert (await carl.ask("POST", "/v1/me/return")).slug == "term_not_over"
                walk.wait(SECOND)
            # Where the register decides, its clear answer at this login comes first.
            await carl.comes_back()
            answer = await carl.ask("POST", "/v1/me/return")
            returns_at = walk.now + timedelta(hours=rules.indefinite_wait_hours or 0)
            assert answer.json()["returns_at"] == write_instant(returns_at)
            await _plays_from(walk, carl, returns_at)
        else:
            walk.wait_until(max(least, walk.now) + timedelta(days=365))
            await carl.comes_back()
            assert (await carl.ask("POST", "/v1/me/return")).slug == "never_lifted"
            assert await carl.bets(UNIT) == "player_excluded"


def _months_later(instant: datetime, months: int) -> datetime:
    """Return the same day of a later month; walks meet no 29th to 31st here."""
    number = instant.year * 12 + instant.month - 1 + months
    return instant.replace(year=number // 12, month=number % 12 + 1)
