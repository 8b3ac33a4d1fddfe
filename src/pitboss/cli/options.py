"""Options that several commands share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from pitboss.kernel.errors import Malformed
from pitboss.settings import ENVIRONMENT_PREFIX, Settings

# pydantic's words for a variable that should be JSON.
_NO_JSON = re.compile(r'error parsing value for field "(\w+)"')

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        help="Where everything that pitboss keeps lies [env PITBOSS_HOME; default: user data].",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object as the last line.")]
PortOption = Annotated[
    int | None,
    typer.Option("--port", help="The API's port; 0 is any that is free.", show_default=False),
]
HostOption = Annotated[
    str | None, typer.Option("--host", help="The address to listen on.", show_default=False)
]


def settings_of(home: Path | None = None, **options: object) -> Settings:
    """Return the settings from the environment, with the options that were given.

    Raises:
        Malformed: a variable of the environment or an option cannot be what it says.
    """
    given = {name: value for name, value in options.items() if value is not None}
    if home is not None:
        given["home"] = home
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks what they are
    except ValidationError as error:
        first = error.errors()[0]
        name, *within = map(str, first["loc"])
        # Of many providers it is one, and of that one a member; a key that is none is that key.
        where = ".".join(part for part in within if part != "[key]")
        detail = f"{where}: {first['msg']}" if where else str(first["msg"])
        raise Malformed(_said_as(name, given), detail) from None
    except ValueError as error:
        # A variable that should be JSON and is not.
        named = _NO_JSON.match(str(error))
        if named is None or error.__cause__ is None:
            raise Malformed("settings", str(error)) from None
        detail = f"it is no JSON: {error.__cause__}"
        raise Malformed(_said_as(named.group(1), given), detail) from None


def read_day(text: str, *, option: str) -> date:
    """Read a day as an option says it.

    Raises:
        Malformed: there is no such day, or it is written in another way.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Malformed(option, "not a day as YYYY-MM-DD") from None


def _said_as(name: str, given: Mapping[str, object]) -> str:
    """Return how somebody said a setting: by option or by variable."""
    if name in given:
        return f"--{name.replace('_', '-')}"
    return f"{ENVIRONMENT_PREFIX}{name.upper()}"
