"""What an operator does about a player from the command line."""

from __future__ import annotations

from typing import Annotated

import typer

from pitboss.cli.options import HomeOption, JsonOption, settings_of
from pitboss.cli.outcome import outcome
from pitboss.kernel.ids import PlayerId, parse_id
from pitboss.kernel.shards import shard_of
from pitboss.players.identity.model import ErasureAnswer, Refused
from pitboss.players.personal.model import LegalBasis
from pitboss.settings import Settings

app = typer.Typer(help="Look after players.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep `erase` a command of its own, though it is the only one."""


@app.command()
def erase(
    player_id: Annotated[str, typer.Argument(help="The player's id.")],
    basis: Annotated[
        LegalBasis, typer.Option(help="The legal basis: a point of article 17(1) of the GDPR.")
    ],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget who a player is, for ever; facts, bets and money stay.  Again does nothing."""
    from pitboss.app.parts import borrow_server, uvloop_runner

    with outcome(as_json=as_json) as told, uvloop_runner() as runner:
        settings = settings_of(home)
        with borrow_server(settings):
            answer = runner.run(_erase(settings, player_id, basis))
        if isinstance(answer, Refused):
            told.fail(f"{player_id} is not erased: {answer.reason}")
            told.tell(reason=str(answer.reason))
        else:
            told.say(f"{player_id} was erased" + (" before" if answer.repeated else ""))
            told.tell(player_id=answer.player_id, repeated=answer.repeated)


async def _erase(settings: Settings, text: str, basis: LegalBasis) -> ErasureAnswer:
    from pitboss import messages
    from pitboss.api.persons import erase_player
    from pitboss.app.parts import clock_of, open_database
    from pitboss.kernel.entropy import SystemEntropy

    player_id = PlayerId(parse_id(text, field="player_id"))
    async with (
        open_database(settings, connections_max=1) as database,
        messages.turn(
            database,
            [shard_of(player_id)],
            now=clock_of(settings).now(),
            actor="staff:command line",
            entropy=SystemEntropy(),
        ) as turn,
    ):
        return await erase_player(turn, player_id, basis)
