"""`pitboss compliance`: which rules of which licence are kept, and what has shown it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pitboss.cli.options import JsonOption
from pitboss.cli.outcome import outcome

app = typer.Typer(help="Show which rules of which licence are kept.", no_args_is_help=True)

# Where `make compliance` has the tests write what they proved.
_PROOFS = Path("docs/compliance.json")


@app.command()
def matrix(
    proofs: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help=f"The tests' record of what they proved [default: {_PROOFS}, if there is one].",
            show_default=False,
        ),
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option(
            metavar="CODE",
            help="Only this licence, with values, sources and how sure they are.",
            show_default=False,
        ),
    ] = None,
    section: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only this section of rules.", show_default=False),
    ] = None,
    write: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write it as a page, too.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show rule by licence: the value, its source, and whether tests have shown that we keep it.

    Fails if a test of a rule failed, or was run with another value than that of today.
    """
    from pitboss.app import compliance, compliance_page
    from pitboss.app.compliance import Standing
    from pitboss.cli import matrix as shown

    with outcome(as_json=as_json) as told:
        found = proofs or (_PROOFS if _PROOFS.exists() else None)
        if found is None:
            told.say(f"no record of proofs ({_PROOFS}): nothing counts as tested")
        record = compliance.read_record(found) if found else compliance.NOTHING
        everything = compliance.matrix(record.proofs)
        rows = compliance.chosen(everything, licence=licence, section=section)
        tables = [shown.marks(rows), shown.sections(rows)]
        told.say(*([shown.citations(rows)] if licence else tables))
        for line in (*shown.untested(rows), *shown.stories(record), *shown.run(record)):
            told.say(line)
        count = compliance.figures(rows)
        told.say(", ".join(f"{number} {standing}" for standing, number in count.items()))
        if write is not None:
            write.write_text(compliance_page.document(record), encoding="utf-8")
            told.say(f"written to {write}")
        told.tell(
            ok=not (count[Standing.FAILED] or count[Standing.STALE]),
            **compliance.members(rows, record),
        )
