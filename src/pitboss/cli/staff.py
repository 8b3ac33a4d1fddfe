"""What the machine's owner does about staff from the command line."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from pitboss.cli.options import HomeOption, JsonOption, settings_of
from pitboss.cli.outcome import Outcome, outcome
from pitboss.kernel.errors import Malformed
from pitboss.staff.agents.model import NAME_PATTERN, Refused

app = typer.Typer(help="Look after staff.", no_args_is_help=True)

NameArgument = Annotated[
    str, typer.Argument(help="What the agent is called: 2 to 40 of a-z, 0-9, dot, dash.")
]


@app.command()
def add(
    name: NameArgument,
    role: Annotated[list[str], typer.Option(help="A role; give it again for another one.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add an agent and show the code to choose a password with.

    From two administrators on, one of them asks for the others and the second approves.
    """
    from pitboss.app import staffing
    from pitboss.app.parts import borrow_server, uvloop_runner

    with outcome(as_json=as_json) as told, uvloop_runner() as runner:
        settings = settings_of(home)
        _check(name)
        with borrow_server(settings):
            answer = runner.run(staffing.add(settings, name, role))
        _show(told, name, answer)


@app.command()
def invite(name: NameArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Let an agent who cannot get in any more choose another password and second factor."""
    from pitboss.app import staffing
    from pitboss.app.parts import borrow_server, uvloop_runner

    with outcome(as_json=as_json) as told, uvloop_runner() as runner:
        settings = settings_of(home)
        _check(name)
        with borrow_server(settings):
            answer = runner.run(staffing.invite(settings, name))
        _show(told, name, answer)


@app.command(name="list")
def show(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show everybody who is or was staff."""
    from pitboss.app import staffing
    from pitboss.app.parts import borrow_server, uvloop_runner

    with outcome(as_json=as_json) as told, uvloop_runner() as runner:
        settings = settings_of(home)
        with borrow_server(settings):
            found = runner.run(staffing.find_all(settings))
        for agent in found:
            told.say(f"{agent.name:20} {agent.status:8} {', '.join(agent.roles)}  {agent.id}")
        told.tell(agents=[{"name": agent.name, "roles": [*agent.roles]} for agent in found])


def _check(name: str) -> None:
    if not re.fullmatch(NAME_PATTERN, name):
        raise Malformed("name", "a name has 2 to 40 of a-z, 0-9, dot, dash, and begins with a-z")


def _show(told: Outcome, name: str, answer: object) -> None:
    from pitboss.app.staffing import Invited

    if isinstance(answer, Refused):
        told.fail(f"{name} is not invited: {answer.reason}")
        told.tell(reason=str(answer.reason))
    elif isinstance(answer, Invited):
        first, second = answer.halves
        told.say(f"{name} chooses a password at POST /v1/staff/invitations within a day:")
        told.say(f"first   {first}")
        told.say(f"second  {second}")
        told.tell(staff_id=answer.staff_id, first=first, second=second)
