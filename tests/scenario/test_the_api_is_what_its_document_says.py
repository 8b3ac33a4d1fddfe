"""Requests drawn from the API's own document get answers that the document allows.

Asked by players of licences that differ in what they want, and by staff; about things that there
are as well as about any that can be named.
"""

from __future__ import annotations

import asyncio
import base64
import json
import secrets
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks

from pitboss import jurisdictions
from pitboss.api.prices import STREAM_PATH
from pitboss.app.instance import Instance
from scenario.hands import House, Player, bearer

# Each is an operation's requests; what they may contain is tried elsewhere, at greater length.
TRIES = settings(
    max_examples=10, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
# A request may have the form that the document asks for and still ask for what cannot be.
BEYOND_FORM = "positive_data_acceptance"
# One session at a time and a location; registers before play; mandatory limits; nothing of these.
LICENCES = ("demo", "NJ", "GB", "SE", "DE", "ES")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Who asks, and what there is to be asked about: by the names of the path's parameters."""

    staff: str
    players: tuple[str, ...]
    known: dict[str, str]


@pytest.fixture(scope="module")
async def world(instance: Instance, house: House) -> World:
    """Give players of several licences, and one whom everything that staff ask is about.

    That one has an account, a payment, a bet and a session, and asks nothing: what ends it ends
    nobody's requests.
    """
    players = [
        await house.player(
            jurisdiction=code, currency=jurisdictions.get(code).licence.currencies[0]
        )
        for code in LICENCES
    ]
    event = await house.open_event("2.5", "3.2", "2.9")
    whom = await house.player(amount="50.00")
    payment = (await whom.pay("deposits", "5.00"))["payment_id"]
    known = {
        "player_id": claims_of(whom)["sub"],
        "session_id": claims_of(whom)["sid"],
        "payment_id": payment,
        "bet_id": await some_bet(house, whom, event.selection("home")),
        "event_id": event.id,
        "provider": "sandbox",
        "jurisdiction": "GB",
        "kind": "deposit",
        "period": "day",
        "credential": "a2V5",
    }
    return World(
        staff=instance.staff_token,
        players=tuple(player.token for player in players),
        known=known,
    )


async def test_every_answer_is_one_that_the_document_allows(
    instance: Instance, world: World
) -> None:
    tried, aimed = await asyncio.to_thread(try_all, instance.url, world)

    assert tried >= 60
    # Of every parameter of a path there is one that names something.
    assert aimed >= set(world.known)


def try_all(url: str, world: World) -> tuple[int, set[str]]:
    """Try every operation, in a thread because these requests are not asynchronous.

    Returns how many those were, and the parameters of paths that were aimed at what there is.
    """
    load_all_checks()
    schema = schemathesis.openapi.from_url(f"{url}/docs/openapi.json")
    results: list[Any] = list(schema.get_all_operations())
    # An operation that cannot be read from the document raises here.
    operations = [result.ok() for result in results]
    # An answer that never ends is told apart by nobody here; its own tests read it.
    operations = [item for item in operations if item.path != STREAM_PATH]
    aimed: set[str] = set()
    for operation in operations:
        try_one(operation, world, aimed)
    return len(operations), aimed


def try_one(operation: Any, world: World, aimed: set[str]) -> None:
    """Ask for one operation in several ways, as somebody who may come in there."""
    beyond: Any = CHECKS.get_one(BEYOND_FORM)
    staff = operation.path.startswith("/v1/staff/")
    askers = st.just(world.staff) if staff else st.sampled_from(world.players)

    @TRIES
    @given(case=operation.as_strategy(), token=askers, is_aimed=st.booleans())
    def ask(case: schemathesis.Case[Any], token: str, is_aimed: bool) -> None:
        names = set(case.path_parameters or ()) & set(world.known)
        if is_aimed and names:
            case.path_parameters.update({name: world.known[name] for name in names})
            aimed.update(names)
        if "wait" in (case.query or ()):
            # How long an answer may take is another test's; here it would only cost time.
            case.query["wait"] = 0
        case.headers["Authorization"] = f"Bearer {token}"
        case.call_and_validate(excluded_checks=[beyond])

    ask()


async def some_bet(house: House, player: Player, selection: str) -> str:
    """Return a bet of a player's."""
    body = {"currency": "EUR", "stake": "1.00", "legs": [{"selection_id": selection, "tick": 1}]}
    headers = {**bearer(player.token), "Idempotency-Key": secrets.token_hex(8)}
    answer = await house.client.post("/v1/bets", json=body, headers=headers)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["bet_id"])


def claims_of(player: Player) -> dict[str, Any]:
    """Return what a player's token says."""
    part = player.token.split(".")[1]
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return said
