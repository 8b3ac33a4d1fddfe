"""Problem documents have the members of RFC 9457, and ours."""

from __future__ import annotations

import json

import pytest
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)

from pitboss.api import problems
from pitboss.api.asgi import problem_of_error
from pitboss.api.problems import FieldError, Problem, ProblemFound
from pitboss.db.errors import DatabaseAway
from pitboss.games.registry.errors import ProviderAway
from pitboss.games.rounds.errors import GameNotLaunched
from pitboss.kernel.errors import Fault, InvariantBroken, Malformed

ALL = [
    *(item for item in vars(problems).values() if isinstance(item, Problem)),
    problems.malformed("stake", "too fine"),
    problems.malformed_header("Idempotency-Key", "missing"),
    problems.unreadable("not JSON"),
    problems.too_large(65_536),
    problems.wrong_method("GET"),
]


@pytest.mark.parametrize("problem", ALL, ids=lambda problem: problem.slug)
def test_every_problem_has_the_members_of_the_standard(problem: Problem) -> None:
    document = json.loads(problem.body())

    assert document["type"] == f"urn:pitboss:problem:{problem.slug}"
    assert document["status"] == problem.status
    assert document["title"][0].isupper()
    assert document["detail"]
    assert problem.headers()["content-type"] == "application/problem+json"
    assert 400 <= problem.status < 600


@pytest.mark.parametrize("problem", ALL, ids=lambda problem: problem.slug)
def test_who_may_ask_again_is_told_when_and_who_must_log_in_is_told_how(problem: Problem) -> None:
    headers = problem.headers()

    assert ("retry-after" in headers) is (problem.status == 503)
    assert ("www-authenticate" in headers) is (problem.status == 401)
    assert ("allow" in headers) is (problem.status == 405)


def test_a_problem_names_the_field_and_more() -> None:
    problem = Problem(
        status=409,
        slug="price_changed",
        detail="It moved.",
        errors=(FieldError("legs[0].tick", "the price is at tick 2"),),
        more={"tick": 2},
    )

    assert json.loads(problem.body()) == {
        "type": "urn:pitboss:problem:price_changed",
        "title": "Price changed",
        "status": 409,
        "detail": "It moved.",
        "errors": [{"field": "legs[0].tick", "detail": "the price is at tick 2"}],
        "tick": 2,
    }


def test_what_a_sender_wrote_is_repeated_but_never_at_length() -> None:
    problem = problems.malformed("x" * 10_000, "y" * 10_000)

    assert len(problem.body()) < 1_000


@pytest.mark.parametrize(
    ("error", "status", "slug"),
    [
        (ProblemFound(problems.NOT_JSON), 415, "unsupported_media_type"),
        (Malformed("stake", "too fine"), 422, "malformed"),
        (DatabaseAway("gone"), 503, "database_away"),
        (Fault("a peer", retryable=False), 502, "peer_failed"),
        (ProviderAway("it answers 403, a secret of theirs"), 503, "peer_away"),
        (GameNotLaunched("a secret of theirs"), 503, "peer_away"),
        (NotFoundException(), 404, "not_found"),
        (MethodNotAllowedException(headers={"allow": "GET"}), 405, "wrong_method"),
        (ValidationException(extra=[{"key": "limit", "message": "no"}]), 422, "malformed"),
        (ValidationException(), 400, "unreadable"),
        (ClientException(), 400, "unreadable"),
        (HTTPException(status_code=413), 413, "body_too_large"),
        (HTTPException(status_code=418), 418, "refused"),
        (HTTPException(status_code=503), 500, "internal"),
        (InvariantBroken("a secret of ours"), 500, "internal"),
        (LookupError("a secret of ours"), 500, "internal"),
    ],
)
def test_an_exception_is_told_as_a_problem(error: Exception, status: int, slug: str) -> None:
    problem = problem_of_error(error, body_bytes_max=10)

    assert (problem.status, problem.slug) == (status, slug)
    assert b"secret" not in problem.body()


def test_a_parameter_that_is_missing_is_named() -> None:
    # As the framework words it, with nothing beside its sentence.
    error = ValidationException("Missing required query parameter 'provider' for path /v1/games")

    problem = problem_of_error(error, body_bytes_max=10)

    assert (problem.status, problem.slug) == (422, "malformed")
    assert problem.errors == (FieldError("provider", "it is needed"),)
