"""Four eyes over HTTP: what takes two is never done by one, and never twice."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from integration.api.client import Answer
from integration.api.desk import Desk, Somebody
from integration.api.office import Colleague, hire, staff_turn
from integration.players.keys import KEYS
from integration.players.people import assert_rebuilt, facts
from pitboss import messages
from pitboss.api.tokens import Role
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import STAFF_SHARD, shard_of
from pitboss.responsible import exclusion
from pitboss.staff import agents, approvals
from pitboss.staff.agents.model import Permission, Reason
from pitboss.staff.approvals.model import APPROVAL_LIFE, ApprovalId

AT_ONCE = 8


async def ask(agent: Colleague, what: str, body: dict[str, Any], why: str = "goodwill") -> Answer:
    """Ask for something that somebody else must approve."""
    path = f"/v1/staff/approvals/{what}"
    return await agent.ask("POST", path, {**body, "why": why}, key=agent.desk.key())


async def approve(agent: Colleague, asked: Answer) -> Answer:
    """Approve what was asked for."""
    assert asked.status == 201, asked.body
    return await agent.ask("POST", f"/v1/staff/approvals/{asked.json()['approval_id']}/approval")


def adjustment(
    player: Somebody, amount: str = "12.50", direction: str = "to_player"
) -> dict[str, Any]:
    """Return the body that asks for money to be given or taken."""
    return {
        "player_id": player.player_id,
        "amount": amount,
        "currency": "EUR",
        "direction": direction,
    }


async def balance(desk: Desk, player: Somebody) -> str:
    """Return what the player has."""
    return str((await desk.look(player, "/v1/me/wallet"))["available"])


def said(answer: Answer) -> tuple[int, str]:
    """Return a refusal's status and kind."""
    return answer.status, answer.slug


async def test_an_adjustment_is_paid_once_however_many_approve_it_at_once(desk: Desk) -> None:
    player = await desk.player(amount="10.00")
    asker, one, two = [await hire(desk, name, "payments") for name in ("ann", "bob", "cat")]
    asked = await ask(asker, "adjustment", adjustment(player))
    before = await balance(desk, player)

    answers = await asyncio.gather(
        *(approve(agent, asked) for _ in range(AT_ONCE) for agent in (one, two))
    )

    assert (before, await balance(desk, player)) == ("10.00", "22.50")
    done = [answer for answer in answers if answer.status == 200]
    late = {said(answer) for answer in answers if answer.status != 200}
    assert len(done) == AT_ONCE and late == {(409, "already_decided")}
    assert {answer.json()["state"] for answer in done} == {"done"}
    (told,) = await facts(desk.database, since="wallet.adjusted")
    assert (told["micros"], told["why"]) == (12_500_000, "goodwill")
    await assert_rebuilt(desk.database)


async def test_nobody_approves_their_own_request_whatever_they_do_about_their_roles(
    desk: Desk,
) -> None:
    player = await desk.player(amount="10.00")
    chief = await hire(desk, "chief", "administrator")
    ann = await hire(desk, "ann", "support")
    asked = await ask(ann, "adjustment", adjustment(player))
    before = await approve(ann, asked)
    for roles in (["payments"], ["support", "payments", "administrator"]):
        async with staff_turn(desk) as turn:
            await agents.set_roles(turn, ann.staff_id, roles, Reason.CHANGED_DUTIES)
        with_role = await approve(ann, asked)
        assert said(with_role) == (403, "own_request")
    # In another session, and with a token that says her name without one.
    again = await ann.log_in(code=ann.code(ahead=1))
    ann.token = again.json()["token"]
    elsewhere = await approve(ann, asked)
    forged = desk.tokens.issue(ann.staff_id, Role.STAFF, now=desk.wall.now()).text
    path = f"/v1/staff/approvals/{asked.json()['approval_id']}/approval"
    for subject in (
        forged,
        desk.tokens.issue(chief.staff_id, Role.STAFF, now=desk.wall.now()).text,
    ):
        program = await desk.client.ask("POST", path, token=subject)
        assert said(program) == (403, "forbidden")

    assert said(before) == (403, "not_permitted")
    assert said(elsewhere) == (403, "own_request")
    assert await balance(desk, player) == "10.00"
    denied = await facts(desk.database, since="approval.denied")
    assert {fact["reason"] for fact in denied} == {"not_permitted", "own_request"}


async def test_a_request_is_worth_nothing_once_its_asker_may_not_ask(desk: Desk) -> None:
    player = await desk.player(amount="10.00")
    ann, bob = [await hire(desk, name, "payments") for name in ("ann", "bob")]
    asked = await ask(ann, "adjustment", adjustment(player))
    async with staff_turn(desk) as turn:
        await agents.set_roles(turn, ann.staff_id, ["trader"], Reason.CHANGED_DUTIES)

    answer = await approve(bob, asked)

    assert said(answer) == (403, "asker_not_permitted")
    assert await balance(desk, player) == "10.00"


async def test_of_approval_and_expiry_and_withdrawal_one_comes_first(desk: Desk) -> None:
    player = await desk.player(amount="10.00")
    ann, bob = [await hire(desk, name, "payments") for name in ("ann", "bob")]
    old = await ask(ann, "adjustment", adjustment(player))
    raced = [await ask(ann, "adjustment", adjustment(player, "1.00")) for _ in range(4)]
    paths = [f"/v1/staff/approvals/{item.json()['approval_id']}" for item in raced]

    both = await asyncio.gather(
        *(bob.ask("POST", f"{path}/approval") for path in paths),
        *(ann.ask("DELETE", path) for path in paths),
    )
    refused = await ask(ann, "adjustment", adjustment(player, "5.00"))
    where = f"/v1/staff/approvals/{refused.json()['approval_id']}/refusal"
    no = await bob.ask("POST", where, {"why": "not_justified"})
    after_no = await approve(bob, refused)

    for approval, withdrawal in zip(both[:4], both[4:], strict=True):
        assert sorted([approval.status, withdrawal.status]) == [200, 409]
    paid = sum(answer.status == 200 for answer in both[:4])
    assert await balance(desk, player) == f"{10 + paid}.00"
    assert (no.json()["state"], said(after_no)) == ("refused", (409, "already_decided"))
    desk.clock.advance(APPROVAL_LIFE / 2)
    ann_again = await bob.log_in(code=bob.code())
    bob.token = ann_again.json()["token"]
    desk.clock.advance(APPROVAL_LIFE / 2 - APPROVAL_LIFE / 4)
    desk.clock.advance(APPROVAL_LIFE / 4)
    bob.token = (await bob.log_in(code=bob.code())).json()["token"]
    assert said(await approve(bob, old)) == (409, "approval_expired")
    assert await balance(desk, player) == f"{10 + paid}.00"
    await assert_rebuilt(desk.database)


async def test_what_is_killed_between_approving_and_the_commit_was_neither(desk: Desk) -> None:
    player = await desk.player(amount="10.00")
    ann, bob = [await hire(desk, name, "payments") for name in ("ann", "bob")]
    asked = await ask(ann, "adjustment", adjustment(player))
    shards = [STAFF_SHARD, shard_of(PlayerId(player.player_id))]
    with pytest.raises(KeyboardInterrupt):
        async with messages.turn(
            desk.database, shards, now=desk.clock.now(), actor="test", entropy=desk.entropy
        ) as turn:
            await approvals.approve(
                turn, ApprovalId(asked.json()["approval_id"]), bob.staff_id, keys=KEYS
            )
            raise KeyboardInterrupt

    between = await balance(desk, player)
    answer = await approve(bob, asked)

    assert (between, answer.json()["state"]) == ("10.00", "done")
    assert await balance(desk, player) == "22.50"


async def test_no_more_is_taken_than_is_there_and_the_request_has_failed(desk: Desk) -> None:
    player = await desk.player(amount="10.00")
    ann, bob = [await hire(desk, name, "payments") for name in ("ann", "bob")]
    too_much = await ask(ann, "adjustment", adjustment(player, "10.01", "from_player"))
    fits = await ask(ann, "adjustment", adjustment(player, "4.00", "from_player"))
    wrong = [
        await ask(ann, "adjustment", {**adjustment(player, "1.00"), "currency": "GBP"}),
        await ask(ann, "adjustment", adjustment(player, "0.00")),
        await ask(ann, "adjustment", adjustment(player, "0.001")),
        await ask(ann, "adjustment", {**adjustment(player), "player_id": derived_id("nobody")}),
    ]

    failed, done = await approve(bob, too_much), await approve(bob, fits)

    assert (failed.json()["state"], failed.json()["outcome"]) == ("failed", "insufficient_funds")
    assert (done.json()["state"], await balance(desk, player)) == ("done", "6.00")
    assert [answer.status for answer in wrong] == [422, 422, 422, 404]
    await assert_rebuilt(desk.database)


async def test_one_agent_suspends_a_player_and_it_takes_two_to_let_them_play(desk: Desk) -> None:
    player = await desk.player()
    ann, bob = [await hire(desk, name, "risk") for name in ("ann", "bob")]
    path = f"/v1/staff/players/{player.player_id}/status"
    stop = {"status": "suspended", "reason": "fraud_suspected"}
    early = await ask(ann, "reinstatement", {"player_id": player.player_id}, "mistake")
    await ann.ask("POST", path, stop, key=desk.key())
    back = {"status": "active", "reason": "cleared"}

    alone = await ann.ask("POST", path, back, key=desk.key())
    asked = await ask(ann, "reinstatement", {"player_id": player.player_id}, "checked_and_cleared")
    own = await approve(ann, asked)
    done = await approve(bob, asked)

    assert said(early) == (409, "not_suspended")
    assert (said(alone), said(own)) == ((403, "needs_approval"), (403, "own_request"))
    assert done.json()["state"] == "done"
    changes = await facts(desk.database, since="player.status_changed")
    assert [(fact["before"], fact["after"]) for fact in changes] == [
        ("active", "suspended"),
        ("suspended", "active"),
    ]
    await assert_rebuilt(desk.database)


async def test_what_staff_imposed_is_lifted_by_two_once_its_term_is_over(desk: Desk) -> None:
    await desk.event("cup")
    player = await desk.player(amount="10.00")
    ann, bob = [await hire(desk, name, "responsible_gaming") for name in ("ann", "bob")]
    path = f"/v1/staff/players/{player.player_id}/exclusions"
    wish = {"months": 6, "reason": "risk_of_harm"}
    imposed = await ann.ask("POST", path, wish, key=desk.key())
    assert imposed.status == 200, imposed.body
    body = {"player_id": player.player_id}
    early = await approve(bob, await ask(ann, "reinstatement", body, "mistake"))
    desk.clock.advance(timedelta(days=190))
    for agent in (ann, bob):
        agent.token = (await agent.log_in(code=agent.code(ahead=1))).json()["token"]

    asked = await ask(ann, "reinstatement", body, "checked_and_cleared")
    own = await approve(ann, asked)
    answers = await asyncio.gather(*(approve(bob, asked) for _ in range(AT_ONCE)))
    again = await ask(ann, "reinstatement", body, "checked_and_cleared")

    assert (early.json()["state"], early.json()["outcome"]) == ("failed", "term_not_over")
    assert said(own) == (403, "own_request")
    assert {answer.json()["state"] for answer in answers} == {"done"}
    assert said(again) == (409, "not_suspended")
    (told,) = await facts(desk.database, since="player.exclusion_released")
    assert told["player_id"] == player.player_id
    async with desk.database.reading() as tx:
        left = await exclusion.list_exclusions(tx, PlayerId(player.player_id))
    assert [item.released_at is not None for item in left] == [True]
    await assert_rebuilt(desk.database)


async def test_roles_are_changed_by_two_and_never_ones_own(desk: Desk) -> None:
    ann, bob = [await hire(desk, name, "administrator") for name in ("ann", "bob")]
    cat = await hire(desk, "cat", "support")
    more = {"staff_id": ann.staff_id, "roles": ["administrator", "payments"]}
    own = await ask(ann, "roles", more, "changed_duties")
    for_ann = await ask(bob, "roles", more, "changed_duties")
    approved_by_ann = await approve(ann, for_ann)
    for_cat = await ask(
        ann, "roles", {"staff_id": cat.staff_id, "roles": ["payments"]}, "changed_duties"
    )
    alone = await approve(ann, for_cat)
    before = await cat.ask("GET", "/v1/staff/figures")
    done = await approve(bob, for_cat)
    edit = {"role": "payments", "permissions": [*Permission]}
    by_cat = await ask(cat, "role", edit, "security")
    last = [await ask(ann, "removal", {"staff_id": bob.staff_id}, "left")]
    admin = await ask(
        ann, "role", {"role": "administrator", "permissions": ["figures.see"]}, "security"
    )

    assert said(own) == (403, "concerns_yourself")
    assert said(approved_by_ann) == (403, "concerns_yourself")
    assert (said(alone), done.json()["state"]) == ((403, "own_request"), "done")
    assert (before.status, (await cat.ask("GET", "/v1/staff/figures")).status) == (403, 200)
    assert said(by_cat) == (403, "forbidden")
    assert said(admin) == (403, "concerns_yourself")
    assert said(await approve(bob, last[0])) == (403, "concerns_yourself")
    assert [agent["name"] for agent in (await ann.ask("GET", "/v1/staff/agents")).json()["agents"]]
    await assert_rebuilt(desk.database)


async def test_who_invites_a_new_agent_and_who_approves_hold_one_half_each(desk: Desk) -> None:
    ann, bob = [await hire(desk, name, "administrator") for name in ("ann", "bob")]
    asked = await ask(ann, "agent", {"name": "dan", "roles": ["support"]}, "joined")
    done = await approve(bob, asked)
    first, second = asked.json()["half"], done.json()["half"]
    looked = await bob.ask("GET", f"/v1/staff/approvals/{asked.json()['approval_id']}")

    answers = [
        await desk.client.ask(
            "POST",
            "/v1/staff/invitations",
            body={"first": one, "second": other, "password": "a long staff password"},
        )
        for one, other in ((first, first), (second, second), (second, first), (first, second))
    ]

    assert [answer.status for answer in answers] == [403, 403, 403, 204]
    assert (first != second, looked.json()["half"]) == (True, None)
    dan = Colleague(desk=desk, staff_id=ann.staff_id, name="dan")
    assert (await dan.log_in()).json()["proven"] is False
    text = str(await facts(desk.database, since="agent.invited"))
    assert first not in text and second not in text


async def test_a_cap_is_raised_by_two_where_the_licence_says_by_which_check(desk: Desk) -> None:
    desk.jurisdiction = "DE"
    player = await desk.player()
    desk.jurisdiction = "demo"
    elsewhere = await desk.player()
    ann, bob = [await hire(desk, name, "responsible_gaming") for name in ("ann", "bob")]

    def override(who: Somebody, ground: str = "income_check") -> dict[str, Any]:
        return {
            "player_id": who.player_id,
            "kind": "deposit",
            "period": "month",
            "amount": "3000.00",
            "currency": "EUR",
            "ground": ground,
        }

    path, body = "/v1/me/limits/deposit/month", {"amount": "2500.00"}
    before = await desk.client.ask("PUT", path, token=player.token, body=body)
    asked = await ask(ann, "limit-override", override(player), "income_checked")
    own = await approve(ann, asked)
    done = await approve(bob, asked)
    after = await desk.client.ask("PUT", path, token=player.token, body=body)
    failed = [
        await approve(bob, await ask(ann, "limit-override", wish, "income_checked"))
        for wish in (override(player, "risk_check"), override(elsewhere))
    ]

    assert said(before) == (422, "above_statutory_cap")
    assert (said(own), done.json()["state"]) == ((403, "own_request"), "done")
    assert after.status == 200
    assert {answer.json()["outcome"] for answer in failed} == {"cap_not_liftable"}
    (told,) = await facts(desk.database, since="limit.cap_raised")
    assert (told["most"], told["ground"]) == (3_000_000_000, "income_check")
    await assert_rebuilt(desk.database)
