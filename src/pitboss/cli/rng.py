"""`pitboss rng`: the certified generator of random numbers, and the evidence about it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from pitboss.cli.options import HomeOption, JsonOption, read_day, settings_of
from pitboss.cli.outcome import outcome
from pitboss.kernel.errors import Malformed

app = typer.Typer(help="The certified generator of random numbers.", no_args_is_help=True)

NameOption = Annotated[
    str, typer.Option(help="Whose key it is: a URL without scheme, and no spaces.")
]
ManifestArgument = Annotated[Path, typer.Argument(metavar="MANIFEST", help="The file.")]


@app.command()
def serve(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Serve draws on a Unix socket until Ctrl-C; only who runs this may ask.

    With a signed manifest in PITBOSS_RNG it draws only if it is what was signed.
    """
    from pitboss.app import rng

    with outcome(as_json=as_json):
        rng.serve(settings_of(home))


@app.command()
def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show which build of which certificate runs, and whether it may draw."""
    _ask(home, lambda client: client.status(), as_json=as_json)


@app.command()
def check(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Have the generator that runs compare itself with its certificate, now."""
    _ask(home, lambda client: client.check(), as_json=as_json)


@app.command()
def selftest(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Have the generator that runs give its known answers and test its entropy, now."""
    _ask(home, lambda client: client.self_test(), as_json=as_json)


@app.command()
def manifest(
    home: HomeOption = None,
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="Where to.")] = Path(
        "rng-manifest.json"
    ),
    as_json: JsonOption = False,
) -> None:
    """Write the SHA-256 of every file that the generator's process is made of."""
    from pitboss.app import rng

    with outcome(as_json=as_json) as told:
        settings_of(home)
        text = rng.measure()
        output.write_text(text)
        members = json.loads(text)
        files = len(members["files"])
        told.say(f"{files} files are in {output}; the room's hash is {members['code_hash']}")
        told.tell(file=str(output), files=files, code_hash=members["code_hash"])


@app.command()
def key(name: NameOption, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show the verifier key that manifests signed by this name are checked with."""
    from pitboss.app import rng

    with outcome(as_json=as_json) as told:
        text = str(rng.signing_key(settings_of(home), name).verifier)
        told.console.print(text, soft_wrap=True, markup=False)
        told.tell(key=text)


@app.command()
def sign(
    file: ManifestArgument,
    name: NameOption,
    certificate: Annotated[str, typer.Option(help="The certificate's number.")],
    laboratory: Annotated[str, typer.Option(help="Who certified it.")],
    issued: Annotated[str, typer.Option(help="When, as YYYY-MM-DD.")],
    licence: Annotated[list[str], typer.Option(help="For which licence; may be repeated.")],
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="Where to.")] = Path(
        "rng-manifest.note"
    ),
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign a manifest for a certificate, with the key of this home."""
    from pitboss.app import rng

    with outcome(as_json=as_json) as told:
        signing_key = rng.signing_key(settings_of(home), name)
        certified = rng.Certificate(
            number=certificate,
            laboratory=laboratory,
            issued=read_day(issued, option="--issued"),
            licences=tuple(licence),
        )
        output.write_text(rng.sign(file.read_bytes(), certified, signing_key))
        told.say(f"the manifest for certificate {certificate} is in {output}; its key is")
        told.console.print(str(signing_key.verifier), soft_wrap=True, markup=False)
        told.tell(file=str(output), key=str(signing_key.verifier))


@app.command()
def verify(
    file: ManifestArgument,
    key: Annotated[str, typer.Option("--key", help="The verifier key that must have signed it.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare the build that would start here with a signed manifest, file by file."""
    from pitboss.app import rng

    with outcome(as_json=as_json) as told:
        settings_of(home)
        certificate = rng.verify(file, key)
        told.say(f"this is what certificate {certificate['number']} names")
        told.tell(certificate=certificate)


@app.command()
def export(
    home: HomeOption = None,
    bytes_: Annotated[
        int, typer.Option("--bytes", min=1, max=1 << 40, help="How many raw bytes.")
    ] = 1 << 20,
    mapping: Annotated[
        str | None,
        typer.Option(
            metavar="JSON",
            help='Records of draws instead of raw bytes: {"kind":"range","low":0,"high":36,...}.',
            show_default=False,
        ),
    ] = None,
    draws: Annotated[
        int, typer.Option(min=1, max=1 << 40, help="How many draws of --mapping.")
    ] = 10_000,
    output: Annotated[Path, typer.Option("--output", metavar="FILE", help="Where to.")] = Path(
        "rng-export"
    ),
    as_json: JsonOption = False,
) -> None:
    """Write output for a laboratory, with a file beside it that says what it is."""
    from pitboss.app import rng

    with outcome(as_json=as_json) as told:
        settings_of(home)
        if mapping is None:
            members = rng.export_raw(bytes_, output)
        else:
            members = rng.export_mapped(draws, _mapping(mapping), output)
        told.say(f"{members['file_bytes']} bytes are in {output}, described in {output}.json")
        told.tell(**members)


@app.command()
def test(
    home: HomeOption = None,
    bytes_: Annotated[
        int, typer.Option("--bytes", min=1 << 16, max=1 << 28, help="How many raw bytes.")
    ] = 1 << 24,
    quick: Annotated[
        bool, typer.Option("--quick", help="Without dieharder, and less of NIST's suite.")
    ] = False,
    file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Raw bytes of any generator, instead of ours.", show_default=False
        ),
    ] = None,
    output: Annotated[Path, typer.Option("--output", metavar="DIR", help="Where to.")] = Path(
        "rng-report"
    ),
    as_json: JsonOption = False,
) -> None:
    """Test raw and mapped output with all suites there are; fails if anything is rejected."""
    from pitboss.app import evidence
    from pitboss.assay import report

    with outcome(as_json=as_json) as told:
        settings = settings_of(home)
        material = (
            evidence.collect(settings, bytes_, tell=told.say)
            if file is None
            else evidence.read(file)
        )
        found = evidence.judge(material, quick=quick, tell=told.say)
        files = report.write(found, output)
        for finding in found.rejected:
            told.say(f"rejected: {finding.suite}, {finding.stream}, {finding.test}: p {finding.p}")
        told.say(
            f"{len(found.findings)} tests, {len(found.rejected)} rejected, {len(found.skipped)}"
            f" not run: see {output}"
        )
        told.tell(
            ok=found.ok,
            tests=len(found.findings),
            rejected=[f"{one.suite}: {one.stream}: {one.test}" for one in found.rejected],
            skipped=len(found.skipped),
            output=str(output),
            files=files,
        )


@app.command()
def draws(
    home: HomeOption = None,
    patience: Annotated[
        int, typer.Option(min=0, max=600, help="Seconds that a round may take to commit.")
    ] = 10,
    every: Annotated[
        bool, typer.Option("--all", help="Compare those again that were counted for good.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare what the generator that runs has drawn, to its end, with what was dealt.

    What the last count has settled is taken from there.  Fails if a draw was dealt to nobody: a
    round broke off, or somebody drew and looked.
    """
    from pitboss.app.house import audit_draws

    with outcome(as_json=as_json) as told:
        drawn, undealt = asyncio.run(
            audit_draws(settings_of(home), patience_seconds=patience, every=every)
        )
        told.say(f"{drawn.draws} draws of {drawn.instance}, {undealt.missing} dealt to nobody")
        told.tell(
            instance=drawn.instance,
            drawn=drawn.draws,
            missing=undealt.missing,
            first_missing=list(undealt.first),
        )
        if undealt.missing:
            first = ", ".join(map(str, undealt.first)) or "settled (--all names them)"
            told.fail(f"drawn and dealt to nobody: {undealt.missing}, the first are {first}")


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="Records of draws, a line of JSON each.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Map recorded words again, and hold the outcomes against those of the records."""
    from pitboss.rng.errors import RngError
    from pitboss.rng.records import DrawRecord, replay

    with outcome(as_json=as_json) as told:
        settings_of(home)
        count = 0
        with file.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                try:
                    replay(DrawRecord.from_json(json.loads(line)))
                except (RngError, ValueError, RecursionError) as error:
                    raise Malformed(f"line {number}", str(error)) from None
                count += 1
        told.say(f"{count} draws have the outcomes that are recorded")
        told.tell(draws=count)


def _ask(
    home: Path | None, ask: Callable[[Any], Awaitable[dict[str, Any]]], *, as_json: bool
) -> None:
    from pitboss.app.rng import client_of

    with outcome(as_json=as_json) as told:
        client = client_of(settings_of(home))

        async def answer() -> dict[str, Any]:
            try:
                return await ask(client)
            finally:
                await client.close()

        members = asyncio.run(answer())
        told.say(*(f"{name.replace('_', ' ')}: {value}\n" for name, value in members.items()))
        told.tell(ok=bool(members.get("may_draw")), **members)


def _mapping(text: str) -> dict[str, Any]:
    try:
        members = json.loads(text)
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        raise Malformed("--mapping", "not a JSON object")
    return members
