"""How a command ends: in words for people, in one JSON object for machines, and with a status."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from typing import Any

import typer
from rich.console import Console

from pitboss.kernel.errors import PlatformError

FAILED = 1


class Outcome:
    """What a command has to say.  With `--json` the words go to standard error."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.console = Console(stderr=as_json, highlight=False)
        self.ok = True
        self.members: dict[str, Any] = {}

    def say(self, *things: object) -> None:
        """Show something to a person."""
        self.console.print(*things)

    def tell(self, *, ok: bool = True, **members: Any) -> None:
        """Note what the JSON object says; `ok` false makes the command fail."""
        self.ok = self.ok and ok
        self.members |= members


@contextlib.contextmanager
def outcome(*, as_json: bool) -> Iterator[Outcome]:
    """Run a command's work and end it: a fault is told in one line and makes it fail."""
    told = Outcome(as_json=as_json)
    try:
        yield told
    except PlatformError as error:
        told.console.print(f"error: {error}", style="red", markup=False)
        told.tell(ok=False, error=str(error))
    if as_json:
        # The last line of standard output, whole.
        sys.stdout.write(json.dumps({"ok": told.ok, **told.members}) + "\n")
        sys.stdout.flush()
    if not told.ok:
        raise typer.Exit(FAILED)
