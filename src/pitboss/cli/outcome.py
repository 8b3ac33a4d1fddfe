"""How a command ends: in words for people, in one JSON object for machines, and with a status."""

from __future__ import annotations

import contextlib
import json
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import typer
from rich.console import Console

from pitboss.kernel.errors import PeerAway, PlatformError

FAILED = 1
# As shells say of a command that was ended by Ctrl-C.
INTERRUPTED = 130
USAGE = 2
JSON_OPTION = "--json"


class _Console(Console):
    """A console whose reader may leave: what runs goes on, in silence."""

    def on_broken_pipe(self) -> None:
        """Say no more, instead of ending the process as Rich would."""
        self.quiet = True


class Outcome:
    """What a command has to say.  With `--json` the words go to standard error."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json
        self.console = _Console(stderr=as_json, highlight=False)
        self.ok = True
        self.status = 0
        self.members: dict[str, Any] = {}

    def say(self, *things: object) -> None:
        """Show something to a person."""
        self.console.print(*things)

    def tell(self, *, ok: bool = True, **members: Any) -> None:
        """Note what the JSON object says; `ok` false makes the command fail."""
        self.ok = self.ok and ok
        self.members |= members

    def fail(self, why: str, *, status: int = FAILED) -> None:
        """Say why the command fails."""
        self.console.print(f"error: {why}", style="red", markup=False)
        self.tell(ok=False, error=why)
        self.status = status


@contextlib.contextmanager
def outcome(*, as_json: bool) -> Iterator[Outcome]:
    """Run a command's work and end it, with its JSON object in any case.

    A fault of the world is told in one line; one of ours with a traceback on standard error.
    """
    told = Outcome(as_json=as_json)
    try:
        yield told
    except PeerAway as error:
        told.fail(f"{error}: {error.said}" if error.said else str(error))
    except (PlatformError, OSError) as error:
        told.fail(str(error))
    except KeyboardInterrupt:
        told.fail("interrupted", status=INTERRUPTED)
    except typer.Exit:
        raise
    except Exception as error:
        traceback.print_exc()
        # The rest of a long one is in the traceback.
        first, *_ = str(error).splitlines() or [""]
        told.fail(f"{type(error).__name__}: {first}")
    if as_json:
        print_json({"ok": told.ok, **told.members})
    if not told.ok:
        raise typer.Exit(told.status or FAILED)


def print_json(members: dict[str, Any]) -> None:
    """Print an object as the last line of standard output, whole."""
    sys.stdout.write(json.dumps(members) + "\n")
    sys.stdout.flush()


def run_command(command: Callable[[], None]) -> None:
    """Run the command line; one that cannot be read has its JSON object too, if it asks for one."""
    try:
        command()
    except SystemExit as end:
        # Typer's own word for a wrong command line, which no command has heard of.
        if end.code == USAGE and JSON_OPTION in sys.argv:
            error = "the command line cannot be read; standard error says why"
            print_json({"ok": False, "error": error})
        raise
