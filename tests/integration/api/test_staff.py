"""Agents over HTTP: nobody does what no role of theirs permits, and nobody is let in by halves."""

from __future__ import annotations

import re
from typing import Any

from litestar import Litestar
from litestar.routes import HTTPRoute

from integration.api.desk import Desk
from integration.api.office import Colleague, add, hire, invite, prove, staff_turn, take
from integration.players.people import assert_rebuilt
from pitboss.api.asgi import make_litestar
from pitboss.api.board import Board
from pitboss.api.furniture import ONE_OF_STAFF, PERMISSION, STRANGERS
from pitboss.api.metrics import Metrics
from pitboss.api.tokens import Role, VerifiedTokens
from pitboss.api.watch import SessionWatch
from pitboss.kernel.ids import derived_id
from pitboss.staff import agents
from pitboss.staff.agents.model import (
    BUILTIN,
    FAILURES_MAX,
    INVITATION_LIFE,
    LOCKED_FOR,
    PERSONAL,
    SERVICE,
    SESSION_LIFE,
    Permission,
    Reason,
    Refused,
)

# What anybody may ask for who has not come in yet, and what concerns nobody but the agent.
FOR_STRANGERS = {("POST", "/v1/staff/sessions"), ("POST", "/v1/staff/invitations")}
FOR_THEMSELVES = {
    ("DELETE", "/v1/staff/session"),
    ("GET", "/v1/staff/me"),
    ("POST", "/v1/staff/me/second-factor"),
    ("POST", "/v1/staff/me/second-factor/confirmation"),
}


def staff_routes(desk: Desk) -> dict[tuple[str, str], Any]:
    """Return what every route of the staff's says that it takes."""
    edge = desk.edge
    verified, metrics = VerifiedTokens(edge.tokens), Metrics()
    app: Litestar = make_litestar(edge, verified, metrics, SessionWatch(edge), Board(edge, metrics))
    return {
        (method, route.path): handler
        for route in app.routes
        if isinstance(route, HTTPRoute) and route.path.startswith("/v1/staff")
        for handler in route.route_handlers
        for method in handler.http_methods
        if method != "OPTIONS"
    }


async def test_every_route_of_the_staffs_says_which_permission_it_takes(desk: Desk) -> None:
    routes = staff_routes(desk)
    said = {place: handler.opt.get(PERMISSION) for place, handler in routes.items()}

    assert len(routes) > 20
    assert {place for place, wanted in said.items() if wanted == STRANGERS} == FOR_STRANGERS
    assert {place for place, wanted in said.items() if wanted == ONE_OF_STAFF} == FOR_THEMSELVES
    rest = said.keys() - FOR_STRANGERS - FOR_THEMSELVES
    assert [place for place in rest if not isinstance(said[place], Permission)] == []


async def test_every_route_of_the_staffs_stands_behind_the_door(desk: Desk) -> None:
    routes = staff_routes(desk)

    unguarded = {place for place, handler in routes.items() if "staff" not in _guards(handler)}

    assert unguarded == FOR_STRANGERS


def _guards(handler: Any) -> list[str]:
    return [guard.__name__ for guard in handler.resolve_guards()]


async def test_who_has_no_role_may_do_nothing_that_takes_a_permission(desk: Desk) -> None:
    nobody = await hire(desk, "nobody")
    asked = {}
    for (method, path), handler in staff_routes(desk).items():
        if isinstance(handler.opt.get(PERMISSION), Permission):
            place = re.sub(r"{[^}]*}", _NOBODY, path)
            asked[method, path] = await nobody.ask(method, place, None if method == "GET" else {})

    assert {(answer.status, answer.slug) for answer in asked.values()} == {(403, "forbidden")}


_NOBODY = derived_id("nobody")


async def test_a_role_opens_what_it_permits_and_nothing_else(desk: Desk) -> None:
    chief = await hire(desk, "chief", "administrator")
    agent = await hire(desk, "some-agent")
    looks = [
        (re.sub(r"{[^}]*}", _NOBODY, path), handler.opt[PERMISSION])
        for (method, path), handler in staff_routes(desk).items()
        if method == "GET" and isinstance(handler.opt[PERMISSION], Permission)
    ]
    for role in sorted(BUILTIN.keys() - {SERVICE}):
        async with staff_turn(desk) as turn:
            await agents.set_roles(turn, agent.staff_id, [role], Reason.CHANGED_DUTIES)
        me = (await agent.ask("GET", "/v1/staff/me")).json()
        opened = {wanted for path, wanted in looks if (await agent.ask("GET", path)).status != 403}

        assert me["permissions"] == sorted(BUILTIN[role])
        assert opened == BUILTIN[role] & {wanted for _, wanted in looks}
    assert (await chief.ask("GET", "/v1/staff/agents")).status == 200


async def test_a_program_may_do_what_does_not_take_a_person_and_has_no_self(desk: Desk) -> None:
    figures = await desk.client.ask("GET", "/v1/staff/figures", token=desk.staff)
    me = await desk.client.ask("GET", "/v1/staff/me", token=desk.staff)

    assert figures.status == 200
    assert (me.status, me.slug) == (403, "forbidden")
    assert BUILTIN[SERVICE] == frozenset(Permission) - PERSONAL


async def test_without_a_second_factor_a_session_permits_to_set_one_up_and_nothing_else(
    desk: Desk,
) -> None:
    ann = await add(desk, "ann", "administrator")
    await invite(ann)
    await take(ann)
    answer = await ann.log_in()
    ann.token = answer.json()["token"]

    before = await ann.ask("GET", "/v1/staff/agents")
    me = await ann.ask("GET", "/v1/staff/me")
    unproven = ann.token
    await prove(ann)

    assert answer.json()["proven"] is False
    assert (before.status, me.json()["permissions"]) == (403, [])
    assert (await ann.ask("GET", "/v1/staff/agents")).status == 200
    ann.token = unproven
    assert (await ann.ask("GET", "/v1/staff/me")).status == 401
    await assert_rebuilt(desk.database)


async def test_an_invitation_takes_both_halves_works_once_and_runs_out(desk: Desk) -> None:
    ann = await add(desk, "ann", "support")
    await invite(ann)

    halves = [await take(ann, ("AAAA", "")), await take(ann, ("", "BBBB")), await take(ann)]
    again = await take(ann)
    await invite(ann)
    desk.clock.advance(INVITATION_LIFE)
    late = await take(ann)

    assert [answer.status for answer in halves] == [422, 403, 204]
    assert (again.status, late.status) == (403, 403)


async def test_a_new_invitation_makes_void_what_somebody_got_in_with(desk: Desk) -> None:
    ann = await hire(desk, "ann", "trader")

    await invite(ann)

    assert (await ann.ask("GET", "/v1/staff/me")).status == 401
    assert (await ann.log_in(code=ann.code(ahead=1))).status == 401
    await assert_rebuilt(desk.database)


async def test_guesses_lock_a_login_and_what_is_said_tells_nothing(desk: Desk) -> None:
    ann = await hire(desk, "ann", "trader")
    stranger = Colleague(desk=desk, staff_id=ann.staff_id, name="bob")

    wrong = [await ann.log_in(password="a wrong staff password") for _ in range(FAILURES_MAX)]
    right = await ann.log_in(code=ann.code(ahead=1))
    unknown = await stranger.log_in()
    desk.clock.advance(LOCKED_FOR)
    later = await ann.log_in(code=ann.code())

    assert {answer.body for answer in (*wrong, right)} == {unknown.body}
    assert (unknown.status, unknown.slug, later.status) == (401, "login_failed", 201)


async def test_a_code_works_once_and_wrong_ones_count(desk: Desk) -> None:
    ann = await hire(desk, "ann", "trader")

    used = await ann.log_in(code=ann.code())
    missing = await ann.log_in()
    fresh = await ann.log_in(code=ann.code(ahead=1))

    assert (used.status, used.slug) == (403, "wrong_second_factor")
    assert (missing.status, missing.slug, fresh.status) == (403, "second_factor_needed", 201)


async def test_a_session_ends_by_logging_out_and_by_its_age(desk: Desk) -> None:
    ann = await hire(desk, "ann", "trader")
    out = await ann.ask("DELETE", "/v1/staff/session")
    after = await ann.ask("GET", "/v1/staff/me")
    await ann.log_in(code=ann.code(ahead=1))
    bob = await hire(desk, "bob", "trader")
    desk.clock.advance(SESSION_LIFE)

    assert (out.status, after.status) == (204, 401)
    assert (await bob.ask("GET", "/v1/staff/me")).status == 401
    await assert_rebuilt(desk.database)


async def test_a_role_that_is_taken_away_is_away_at_the_next_request(desk: Desk) -> None:
    await hire(desk, "chief", "administrator")
    ann = await hire(desk, "ann", "trader")
    before = await ann.ask("GET", "/v1/staff/figures")
    async with staff_turn(desk) as turn:
        await agents.set_roles(turn, ann.staff_id, ["support"], Reason.CHANGED_DUTIES)
    after = await ann.ask("GET", "/v1/staff/figures")
    async with staff_turn(desk) as turn:
        await agents.remove(turn, ann.staff_id, Reason.LEFT)

    assert (before.status, after.status) == (200, 403)
    assert (await ann.ask("GET", "/v1/staff/me")).status == 401
    assert (await ann.log_in(code=ann.code(ahead=1))).status == 401
    await assert_rebuilt(desk.database)


async def test_the_last_administrator_cannot_be_removed_nor_lose_the_role(desk: Desk) -> None:
    ann = await hire(desk, "ann", "administrator")
    async with staff_turn(desk) as turn:
        removed = await agents.remove(turn, ann.staff_id, Reason.LEFT)
        demoted = await agents.set_roles(turn, ann.staff_id, [], Reason.CHANGED_DUTIES)
        emptied = await agents.change_role(turn, "administrator", [], Reason.SECURITY)

    assert [item.reason for item in (removed, demoted) if isinstance(item, Refused)] == [
        "last_administrator",
        "last_administrator",
    ]
    assert emptied is not None and emptied.reason == "unchangeable_role"
    assert (await ann.ask("GET", "/v1/staff/agents")).status == 200


async def test_a_token_of_another_session_or_of_a_player_opens_nothing(desk: Desk) -> None:
    ann = await hire(desk, "ann", "administrator")
    player = await desk.player()
    forged = [
        desk.tokens.issue(player.player_id, Role.STAFF, now=desk.wall.now(), session=session).text
        for session in (derived_id("no session"), "x", "'; --")
    ]

    answers = [
        await desk.client.ask("GET", "/v1/staff/me", token=token)
        for token in (*forged, player.token, ann.token + "x")
    ]

    assert [answer.status for answer in answers] == [401, 401, 401, 403, 401]
