"""Numbered forward migrations: plain SQL files, each applied once, none ever edited."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from importlib import resources

import asyncpg

from pitboss.db.errors import MigrationMismatch, OwnerNeeded
from pitboss.db.pool import Database, Transaction

# Any constant will do; it only has to be the same in every pitboss that migrates.
_LOCK = 0x70_69_74_62


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step of the schema: its number, its file's name, its SQL."""

    number: int
    name: str
    sql: str

    @property
    def digest(self) -> str:
        """The SHA-256 of the SQL, so that an edited file is noticed."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> tuple[Migration, ...]:
    """Return every migration in order."""
    folder = resources.files("pitboss.db") / "steps"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple(
        Migration(number=int(name[:4]), name=name, sql=(folder / name).read_text(encoding="utf-8"))
        for name in names
    )


async def migrate(database: Database, steps: Sequence[Migration] | None = None) -> int:
    """Bring the schema up to date and return how many steps that took.

    All steps run in one transaction under a lock, so two starts at once are safe and a crash
    leaves nothing half done.  Asking again does nothing, and takes no right to change anything.

    Args:
        database: the one to change.
        steps: other steps than those of this pitboss, in order.

    Raises:
        MigrationMismatch: the database knows a step that is missing here or reads differently.
        OwnerNeeded: there are steps to take, and this role may not take them.
    """
    async with as_owner(), database.transaction() as tx:
        # A step over a large table may take its time.  Before PostgreSQL 17 there is no limit.
        await tx.execute(
            "SELECT set_config(name, '0', true) FROM pg_settings WHERE name = 'transaction_timeout'"
        )
        await tx.execute("SELECT pg_advisory_xact_lock($1)", _LOCK)
        applied = await _find_applied(tx)
        known = migrations() if steps is None else steps
        _compare(applied, known)
        fresh = [step for step in known if step.number not in applied]
        for step in fresh:
            await _apply(tx, step)
        return len(fresh)


@contextlib.asynccontextmanager
async def as_owner() -> AsyncIterator[None]:
    """Say in our words that this takes the owner of the tables."""
    try:
        yield
    except asyncpg.InsufficientPrivilegeError as error:
        raise OwnerNeeded(f"the role that migrates must own the tables: {error}") from error


async def _find_applied(tx: Transaction) -> dict[int, str]:
    """Return the digest of each step that was taken; make the table of them if there is none."""
    row = await tx.fetch_one("SELECT to_regclass('schema_step') IS NULL AS missing")
    if row is None or row["missing"]:
        await tx.execute(
            "CREATE TABLE schema_step (number int PRIMARY KEY, name text NOT NULL,"
            " digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
    rows = await tx.fetch("SELECT number, digest FROM schema_step")
    return {row["number"]: row["digest"] for row in rows}


def _compare(applied: dict[int, str], known: Sequence[Migration]) -> None:
    digests = {step.number: step.digest for step in known}
    for number, digest in applied.items():
        if digests.get(number) != digest:
            raise MigrationMismatch(
                f"the database was given step {number:04d} as another file than this pitboss has;"
                " run the version that made it, or restore its backup"
            )


async def _apply(tx: Transaction, step: Migration) -> None:
    try:
        await tx.execute(step.sql)
    except asyncpg.FeatureNotSupportedError as error:
        # How a step says that it cannot convert what it finds.
        raise MigrationMismatch(f"{step.name}: {error}") from error
    await tx.execute(
        "INSERT INTO schema_step (number, name, digest) VALUES ($1, $2, $3)",
        step.number,
        step.name,
        step.digest,
    )
