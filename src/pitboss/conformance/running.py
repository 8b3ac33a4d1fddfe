"""Running the cases against a wallet, and printing what came of them."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from decimal import Decimal
from string import ascii_lowercase

import httpx

from pitboss.conformance import cases_of_means, cases_of_money, cases_of_writing
from pitboss.conformance.casebook import CASES, TWINS
from pitboss.conformance.model import (
    Account,
    Case,
    Failed,
    Means,
    Protocols,
    Report,
    Result,
    Scene,
    Skip,
    Speaker,
    Verdict,
)

# What speakers stumble over: an address that is none, nobody there, JSON of another shape.
_UNREADABLE = (
    *(httpx.HTTPError, httpx.InvalidURL, LookupError, ValueError, ArithmeticError),
    *(TypeError, AttributeError),
)

# Cases list themselves where they are imported.
assert cases_of_writing.__doc__  # noqa: S101
assert cases_of_money.__doc__  # noqa: S101
assert cases_of_means.__doc__  # noqa: S101


async def run(
    speaker: Speaker,
    account: Account,
    *,
    game: str,
    other: Account | None = None,
    means: Means | None = None,
    unit: Decimal = Decimal(1),
    only: Collection[str] = (),
) -> Report:
    """Run the cases of the speaker's protocol, one after the other.

    Args:
        speaker: it speaks to the wallet.
        account: a player with some hundred units, who may play.
        game: the provider's name of the game.
        other: a second one, for the cases with two.
        means: what can be said and done beyond the wire.
        unit: what is staked in most cases.
        only: the numbers of the cases to run; all, if none is named.
    """
    scene = Scene(
        speaker=speaker,
        account=account,
        game=game,
        other=other,
        means=means or Means(),
        unit=unit,
        prefix=secrets.token_hex(12),
    )
    results = [
        await _run(case, scene)
        for case in sorted(CASES, key=_order)
        if speaker.protocol in case.protocols and (not only or case.number in only)
    ]
    return Report(protocol=speaker.protocol, results=tuple(results))


async def refuse_run(speaker: Speaker, account: Account, *, unit: Decimal) -> str | None:
    """Return why no case could tell anything: nobody answers, or the account is none; or None.

    Every case would fail for that reason, under a title that is about something else.
    """
    try:
        said = await speaker.balance(account)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"it does not answer: {str(error) or type(error).__name__}"
    except _UNREADABLE as error:
        return f"what it answers cannot be read: {error!r}"
    if not said.ok or said.balance is None:
        what = f"{said.wrong}, {said.code or said.status}" if said.wrong else str(said.status)
        return f"it does not tell the player's balance ({what}): {said.body[:160]!r}"
    if said.balance < TWINS * unit:
        return f"the player has {said.balance} there, and {TWINS * unit} is staked at once"
    return None


def unknown_in(numbers: Collection[str], protocol: Protocols) -> list[str]:
    """Return those of these numbers that no case of the protocol has."""
    known = {case.number for case in CASES if protocol in case.protocols}
    return [number for number in numbers if number not in known]


def lines(report: Report) -> list[str]:
    """Return a report as it is printed."""
    told = [
        f"{item.verdict:8} {item.number:>3}  {item.title}"
        + (f"\n              {item.detail}" if item.detail else "")
        for item in report.results
    ]
    counts = ", ".join(
        f"{sum(item.verdict is verdict for item in report.results)} {verdict}"
        for verdict in Verdict
    )
    return [*told, f"{report.protocol}: {counts}"]


def _order(case: Case) -> tuple[bool, int, str]:
    """Return the place of a case: as the reference numbers them, but what replaces tokens last."""
    digits = case.number.rstrip(ascii_lowercase)
    return case.number == "28", int(digits), case.number


async def _run(case: Case, scene: Scene) -> Result:
    try:
        await case.check(scene)
    except Skip as skip:
        verdict, detail = Verdict.SKIPPED, str(skip)
    except Failed as failed:
        verdict, detail = Verdict.FAILED, str(failed)
    except _UNREADABLE as error:
        verdict, detail = Verdict.FAILED, f"the answer cannot be read: {error!r}"
    else:
        verdict, detail = Verdict.PASSED, ""
    return Result(number=case.number, title=case.title, verdict=verdict, detail=detail)
