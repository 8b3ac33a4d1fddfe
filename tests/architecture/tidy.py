"""What neither ruff, mypy nor import-linter sees: finders of untidy places in a source file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 500

ENTRANCES = frozenset(
    {"cli", "sim", "bench", "app", "api", "web", "workers", "witness", "conformance"}
)
NOT_ROOMS = ENTRANCES | {"adapters", "settings", "db", "tlog", "kernel", "assay", "rng"}
FURNITURE = (
    *("operations", "queries", "folding", "store", "rules"),
    *("facts", "ports", "model", "errors"),
)
ATTICS = frozenset({"utils", "util", "common", "misc", "base", "manager", "service", "helpers"})

# Statements that touch data.  A sentence may begin with such a word, but not go on like this.
_SQL = re.compile(
    r"\s*(SELECT\b|INSERT\s+INTO\b|UPDATE\s+\S+(\s+AS\s+\w+)?\s+SET\b|DELETE\s+FROM\b|MERGE\s+INTO\b"
    r"|WITH\s+\w+\s+(\([^)]*\)\s+)?AS\b|COPY\s+\w+\b.*\b(FROM|TO)\b|TRUNCATE\b|LOCK\s+TABLE\b)"
)
_COUNTED_EXACTLY = ("kernel/money.py", "wallet/", "sportsbook/returns/", "sportsbook/settlement/")
_WALL_CLOCKS = frozenset(
    {"datetime.now", "datetime.datetime.now", "datetime.utcnow", "time.time", "time.time_ns"}
)

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


@dataclass(frozen=True)
class Source:
    """A Python file of the package: where it is, below `pitboss/`, and what it says."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The parsed file."""
        return ast.parse(self.text)

    @property
    def floor(self) -> str:
        """The top-level package or module that the file belongs to."""
        return PurePosixPath(self.path).parts[0].removesuffix(".py")

    @property
    def stem(self) -> str:
        """The name of the file without its ending."""
        return PurePosixPath(self.path).stem

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """Everything in the file, in no particular order."""
        return list(ast.walk(self.tree))


@dataclass(frozen=True)
class Finding:
    """Something untidy; `name` is how an exception names it."""

    name: str
    what: str


def missing_docstrings(source: Source) -> Iterator[Finding]:
    """Find modules, and public classes and functions, that do not say what they are."""
    if ast.get_docstring(source.tree) is None:
        yield Finding(source.path, "a module opens with a sentence that says what lives here")
    for name, definition in _definitions(source.tree.body):
        hidden = any(part.startswith("_") for part in name.split("."))
        if not hidden and ast.get_docstring(definition) is None:
            yield Finding(f"{source.path}:{name}", "what is public has a docstring")


def long_functions(source: Source) -> Iterator[Finding]:
    """Find functions that do not fit the screen."""
    for node in source.nodes:
        if isinstance(node, Function):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield Finding(f"{source.path}:{node.name}", f"{lines} lines: branch in the parent")


def long_files(source: Source) -> Iterator[Finding]:
    """Find files that want to be two."""
    lines = source.text.count("\n")
    if lines > FILE_LINES_MAX:
        yield Finding(source.path, f"{lines} lines: a room that grows gets sub-rooms")


def sql_outside_stores(source: Source) -> Iterator[Finding]:
    """Find statements that are written elsewhere than in a store or in `db`."""
    in_a_store = source.stem == "store" or PurePosixPath(source.path).parent.name == "store"
    if in_a_store or source.floor in {"db", "bench"}:
        return
    for node in source.nodes:
        if isinstance(node, ast.Constant) and _SQL.match(str(node.value)):
            yield Finding(f"{source.path}:{node.lineno}", "SQL lives in the store of a room")


def wall_clocks(source: Source) -> Iterator[Finding]:
    """Find code that asks the machine for the time of day."""
    if source.path == "kernel/clock.py":
        return
    for call in _calls(source):
        if ast.unparse(call.func) in _WALL_CLOCKS:
            yield Finding(f"{source.path}:{call.lineno}", "time is an argument")


def hidden_imports(source: Source) -> Iterator[Finding]:
    """Find imports that only a type checker sees: they hide a ring."""
    for node in source.nodes:
        if isinstance(node, ast.Name | ast.Attribute | ast.alias):
            name = getattr(node, "id", None) or getattr(node, "attr", None)
            if "TYPE_CHECKING" in {name, getattr(node, "name", None)}:
                yield Finding(f"{source.path}:{node.lineno}", "no `if TYPE_CHECKING`")


def attics(source: Source) -> Iterator[Finding]:
    """Find files and folders whose names do not say what is inside."""
    for part in PurePosixPath(source.path).with_suffix("").parts:
        if part.strip("_") in ATTICS:
            yield Finding(source.path, f"`{part}` does not say what is inside: find the noun")


def commits_below_the_edge(source: Source) -> Iterator[Finding]:
    """Find rooms that end a transaction which is their caller's."""
    if source.floor in ENTRANCES | {"db"}:
        return
    for call in _calls(source):
        if isinstance(call.func, ast.Attribute) and call.func.attr in {"commit", "rollback"}:
            yield Finding(f"{source.path}:{call.lineno}", "the edge commits, and nobody below it")


def floats_where_money_is(source: Source) -> Iterator[Finding]:
    """Find numbers that are not exact, where only exact ones are right."""
    if not source.path.startswith(_COUNTED_EXACTLY):
        return
    for node in source.nodes:
        inexact = isinstance(node, ast.Constant) and isinstance(node.value, float | complex)
        if inexact or (isinstance(node, ast.Name) and node.id == "float"):
            line = getattr(node, "lineno", 0)
            yield Finding(f"{source.path}:{line}", "money and prices are never floats")


def prints(source: Source) -> Iterator[Finding]:
    """Find output that does not go through the command line or the log."""
    if source.floor == "cli":
        return
    for call in _calls(source):
        if isinstance(call.func, ast.Name) and call.func.id == "print":
            yield Finding(f"{source.path}:{call.lineno}", "only the command line prints")


def doors_that_lead_elsewhere(source: Source) -> Iterator[Finding]:
    """Find doors of rooms that show more than the room's operations and queries."""
    if source.stem != "__init__" or source.floor in NOT_ROOMS:
        return
    parts = PurePosixPath(source.path).parts[:-1]
    room = ".".join(("pitboss", *parts))
    # Furniture that has grown into a folder opens on what is in it; the room's door is above it.
    grown = bool(parts) and parts[-1] in FURNITURE
    for node in source.tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            verbs = {"__future__", f"{room}.operations", f"{room}.queries"}
            if not (grown and (module or "").startswith(f"{room}.")) and module not in verbs:
                yield Finding(f"{source.path}:{node.lineno}", "a door opens on verbs alone")
        elif isinstance(node, Definition):
            yield Finding(f"{source.path}:{node.lineno}", "a door is no place to live")


def foreign_references(schemas: dict[str, str]) -> Iterator[Finding]:
    """Find foreign keys from the tables of one room into those of another."""
    for path, schema in schemas.items():
        own = tables(schema)
        for table in re.findall(r"\bREFERENCES\s+(\w+)", _bare(schema), re.IGNORECASE):
            if table not in own:
                yield Finding(path, f"a foreign key into {table}, which is another room's")


def tables(schema: str) -> list[str]:
    """Return the names of the tables that a schema makes."""
    made = r"\bCREATE\s+(?:UNLOGGED\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)"
    return re.findall(made, _bare(schema), re.IGNORECASE)


PACKAGE_FINDERS = (
    missing_docstrings,
    long_functions,
    long_files,
    sql_outside_stores,
    wall_clocks,
    hidden_imports,
    attics,
    commits_below_the_edge,
    floats_where_money_is,
    prints,
    doors_that_lead_elsewhere,
)


def _bare(sql: str) -> str:
    """Return a schema without its comments."""
    return re.sub(r"--.*", "", sql)


def _calls(source: Source) -> Iterator[ast.Call]:
    return (node for node in source.nodes if isinstance(node, ast.Call))


def _definitions(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, Definition]]:
    """Return what a module or class defines, with dotted names; not what functions define."""
    for node in body:
        if isinstance(node, Definition):
            name = f"{prefix}{node.name}"
            yield name, node
            if isinstance(node, ast.ClassDef):
                yield from _definitions(node.body, f"{name}.")
