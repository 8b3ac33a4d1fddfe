"""`pitboss games`: what the house's own return, whether their files are certified; and lists."""

from __future__ import annotations

import json
import time
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any

import typer

from pitboss.cli import game_lists
from pitboss.cli.options import HomeOption, JsonOption, read_day, settings_of
from pitboss.cli.outcome import Outcome, outcome
from pitboss.games.dealing.model import Checked
from pitboss.games.house.model import House, Par

app = typer.Typer(
    help="The house's own games, their mathematics and their files; and the lists of providers.",
    no_args_is_help=True,
)

app.command()(game_lists.compare)
app.command(name="import")(game_lists.import_listed)

GameArgument = Annotated[House, typer.Argument(help="Which game.", show_default=False)]
ROUNDS = 10_000_000


@app.command()
def par(game: GameArgument, as_json: JsonOption = False) -> None:
    """Print a game's PAR sheet: what it returns, how often and how much, by exact counting."""
    from pitboss.games import house

    with outcome(as_json=as_json) as told:
        sheets = house.pars(game)
        for sheet in sheets:
            _show(told, sheet)
        told.tell(game=game, sheets=[_members(sheet) for sheet in sheets])


@app.command()
def simulate(
    game: GameArgument,
    rounds: Annotated[
        int, typer.Option(min=1000, max=1_000_000_000, help="How many rounds to play.")
    ] = ROUNDS,
    seed: Annotated[int, typer.Option(min=0, help="Plays the same rounds again.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Play millions of rounds; it fails if the PAR sheet is outside their interval of 99 %.

    A right sheet fails once in a hundred seeds.
    """
    from pitboss.assay import house as assay

    with outcome(as_json=as_json) as told:
        start = time.perf_counter()
        lines = assay.simulate(game, rounds=rounds, seed=seed)
        seconds = time.perf_counter() - start
        for line in lines:
            told.say(
                f"{line.name}: mean {line.mean:.6f}, 99 % from {line.low:.6f} to {line.high:.6f},"
                f" exact {float(line.exact):.6f}: {'agrees' if line.agrees else 'DIFFERS'};"
                f" deviation {line.deviation:.4f}, hits {line.hits:.4%}, greatest {line.win_max:g}"
            )
        told.say(f"{rounds:,} rounds in {seconds:.1f} s, PAR sheet included")
        told.tell(
            ok=all(line.agrees for line in lines),
            game=game,
            rounds=rounds,
            seed=seed,
            seconds=round(seconds, 3),
            lines=[assay.to_json(line) for line in lines],
        )


@app.command()
def listing(
    licence: Annotated[
        list[str], typer.Option(help="A licence that it is for; repeat it.", show_default=False)
    ],
    laboratory: Annotated[str, typer.Option(help="Who certified them.", show_default=False)],
    number: Annotated[str, typer.Option(help="The certificate's number.", show_default=False)],
    issued: Annotated[str, typer.Option(help="Its day: YYYY-MM-DD.", show_default=False)],
    expires: Annotated[
        str | None,
        typer.Option(help="The last day on which it counts, if there is one.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the house's games with a certificate of this build, as staff imports them.

    It goes to POST /v1/staff/games/import.  The digests are of what is installed here: compare
    them with those that the laboratory has written down before you import them.
    """
    from pitboss.app import house, rng

    with outcome(as_json=as_json) as told:
        certificate = rng.Certificate(
            number=number,
            laboratory=laboratory,
            issued=read_day(issued, option="--issued"),
            licences=tuple(licence),
        )
        body = house.house_listing(
            certificate, None if expires is None else read_day(expires, option="--expires")
        )
        if as_json:
            told.tell(**body)
        else:
            typer.echo(json.dumps(body, indent=1))


@app.command()
def manifest(
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="Where to.")] = Path(
        "games-manifest.txt"
    ),
    as_json: JsonOption = False,
) -> None:
    """Write the SHA-256 of every file that the house's games are made of, as `sha256sum` does.

    The SHA-256 of the manifest is what certificates name.
    """
    from pitboss.app import house

    with outcome(as_json=as_json) as told:
        files = house.measure()
        output.write_text(house.write_manifest(files))
        build = house.build_of(files)
        told.say(f"{len(files)} files are in {output}; certificates name them by {build}")
        told.tell(file=str(output), files=len(files), build=build)


@app.command()
def check(
    manifest: Annotated[
        Path | None,
        typer.Option(
            "--manifest", metavar="FILE", help="Say which files are not those of it.", exists=True
        ),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the files that lie here with what is certified, now, and stop the games that differ.

    They stop at once in every process; POST /v1/staff/games/suspension lets them go again.
    """
    from pitboss.app import house
    from pitboss.app.parts import borrow_server, uvloop_runner

    with outcome(as_json=as_json) as told, uvloop_runner() as runner:
        settings = settings_of(home)
        text = None if manifest is None else manifest.read_text(errors="replace")
        with borrow_server(settings):
            checked = runner.run(house.check(settings, text))
        _tell_checked(told, checked)


def _tell_checked(told: Outcome, checked: Checked) -> None:
    measured = checked.measured
    told.console.print(f"build: {measured.build}", soft_wrap=True)
    for name in measured.differing:
        told.console.print(f"differs: {name}", markup=False, soft_wrap=True)
    for one in checked.games:
        told.say(f"{one.game}: certified for {', '.join(one.licences) or 'no licence'}")
        if one.licences_of_others:
            told.say(f"  as other files for {', '.join(one.licences_of_others)}")
        if one.game in checked.stopped:
            told.say("  stopped")
    told.tell(
        ok=checked.ok and not measured.differing,
        build=measured.build,
        differing=measured.differing,
        games=[
            {
                "game": one.game,
                "licences": one.licences,
                "licences_of_other_files": one.licences_of_others,
                "stopped": one.game in checked.stopped,
            }
            for one in checked.games
        ],
    )


def _show(told: Outcome, sheet: Par) -> None:
    told.say(f"{sheet.game} {sheet.version}: {sheet.name} ({sheet.basis})")
    rows = {
        "return to player": _percent(sheet.rtp),
        **{f"  of it {name}": _percent(part) for name, part in sheet.parts.items()},
        "mean, in first stakes": f"{float(sheet.mean):.8f}",
        "variance": f"{float(sheet.variance):.6f}",
        "deviation": f"{float(sheet.variance) ** 0.5:.6f}",
        "rounds that return something": _percent(sheet.hits),
        "greatest return, in first stakes": f"{float(sheet.win_max):g}",
        "  its chance": f"{float(sheet.win_max_chance):.6g}",
        **{name: _plain(note) for name, note in sheet.notes.items()},
    }
    for name, text in rows.items():
        told.console.print(f"  {name:<40}{text}", markup=False, soft_wrap=True)


def _percent(share: Fraction) -> str:
    return f"{float(share):.6%}"


def _plain(note: Fraction | int | str) -> str:
    return f"{float(note):.8f}" if isinstance(note, Fraction) else str(note)


def _members(sheet: Par) -> dict[str, Any]:
    def exact(number: Fraction) -> dict[str, Any]:
        return {"value": float(number), "fraction": f"{number.numerator}/{number.denominator}"}

    return {
        "version": sheet.version,
        "name": sheet.name,
        "basis": sheet.basis,
        "rtp": exact(sheet.rtp),
        "mean": exact(sheet.mean),
        "variance": exact(sheet.variance),
        "hits": exact(sheet.hits),
        "win_max": exact(sheet.win_max),
        "win_max_chance": exact(sheet.win_max_chance),
        "parts": {name: exact(part) for name, part in sheet.parts.items()},
        "notes": {
            name: exact(note) if isinstance(note, Fraction) else note
            for name, note in sheet.notes.items()
        },
    }
