"""All statements of a world: who wants to make one, which one runs, which ones wait for a lock.

A program stops before each statement until the director lets it go on.  One statement runs at a
time; it is over when PostgreSQL has answered, or when PostgreSQL says that it waits for a lock
that another session of this world holds.  So what happens never depends on how fast anything is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

import asyncpg

from pitboss.sim.world import store
from pitboss.sim.world.history import History
from pitboss.sim.world.lives import Fate, Life, Line, Point
from pitboss.sim.world.loop import WorldLoop
from pitboss.sim.world.sessions import Session, Sessions
from pitboss.sim.world.statement import Statement, read_statement
from pitboss.sim.world.weather import CIRCLE

Work: TypeAlias = Callable[[store.Connection], Awaitable[Any]]

# How long a statement may take before PostgreSQL is asked whether it waits for somebody.
PATIENCE_SECONDS = 0.001
ENDING_ROUNDS_MAX = 100
ROLLBACK = read_statement("ROLLBACK")
# What programs are prepared for; any other error of PostgreSQL is a finding.
_EXPECTED = (
    asyncpg.PostgresConnectionError,
    asyncpg.DeadlockDetectedError,
    asyncpg.QueryCanceledError,
    asyncpg.InFailedSQLTransactionError,
)


@dataclass(eq=False, slots=True)
class Ghost:
    """A session whose client is gone, and which the server has not ended yet."""

    who: str
    session: Session
    statement: Statement = ROLLBACK
    work: Work | None = None


@dataclass(eq=False, slots=True)
class _Running:
    """A statement that PostgreSQL has been given; nobody hears its answer without a line.

    `alone` says that it is a transaction by itself.
    """

    session: Session
    statement: Statement
    line: Line | None
    alone: bool
    waited: bool = False
    circle: bool = False


class Traffic:
    """Stops every program before every statement, and knows when nothing moves any more."""

    def __init__(
        self,
        loop: WorldLoop,
        sessions: Sessions,
        *,
        monitor: store.Connection,
        clock: store.Connection,
        history: History,
    ) -> None:
        self.points: list[Point] = []
        self.ghosts: list[Ghost] = []
        self.tripped: list[str] = []
        # Called when nothing moves; says whether something does now.
        self.when_quiet: Callable[[], bool] | None = None
        self._loop = loop
        self._sessions = sessions
        self._monitor = monitor
        self._clock = clock
        self._history = history
        self._lines: list[Line] = []
        self._running: list[_Running] = []
        self._blocked: list[_Running] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._probe: asyncio.Task[None] | None = None
        self._blockers: dict[int, list[int]] = {}
        self._clock_micros = 0
        self._hurry = False
        self._quiet: asyncio.Future[None] | None = None

    # What programs do, through their lines.

    def lend(self, life: Life) -> Line:
        """Give a program a connection."""
        session = self._sessions.lend()
        session.used_at = self._loop.time()
        line = Line(life, session)
        self._lines.append(line)
        return line

    def take_back(self, line: Line) -> None:
        """Have a connection back; one that broke, or whose owner died, ends by itself."""
        if line in self._lines:
            self._lines.remove(line)
        session, line.session = line.session, None
        if session is not None and not session.busy:
            self._end(session)

    async def make(self, line: Line, statement: Statement, work: Work) -> Any:
        """Make a statement when the director says so, and return its answer.

        Raises:
            asyncpg.ConnectionDoesNotExistError: the connection broke, before or after.
        """
        if line.session is None:
            raise broken()
        line.life.asked += 1
        no = line.life.asked
        commits = _commits(line.session, statement)
        fate = await self._stop(line, statement, no=no, commits=commits)
        session = line.session
        if session is None:
            raise broken()
        if not fate.sent or not fate.at_once:
            line.session = None
            if fate.sent:
                self.ghosts.append(Ghost(line.life.name, session, statement, work))
            else:
                self._end(session)
            raise broken()

        held_back = commits or not fate.heard or statement.what == "COMMIT"
        running = self._begin(session, statement, line)
        line.life.running += 1
        answer, error = await self._try(running, work)
        line.life.running -= 1
        if not fate.heard:
            self.cut(line, linger=False)
        self._over(running, error)
        if line.life.dead:
            await self._stay_dead(line.life)
        if running.waited or held_back:
            await self._stop(line, statement, no=no, answered=True)
        if line.session is None:
            raise broken()
        if running.circle:
            raise asyncpg.DeadlockDetectedError("the world found a circle of waiting sessions")
        if error is not None:
            raise error
        return answer

    # What the director does.

    async def quiet(self) -> None:
        """Wait until every program waits, at a point, for a lock, or for time to pass.

        Unless `when_quiet` makes something move: then wait for the next time.
        """
        self._quiet = self._loop.create_future()
        await self._quiet
        await self._sessions.keep_enough()

    def open_points(self) -> list[Point]:
        """Return where programs could go on, in an order that follows from the seed."""
        points = [
            point
            for point in self.points
            if point.answered or self._may_make(point.statement, point.line.session)
        ]
        return sorted(points, key=lambda point: (point.life.rank, point.no, point.answered))

    def open_ghosts(self) -> list[Ghost]:
        """Return which sessions of dead clients could do what they were sent, or end."""
        return [
            ghost
            for ghost in self.ghosts
            if ghost.work is None or self._may_make(ghost.statement, ghost.session)
        ]

    def let_pass(self, point: Point, fate: Fate) -> None:
        """Let a program take its step."""
        self.points.remove(point)
        point.gate.set_result(fate)

    def abandon(self, life: Life, *, linger: bool) -> None:
        """Let a life end as SIGKILL does: it hears nothing more, and its sessions end.

        Args:
            life: whose.
            linger: the server takes its time to notice.
        """
        life.dead = True
        self.points = [point for point in self.points if point.life is not life]
        for line in [line for line in self._lines if line.life is life]:
            self.cut(line, linger=linger)
        if life.task is not None and not life.running:
            life.task.cancel()

    def cut(self, line: Line, *, linger: bool) -> None:
        """Break a connection; whoever has it hears so at the next statement, or now if it waits."""
        session, line.session = line.session, None
        if session is None or session.busy:
            return  # What PostgreSQL is busy with goes on until it is done.
        if linger:
            self.ghosts.append(Ghost(line.life.name, session))
        else:
            self._end(session)

    def lines(self) -> list[Line]:
        """Return the connections that programs have."""
        return list(self._lines)

    def lay(self, ghost: Ghost) -> None:
        """Let the server do what a dead client had sent, if anything, and end the session."""
        self.ghosts.remove(ghost)
        if ghost.work is None:
            self._end(ghost.session)
        else:
            self._do_alone(ghost.session, ghost.statement, ghost.work)

    def idlers(self, since: float) -> list[Line | Ghost]:
        """Return who has left a transaction open, and asked nothing of it since this moment."""
        lines = [
            line
            for line in self._lines
            if line.session is not None
            and line.session.in_transaction
            and not line.session.busy
            and line.session.used_at < since
        ]
        return [*lines, *(ghost for ghost in self.ghosts if ghost.session.used_at < since)]

    async def tell_time(self, *, force: bool = False) -> None:
        """Let PostgreSQL's clock say what the world's says, if somebody waits who looks at it."""
        if force or self._blocked:
            micros = round(self._loop.time() * 1_000_000)
            if micros != self._clock_micros:
                self._clock_micros = micros
                await store.set_clock(self._clock, micros)

    async def end(self) -> None:
        """End all sessions that are still in use, when nobody acts any more.

        Raises:
            RuntimeError: a session does not come to an end.
        """
        for line in list(self._lines):
            self.take_back(line)
        for ghost in list(self.ghosts):
            ghost.work = None
            self.lay(ghost)
        for _ in range(ENDING_ROUNDS_MAX):
            await self.quiet()
            if self._sessions.at_rest:
                return
        raise RuntimeError("a session of this world does not end")

    # What the loop tells.

    def idle(self) -> float | None:
        """Say how long PostgreSQL may take; or tell the director that nothing moves."""
        if self._probe is not None or self._quiet is None or self._quiet.done():
            return None
        if not self._running:
            moves = self.when_quiet is not None and not self._sessions.are_scarce
            if not moves or self.when_quiet is None or not self.when_quiet():
                self._quiet.set_result(None)
            return 0.0
        if self._hurry:
            self.impatient()
            return 0.0
        return PATIENCE_SECONDS

    def impatient(self) -> None:
        """Ask PostgreSQL why it does not answer."""
        self._hurry = False
        if self._probe is None and self._running:
            self._probe = self._loop.create_task(self._ask_who_waits())

    async def _ask_who_waits(self) -> None:
        try:
            asked = [*self._running, *self._blocked]
            pids = [item.session.pid for item in asked]
            self._blockers = await store.find_blockers(self._monitor, pids)
            pids_of_ours = self._sessions.pids()
            # Those who were asked about: a session may be busy with something else by now.  Who
            # was told to give way may not have heard it yet, and is not in a second circle.
            for item in [item for item in self._running if item in asked and not item.circle]:
                if pids_of_ours.intersection(self._blockers.get(item.session.pid, ())):
                    await self._wait(item)
        finally:
            self._probe = None

    async def _wait(self, item: _Running) -> None:
        self._running.remove(item)
        self._blocked.append(item)
        if not item.waited:
            item.waited = True
            who = "a ghost" if item.line is None else item.line.life.name
            self._history.note(self._loop.time(), who, f"{item.statement.what} waits")
        if item.session.pid in _ahead_of(item.session.pid, self._blockers):
            item.circle = True
            self._history.faults[CIRCLE] += 1
            await store.give_way(self._monitor, item.session.pid)
            self._blocked.remove(item)
            self._running.append(item)

    def _may_make(self, statement: Statement, session: Session | None) -> bool:
        """Say whether a session may make a statement now.

        At most one waits in a table, or a chain of which each waits for the next: of two that are
        set free at once, PostgreSQL and not the seed would choose the first.
        """
        if session is None or not statement.locks or not self._blocked:
            return True
        return all(
            session.pid in _ahead_of(item.session.pid, self._blockers)
            for item in self._blocked
            if item.statement.locks & statement.locks
        )

    async def _stop(
        self,
        line: Line,
        statement: Statement,
        *,
        no: int,
        answered: bool = False,
        commits: bool = False,
    ) -> Fate:
        point = Point(
            line=line,
            no=no,
            statement=statement,
            answered=answered,
            commits=commits,
            gate=self._loop.create_future(),
        )
        self.points.append(point)
        try:
            return await point.gate
        finally:
            if point in self.points:  # The program was told to end while it waited.
                self.points.remove(point)

    async def _stay_dead(self, life: Life) -> NoReturn:
        """Let nobody go on who died while PostgreSQL was busy for it."""
        if life.task is not None and not life.running:
            life.task.cancel()
        await self._loop.create_future()
        raise AssertionError("nobody comes back")

    def _begin(self, session: Session, statement: Statement, line: Line | None) -> _Running:
        self._history.statements += 1
        session.busy = True
        session.wrote = session.wrote or statement.writes
        running = _Running(session, statement, line, alone=not session.in_transaction)
        self._running.append(running)
        return running

    async def _try(self, running: _Running, work: Work) -> tuple[Any, Exception | None]:
        try:
            if running.statement.timed:
                await self.tell_time(force=True)
            return await work(running.session.connection), None
        except Exception as error:
            return None, error
        except asyncio.CancelledError:
            # A part of a program fell, and took this one with it; nobody knows what was done.
            running.session.connection.terminate()
            self._over(running, None)
            raise

    def _over(self, running: _Running, error: Exception | None) -> None:
        """Note that PostgreSQL has answered, and what follows from that for others."""
        session, line = running.session, running.line
        session.busy, session.used_at = False, self._loop.time()
        session.wrote = session.wrote and session.in_transaction
        (self._running if running in self._running else self._blocked).remove(running)
        held_locks = running.statement.locks or not running.alone
        if self._blocked and held_locks and not session.in_transaction:
            # Locks are free: whoever waited may go on, or wait for somebody else.
            self._running += self._blocked
            self._blocked.clear()
            self._hurry = True
        # By itself, a statement may ask with a constraint whether something is there already.
        asked = running.alone and isinstance(error, asyncpg.UniqueViolationError)
        if isinstance(error, asyncpg.PostgresError) and not (asked or isinstance(error, _EXPECTED)):
            self.tripped.append(f"{running.statement.what}: {type(error).__name__}: {error}")
        if line is None or line.session is None:
            self._end(session)

    def _do_alone(self, session: Session, statement: Statement, work: Work) -> None:
        """Make a statement that nobody waits for."""
        task = self._loop.create_task(self._alone(self._begin(session, statement, None), work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _alone(self, running: _Running, work: Work) -> None:
        _, error = await self._try(running, work)
        self._over(running, error)

    def _end(self, session: Session) -> None:
        """Give a session back, after a rollback if it needs one."""
        if session.in_transaction and not session.connection.is_closed():
            self._do_alone(session, ROLLBACK, _roll_back)
        else:
            self._sessions.take_back(session)


def broken() -> asyncpg.ConnectionDoesNotExistError:
    """Return what asyncpg raises when a connection was closed in the middle of an operation."""
    return asyncpg.ConnectionDoesNotExistError("the world broke this connection")


def _commits(session: Session, statement: Statement) -> bool:
    """Say whether a statement makes last what was written."""
    if statement.what == "COMMIT":
        return session.wrote
    return statement.writes and not session.in_transaction


async def _roll_back(connection: store.Connection) -> str:
    return await connection.execute("ROLLBACK")


def _ahead_of(pid: int, blockers: Mapping[int, Sequence[int]]) -> set[int]:
    """Return all for whom a session waits, over others too."""
    seen: set[int] = set()
    ahead = list(blockers.get(pid, ()))
    while ahead:
        other = ahead.pop()
        if other not in seen:
            seen.add(other)
            ahead += blockers.get(other, ())
    return seen
