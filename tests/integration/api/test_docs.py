"""The API describes itself: wholly, truly, and with nothing from elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from integration.api.bodies import DOORS
from integration.api.desk import Desk

# What the specification itself says of its form.  Source: OpenAPI 3.1.0.
METHODS = {"get", "post", "put", "patch", "delete", "options", "head", "trace"}
PLACES = {"query", "path", "header", "cookie"}


@pytest.fixture(scope="module")
async def openapi(shared_desk: Desk) -> dict[str, Any]:
    """Give the document."""
    answer = await shared_desk.client.ask("GET", "/docs/openapi.json")
    assert answer.status == 200
    document: dict[str, Any] = answer.json()
    return document


def operations(openapi: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Return every path, method and operation."""
    for path, item in openapi["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


async def test_the_page_asks_nobody_but_us(shared_desk: Desk) -> None:
    page = await shared_desk.client.ask("GET", "/docs")
    text = page.body.decode()

    linked = re.findall(r'(?:src|href)="([^"]*)"', text)
    assets = [await shared_desk.client.ask("GET", path) for path in linked]

    assert page.headers["content-type"].startswith("text/html")
    assert "http://" not in text
    assert "https://" not in text
    assert "//" not in "".join(linked)
    assert len(linked) >= 3
    assert [asset.status for asset in assets] == [200] * len(linked)
    assert all(asset.body for asset in assets)
    types = {asset.headers["content-type"].partition(";")[0] for asset in assets}
    assert types == {"text/javascript", "text/css", "image/png"}


def test_every_route_is_described_with_a_summary_and_one_id(openapi: dict[str, Any]) -> None:
    found = list(operations(openapi))

    assert {path for path, _, _ in found} >= {door.route for door in DOORS}
    assert len(found) >= 24
    assert all(operation["summary"] and operation["tags"] for _, _, operation in found)
    ids = [operation["operationId"] for _, _, operation in found]
    assert len(set(ids)) == len(ids)


def test_the_document_has_the_form_of_its_version(openapi: dict[str, Any]) -> None:
    assert openapi["openapi"].startswith("3.1.")
    assert openapi["info"]["title"] == "pitboss"
    assert openapi["info"]["version"]
    for path, method, operation in operations(openapi):
        assert path.startswith("/")
        assert method in METHODS
        for parameter in operation.get("parameters", ()):
            assert parameter["in"] in PLACES
            assert "schema" in parameter
        inside = {item["name"] for item in operation.get("parameters", ()) if item["in"] == "path"}
        assert inside == set(re.findall(r"{(\w+)}", path))
        for status, response in operation["responses"].items():
            assert re.fullmatch(r"[1-5]\d\d", status)
            assert response["description"]


def test_every_reference_leads_somewhere(openapi: dict[str, Any]) -> None:
    references = re.findall(r"'\$ref': '([^']*)'", str(openapi))

    assert references
    for reference in set(references):
        here: Any = openapi
        for step in reference.removeprefix("#/").split("/"):
            here = here[step]


def test_every_operation_says_which_problems_it_may_answer(openapi: dict[str, Any]) -> None:
    for path, _, operation in operations(openapi):
        problems = {
            status: response
            for status, response in operation["responses"].items()
            if int(status) >= 400
        }
        for response in problems.values():
            schema = response["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Problem"}
        assert ("503" in problems) is (path not in {"/healthz", "/metrics"}), path
        if operation.get("security"):
            assert {"401", "403"} <= set(problems), path
        if operation.get("requestBody"):
            assert {"400", "408", "413", "415", "422"} <= set(problems), path
        assert "Retry-After" in problems.get("503", {"headers": {"Retry-After": 1}})["headers"]


def test_every_body_is_described_as_it_is_read(openapi: dict[str, Any]) -> None:
    for door in DOORS:
        operation = openapi["paths"][door.route][door.method.lower()]
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        body = openapi["components"]["schemas"][schema["$ref"].rpartition("/")[2]]

        assert set(body["properties"]) == set(door.sample)
        assert body["additionalProperties"] is False
        keys = [item for item in operation.get("parameters", ()) if item["in"] == "header"]
        assert [item["name"] for item in keys] == (["Idempotency-Key"] if door.keyed else [])
        assert all(item["required"] for item in keys)
        assert bool(operation.get("security")) is (door.role is not None)


async def test_metrics_count_what_was_answered_and_name_no_ids(shared_desk: Desk) -> None:
    player = await shared_desk.player()
    await shared_desk.place(player, {})
    await shared_desk.client.ask("GET", f"/v1/bets/{player.player_id}", token=player.token)

    answer = await shared_desk.client.ask("GET", "/metrics")

    text = answer.body.decode()
    assert answer.headers["content-type"] == "text/plain; version=1.0.0; charset=utf-8"
    assert 'method="POST",route="/v1/bets",status="422"} 1.0' in text
    assert 'route="/v1/bets/{bet_id}",status="404"} 1.0' in text
    assert player.player_id not in text


@pytest.mark.parametrize(
    "path", ["/v1/providers/nobody/x", "/nowhere", "/v1/bets"], ids=["provider", "none", "bets"]
)
async def test_metrics_have_one_word_for_all_methods_that_nobody_has_heard_of(
    shared_desk: Desk, path: str
) -> None:
    # A method is whatever its sender writes, and every word that is counted is kept.
    for number in range(20):
        await shared_desk.client.ask(f"NOVEL{number}", path)

    answer = await shared_desk.client.ask("GET", "/metrics")

    text = answer.body.decode()
    assert "NOVEL" not in text
    assert 'method="other"' in text


def test_no_pattern_is_one_that_only_python_reads(openapi: dict[str, Any]) -> None:
    patterns = re.findall(r"'pattern': '([^']*)'", str(openapi))

    assert patterns
    assert [pattern for pattern in patterns if re.search(r"\\[AZ]|\(\?P", pattern)] == []
