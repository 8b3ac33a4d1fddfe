"""Who acts in a world: actors, whose programs have one life after another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

from pitboss.sim.world.sessions import Session
from pitboss.sim.world.statement import Statement


@dataclass(eq=False, slots=True, kw_only=True)
class Life:
    """One run of an actor's program, from its start to its end or its crash.

    `asked` counts the steps that it wanted to take, `running` the statements that PostgreSQL is
    busy with for it; a frozen life takes no step until that moment.
    """

    actor: str
    rank: int
    number: int
    task: asyncio.Task[None] | None = None
    dead: bool = False
    frozen_until: float = 0.0
    asked: int = 0
    running: int = 0

    @property
    def name(self) -> str:
        """The actor, and which of its lives this is."""
        return f"{self.actor}#{self.number}" if self.number > 1 else self.actor


@dataclass(eq=False, slots=True)
class Line:
    """What a life believes to be its connection: a session, until it breaks or is given back."""

    life: Life
    session: Session | None


@dataclass(eq=False, slots=True, kw_only=True)
class Actor:
    """A program that is started again whenever it ends before its time.

    `finite` says that it has a list of things to do and ends when they are done.
    """

    name: str
    program: Callable[[Life], Coroutine[Any, Any, None]] = field(repr=False)
    finite: bool
    finished: bool = False
    lives: int = 0
    life: Life | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of a statement that an actor wants to make.

    It is sent or not, and at once or after a while; if it is not `heard`, the connection breaks.
    """

    name: str
    sent: bool = True
    at_once: bool = True
    heard: bool = True


GO = Fate(name="go")
# The statement never reaches PostgreSQL.
CUT_BEFORE = Fate(name="cut before", sent=False, heard=False)
# PostgreSQL does it, and the answer is lost.
CUT_AFTER = Fate(name="cut after", heard=False)
# It is on its way when the connection breaks, and is done when nobody thinks of it any more.
DONE_LATE = Fate(name="done late", at_once=False, heard=False)


@dataclass(eq=False, slots=True, kw_only=True)
class Point:
    """A place between two steps, where a program waits until it may go on.

    `answered` tells the place behind a statement from the one before it; `commits` says that the
    statement makes something that was written last.
    """

    line: Line
    no: int
    statement: Statement
    answered: bool
    commits: bool
    gate: asyncio.Future[Fate] = field(repr=False)

    @property
    def life(self) -> Life:
        """Who waits there."""
        return self.line.life
