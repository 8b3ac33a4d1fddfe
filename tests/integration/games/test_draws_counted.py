"""Promises about draws that nobody was dealt: each is used once, in order, and none thrown away."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from structlog.testing import capture_logs

from integration.games.dealing import Parlour, Scripted, house_listing, on_red
from pitboss import messages
from pitboss.db import Database
from pitboss.games import dealing
from pitboss.games.dealing import queries
from pitboss.games.dealing.model import DrawCount, Drawn, Play, Undealt
from pitboss.games.dealing.operations import counting
from pitboss.games.house.model import House
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import SYSTEM_SHARD, shard_of
from pitboss.rng import desk
from pitboss.workers.draws import DrawWatch
from pitboss.workers.figures import Figures

NOTHING_LOOKED_AT = Undealt(missing=0, first=(), until=0)


@pytest.fixture
async def parlour(database: Database) -> Parlour:
    parlour = Parlour(database=database, draws=Scripted(*[(number,) for number in range(9)]))
    await parlour.list_games(house_listing(House.ROULETTE))
    return parlour


@pytest.fixture
async def ann(parlour: Parlour) -> PlayerId:
    return await parlour.player(units=100)


def watch_of(parlour: Parlour) -> DrawWatch:
    return DrawWatch(
        database=parlour.database,
        clock=parlour.clock,
        entropy=parlour.entropy,
        house=parlour.equipment,
        figures=Figures(),
    )


async def spin(parlour: Parlour, player: PlayerId, session: str) -> Play:
    """Return a round to be spun when the last one is long over."""
    parlour.clock.advance(timedelta(seconds=5))
    return parlour.first(player, session, on_red(1))


async def throw_away(parlour: Parlour, play: Play) -> None:
    """Draw for a step, and break off."""
    with pytest.raises(ConnectionError):
        async with parlour.turn(shard_of(play.player_id)) as turn:
            await dealing.play(turn, [play], parlour.equipment)
            raise ConnectionError


async def test_a_draw_after_the_last_dealt_one_is_seen_and_told_once(
    parlour: Parlour, ann: PlayerId
) -> None:
    session, watch = await parlour.sit(ann, House.ROULETTE), watch_of(parlour)
    await parlour.took(await spin(parlour, ann, session))
    await throw_away(parlour, await spin(parlour, ann, session))

    with capture_logs() as said:
        missing = [await watch.step() for _ in range(3)]

    # What was drawn a moment ago may be on its way; it counts when it is looked at again.
    assert missing == [0, 1, 1]
    (count,) = await counts(parlour)
    assert (count.instance, count.drawn, count.missing) == ("one", 2, 1)
    assert await told(parlour) == [(2, 1, [2])]
    assert [line["missing"] for line in said if line["log_level"] == "error"] == [1]


async def test_draws_before_the_first_dealt_one_are_missing_too(
    parlour: Parlour, ann: PlayerId
) -> None:
    session = await parlour.sit(ann, House.ROULETTE)
    await throw_away(parlour, await spin(parlour, ann, session))
    await parlour.took(await spin(parlour, ann, session))

    async with parlour.database.reading() as tx:
        undealt = await dealing.find_undealt(tx, await parlour.draws.drawn())

    assert (undealt.missing, undealt.first) == (1, (1,))


async def test_what_was_drawn_last_is_counted_though_the_generator_was_started_anew(
    parlour: Parlour, ann: PlayerId
) -> None:
    session, watch = await parlour.sit(ann, House.ROULETTE), watch_of(parlour)
    await throw_away(parlour, await spin(parlour, ann, session))
    await watch.step()
    parlour.draws = Scripted()
    watch.house = parlour.equipment

    assert await watch.step() == 1

    assert await told(parlour) == [(1, 1, [1])]


async def test_without_anything_missing_a_count_is_told_once_a_day(
    parlour: Parlour, ann: PlayerId
) -> None:
    session, watch = await parlour.sit(ann, House.ROULETTE), watch_of(parlour)
    for _ in range(3):
        await parlour.took(await spin(parlour, ann, session))
        await watch.step()

    parlour.clock.advance(timedelta(hours=24))
    await watch.step()

    assert await told(parlour) == [(1, 0, []), (3, 0, [])]


async def test_what_was_counted_is_not_looked_through_again_and_never_too_much_at_once(
    parlour: Parlour, ann: PlayerId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "COUNTED_AT_ONCE", 2)
    session, watch = await parlour.sit(ann, House.ROULETTE), watch_of(parlour)
    for _ in range(5):
        await parlour.took(await spin(parlour, ann, session))
    await watch.step()
    await watch.step()
    between = await told(parlour)
    for _ in range(2):
        await parlour.took(await spin(parlour, ann, session))
    await throw_away(parlour, await spin(parlour, ann, session))
    await watch.step()

    assert await watch.step() == 1

    # The fifth was alone behind what was told, and was looked through again.
    assert between == [(2, 0, []), (4, 0, [])]
    assert await told(parlour) == [*between, (6, 0, []), (8, 1, [8])]


async def test_a_lost_turn_that_is_asked_for_again_is_dealt_what_was_drawn_and_misses_nothing(
    parlour: Parlour, ann: PlayerId
) -> None:
    session = await parlour.sit(ann, House.ROULETTE)
    play = await spin(parlour, ann, session)
    await throw_away(parlour, play)
    await parlour.took(play)

    async with parlour.database.reading() as tx:
        undealt = await dealing.find_undealt(tx, Drawn(instance="one", draws=1))

    assert undealt.missing == 0


async def test_a_draw_that_was_missing_and_is_dealt_later_is_missing_no_more(
    parlour: Parlour, ann: PlayerId
) -> None:
    """Who loses a turn and asks again after minutes is dealt it; nobody has thrown it away."""
    session, watch = await parlour.sit(ann, House.ROULETTE), watch_of(parlour)
    play = await spin(parlour, ann, session)
    await throw_away(parlour, play)
    before = [await watch.step() for _ in range(2)]
    await parlour.took(play)

    after = [await watch.step() for _ in range(2)]

    assert (before, after) == ([0, 1], [0, 0])
    assert await told(parlour) == [(1, 1, [1]), (1, 0, [])]


async def test_a_draw_that_is_missing_is_logged_though_another_was_dealt_meanwhile(
    parlour: Parlour, ann: PlayerId
) -> None:
    """As many are missing as before, and it is not the same one."""
    session, watch = await parlour.sit(ann, House.ROULETTE), watch_of(parlour)
    play = await spin(parlour, ann, session)
    await throw_away(parlour, play)
    await watch.step()
    await throw_away(parlour, await spin(parlour, ann, session))
    await watch.step()
    await parlour.took(play)

    with capture_logs() as said:
        missing = await watch.step()

    assert missing == 1
    assert await told(parlour) == [(1, 1, [1]), (2, 1, [2])]
    assert [line["missing"] for line in said if line["log_level"] == "error"] == [1]


async def test_what_the_generator_has_forgotten_is_settled_and_looked_through_no_more(
    parlour: Parlour, ann: PlayerId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "REMEMBERED", 2)
    session, watch = await parlour.sit(ann, House.ROULETTE), watch_of(parlour)
    await throw_away(parlour, await spin(parlour, ann, session))
    for _ in range(3):
        await parlour.took(await spin(parlour, ann, session))
    await throw_away(parlour, await spin(parlour, ann, session))
    await watch.step()
    await watch.step()

    (count,) = await counts(parlour)
    async with parlour.database.reading() as tx:
        undealt = await dealing.find_undealt(tx, await parlour.draws.drawn())
        every = await dealing.find_undealt(tx, await parlour.draws.drawn(), NOTHING_LOOKED_AT)

    assert (count.drawn, count.missing, count.settled, count.lost) == (5, 2, 3, 1)
    # The first is known to be lost, and which it was has been told.
    assert (undealt.missing, undealt.first, undealt.until) == (2, (5,), 5)
    assert (every.missing, every.first, every.until) == (2, (1, 5), 5)


async def test_no_question_looks_through_more_draws_than_so_many(
    parlour: Parlour, ann: PlayerId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a hundred million draws nobody has the last ones compared by comparing them all."""
    monkeypatch.setattr(queries, "LOOKED_THROUGH_MAX", 2)
    session = await parlour.sit(ann, House.ROULETTE)
    for _ in range(4):
        await parlour.took(await spin(parlour, ann, session))
    await throw_away(parlour, await spin(parlour, ann, session))
    drawn = await parlour.draws.drawn()

    async with parlour.database.reading() as tx:
        runs = await dealing.find_draw_runs(tx, parlour.clock.now() - timedelta(days=1))
        parts = [await dealing.find_undealt(tx, drawn)]
        while parts[-1].until < drawn.draws:
            parts.append(await dealing.find_undealt(tx, drawn, parts[-1]))

    assert [(part.until, part.missing) for part in parts] == [(2, 0), (4, 0), (5, 1)]
    assert [(run.looked, run.first, run.last) for run in runs] == [(2, 3, 4)]


async def test_a_gap_is_none_because_its_draw_was_dealt_before_the_time_that_is_asked_for(
    parlour: Parlour, ann: PlayerId
) -> None:
    """Turns go on beside each other: what was drawn later may have begun earlier."""
    bob = await parlour.player(units=100)
    sessions = {one: await parlour.sit(one, House.ROULETTE) for one in (ann, bob)}
    start = parlour.clock.now()
    for player, seconds in ((ann, 10), (bob, -10), (ann, 20)):
        parlour.clock.advance(timedelta(seconds=seconds))
        await parlour.took(parlour.first(player, sessions[player], on_red(1)))

    async with parlour.database.reading() as tx:
        (run,) = await dealing.find_draw_runs(tx, start + timedelta(seconds=5))

    assert (run.looked, run.used, run.first, run.last) == (2, 3, 1, 3)
    assert (run.missing, run.gaps) == (0, ())


def test_as_many_draws_are_open_as_the_generator_remembers() -> None:
    assert counting.REMEMBERED == desk.REMEMBERED


async def counts(parlour: Parlour) -> list[DrawCount]:
    """Return how the generator stood when its draws were counted last."""
    async with parlour.database.reading() as tx:
        return await dealing.find_counts(tx)


async def told(parlour: Parlour) -> list[tuple[int, int, list[int]]]:
    """Return what was told of counts: how many were drawn, how many miss, which are new."""
    async with parlour.database.reading() as tx:
        sealed = await messages.read_facts(tx, SYSTEM_SHARD, after_seq=0)
    found = [msgspec.json.decode(fact.body)["data"] for fact in sealed]
    return [
        (data["drawn"], data["missing"], data.get("fresh", []))
        for data in found
        if data["type"] == "house_draws.counted"
    ]
