"""`pitboss jurisdictions`: what each licence says, where it says so, and how two of them differ."""

from __future__ import annotations

from itertools import groupby
from typing import Annotated, Any

import typer
from rich.table import Column, Table
from rich.text import Text

from pitboss.cli.options import JsonOption
from pitboss.cli.outcome import outcome
from pitboss.jurisdictions.model import Entry, said

app = typer.Typer(help="Show the rules that differ by licence.", no_args_is_help=True)

CodeArgument = Annotated[str, typer.Argument(metavar="CODE", help="A licence, like GB.")]


@app.command(name="list")
def list_codes(as_json: JsonOption = False) -> None:
    """List the licences that pitboss knows."""
    from pitboss import jurisdictions

    with outcome(as_json=as_json) as told:
        table = Table("code", "licence", "regulator", "products", "currencies")
        licences = [jurisdictions.get(code) for code in jurisdictions.codes()]
        for each in licences:
            of = each.licence
            table.add_row(
                *(each.code, of.name, of.regulator),
                *(", ".join(of.products), ", ".join(of.currencies)),
            )
        told.say(table)
        told.tell(
            licences={
                each.code: {"name": each.licence.name, "rules_version": each.rules_version}
                for each in licences
            }
        )


@app.command()
def show(code: CodeArgument, as_json: JsonOption = False) -> None:
    """Show every rule of a licence with its source, and how sure that is."""
    from pitboss import jurisdictions

    with outcome(as_json=as_json) as told:
        licence, entries = jurisdictions.get(code), jurisdictions.entries(code)
        for section, keys in groupby(entries, key=lambda entry: entry.key.partition(".")[0]):
            table = Table(
                *(
                    Column(name, overflow="fold")
                    for name in ("key", "value", "source", "confidence")
                ),
                title=section,
                title_justify="left",
            )
            for entry in keys:
                table.add_row(
                    entry.key.partition(".")[2],
                    Text(said(entry.value)),
                    Text(entry.citation.source),
                    entry.citation.confidence.value,
                )
            told.say(table)
        told.tell(
            code=code,
            rules_version=licence.rules_version,
            rules={entry.key: document(entry) for entry in entries},
        )


@app.command()
def diff(
    first: CodeArgument,
    second: Annotated[str, typer.Argument(metavar="CODE", help="Another licence, like NJ.")],
    as_json: JsonOption = False,
) -> None:
    """Show where two licences differ, side by side."""
    from pitboss import jurisdictions

    with outcome(as_json=as_json) as told:
        differences = jurisdictions.differences(first, second)
        table = Table(Column("key", overflow="fold"), first, second)
        for each in differences:
            table.add_row(each.key, Text(said(each.first.value)), Text(said(each.second.value)))
        told.say(table if differences else f"{first} and {second} say the same")
        told.tell(
            differences={
                each.key: [document(each.first), document(each.second)] for each in differences
            }
        )


def document(entry: Entry) -> dict[str, Any]:
    """Return a key's value and citation as JSON has them."""
    return {
        "value": entry.value,
        "source": entry.citation.source,
        "confidence": entry.citation.confidence.value,
    }
