"""`pitboss witness`: watch somebody's log, as an auditor or a regulator does."""

from __future__ import annotations

from typing import Annotated

import typer

from pitboss.cli.options import HomeOption, HostOption, JsonOption, settings_of
from pitboss.cli.outcome import outcome

app = typer.Typer(help="Cosign the checkpoints of logs that only grow.", no_args_is_help=True)

NameOption = Annotated[
    str, typer.Option(help="The name it cosigns by: a URL without scheme, and no spaces.")
]


@app.command()
def serve(
    name: NameOption,
    log: Annotated[list[str], typer.Option(help="A verifier key of a log; may be repeated.")],
    home: HomeOption = None,
    host: HostOption = None,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="The port to listen on.")] = 8020,
    as_json: JsonOption = False,
) -> None:
    """Serve the witness until Ctrl-C; what it has seen lies in its home."""
    from pitboss.app.parts import check_port
    from pitboss.app.processes import witness as process

    with outcome(as_json=as_json):
        settings = settings_of(home, host=host, port=port)
        check_port(settings.host, settings.port, option="--port")
        process.run(settings, name, log)


@app.command()
def key(name: NameOption, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show the verifier key of the witness, for the policies of those who rely on it."""
    from pitboss.app.processes.witness import witness_key

    with outcome(as_json=as_json) as told:
        text = str(witness_key(settings_of(home), name).verifier)
        told.console.print(text, soft_wrap=True, markup=False)
        told.tell(key=text)
