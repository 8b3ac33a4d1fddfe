"""Promises about rewards over HTTP: staff gives and decides, players see what they can play."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import httpx
import pytest

from integration.api.client import Answer
from integration.api.desk import Desk, Somebody
from integration.api.office import hire
from integration.games.table import BASE, lay
from integration.games.test_conformance import private_pem, public_pem
from pitboss.adapters.protocols.hub88 import Hub88
from pitboss.adapters.protocols.hub88_calls import Hub88Calls
from pitboss.adapters.protocols.rewards import Hub88Rewards
from pitboss.conformance.hub88 import Hub88Speaker
from pitboss.conformance.model import Move, Wrong
from pitboss.db import Database
from pitboss.kernel.clock import ManualClock
from pitboss.sandbox.rewards import Fate, SandboxRewards
from pitboss.workers.rewards import Loop
from unit.protocols.keys import PAIR

URL = "https://games.example/api/game/url"


@pytest.fixture
async def provider() -> SandboxRewards:
    return SandboxRewards(key=PAIR.public_key(), operator="casino")


@pytest.fixture
async def desk(database: Database, provider: SandboxRewards) -> Desk:
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=provider))
    port = Hub88Rewards(Hub88Calls(client, URL, "casino", private_pem(PAIR)))
    table = await lay(database, Hub88("acme", [public_pem(PAIR)]), rewards=port)
    return table.desk


@pytest.fixture
async def ann(desk: Desk) -> Somebody:
    return await desk.player(amount="10.00")


@pytest.fixture
async def prepaid(provider: SandboxRewards) -> str:
    return provider.add_prepaid("any", game="book", currency="EUR")


async def ask(desk: Desk, method: str, path: str, **about: Any) -> Answer:
    return await desk.client.ask(method, path, token=about.pop("token", desk.staff), **about)


async def give(
    desk: Desk, player: Somebody, paid_with: str, *, key: str | None = None, **about: Any
) -> Answer:
    """Give a player three free stakes of half a unit."""
    token = about.pop("token", desk.staff)
    body = {
        "provider": "acme",
        "game": "book",
        "prepaid": paid_with,
        "stake": "0.50",
        "currency": "EUR",
        "count": 3,
        "ends_at": "2026-08-08T12:00:00Z",
        **about,
    }
    path = f"/v1/staff/players/{player.player_id}/rewards"
    return await ask(desk, "POST", path, token=token, key=key or desk.key(), body=body)


async def step(desk: Desk) -> None:
    """Have the loop ask the provider for what waits."""
    port = desk.providers["acme"].rewards
    assert port is not None
    loop = Loop(
        database=desk.database,
        providers={"acme": port},
        clock=desk.clock,
        entropy=desk.entropy,
        wall=ManualClock(desk.wall.now()),
    )
    await loop.step()


async def shown(desk: Desk, player: Somebody) -> list[dict[str, Any]]:
    answer = await ask(desk, "GET", f"/v1/staff/players/{player.player_id}/rewards")
    found: list[dict[str, Any]] = answer.json()["rewards"]
    return found


async def change(desk: Desk, reward: dict[str, Any], what: str, **about: Any) -> Answer:
    path = f"/v1/staff/players/{reward['player_id']}/rewards/{reward['reward']}/{what}"
    return await ask(desk, "POST", path, **about)


async def test_a_reward_is_given_granted_and_shown_to_the_player_who_can_play_it(
    desk: Desk, ann: Somebody, prepaid: str, provider: SandboxRewards
) -> None:
    given = (await give(desk, ann, prepaid, key="k")).json()
    before = await desk.look(ann, "/v1/me/rewards")
    await step(desk)
    again = (await give(desk, ann, prepaid, key="k")).json()

    assert (given["state"], given["changed"]) == ("requested", True)
    assert before == {"rewards": []}
    assert (again["state"], again["changed"]) == ("granted", False)
    assert again["reference"] in provider.rewards
    (mine,) = (await desk.look(ann, "/v1/me/rewards"))["rewards"]
    assert mine == {
        "reward": given["reward"],
        "provider": "acme",
        "game": "book",
        "stake": "0.50",
        "currency": "EUR",
        "count": 3,
        "used": 0,
        "ends_at": "2026-08-08T12:00:00.000000Z",
    }


async def test_the_same_request_twice_at_once_is_one_call(
    desk: Desk, ann: Somebody, prepaid: str, provider: SandboxRewards
) -> None:
    answers = await asyncio.gather(*(give(desk, ann, prepaid, key="k") for _ in range(6)))
    await asyncio.gather(*(step(desk) for _ in range(4)))

    assert [answer.status for answer in answers] == [200] * 6
    assert sorted(answer.json()["changed"] for answer in answers) == [False] * 5 + [True]
    assert len(provider.calls("rewards/create")) == 1


BAD = [
    ({"stake": "0"}, 422, "malformed", "stake"),
    ({"stake": "0.001"}, 422, "malformed", "stake"),
    ({"count": 0}, 422, "malformed", "count"),
    ({"count": 1_001}, 422, "malformed", "count"),
    ({"currency": "XYZ"}, 422, "malformed", "currency"),
    ({"prepaid": "a b"}, 422, "malformed", "prepaid"),
    ({"ends_at": "soon"}, 422, "malformed", "ends_at"),
    ({"ends_at": "2026-08-01T12:00:00Z"}, 422, "reward_over", "ends_at"),
    ({"stake": "1.00", "count": 501}, 422, "reward_too_large", "count"),
    ({"currency": "GBP"}, 422, "wrong_currency", "currency"),
    ({"game": "nothing"}, 404, "unknown_game", None),
    ({"provider": "nobody"}, 404, "rewards_not_offered", None),
]


@pytest.mark.parametrize(("about", "status", "slug", "field"), BAD, ids=str)
async def test_what_is_wrong_is_named_and_nothing_is_changed(
    desk: Desk,
    ann: Somebody,
    prepaid: str,
    provider: SandboxRewards,
    about: dict[str, Any],
    status: int,
    slug: str,
    field: str | None,
) -> None:
    answer = await give(desk, ann, prepaid, **about)
    await step(desk)

    assert (answer.status, answer.slug) == (status, slug)
    assert [item["field"] for item in answer.problem.get("errors", [])] == [field][: bool(field)]
    assert await shown(desk, ann) == []
    assert provider.heard == []


async def test_a_key_is_for_one_reward(desk: Desk, ann: Somebody, prepaid: str) -> None:
    await give(desk, ann, prepaid, key="k")
    other = await give(desk, ann, prepaid, key="k", count=4)

    assert (other.status, other.slug) == (409, "idempotency_key_reused")
    assert len(await shown(desk, ann)) == 1


async def test_staff_cancels_a_reward_and_one_of_another_player_is_not_found(
    desk: Desk, ann: Somebody, prepaid: str, provider: SandboxRewards
) -> None:
    reward = (await give(desk, ann, prepaid)).json()
    await step(desk)
    bob = await desk.player()

    first, again = (
        await change(desk, reward, "cancellation"),
        await change(desk, reward, "cancellation"),
    )
    other = await change(desk, {**reward, "player_id": bob.player_id}, "cancellation")
    await step(desk)

    assert [(item.status, item.json()["changed"]) for item in (first, again)] == [
        *((200, True), (200, False))
    ]
    assert (other.status, other.slug) == (404, "unknown_reward")
    assert (await shown(desk, ann))[0]["state"] == "cancelled"
    assert len(provider.cancelled) == 1
    assert await desk.look(ann, "/v1/me/rewards") == {"rewards": []}


async def test_a_reward_that_nobody_knows_of_waits_for_staff_who_decide_it(
    desk: Desk, ann: Somebody, prepaid: str, provider: SandboxRewards
) -> None:
    provider.fate["rewards/create"] = Fate.MUTE
    await give(desk, ann, prepaid)
    await step(desk)
    (waiting,) = (await ask(desk, "GET", "/v1/staff/games/rewards")).json()["rewards"]
    (ref,) = provider.rewards

    wrong = await change(desk, waiting, "decision", body={"decision": "granted"})
    early = await change(desk, waiting, "cancellation")
    said = {"decision": "granted", "reference": ref}
    done = await change(desk, waiting, "decision", body=said)
    corrected = await change(desk, waiting, "decision", body={"decision": "given_up"})
    late = await change(desk, waiting, "decision", body=said)

    assert (waiting["state"], waiting["word"]) == ("unknown", "the provider answers 504")
    assert (wrong.status, wrong.problem["errors"][0]["field"]) == (422, "reference")
    assert (early.status, early.slug) == (409, "reward_not_granted")
    assert (done.json()["state"], done.json()["reference"]) == ("granted", ref)
    assert (corrected.json()["state"], corrected.json()["reference"]) == ("given_up", None)
    assert (late.status, late.slug) == (409, "reward_not_unknown")
    assert (await ask(desk, "GET", "/v1/staff/games/rewards")).json() == {"rewards": []}


async def test_prepaids_and_campaigns_are_asked_for_and_a_campaign_is_created_once(
    desk: Desk, prepaid: str, provider: SandboxRewards
) -> None:
    path = "/v1/staff/games/prepaids?provider=acme&game=book&currency=EUR"
    prepaids = (await ask(desk, "GET", path)).json()["prepaids"]
    body = {"provider": "acme", "name": "Five a day", "prepaid": prepaid, "count": 5}
    provider.fate["campaigns/create"] = Fate.MUTE
    lost = await ask(desk, "POST", "/v1/staff/games/campaigns", body=body)
    provider.fate.clear()

    found = (await ask(desk, "POST", "/v1/staff/games/campaigns", body=body)).json()
    other = await ask(desk, "POST", "/v1/staff/games/campaigns", body={**body, "name": "Other"})
    wrong = await ask(desk, "POST", "/v1/staff/games/campaigns", body={**body, "prepaid": "p"})

    assert prepaids == [{"prepaid": prepaid, "currency": "EUR", "stake": None, "count": None}]
    assert lost.status == 503
    assert (found["changed"], found["name"]) == (False, "Five a day")
    assert other.json()["changed"]
    assert (wrong.status, wrong.slug) == (409, "campaign_declined")
    listed = (await ask(desk, "GET", "/v1/staff/games/campaigns?provider=acme")).json()
    assert [item["name"] for item in listed["campaigns"]] == ["Five a day", "Other"]


async def test_only_who_may_give_rewards_gives_them(
    desk: Desk, ann: Somebody, prepaid: str
) -> None:
    games, support = await hire(desk, "gail", "games"), await hire(desk, "sue", "support")

    refused = await give(desk, ann, prepaid, token=support.token)
    given = await give(desk, ann, prepaid, token=games.token)

    assert (refused.status, given.status) == (403, 200)


def free_bet(name: str) -> Move:
    return Move(kind="bet", id=name, amount=Decimal("0.50"), free=True)


async def test_a_provider_plays_a_reward_over_its_own_protocol(
    database: Database, provider: SandboxRewards, prepaid: str
) -> None:
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=provider))
    port = Hub88Rewards(Hub88Calls(client, URL, "casino", private_pem(PAIR)))
    table = await lay(database, Hub88("acme", [public_pem(PAIR)]), rewards=port)
    ann = await table.desk.player(amount="10.00")
    _, account = await table.sit_down(ann.player_id)
    await give(table.desk, ann, prepaid, count=1)
    await step(table.desk)
    (ref,) = provider.rewards
    speaker = Hub88Speaker(table.http, BASE, private_pem(PAIR), "book")

    said = [
        await speaker.play(account, f"of-{name}", free_bet(name), reward_uuid=ref)
        for name in ("b1", "b2")
    ]

    assert [(item.ok, item.wrong) for item in said] == [(True, None), (False, Wrong.FUNDS)]
    assert said[0].balance == Decimal("10.00")
    (reward,) = await shown(table.desk, ann)
    assert (reward["used"], reward["used_amount"]) == (1, "0.50")
    assert await table.desk.look(ann, "/v1/me/rewards") == {"rewards": []}
