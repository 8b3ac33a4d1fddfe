"""Requests drawn from the API's own document get answers that the document allows."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CHECKS, load_all_checks

from pitboss.app.instance import Instance
from scenario.hands import House

# Each is an operation's requests; what they may contain is tried elsewhere, at greater length.
TRIES = settings(
    max_examples=5, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)
# A request may have the form that the document asks for and still ask for what cannot be.
BEYOND_FORM = "positive_data_acceptance"


@pytest.fixture(scope="module")
async def tokens(instance: Instance, house: House) -> dict[bool, str]:
    """Give a token for staff and one for players."""
    player = await house.player(amount="50.00")
    return {True: instance.staff_token, False: player.token}


async def test_every_answer_is_one_that_the_document_allows(
    instance: Instance, tokens: dict[bool, str]
) -> None:
    tried = await asyncio.to_thread(try_all, instance.url, tokens)

    assert tried >= 24


def try_all(url: str, tokens: dict[bool, str]) -> int:
    """Try every operation, in a thread because these requests are not asynchronous."""
    load_all_checks()
    schema = schemathesis.openapi.from_url(f"{url}/docs/openapi.json")
    results: list[Any] = list(schema.get_all_operations())
    # An operation that cannot be read from the document raises here.
    operations = [result.ok() for result in results]
    for operation in operations:
        try_one(operation, tokens[operation.path.startswith("/v1/staff/")])
    return len(operations)


def try_one(operation: Any, token: str) -> None:
    """Ask for one operation in several ways."""
    beyond: Any = CHECKS.get_one(BEYOND_FORM)

    @TRIES
    @given(case=operation.as_strategy())
    def ask(case: schemathesis.Case[Any]) -> None:
        case.headers["Authorization"] = f"Bearer {token}"
        case.call_and_validate(excluded_checks=[beyond])

    ask()
