"""The habits of the house are kept in every file, and each finder of untidy places finds one."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from architecture import tidy
from architecture.tidy import Finding, Source

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "pitboss"
EXCEPTIONS = Path(__file__).with_name("exceptions.txt")

Finder = Callable[[Source], Iterator[Finding]]

UNTIDY: list[tuple[Finder, str, str]] = [
    (tidy.missing_docstrings, "wallet/rules.py", "x = 1\n"),
    (tidy.missing_docstrings, "wallet/rules.py", '"""Rules."""\n\ndef decide(): ...\n'),
    (tidy.missing_docstrings, "wallet/rules.py", '"""Rules."""\n\nasync def decide(): ...\n'),
    (tidy.missing_docstrings, "wallet/model.py", '"""Nouns."""\n\nclass Hold: ...\n'),
    (
        tidy.missing_docstrings,
        "wallet/model.py",
        '"""Nouns."""\n\nclass Hold:\n    """A hold."""\n\n    def void(self): ...\n',
    ),
    (tidy.long_functions, "wallet/rules.py", "def decide():\n" + "    x = 1\n" * 60),
    (tidy.long_files, "wallet/rules.py", "x = 1\n" * 501),
    (tidy.sql_outside_stores, "wallet/rules.py", 'x = "SELECT 1"\n'),
    (tidy.sql_outside_stores, "api/bets.py", 'x = f"INSERT INTO bet VALUES ({1})"\n'),
    (tidy.sql_outside_stores, "wallet/queries.py", 'x = " UPDATE account SET held = 0"\n'),
    (tidy.sql_outside_stores, "workers/bets.py", 'x = "DELETE FROM bet"\n'),
    (tidy.sql_outside_stores, "store/rules/bets.py", 'x = "SELECT 1"\n'),
    (tidy.sql_outside_stores, "workers/bets.py", 'x = "WITH old AS (SELECT 1) SELECT 2"\n'),
    (tidy.wall_clocks, "wallet/operations.py", "datetime.now(UTC)\n"),
    (tidy.wall_clocks, "workers/bets.py", "time.time()\n"),
    (tidy.hidden_imports, "wallet/rules.py", "if TYPE_CHECKING:\n    pass\n"),
    (tidy.hidden_imports, "wallet/rules.py", "if typing.TYPE_CHECKING:\n    pass\n"),
    (tidy.hidden_imports, "wallet/rules.py", "from typing import TYPE_CHECKING as X\n"),
    (tidy.attics, "wallet/utils.py", ""),
    (tidy.attics, "api/common/bets.py", ""),
    (tidy.commits_below_the_edge, "wallet/operations.py", "tx.commit()\n"),
    (tidy.floats_where_money_is, "wallet/rules.py", "x = float(y)\n"),
    (tidy.floats_where_money_is, "kernel/money.py", "def share(x: float): ...\n"),
    (tidy.floats_where_money_is, "sportsbook/settlement/rules/paying.py", "x = y * 0.5\n"),
    (tidy.prints, "workers/bets.py", "print(1)\n"),
    (tidy.doors_that_lead_elsewhere, "wallet/__init__.py", "from pitboss.wallet.store import x\n"),
    (tidy.doors_that_lead_elsewhere, "wallet/__init__.py", "def hold(): ...\n"),
]

TIDY: list[tuple[Finder, str, str]] = [
    (tidy.missing_docstrings, "wallet/rules.py", '"""Rules."""\n\ndef _decide(): ...\n'),
    (tidy.long_functions, "wallet/rules.py", "def decide():\n" + "    x = 1\n" * 59),
    (tidy.long_files, "wallet/rules.py", "x = 1\n" * 500),
    (tidy.sql_outside_stores, "wallet/store.py", 'x = "SELECT 1"\n'),
    (tidy.sql_outside_stores, "wallet/store/transfers.py", 'x = "SELECT 1"\n'),
    (tidy.sql_outside_stores, "api/bets.py", '"""Update the page; Select a leg; WITH care."""\n'),
    (tidy.wall_clocks, "wallet/operations.py", "clock.now()\n"),
    (tidy.wall_clocks, "kernel/clock.py", "datetime.now(UTC)\n"),
    (tidy.commits_below_the_edge, "workers/bets.py", "tx.commit()\n"),
    (tidy.floats_where_money_is, "workers/bets.py", "WAIT_SECONDS = 0.5\n"),
    (tidy.prints, "cli.py", "print(1)\n"),
    (
        tidy.doors_that_lead_elsewhere,
        "wallet/__init__.py",
        "from pitboss.wallet.queries import x\n",
    ),
    (
        tidy.doors_that_lead_elsewhere,
        "wallet/queries/__init__.py",
        "from pitboss.wallet.queries.balances import x\n",
    ),
]


@pytest.mark.parametrize("finder", tidy.PACKAGE_FINDERS, ids=lambda finder: finder.__name__)
def test_the_package_is_tidy(finder: Finder) -> None:
    excepted = set(read_exceptions())

    found = [finding for source in package() for finding in finder(source)]

    assert [finding for finding in found if finding.name not in excepted] == []


@pytest.mark.parametrize("folder", ["tests", "tools"])
def test_the_tests_and_the_tools_say_what_they_are_and_stay_short(folder: str) -> None:
    excepted = set(read_exceptions())
    sources = list(read_sources(ROOT / folder))

    found = [
        finding
        for source in sources
        for finder in (tidy.long_functions, tidy.long_files, tidy.attics)
        for finding in finder(source)
    ]

    assert [finding for finding in found if f"{folder}/{finding.name}" not in excepted] == []
    assert [source.path for source in sources if not source.text.startswith('"""')] == []


@pytest.mark.parametrize(("finder", "path", "text"), UNTIDY)
def test_what_is_untidy_is_found(finder: Finder, path: str, text: str) -> None:
    assert list(finder(Source(path, text)))


@pytest.mark.parametrize(("finder", "path", "text"), TIDY)
def test_what_is_tidy_is_left_alone(finder: Finder, path: str, text: str) -> None:
    assert list(finder(Source(path, text))) == []


def test_every_finder_has_been_seen_to_find_something() -> None:
    assert {finder for finder, _, _ in UNTIDY} == set(tidy.PACKAGE_FINDERS)


def test_every_exception_has_a_reason_and_is_still_needed() -> None:
    sources = [
        *package(),
        *(Source(f"tests/{source.path}", source.text) for source in read_sources(ROOT / "tests")),
    ]
    sizes = (tidy.long_functions, tidy.long_files)
    found = {finding.name for source in sources for size in sizes for finding in size(source)}

    for name, reason in read_exceptions().items():
        assert reason, f"{name} is excepted without a reason"
        assert name in found, f"{name} is no longer too long: take it off the list"


def test_no_room_has_a_foreign_key_into_the_tables_of_another() -> None:
    assert list(tidy.foreign_references(read_schemas())) == []


def test_a_foreign_key_into_another_room_is_found() -> None:
    schemas = {
        "wallet/schema.sql": "CREATE TABLE account (id text, twin text REFERENCES account)",
        "gate/schema.sql": "CREATE TABLE permit (account_id text references account (id))",
    }

    assert [found.name for found in tidy.foreign_references(schemas)] == ["gate/schema.sql"]


def test_no_two_rooms_own_a_table_of_one_name() -> None:
    owned = [table for sql in read_schemas().values() for table in tidy.tables(sql)]

    assert len(owned) == len(set(owned))


def test_every_folder_of_code_is_a_package() -> None:
    """Import-linter does not look into a folder without `__init__.py`."""
    folders = {path.parent for path in PACKAGE.rglob("*.py")}

    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_every_room_is_under_the_contract_of_its_furniture() -> None:
    assert set(contract("Furniture")["containers"]) == rooms()


def test_every_room_keeps_frameworks_out() -> None:
    below = {name.split(".")[1] for name in rooms()} | {"db", "kernel", "rng", "tlog"}

    assert set(contract("Frameworks")["source_modules"]) == {f"pitboss.{name}" for name in below}


def test_no_reader_and_no_adapter_may_call_a_verb() -> None:
    nouns_only = contract("Nouns only")
    followers = {
        f"pitboss.{name}"
        for name in ("audit", "reporting", "analytics", "adapters")
        if (PACKAGE / name).exists()
    }
    # Licences are data, and facts are what readers read.
    read_by_all = {"pitboss.jurisdictions", "pitboss.messages", "pitboss.order"}
    doors = rooms() - read_by_all - {"pitboss.audit.reading"} - followers
    doors |= {door.rpartition(".")[0] for door in doors} - {"pitboss"}

    assert set(nouns_only["source_modules"]) == followers | {f"{name}.**" for name in followers}
    assert set(nouns_only["forbidden_modules"]) == doors


def package() -> list[Source]:
    """Return every file of the package."""
    return list(read_sources(PACKAGE))


def read_sources(folder: Path) -> Iterator[Source]:
    """Return every Python file below a folder, by name."""
    for path in sorted(folder.rglob("*.py")):
        yield Source(path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8"))


def read_schemas() -> dict[str, str]:
    """Return the SQL of every room that owns tables."""
    return {
        path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8")
        for path in PACKAGE.rglob("schema.sql")
    }


def read_exceptions() -> dict[str, str]:
    """Return the reason for each function or file that may be longer than usual."""
    lines = EXCEPTIONS.read_text(encoding="utf-8").splitlines()
    entries = [line.partition(" ") for line in lines if line and not line.startswith("#")]
    return {name: reason.strip() for name, _, reason in entries}


def rooms() -> set[str]:
    """Return the name of every folder that is furnished as a room."""
    furnished = {
        path.parent.relative_to(PACKAGE)
        for path in PACKAGE.rglob("*.py")
        if path.stem in tidy.FURNITURE
    }
    return {
        ".".join(("pitboss", *folder.parts))
        for folder in furnished
        if folder.parts and folder.parts[0] not in tidy.NOT_ROOMS
    }


def contract(name: str) -> dict[str, Any]:
    """Return the import contract whose name starts with this word."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (found,) = [one for one in contracts if one["name"].startswith(f"{name}:")]
    return dict(found)
