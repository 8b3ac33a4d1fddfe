"""One world from its beginning to its end, and everything that is wrong with it then."""

from __future__ import annotations

import asyncio
import random
import time

from pitboss.sim import audit
from pitboss.sim.world import plain, store
from pitboss.sim.world.cast import Cast
from pitboss.sim.world.director import Director
from pitboss.sim.world.history import History
from pitboss.sim.world.logs import taken_down
from pitboss.sim.world.loop import WorldLoop
from pitboss.sim.world.outcome import Outcome
from pitboss.sim.world.plan import draw_plan
from pitboss.sim.world.stage import Stage
from pitboss.sim.world.traffic import Traffic
from pitboss.sim.world.weather import DUPLICATE, Weather


async def play(stage: Stage, seed: int) -> Outcome:
    """Play the world of this seed; whatever was played on the stage before does not matter."""
    started = time.perf_counter()
    loop = asyncio.get_running_loop()
    if not isinstance(loop, WorldLoop):
        raise TypeError("a world needs a loop of its own kind")
    stage.sessions.mend()
    await stage.sessions.keep_enough()
    await store.begin(stage.monitor)
    loop.begin_again()
    chance = random.Random(f"world {seed}")  # noqa: S311 - reproducible on purpose
    history = History()
    traffic = Traffic(
        loop, stage.sessions, monitor=stage.monitor, clock=stage.clock, history=history
    )
    plan = draw_plan(stage.town, chance)
    history.faults[DUPLICATE] += plan.copies
    cast = Cast(loop, traffic, seed, chance)
    director = Director(
        loop=loop,
        traffic=traffic,
        history=history,
        chance=chance,
        weather=Weather.draw(chance),
        actors=cast.actors(plan),
        is_drained=lambda: store.is_drained(stage.monitor),
    )
    loop.watcher = traffic
    try:
        with taken_down(history):
            await director.run()
            await director.end()
    finally:
        loop.watcher = None

    books, findings = await _look(stage, cast, director, traffic)
    return Outcome(
        seed=seed,
        digest=history.digest(await store.describe_end(stage.monitor)),
        findings=findings,
        faults=dict(history.faults),
        statements=history.statements,
        decided=books.decided,
        seconds=time.perf_counter() - started,
        story=tuple(history.told()) if findings else (),
    )


async def _look(
    stage: Stage, cast: Cast, director: Director, traffic: Traffic
) -> tuple[plain.PlainBooks, dict[str, tuple[str, ...]]]:
    """Ask the audit, the plain books and everybody's own observations what is wrong."""
    found = await audit.inspect(stage.monitor, acknowledged=list(cast.ledger.acknowledged.values()))
    books = plain.read_story(
        await store.find_facts(stage.monitor), await store.find_commands(stage.monitor)
    )
    moves = [
        f"partition {row['partition']} went from offset {row['from_offset']} (epoch"
        f" {row['from_epoch']}) to {row['to_offset']} (epoch {row['to_epoch']})"
        for row in await store.find_moves(stage.monitor)
        if row["to_offset"] < row["from_offset"] or row["to_epoch"] < row["from_epoch"]
    ]
    findings = found.broken | {
        "decisions_follow_from_the_story": tuple(books.surprises),
        "offsets_never_go_back": tuple(moves),
        "answers_never_change": tuple(cast.ledger.surprises),
        "no_constraint_is_tripped": tuple(traffic.tripped),
        "everybody_comes_to_an_end": tuple(director.broken),
    }
    return books, {name: details for name, details in findings.items() if details}
