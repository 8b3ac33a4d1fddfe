"""An operator's own PostgreSQL: who migrates, who the processes are, and what is said of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from conftest import as_process
from pitboss.app.instance import migrate_database
from pitboss.app.parts import owner_url, personal_keys, warn_if_unguarded
from pitboss.app.supervisor import Supervisor
from pitboss.db import Database, roles
from pitboss.db.errors import OwnerNeeded
from pitboss.settings import Settings


async def test_an_owner_migrates_for_processes_that_own_nothing(
    empty_database: Database, tmp_path: Path
) -> None:
    process = as_process(empty_database.url)
    settings = Settings(home=tmp_path, database_url=process, owner_url=empty_database.url)
    told: list[str] = []

    steps = await migrate_database(settings, told=told.append)
    without_owner = await migrate_database(settings.with_changes(owner_url=None), told=told.append)
    with capture_logs() as said:
        await warn_if_unguarded(settings)

    database = Database(process)
    async with database.reading() as tx:
        assert not await roles.may_change_history(tx)
    await database.close()
    assert (steps > 0, without_owner) == (True, 0)
    assert told == []
    assert said == []


async def test_an_owner_who_runs_the_processes_is_warned_of(
    empty_database: Database, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, database_url=empty_database.url)
    told: list[str] = []

    with capture_logs() as said:
        await migrate_database(settings, told=told.append)
        await warn_if_unguarded(settings)

    (warning,) = told
    assert warning.startswith("warning: PITBOSS_DATABASE_URL names a role that owns the tables")
    assert [line["log_level"] for line in said] == ["warning", "warning"]


async def test_processes_alone_cannot_make_the_tables(
    empty_database: Database, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, database_url=as_process(empty_database.url))

    with pytest.raises(OwnerNeeded, match="must own the tables"):
        await migrate_database(settings)


async def test_a_database_that_is_away_stops_no_process_from_being_started(tmp_path: Path) -> None:
    await warn_if_unguarded(Settings(home=tmp_path, database_url="postgresql://127.0.0.1:1/none"))


def test_no_process_is_told_who_the_owner_is(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database_url="postgresql://p@h/d", owner_url="secret")
    supervisor = Supervisor(settings=settings, programs=())

    environment = supervisor.settings_of_a_child("api").environment(os.environ)

    assert owner_url(settings) == "secret"
    assert environment["PITBOSS_DATABASE_URL"] == "postgresql://p@h/d"
    assert "PITBOSS_OWNER_URL" not in environment


def test_the_keys_of_a_house_are_drawn_once_and_only_its_owner_reads_them(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)

    first, again = personal_keys(settings), personal_keys(settings)

    assert first == again
    files = sorted((tmp_path / "keys").iterdir())
    assert [file.name for file in files] == ["personal-index.secret", "personal-master.secret"]
    assert {file.stat().st_mode & 0o077 for file in files} == {0}
