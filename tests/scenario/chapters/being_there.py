"""Where a player is: nobody asks, the network is enough, or the device must show it."""

from __future__ import annotations

from datetime import timedelta

from pitboss.jurisdictions.model import LocationKind, LocationRules
from pitboss.kernel.instants import write_instant
from scenario.walking import AT_HOME, FOREIGN_IP, OTHER_IP, OUTSIDE, SOUTH, UNIT, Person, Walk

METRES_A_DEGREE = 111_000
# From one end of the area to the other nobody needs longer.
ON_THE_WAY = timedelta(hours=1)
NEXT_MOMENT = timedelta(seconds=1)


async def shows_where_she_is(walk: Walk, ann: Person) -> None:
    """Show it, where the licence wants to know; then set what is wanted before play, and play."""
    rules = walk.licence.location
    with walk.step(
        "stakes nothing before showing where she is, if the licence wants to know", "location.kind"
    ):
        shown = await ann.looks("/v1/location")
        assert shown["kind"] == rules.kind
        wanted = rules.kind is not LocationKind.NONE
        assert shown["state"] == ("not_shown" if wanted else "not_needed")
        assert (await ann.bets(UNIT) == "location_not_shown") == wanted
    if wanted:
        await _is_elsewhere_and_comes_home(walk, ann, rules)
    await _sets_what_is_wanted_before_play(walk, ann)
    if wanted:
        await _is_asked_again(walk, ann, rules)
    if rules.kind is LocationKind.DEVICE:
        await _is_at_the_border(walk, ann, rules)
        await _cannot_be_found(walk, ann, rules)


async def _is_elsewhere_and_comes_home(walk: Walk, ann: Person, rules: LocationRules) -> None:
    with walk.step("stakes nothing from outside the licensed area", "location.area"):
        ann.place = OUTSIDE
        said = await ann.checks(ip=FOREIGN_IP if rules.kind is LocationKind.IP else None)
        assert said["decision"] == "fail"
        assert await ann.bets(UNIT) == "location_blocked"
        ann.place = AT_HOME
        await ann.stays(ON_THE_WAY)
    with walk.step("is permitted for as long as the licence says", "location.recheck_seconds"):
        said = await ann.checks()
        until = walk.now + timedelta(seconds=rules.recheck_seconds or 0)
        assert (said["decision"], said["expires_at"]) == ("pass", write_instant(until))


async def _sets_what_is_wanted_before_play(walk: Walk, ann: Person) -> None:
    wanted = {*walk.licence.limits.mandatory_before_play}
    with walk.step(
        "stakes nothing before those limits are set that the licence wants before play",
        "limits.mandatory_before_play",
    ):
        left = wanted - {*walk.licence.limits.mandatory_before_deposit}
        assert await ann.bets(UNIT) == ("limit_missing" if left else "accepted")
        await ann.set_what_is_mandatory()
        assert await ann.bets(UNIT) == "accepted"


async def _is_asked_again(walk: Walk, ann: Person, rules: LocationRules) -> None:
    with walk.step("is asked again in another network", "location.ip_change_rechecks"):
        changed = "location_network_changed" if rules.ip_change_rechecks else "accepted"
        assert await ann.bets(UNIT, ip=OTHER_IP) == changed
    with walk.step("is asked again in another session", "location.login_rechecks"):
        await ann.logs_in()
        assert (await ann.bets(UNIT) == "location_not_shown") == rules.login_rechecks
        await ann.shows_where_they_are()
    with walk.step(
        "is asked again when the licence's time is over, to the second",
        "location.recheck_seconds",
    ):
        await ann.stays(timedelta(seconds=rules.recheck_seconds or 0) - NEXT_MOMENT)
        assert await ann.bets(UNIT) == "accepted"
        walk.wait(NEXT_MOMENT)
        assert await ann.bets(UNIT) == "location_expired"


async def _is_at_the_border(walk: Walk, ann: Person, rules: LocationRules) -> None:
    with walk.step(
        "is permitted for less long near the border",
        "location.near_border_metres",
        "location.near_border_recheck_seconds",
    ):
        await ann.stays(ON_THE_WAY)
        ann.place = _north_of_the_border(rules.near_border_metres)
        said = await ann.checks()
        until = walk.now + timedelta(seconds=rules.near_border_recheck_seconds or 0)
        assert (said["decision"], said["expires_at"]) == ("pass", write_instant(until))
    with walk.step("is nowhere if her circle may reach over it", "location.buffer_metres"):
        ann.place = _north_of_the_border(rules.buffer_metres)
        await ann.stays(timedelta(minutes=5))
        assert (await ann.checks())["reasons"] == ["border_too_near"]
        assert await ann.bets(UNIT) == "location_blocked"
    with walk.step("is not believed to have flown home", "location.travel_kmh_max"):
        ann.place = AT_HOME
        walk.wait(timedelta(seconds=30))
        assert (await ann.checks())["reasons"] == ["impossible_travel"]
        await ann.stays(ON_THE_WAY)
        assert (await ann.checks())["decision"] == "pass"
    if rules.speed_kmh is not None:
        with walk.step("may be at the border by then, if she is on the way", "location.speed_kmh"):
            await ann.stays(ON_THE_WAY)
            # Beyond what counts as near, and a quarter of an hour away at that speed.
            metres = rules.speed_kmh * 1_000 / 4
            ann.place = _north_of_the_border(2 * metres)
            said = await ann.checks(stopped=False, accuracy_metres=1.0)
            longest = walk.now + timedelta(minutes=15)
            assert write_instant(walk.now) < said["expires_at"] < write_instant(longest)
            ann.place = AT_HOME
            await ann.stays(ON_THE_WAY)


async def _cannot_be_found(walk: Walk, ann: Person, rules: LocationRules) -> None:
    with walk.step("is not found by a circle that is too wide", "location.accuracy_metres_max"):
        widest = float(rules.accuracy_metres_max or 0)
        assert (await ann.checks(accuracy_metres=widest + 1))["reasons"] == ["inaccurate"]
        assert (await ann.checks(accuracy_metres=widest))["decision"] == "pass"
    with walk.step("waits after so many failures in a row", "location.attempts_max"):
        ann.place = None
        for _ in range(rules.attempts_max or 0):
            assert await ann.bets(UNIT) == "accepted"
            assert (await ann.checks())["reasons"] == ["fix_missing"]
        assert await ann.bets(UNIT) == "location_blocked"
        ann.place = AT_HOME
        assert (await ann.checks())["reasons"] == ["too_many_attempts"]
        pause = rules.near_border_recheck_seconds or rules.recheck_seconds or 0
        walk.wait(timedelta(seconds=pause))
        assert (await ann.checks())["decision"] == "pass"
        assert await ann.bets(UNIT) == "accepted"


def _north_of_the_border(metres: float | None) -> tuple[float, float]:
    """Return a place at half of this distance from the southern border."""
    return SOUTH + (metres or 0) / 2 / METRES_A_DEGREE, AT_HOME[1]
