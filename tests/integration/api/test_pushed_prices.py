"""What traders push is taken in each source's order, once, and no slip of a finger with it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from integration.api.client import Answer
from integration.api.desk import Desk, selection_id
from pitboss.db import Transaction
from pitboss.kernel.ids import derived_id
from pitboss.sportsbook import pricing
from pitboss.sportsbook.pricing.model import Push

A, B = selection_id("A"), selection_id("B")


async def push(
    desk: Desk, *prices: tuple[str, str], source: str | None = "desk", sequence: int | None = 1
) -> Answer:
    """Push prices; one that ends with `!` is confirmed."""
    body: dict[str, Any] = {
        "changes": [
            {"selection_id": item, "price": text.rstrip("!"), "confirmed": text.endswith("!")}
            for item, text in prices
        ]
    }
    if source is not None:
        body["source"] = source
    if sequence is not None:
        body["sequence"] = sequence
    return await desk.client.ask("POST", "/v1/staff/prices", token=desk.staff, body=body)


async def shown(desk: Desk) -> list[tuple[str, int]]:
    """Return price and tick of both home sides."""
    async with desk.database.reading() as tx:
        rows = await tx.fetch(
            "SELECT price, tick FROM catalog_selection WHERE selection_id = ANY($1::uuid[])"
            " ORDER BY array_position($1::uuid[], selection_id)",
            [A, B],
        )
    return [(row["price"], row["tick"]) for row in rows]


@pytest.fixture
async def two(desk: Desk) -> Desk:
    """Give a desk with two events, whose home sides are at 2.5."""
    await desk.event("A")
    await desk.event("B")
    return desk


async def test_each_price_is_answered_by_itself(two: Desk) -> None:
    answer = await push(
        two, (A, "2.75"), (derived_id("nobody"), "2"), (B, "2.5"), (B, "9"), (B, "9!")
    )

    assert [(item.get("changed"), item.get("refusal")) for item in answer.json()["answers"]] == [
        (True, None),
        (None, "unknown_selection"),
        (False, None),
        (None, "move_not_confirmed"),
        (True, None),
    ]
    assert await shown(two) == [("11/4", 2), ("9/1", 2)]


async def test_a_push_that_is_repeated_is_answered_as_it_was_and_changes_nothing(
    two: Desk,
) -> None:
    first = await push(two, (A, "2.75"), (B, "9"))
    await push(two, (A, "2.6"), source="another")
    again = await push(two, (A, "2.75"), (B, "9"))

    assert (again.status, again.body) == (first.status, first.body)
    assert await shown(two) == [("13/5", 3), ("5/2", 1)]


async def test_what_a_source_has_left_behind_is_refused_as_a_whole(two: Desk) -> None:
    await push(two, (A, "2.75"), sequence=5)
    late = await push(two, (A, "2.6"), sequence=4)
    other = await push(two, (A, "2.6"), sequence=5)
    later = await push(two, (B, "2.6"), sequence=9)

    assert (late.status, late.slug, late.problem["sequence"]) == (409, "push_overtaken", 5)
    assert (other.status, other.slug, other.problem["sequence"]) == (409, "push_reused", 5)
    assert later.status == 200
    assert await shown(two) == [("11/4", 2), ("13/5", 2)]


async def test_without_a_source_prices_are_taken_whenever_they_come(two: Desk) -> None:
    for _ in range(2):
        answer = await push(two, (A, "2.75"), (B, "9"), source=None, sequence=None)
        assert answer.status == 200

    again = await push(two, (B, "9"), source=None, sequence=None)
    assert again.json()["answers"][0]["refusal"] == "move_not_confirmed"
    assert await shown(two) == [("11/4", 2), ("5/2", 1)]


@pytest.mark.parametrize("text", ["1", "1.00", "0", "-2", "10000000", "1e3", "NaN", "", "2.5x"])
async def test_a_price_that_cannot_be_is_refused_before_anything_is_changed(
    two: Desk, text: str
) -> None:
    answer = await push(two, (A, "2.75"), (B, text))

    assert (answer.status, answer.fields) == (422, ["changes[1].price"])
    assert await shown(two) == [("5/2", 1), ("5/2", 1)]


@pytest.mark.parametrize(
    ("source", "sequence", "field"),
    [
        ("desk", None, "sequence"),
        (None, 1, "source"),
        ("a b", 1, "source"),
        ("desk", 0, "sequence"),
    ],
)
async def test_a_source_has_a_name_and_numbers_what_it_pushes(
    two: Desk, source: str | None, sequence: int | None, field: str
) -> None:
    answer = await push(two, (A, "2.75"), source=source, sequence=sequence)

    assert (answer.status, answer.fields) == (422, [field])


async def test_pushes_that_race_leave_the_newest_prices(two: Desk) -> None:
    numbers = list(range(1, 13))
    answers = await asyncio.gather(
        *(push(two, (A, f"2.{60 + number}"), sequence=number) for number in numbers[::-1]),
        *(push(two, (A, f"2.{60 + number}"), sequence=number) for number in numbers),
    )

    assert {answer.status for answer in answers} <= {200, 409}
    assert (await shown(two))[0][0] == "68/25"
    newest = [
        answer
        for number, answer in zip([*numbers[::-1], *numbers], answers, strict=True)
        if number == numbers[-1]
    ]
    assert [answer.json()["answers"][0]["changed"] for answer in newest] == [True, True]


async def test_a_push_that_meets_the_opening_of_its_event_is_taken(
    two: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, looked = pricing.find_sections, []

    async def find_sections(tx: Transaction, pushes: Sequence[Push], places: Any) -> Any:
        found = await real(tx, pushes, places)
        looked.append(found)
        if len(looked) == 1:
            await two.event("C")
        return found

    monkeypatch.setattr(pricing, "find_sections", find_sections)
    answer = await push(two, (A, "2.6"), (selection_id("C"), "2.6"))

    assert answer.status == 200, answer.body
    assert len(looked) == 2
    assert await shown(two) == [("13/5", 2), ("5/2", 1)]
