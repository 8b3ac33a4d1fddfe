"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from pitboss.kernel.errors import Malformed
from pitboss.settings import ENVIRONMENT_PREFIX, Settings

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
        name = str(first["loc"][0])
        raise Malformed(_said_as(name, given), str(first["msg"])) from None
    except ValueError as error:
        # A variable that should be JSON and is not.
        raise Malformed("settings", str(error)) from None


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
