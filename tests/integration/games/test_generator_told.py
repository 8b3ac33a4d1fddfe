"""What the generator found when it compared itself with its certificate is in the record."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from integration.games.dealing import RNG_BUILD, Parlour, Scripted
from pitboss import messages
from pitboss.adapters.rng import RngAway
from pitboss.db import Database
from pitboss.kernel.shards import SYSTEM_SHARD
from pitboss.workers.draws import DrawWatch
from pitboss.workers.figures import Figures

DIFFERS = "what runs here is not what was certified: room/pitboss/rng/mapping.py: changed"


@pytest.fixture
async def parlour(database: Database) -> Parlour:
    return Parlour(database=database, draws=Scripted())


@pytest.fixture
def watch(parlour: Parlour) -> DrawWatch:
    return DrawWatch(
        database=parlour.database,
        clock=parlour.clock,
        entropy=parlour.entropy,
        house=parlour.equipment,
        figures=Figures(),
    )


async def pass_a_minute(parlour: Parlour, watch: DrawWatch, *, checked: bool = False) -> None:
    """Look again a minute later; the generator has compared itself in it, or grown older."""
    parlour.clock.advance(timedelta(minutes=1))
    parlour.draws.checked_seconds_ago = 5 if checked else parlour.draws.checked_seconds_ago + 60
    await watch.step()


async def test_a_start_of_the_generator_is_told_with_its_build_and_certificate(
    parlour: Parlour, watch: DrawWatch
) -> None:
    await watch.step()

    (found,) = await told(parlour)
    assert found == {
        "type": "house_generator.checked",
        "instance": "one",
        "rng_version": "1",
        "code_hash": RNG_BUILD,
        "certificate": "LAB-7",
        "licences": ["GB"],
        "may_draw": True,
        "checked_seconds_ago": 60,
    }
    assert may_draw(watch) == 1


async def test_each_comparison_is_told_and_nothing_where_there_was_none(
    parlour: Parlour, watch: DrawWatch
) -> None:
    await watch.step()
    for _ in range(3):
        await pass_a_minute(parlour, watch)
    assert len(await told(parlour)) == 1

    await pass_a_minute(parlour, watch, checked=True)
    await pass_a_minute(parlour, watch)

    assert [item["checked_seconds_ago"] for item in await told(parlour)] == [60, 5]


async def test_one_that_closes_is_told_logged_and_counted_once(
    parlour: Parlour, watch: DrawWatch
) -> None:
    await watch.step()
    parlour.draws.why_not = DIFFERS

    with capture_logs() as said:
        await pass_a_minute(parlour, watch)
        await pass_a_minute(parlour, watch)

    closed = (await told(parlour))[-1]
    assert len(await told(parlour)) == 2
    assert (closed["may_draw"], closed["why_not"]) == (False, DIFFERS)
    assert "certificate" not in closed
    assert [line["why"] for line in said if line["log_level"] == "error"] == [DIFFERS]
    assert may_draw(watch) == 0


async def test_one_that_does_not_answer_draws_nothing(parlour: Parlour, watch: DrawWatch) -> None:
    await watch.step()
    parlour.draws.fault = RngAway("gone")

    with pytest.raises(RngAway):
        await watch.step()

    assert may_draw(watch) == 0


def may_draw(watch: DrawWatch) -> float | None:
    """Return what the figures say."""
    assert watch.figures is not None
    return watch.figures.registry.get_sample_value("pitboss_house_generator_may_draw")


async def told(parlour: Parlour) -> list[dict[str, Any]]:
    """Return what was told of the generator."""
    async with parlour.database.reading() as tx:
        sealed = await messages.read_facts(tx, SYSTEM_SHARD, after_seq=0)
    found = [msgspec.json.decode(fact.body)["data"] for fact in sealed]
    return [data for data in found if data["type"] == "house_generator.checked"]
