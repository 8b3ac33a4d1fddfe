"""Every refusal of every room is told in the one table, and nothing else is in it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from enum import StrEnum

import pytest

import pitboss
from pitboss.api.refusals import LINES, problem_of

ALLOWED = {403, 404, 409, 410, 422}
# Other rooms' refusals of news are told to nobody over HTTP.
NAMES = ("Refusal", "GiftRefusal", "ReferralRefusal")


def enums() -> Iterator[type[StrEnum]]:
    """Return every room's `Refusal`, and those of a part of a room (`GiftRefusal`)."""
    for module in pkgutil.walk_packages(pitboss.__path__, "pitboss."):
        if module.name.endswith(".model"):
            nouns = vars(importlib.import_module(module.name))
            yield from [nouns[name] for name in NAMES if name in nouns]


REFUSALS = [refusal for enum in enums() for refusal in enum]


def test_there_are_rooms_that_refuse() -> None:
    # The nouns of a room that has grown are in files of a folder.
    assert {enum.__module__.partition(".model")[0] for enum in enums()} >= {
        "pitboss.wallet",
        "pitboss.players.identity",
        "pitboss.sportsbook.betting",
    }


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda item: f"{item.__module__}.{item}")
def test_every_refusal_has_a_line(refusal: StrEnum) -> None:
    assert refusal in LINES, "add a line to api/refusals.py"


@pytest.mark.parametrize("reason", LINES)
def test_a_refusal_is_the_askers_matter_and_says_what_it_is(reason: str) -> None:
    problem = problem_of(reason)

    assert problem.status in ALLOWED
    assert problem.detail.endswith(".")
    assert (problem.status == 422) <= bool(problem.errors)
    assert problem.slug.isidentifier()


def test_no_line_is_left_over() -> None:
    assert set(LINES) == {str(refusal) for refusal in REFUSALS}
