"""What cases are made of: how they are listed, what they expect, what they ask for."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal

from pitboss.conformance.model import (
    Case,
    Check,
    Failed,
    Move,
    Protocols,
    Said,
    Scene,
    Wrong,
)

A, B, C = Protocols.SOFTSWISS, Protocols.HUB88, Protocols.VALKYRIE
TWINS = 10
# Of what a player has; with a stake of a fiftieth of it or less nobody spends it in a case.
STAKES_MAX = 200

CASES: list[Case] = []


def case(number: str, title: str, *protocols: Protocols) -> Callable[[Check], Check]:
    """Add a case; without protocols it is for all of them."""

    def add(check: Check) -> Check:
        meant = frozenset(protocols or (A, B, C))
        CASES.append(Case(number=number, title=title, check=check, protocols=meant))
        return check

    return add


def expect(what: str, *, is_so: bool) -> None:
    """Fail the case unless this is so."""
    if not is_so:
        raise Failed(what)


def expect_yes(said: Said) -> Said:
    """Fail the case unless the wallet said yes."""
    expect(f"refused: {said.code or said.status} {said.body[:160]!r}", is_so=said.ok)
    return said


def expect_no(said: Said, *wrongs: Wrong) -> Said:
    """Fail the case unless the wallet said no, for one of these reasons."""
    expect(f"not refused: {said.body[:160]!r}", is_so=not said.ok)
    expect(
        f"refused as {said.wrong} ({said.code or said.status})",
        is_so=not wrongs or said.wrong in wrongs,
    )
    expect("a traceback is shown", is_so=b"Traceback" not in said.body)
    return said


async def expect_balance(scene: Scene, balance: Decimal) -> None:
    """Fail the case unless the player has this much."""
    has = await scene.has()
    expect(f"the balance is {has} and should be {balance}", is_so=has == balance)


async def bet(scene: Scene, name: str, ref: str, amount: Decimal | None = None) -> Said:
    """Stake a unit, or an amount."""
    move = Move(kind="bet", id=name, amount=scene.unit if amount is None else amount)
    return await scene.speaker.play(scene.account, ref, move)


async def undo(scene: Scene, name: str, original: str, ref: str) -> Said:
    """Roll back."""
    move = Move(kind="rollback", id=name, original=original)
    return await scene.speaker.play(scene.account, ref, move)


async def win(scene: Scene, name: str, of: str, ref: str, amount: Decimal, **about: object) -> Said:
    """Win an amount of a stake."""
    move = Move(kind="win", id=name, original=of, amount=amount)
    closes = bool(about.get("closes", False))
    return await scene.speaker.play(scene.account, ref, move, closes=closes)


async def spend(scene: Scene, ref: str, *, keep: Decimal = Decimal(0)) -> list[str]:
    """Stake all but this much of what a player has, in parts that the wallet's limits allow.

    Return the names of the stakes; where the limits end it before, more is left.
    """
    left = part = await scene.has() - keep
    taken: list[str] = []
    while left > 0 and len(taken) < STAKES_MAX:
        part = min(part, left)
        name = scene.fresh()
        said = await bet(scene, name, ref, part)
        if said.ok:
            taken.append(name)
            left -= part
            continue
        expect_no(said, Wrong.LIMIT)
        part = (part / 2).quantize(scene.unit, ROUND_DOWN)
        if not part:
            break
    return taken
