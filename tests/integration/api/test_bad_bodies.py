"""A body that is wrong anywhere gets a problem that names the place, and changes nothing."""

from __future__ import annotations

import gc

import pytest

from integration.api.bodies import (
    DOORS,
    KEYED,
    check_sample,
    kinds_in,
    token_for,
    wrong_bodies,
)
from integration.api.catalogue_doors import NAME
from integration.api.client import check_problem
from integration.api.desk import Desk, Somebody
from integration.api.doors import Door
from integration.api.rows import count_rows
from pitboss.api.slips import KeyedSlipBody, SlipsBody
from pitboss.api.wire import Body

# Refusals that are on record by design: a regulator may ask for them.
RECORDED = {"currency_not_offered", "under_age"}
# Whoever logs in is not told what a password of ours looks like.
ANY_PASSWORD = {
    ("/v1/sessions", "password", 401),
    ("/v1/sessions/challenges", "password", 401),
    ("/v1/staff/sessions", "password", 401),
    ("/v1/me/password", "password", 403),
}


@pytest.fixture(scope="module")
async def player(shared_desk: Desk) -> Somebody:
    """Give a player, and an event to bet on."""
    await shared_desk.event(NAME)
    return await shared_desk.player(amount="100.00")


def test_every_type_of_body_is_tried_whole() -> None:
    for door in DOORS:
        check_sample(door.kind, door.sample)
    check_sample(KeyedSlipBody, KEYED)
    tried = {kind for door in DOORS for kind in kinds_in(door.kind)}

    gc.collect()
    assert tried | kinds_in(SlipsBody) == bodies() | {Body} - {Body}


def bodies() -> set[type[Body]]:
    """Return every type of body that the API has."""
    found: set[type[Body]] = set()
    new = [kind for kind in Body.__subclasses__() if kind.__module__.startswith("pitboss.")]
    while new:
        kind = new.pop()
        found.add(kind)
        new += [item for item in kind.__subclasses__() if item not in found]
    return found


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.path)
async def test_a_wrong_body_names_its_field_and_changes_nothing(
    shared_desk: Desk, player: Somebody, door: Door
) -> None:
    token = token_for(shared_desk, player, door)
    before = await count_rows(shared_desk.database)

    unlike: list[str] = []
    for wrong in wrong_bodies(door.kind, door.sample):
        key = shared_desk.key() if door.keyed else None
        answer = await shared_desk.client.ask(
            door.method, door.path, token=token, key=key, raw=wrong.raw
        )
        if answer.slug in RECORDED:
            before = await count_rows(shared_desk.database)
        if (door.path, wrong.field, answer.status) in ANY_PASSWORD:
            # A try is told and counted.
            before = await count_rows(shared_desk.database)
            continue
        if answer.status != 422 or answer.fields != [wrong.field]:
            unlike.append(f"{wrong.why}: {answer.status} {answer.body[:200]!r}")

    assert unlike == []
    assert await count_rows(shared_desk.database) == before


async def test_a_wrong_bet_in_a_batch_is_answered_by_itself(
    shared_desk: Desk, player: Somebody
) -> None:
    before = await count_rows(shared_desk.database)

    unlike: list[str] = []
    for wrong in wrong_bodies(KeyedSlipBody, KEYED):
        answer = await shared_desk.client.ask(
            "POST", "/v1/bets/batch", token=player.token, body={"bets": [wrong.body]}
        )
        (one,) = answer.json()["answers"]
        check_problem(one["problem"], one["status"])
        fields = [error["field"] for error in one["problem"]["errors"]]
        if (answer.status, one["status"], fields) != (200, 422, [wrong.field]):
            unlike.append(f"{wrong.why}: {one}")

    assert unlike == []
    assert await count_rows(shared_desk.database) == before
