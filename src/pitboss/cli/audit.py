"""`pitboss audit`: check the record, prove from it, and look after its keys."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from pitboss.cli.options import HomeOption, JsonOption, settings_of
from pitboss.cli.outcome import outcome
from pitboss.cli.progress import bar
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import FactId, PlayerId, parse_id
from pitboss.kernel.instants import parse_instant
from pitboss.settings import Settings

app = typer.Typer(help="Check the provable record, and prove from it.", no_args_is_help=True)
key = typer.Typer(help="Look after the keys that sign the record.", no_args_is_help=True)
app.add_typer(key, name="key")

OutputOption = Annotated[
    Path | None, typer.Option("--output", help="The file to write.", show_default=False)
]
PolicyOption = Annotated[
    Path | None,
    typer.Option(
        "--policy",
        metavar="FILE",
        help="A tlog-policy: who must have cosigned. Without it, that of the settings.",
        show_default=False,
    ),
]


@app.command()
def verify(
    home: HomeOption = None,
    first: Annotated[
        int, typer.Option("--from", min=0, help="The index to begin at, if not all is to be read.")
    ] = 0,
    tiles_only: Annotated[
        bool, typer.Option("--tiles-only", help="Leave the database alone.")
    ] = False,
    old: Annotated[
        list[Path] | None,
        typer.Option(
            "--old",
            metavar="CHECKPOINT",
            help="An earlier checkpoint that you have kept; may be given several times.",
            show_default=False,
        ),
    ] = None,
    timestamps_ca: Annotated[
        Path | None,
        typer.Option(
            "--timestamps-ca",
            metavar="FILE.pem",
            help="Certificates of the authority whose timestamps are to be checked, with its root.",
            show_default=False,
        ),
    ] = None,
    policy: PolicyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Recompute the whole record, and hold the database against it."""
    from pitboss.app.record import token_check

    with outcome(as_json=as_json) as told, bar(told.console, "facts") as tell:
        members = asyncio.run(
            _verify(
                settings_of(home),
                tiles_only=tiles_only,
                first=first,
                old=[path.read_bytes() for path in old or ()],
                check_token=token_check(timestamps_ca) if timestamps_ca else None,
                tell=tell,
                policy=policy,
            )
        )
        told.say(
            *(
                f"{name.replace('_', ' ')}: {'not checked' if value is None else value}\n"
                for name, value in members.items()
            )
        )
        told.tell(database=not tiles_only, **members)


async def _verify(
    settings: Settings, *, tiles_only: bool, policy: Path | None, **options: Any
) -> dict[str, Any]:
    from pitboss.app.parts import borrow_server, open_database
    from pitboss.app.record import check_quorum, checkpoint_record, tile_store, verifiers
    from pitboss.audit import record
    from pitboss.audit.record.model import Verified

    async with contextlib.AsyncExitStack() as lent:
        moment = None
        if not tiles_only:
            lent.enter_context(borrow_server(settings))
            database = await lent.enter_async_context(open_database(settings))
            moment = database.moment

        async def check() -> Verified:
            return await record.verify(
                tile_store(settings),
                verifiers(settings),
                moment=moment,
                last=checkpoint_record(settings),
                **options,
            )

        found, quorum = await check_quorum(settings, policy, check)
    return {**asdict(found), "root": found.root.hex(), "quorum_size": quorum}


@app.command()
def prove(
    fact_id: Annotated[str, typer.Argument(metavar="FACT_ID", help="The id of the fact.")],
    home: HomeOption = None,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a file that proves that a fact is in the record, to whoever has its public key."""
    from pitboss.app.record import moment, tile_store, verifiers
    from pitboss.audit import record
    from pitboss.tlog.proofs import PROOF_SUFFIX

    with outcome(as_json=as_json) as told:
        settings = settings_of(home)
        wanted = FactId(parse_id(fact_id, field="FACT_ID"))
        target = output or Path(f"{wanted}{PROOF_SUFFIX}")

        async def find() -> tuple[int, str]:
            async with moment(settings) as tx:
                proof = await record.prove(tx, tile_store(settings), wanted, verifiers(settings))
            return proof.index, str(proof)

        index, text = asyncio.run(find())
        target.write_text(text)
        told.say(f"fact {wanted} is entry {index}; its proof is in {target}")
        told.tell(index=index, file=str(target))


@app.command()
def export(
    player: Annotated[str, typer.Option(help="The id of the player.")],
    since: Annotated[str, typer.Option("--from", help="The first instant, RFC 3339 in UTC.")],
    until: Annotated[str, typer.Option("--to", help="The last instant, RFC 3339 in UTC.")],
    home: HomeOption = None,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write what the record says of a player, with proofs that are checked offline."""
    from pitboss.app.record import moment, tile_store, verifiers
    from pitboss.audit import record

    with outcome(as_json=as_json) as told:
        settings = settings_of(home)
        player_id = PlayerId(parse_id(player, field="--player"))
        target = output or Path(f"{player_id}.extract.json")
        span = parse_instant(since, field="--from"), parse_instant(until, field="--to")
        if span[0] > span[1]:
            raise Malformed("--to", "it is before --from")

        async def find() -> dict[str, object]:
            async with moment(settings) as tx:
                extract = await record.export(
                    tx,
                    tile_store(settings),
                    verifiers(settings),
                    player_id=player_id,
                    since=span[0],
                    until=span[1],
                )
            told.tell(facts=len(extract.facts), file=str(target))
            return extract.document()

        target.write_text(json.dumps(asyncio.run(find()), indent=1))
        told.say(f"{told.members['facts']} facts are in {target}")


@key.command()
def show(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show the public keys of the record, which everybody may have."""
    from pitboss.app.record import verifier_keys

    with outcome(as_json=as_json) as told:
        keys = [str(item) for item in verifier_keys(settings_of(home))]
        told.console.print("\n".join(keys), soft_wrap=True, markup=False)
        told.tell(keys=keys)


@key.command()
def add(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Draw another key, which signs beside the old one from the sequencer's next start on."""
    from pitboss.app.parts import borrow_server
    from pitboss.app.record import add_key

    with outcome(as_json=as_json) as told:
        settings = settings_of(home)
        with borrow_server(settings):
            added = asyncio.run(add_key(settings))
        told.console.print(str(added), soft_wrap=True, markup=False)
        told.tell(key=str(added))


@key.command()
def drop(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Sign with the oldest key no more, once the newer one has signed what is published and
    everybody has it."""
    from pitboss.app.parts import borrow_server
    from pitboss.app.record import drop_oldest_key

    with outcome(as_json=as_json) as told:
        settings = settings_of(home)
        with borrow_server(settings):
            dropped = asyncio.run(drop_oldest_key(settings))
        told.console.print(str(dropped), soft_wrap=True, markup=False)
        told.tell(key=str(dropped))


@app.command()
def resume(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Sign again after a witness has seen what we do not have, once that was looked into.

    Witnesses are asked again before anything is signed, and one that still disagrees stops it
    again: bring back what was lost, or begin a new log, or take the witness out of the settings.
    """
    from pitboss.app.record import halt_file

    with outcome(as_json=as_json) as told:
        halt = halt_file(settings_of(home))
        why = halt.load()
        halt.clear()
        told.say(
            "nothing was stopped" if why is None else f"signing goes on; it stood because {why}"
        )
        told.tell(stopped=why)
