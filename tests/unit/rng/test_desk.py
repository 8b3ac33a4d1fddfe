"""The certificate is looked at again each day, and the last draws are remembered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pitboss.rng import desk as module
from pitboss.rng.desk import CHECK_SECONDS, NUMBERS_REMEMBERED, REMEMBERED, Certificate, Desk
from pitboss.rng.errors import Uncertified


class Lab(Certificate):
    """A certificate that is good until it is not; counts how often it was looked at."""

    def __init__(self) -> None:
        super().__init__(Path("/nowhere"), "")
        self.looks = 0
        self.good = True

    def check(self) -> dict[str, Any]:
        """Return the certificate."""
        self.looks += 1
        if not self.good:
            raise Uncertified("it is another")
        return {"number": "1"}


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Give a clock that is set by hand."""
    now = [1000.0]
    monkeypatch.setattr(module, "_now", lambda: now[0])
    return now


def drawing(draw_id: str) -> dict[str, Any]:
    """Return a request for a number."""
    mapping = {"kind": "range", "low": 0, "high": 9, "count": 1}
    return {"op": "draw", "draw_id": draw_id, "round_id": "r", "purpose": "p", "mapping": mapping}


def test_the_certificate_is_looked_at_at_the_start_each_day_and_on_demand(
    clock: list[float],
) -> None:
    lab = Lab()
    desk = Desk(lab)
    assert lab.looks == 1

    clock[0] += CHECK_SECONDS - 1
    desk.check_if_due()
    assert lab.looks == 1
    assert desk.status()["checked_seconds_ago"] == CHECK_SECONDS - 1
    clock[0] += 1
    desk.check_if_due()
    assert lab.looks == 2
    desk.answer({"op": "check"})
    assert lab.looks == 3
    assert desk.status()["checked_seconds_ago"] == 0


def test_a_draw_does_not_come_before_a_look_that_is_due(clock: list[float]) -> None:
    lab = Lab()
    desk = Desk(lab)
    assert desk.answer(drawing("a"))["ok"]

    lab.good = False
    clock[0] += CHECK_SECONDS
    answer = desk.answer(drawing("b"))

    assert (answer["ok"], answer["error"], answer["why"]) == (False, "closed", "it is another")
    assert desk.status()["may_draw"] is False
    lab.good = True
    assert desk.answer(drawing("c"))["error"] == "closed"


def test_what_a_closed_generator_is_asked_for_is_no_draw_that_somebody_threw_away(
    clock: list[float],
) -> None:
    lab = Lab()
    desk = Desk(lab)
    assert desk.answer(drawing("a"))["ok"]
    lab.good = False
    clock[0] += CHECK_SECONDS

    answers = [desk.answer(drawing(str(number))) for number in range(3)]

    assert {answer["error"] for answer in answers} == {"closed"}
    assert desk.status()["draws"] == 1


def test_one_that_starts_uncertified_says_why(clock: list[float]) -> None:
    lab = Lab()
    lab.good = False

    status = Desk(lab).status()

    assert (status["may_draw"], status["why_not"]) == (False, "it is another")
    assert status["certificate"] is None


def test_large_draws_are_forgotten_sooner() -> None:
    desk = Desk(None)
    large = {"kind": "weighted", "weights": [1] * 4096, "count": 4096}
    count = NUMBERS_REMEMBERED // 8192

    answers = [desk.answer(drawing(str(number)) | {"mapping": large}) for number in range(count)]
    assert desk.answer(drawing("0") | {"mapping": large}) == answers[0]
    desk.answer(drawing("one more"))

    assert desk.answer(drawing("0") | {"mapping": large}) != answers[0]
    assert desk.answer(drawing(str(count - 1)) | {"mapping": large}) == answers[-1]


def test_so_many_draws_are_remembered_and_no_more() -> None:
    desk = Desk(None)
    first = desk.answer(drawing("first"))
    for number in range(REMEMBERED - 1):
        desk.answer(drawing(str(number)))
    assert desk.answer(drawing("first")) == first

    desk.answer(drawing("one more"))

    assert desk.answer(drawing("first")) != first
