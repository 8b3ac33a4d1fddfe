"""Who goes next, and what goes wrong: everything that is left to chance, drawn from the seed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from functools import partial
from typing import Any

from pitboss.sim.world import weather as kinds
from pitboss.sim.world.history import History
from pitboss.sim.world.lives import CUT_AFTER, CUT_BEFORE, DONE_LATE, GO, Actor, Fate, Life, Point
from pitboss.sim.world.loop import WorldLoop
from pitboss.sim.world.traffic import Ghost, Traffic
from pitboss.sim.world.weather import Weather

# Several times what the liveliest world takes; a world that needs more is going round in circles.
STEPS_MAX = 20_000
# From then on nothing goes wrong any more, so that what is left can be done.
STORMY_STEPS_MAX = 2_000
LIVES_MAX = 50
# As `db.pool` asks of PostgreSQL, which would look at its own clock.
IDLE_IN_TRANSACTION_SECONDS_MAX = 10.0
LEAP_SECONDS = (0.05, 0.5, 1.5, 6.0, 12.0)

_COMMIT_FATES = {
    kinds.COMMIT_UNDONE: CUT_BEFORE,
    kinds.COMMIT_DONE: CUT_AFTER,
    kinds.COMMIT_LATE: DONE_LATE,
}
_STRIKES = (kinds.CRASH, kinds.FREEZE, kinds.LEAP, kinds.RESTART)
_FATES = {
    kinds.CUT_BEFORE: CUT_BEFORE,
    kinds.CUT_AFTER: CUT_AFTER,
    kinds.DONE_LATE: DONE_LATE,
}
# Those that commit are one statement of twenty, and the one that matters.
_COMMIT_FAULTS_MORE = 10.0
_DIES_TOO_SHARE = 0.5
_LEAP_SHARE = 0.05
_HURRY_SHARE = 0.5
_MOMENT_SECONDS = 0.2
# Whoever has just moved is in the middle of something, and so a better victim than others.
_LAST_MOVER_SHARE = 0.6


class Director:
    """Lets one program take one step at a time, until all that was to be done is done."""

    def __init__(
        self,
        *,
        loop: WorldLoop,
        traffic: Traffic,
        history: History,
        chance: random.Random,
        weather: Weather,
        actors: Sequence[Actor],
        is_drained: Callable[[], Awaitable[bool]],
    ) -> None:
        self.broken: list[str] = []
        self._loop = loop
        self._traffic = traffic
        self._history = history
        self._chance = chance
        self._weather = weather
        self._actors = actors
        self._is_drained = is_drained
        self._last: Life | None = None
        self._faults_left = weather.faults_max
        self._strikes = any(weather.weights.get(kind, 0.0) for kind in _STRIKES)
        self._steps = 0
        self._doomed: Life | None = None
        self._pending: Coroutine[Any, Any, bool] | None = None

    async def run(self) -> None:
        """Begin, go on step by step, and return when everything is done or nothing can be."""
        for actor in self._actors:
            self._bear(actor)
        self._traffic.when_quiet = self._go_on
        try:
            while self._steps < STEPS_MAX:
                await self._traffic.quiet()
                pending, self._pending = self._pending, None
                if pending is not None and not await pending:
                    return
            self.broken.append(f"not done after {STEPS_MAX} steps")
        finally:
            self._traffic.when_quiet = None

    def _go_on(self) -> bool:
        """Take the next step at once if it takes no time; say whether that was so."""
        self._steps += 1
        if self._steps < STEPS_MAX:
            self._pending = self._step()
        return self._pending is None and self._steps < STEPS_MAX

    async def end(self) -> None:
        """Let everybody go, and wait until nobody is left."""
        tasks = [
            life.task
            for actor in self._actors
            if (life := actor.life) is not None and life.task is not None
        ]
        for actor in self._actors:
            if actor.life is not None:
                self._traffic.abandon(actor.life, linger=False)
        await self._traffic.end()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def _stormy(self) -> bool:
        return self._faults_left > 0 and self._steps < STORMY_STEPS_MAX

    def _step(self) -> Coroutine[Any, Any, bool] | None:
        """Take a step; return what is to be awaited for it, and whether to go on after that."""
        if self._doomed is not None:
            self._crash(self._doomed)
            return None
        alive = any(actor.life is not None for actor in self._actors)
        if (
            self._stormy
            and alive
            and self._strikes
            and self._chance.random() < self._weather.fault_share / 2
        ):
            self._faults_left -= 1
            return self._strike()

        now = self._loop.time()
        points = [item for item in self._traffic.open_points() if item.life.frozen_until <= now]
        unborn = [actor for actor in self._actors if actor.life is None and not actor.finished]
        moves: list[Point | Ghost | Actor] = [*points, *self._traffic.open_ghosts(), *unborn]
        if not moves or (self._stormy and self._chance.random() < self._weather.time_share):
            return self._pass_time(anything_else=bool(moves))

        mine = [item for item in points if item.life is self._last]
        if mine and self._chance.random() < self._weather.sticky:
            moves = [*mine]
        match self._chance.choice(moves):
            case Point() as point:
                self._let_pass(point)
            case Ghost() as ghost:
                self._note(ghost.who, f"(late) {ghost.statement.what}")
                self._traffic.lay(ghost)
            case Actor() as actor:
                self._bear(actor)
        return None

    def _let_pass(self, point: Point) -> None:
        self._last = point.life
        fate = self._draw_fate(point)
        self._note(point.life.name, f"{point.statement.what}{' answered' * point.answered}")
        self._traffic.let_pass(point, fate)

    def _draw_fate(self, point: Point) -> Fate:
        if point.answered or not self._stormy:
            return GO
        fates = _COMMIT_FATES if point.commits else _FATES
        share = self._weather.fault_share / 2
        if point.commits:
            share *= _COMMIT_FAULTS_MORE
        kind = self._draw_kind(fates) if self._chance.random() < share else None
        if kind is None:
            return GO
        self._faults_left -= 1
        self._history.fault(self._loop.time(), point.life.name, kind, point.statement.what)
        if fates[kind] is DONE_LATE and self._chance.random() < _DIES_TOO_SHARE:
            self._doomed = point.life
        return fates[kind]

    def _strike(self) -> Coroutine[Any, Any, bool] | None:
        kind = self._draw_kind(_STRIKES)
        if kind == kinds.CRASH:
            self._crash(self._draw_victim())
        elif kind == kinds.FREEZE:
            life = self._draw_victim()
            seconds = self._chance.uniform(*self._weather.frozen_seconds)
            life.frozen_until = self._loop.time() + seconds
            self._history.fault(self._loop.time(), life.name, kind, f"for {seconds:.1f} s")
        elif kind == kinds.LEAP:
            self._history.fault(self._loop.time(), "time", kind)
            return self._move_time(self._loop.time() + self._chance.choice(LEAP_SECONDS))
        elif kind == kinds.RESTART:
            self._history.fault(self._loop.time(), "server", kind)
            for line in self._traffic.lines():
                self._traffic.cut(line, linger=False)
            for ghost in list(self._traffic.ghosts):
                ghost.work = None
                self._traffic.lay(ghost)
        return None

    def _draw_victim(self) -> Life:
        lives = [actor.life for actor in self._actors if actor.life is not None]
        if self._last in lives and self._chance.random() < _LAST_MOVER_SHARE:
            return self._last
        return self._chance.choice(lives)

    def _draw_kind(self, wanted: Iterable[str]) -> str | None:
        weights = {kind: self._weather.weights.get(kind, 0.0) for kind in wanted}
        if not any(weights.values()):
            return None
        return self._chance.choices(list(weights), list(weights.values()))[0]

    def _crash(self, life: Life) -> None:
        self._doomed = None
        if life.dead:
            return
        linger = self._chance.random() < self._weather.linger_share
        self._history.fault(self._loop.time(), life.name, kinds.CRASH, "lingering" * linger)
        for actor in self._actors:
            if actor.life is life:
                actor.life = None
        self._traffic.abandon(life, linger=linger)

    async def _pass_time(self, *, anything_else: bool) -> bool:
        """Let time go on to the next thing that happens by itself; false if nothing ever will."""
        now = self._loop.time()
        thaws = [actor.life.frozen_until for actor in self._actors if actor.life is not None]
        thaws = [moment for moment in thaws if moment > now]
        timer = self._loop.next_timer()
        at_rest = not anything_else and not thaws
        at_rest = at_rest and all(actor.finished for actor in self._actors if actor.finite)
        if at_rest and await self._is_drained():
            return False
        ahead = thaws if timer is None else [*thaws, timer]
        if ahead:
            return await self._move_time(self._draw_moment(min(ahead), thaws))
        if not anything_else:
            self.broken.append("nobody can go on")
        return anything_else

    def _draw_moment(self, earliest: float, thaws: Sequence[float]) -> float:
        """Return when time stops next: a moment behind the next thing, or some way behind it.

        While somebody is frozen time is often in a hurry: others are to notice that he is gone.
        """
        if thaws and self._chance.random() < _HURRY_SHARE:
            return self._chance.uniform(earliest, max(thaws))
        if self._stormy and self._chance.random() < _LEAP_SHARE:
            return earliest + self._chance.choice(LEAP_SECONDS)
        return earliest + self._chance.uniform(0.0, _MOMENT_SECONDS)

    async def _move_time(self, to_seconds: float) -> bool:
        self._loop.advance(to_seconds)
        self._note("time", "passes")
        for idler in self._traffic.idlers(to_seconds - IDLE_IN_TRANSACTION_SECONDS_MAX):
            self._history.faults[kinds.IDLE] += 1
            if isinstance(idler, Ghost):
                idler.work = None
                self._traffic.lay(idler)
            else:
                self._note(idler.life.name, kinds.IDLE)
                self._traffic.cut(idler, linger=False)
        await self._traffic.tell_time()
        return True

    def _bear(self, actor: Actor) -> None:
        """Start an actor's program, for the first time or again."""
        actor.lives += 1
        if actor.lives > LIVES_MAX:
            self.broken.append(f"{actor.name} had to be started too often")
            actor.finished = True
            return
        life = Life(actor=actor.name, rank=self._actors.index(actor), number=actor.lives)
        self._note(life.name, "starts")
        life.task = self._loop.create_task(actor.program(life))
        life.task.add_done_callback(partial(self._ended, actor, life))
        actor.life = life

    def _ended(self, actor: Actor, life: Life, task: asyncio.Task[None]) -> None:
        if life.dead or task.cancelled():
            return
        actor.life = None
        error = task.exception()
        if error is not None:
            self.broken.append(f"{life.name} ended: {_said(error)}")
        elif actor.finite:
            actor.finished = True

    def _note(self, who: str, what: str) -> None:
        self._history.note(self._loop.time(), who, what)


def _said(error: BaseException) -> str:
    """Return what went wrong, the first of it if it is a group of errors."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"
