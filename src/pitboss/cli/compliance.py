"""`pitboss compliance`: which rules of which licence are kept, and what has shown it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.table import Column, Table

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
    write: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write it as a page, too.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show rule by licence: the value, its source, and whether tests have shown that we keep it.

    Fails if a test of a rule failed, or was run with another value than that of today.
    """
    from pitboss.app import compliance
    from pitboss.app.compliance import Standing

    with outcome(as_json=as_json) as told:
        found = proofs or (_PROOFS if _PROOFS.exists() else None)
        if found is None:
            told.say(f"no record of proofs ({_PROOFS}): nothing counts as tested")
        rows = compliance.matrix(compliance.read_proofs(found) if found else ())
        codes = [cell.licence for cell in rows[0].cells]
        table = Table(
            *(Column(name, no_wrap=True) for name in ("rule", *codes)),
            box=SIMPLE,
            pad_edge=False,
            padding=(0, 1, 0, 0),
        )
        for row in rows:
            table.add_row(row.rule, *(compliance.MARKS[cell.standing] for cell in row.cells))
        told.say(table)
        count = compliance.figures(rows)
        told.say(", ".join(f"{number} {standing}" for standing, number in count.items()))
        if write is not None:
            write.write_text(compliance.document(rows), encoding="utf-8")
            told.say(f"written to {write}")
        told.tell(
            ok=not (count[Standing.FAILED] or count[Standing.STALE]),
            figures=count,
            rules=compliance.members(rows),
        )
