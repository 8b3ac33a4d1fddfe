"""`pitboss conformance`: ask any wallet whether it does what its protocol says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer

from pitboss.cli.options import JsonOption
from pitboss.cli.outcome import Outcome, outcome
from pitboss.conformance.model import Account, Deed, Means, Protocols, Report, Speaker
from pitboss.kernel.errors import PlatformError

app = typer.Typer(help="Test a wallet for game providers, ours or another's.", no_args_is_help=True)
PATIENCE_SECONDS = 15.0

VendorOption = Annotated[
    str, typer.Option(help="The vendor whose game it is, as the aggregator names it (valkyrie).")
]
# What takes more than the wire; the cases that want it are skipped without it.
SecondTokenOption = Annotated[
    str | None, typer.Option(help="Another token, or session, of the first player.")
]
ReconTokenOption = Annotated[
    str | None, typer.Option(help="A token that pays and undoes for anybody (valkyrie).")
]
AboveLimitOption = Annotated[
    str | None, typer.Option(help="A stake that the wallet's own limits refuse.")
]
BlockOption = Annotated[str | None, typer.Option(help="Run to keep the player from staking.")]
UnblockOption = Annotated[str | None, typer.Option(help="Run to let the player stake again.")]
BreakOption = Annotated[
    str | None, typer.Option(help="Run to break the wallet, such as stopping its database.")
]
MendOption = Annotated[str | None, typer.Option(help="Run to mend it again.")]


class NotRunnable(PlatformError):
    """The cases cannot be run with what was given."""


@app.command()
def run(
    protocol: Annotated[Protocols, typer.Option(help="The protocol that the wallet speaks.")],
    base_url: Annotated[str, typer.Option(help="Where the wallet is, up to its calls' names.")],
    key_file: Annotated[
        Path,
        typer.Option(help="A file with the secret, the API key, or the private key in PEM."),
    ],
    player: Annotated[str, typer.Option(help="A player who has some hundred units and may play.")],
    game: Annotated[str, typer.Option(help="The provider's name of a game that they may play.")],
    vendor: VendorOption = "kit",
    currency: Annotated[str, typer.Option(help="The player's currency.")] = "EUR",
    token: Annotated[
        str | None, typer.Option(help="The player's token, or session, from a launch.")
    ] = None,
    other_player: Annotated[
        str | None, typer.Option(help="A second player, for the cases with two.")
    ] = None,
    other_token: Annotated[str | None, typer.Option(help="The second player's token.")] = None,
    second_token: SecondTokenOption = None,
    recon_token: ReconTokenOption = None,
    above_limit: AboveLimitOption = None,
    block_command: BlockOption = None,
    unblock_command: UnblockOption = None,
    break_command: BreakOption = None,
    mend_command: MendOption = None,
    unit: Annotated[str, typer.Option(help="What most cases stake.")] = "1",
    case: Annotated[list[str] | None, typer.Option(help="Only this case; may be repeated.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the cases and print a report; it fails if one fails."""
    with outcome(as_json=as_json) as told:
        account = Account(player=player, currency=currency, token=token)
        other = None
        if other_player is not None:
            other = Account(player=other_player, currency=currency, token=other_token)
        means = Means(
            above_limit=None if above_limit is None else _unit(above_limit),
            second=None if second_token is None else replace(account, token=second_token),
            recon_token=recon_token,
            block=_deed(block_command),
            unblock=_deed(unblock_command),
            take_away=_deed(break_command),
            give_back=_deed(mend_command),
        )
        whom = _Whom(
            account=account, other=other, game=game, vendor=vendor, means=means, unit=_unit(unit)
        )
        report = asyncio.run(_run(protocol, base_url, _read(key_file), whom, case or ()))
        _tell(told, report)


def _tell(told: Outcome, report: Report) -> None:
    from pitboss.conformance.running import lines

    for line in lines(report):
        told.console.print(line, markup=False, soft_wrap=True)
    cases = [
        {
            "number": item.number,
            "title": item.title,
            "verdict": item.verdict,
            "detail": item.detail,
        }
        for item in report.results
    ]
    told.tell(ok=report.passed, protocol=report.protocol, cases=cases)
    if not report.passed:
        told.status = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whom:
    """Whom the cases are about, and what can be done with them."""

    account: Account
    other: Account | None
    game: str
    vendor: str
    means: Means
    unit: Decimal


async def _run(
    protocol: Protocols, base_url: str, key: bytes, whom: _Whom, only: Sequence[str]
) -> Report:
    import httpx

    from pitboss.conformance.running import refuse_run, unknown_in
    from pitboss.conformance.running import run as run_cases

    unknown = unknown_in(only, protocol)
    if unknown:
        raise NotRunnable(f"{protocol} has no case {', '.join(unknown)}")
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
        speaker = _speaker(protocol, client, base_url, key, whom)
        refusal = await refuse_run(speaker, whom.account, unit=whom.unit)
        if refusal is not None:
            raise NotRunnable(f"{base_url!r} cannot be tested: {refusal}")
        return await run_cases(
            speaker,
            whom.account,
            game=whom.game,
            other=whom.other,
            means=whom.means,
            unit=whom.unit,
            only=only,
        )


def _deed(command: str | None) -> Deed | None:
    """Return a deed that runs a command of the shell and waits for it."""
    if command is None:
        return None

    async def do() -> None:
        process = await asyncio.create_subprocess_shell(command)
        if await process.wait() != 0:
            raise NotRunnable(f"it ended with {process.returncode}: {command}")

    return do


def _speaker(
    protocol: Protocols, client: object, base_url: str, key: bytes, whom: _Whom
) -> Speaker:
    from pitboss.conformance import speakers

    try:
        return speakers.make(protocol, client, base_url, key, whom.game, vendor=whom.vendor)
    except ValueError as error:
        raise NotRunnable(f"the key is none for {protocol}: {error}") from None


def _read(path: Path) -> bytes:
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise NotRunnable(f"{path} cannot be read: {error}") from None
    if not key:
        raise NotRunnable(f"{path} is empty")
    return key


def _unit(text: str) -> Decimal:
    try:
        unit = Decimal(text)
    except InvalidOperation:
        raise NotRunnable(f"{text!r} is no amount") from None
    if not unit.is_finite() or unit <= 0:
        raise NotRunnable(f"{text!r} is no amount that can be staked")
    return unit
