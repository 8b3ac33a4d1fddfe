"""The cases that need more than the wire: a limit, a second channel, somebody who runs the wallet.

What the kit is not given the means for is skipped, and says what it needs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import httpx

from pitboss.conformance.casebook import (
    A,
    C,
    bet,
    case,
    expect,
    expect_balance,
    expect_no,
    expect_yes,
    undo,
    win,
)
from pitboss.conformance.model import Account, Move, Scene, Skip, Wrong


@case("11", "a stake above the wallet's limit is refused as that, and nothing moves")
async def above_limit(scene: Scene) -> None:
    """Stake what is too much for the wallet, if not for the player."""
    amount = scene.means.above_limit
    if amount is None:
        raise Skip("a stake above the wallet's limit must be said")
    before = await scene.has()
    said = expect_no(await bet(scene, scene.fresh(), scene.fresh(), amount), Wrong.LIMIT)
    if scene.speaker.protocol is A:
        expect("the balance is told", is_so=said.balance == before)
    await expect_balance(scene, before)


@case("29", "who is blocked in a round stakes no more, and is still paid and refunded")
async def blocked(scene: Scene) -> None:
    """Have the player blocked between the stake and the win."""
    if scene.means.block is None or scene.means.unblock is None:
        raise Skip("somebody must block the player and let them go")
    before = await scene.has()
    first, second, ref = scene.fresh(), scene.fresh(), scene.fresh()
    expect_yes(await bet(scene, first, ref))
    expect_yes(await bet(scene, second, ref))
    try:
        # In here, so that a deed that failed halfway is undone too.
        await scene.means.block()
        expect_no(await bet(scene, scene.fresh(), ref))
        expect_yes(await undo(scene, scene.fresh(), second, ref))
        expect_yes(await win(scene, scene.fresh(), first, ref, scene.unit, closes=True))
    finally:
        await scene.means.unblock()
    await expect_balance(scene, before)


@case("30", "a token for reconciliation pays and undoes, and never stakes", C)
async def reconciled(scene: Scene) -> None:
    """Stake with the player's token, and settle with that of the aggregator."""
    if scene.means.recon_token is None:
        raise Skip("a token for reconciliation must be said")
    before = await scene.has()
    first, second, ref = scene.fresh(), scene.fresh(), scene.fresh()
    expect_yes(await bet(scene, first, ref))
    expect_yes(await bet(scene, second, ref))
    own = scene.account
    scene.account = replace(own, token=scene.means.recon_token)
    try:
        expect_no(await bet(scene, scene.fresh(), scene.fresh()), Wrong.TOKEN, Wrong.PLAYER)
        expect_yes(await undo(scene, scene.fresh(), second, ref))
        expect_yes(await win(scene, scene.fresh(), first, ref, scene.unit, closes=True))
    finally:
        scene.account = own
    await expect_balance(scene, before)


@case("31", "one player on two channels, and two players at one table, are booked apart")
async def channels(scene: Scene) -> None:
    """Stake on both channels at once; then let two players have one name for the round."""
    second = scene.means.second
    if second is None and scene.other is None:
        raise Skip("a second channel of the player, or a second player, is needed")
    if second is not None:
        await _beside(scene, second, one_purse=True)
    if scene.other is not None:
        await _beside(scene, scene.other, one_purse=False)


async def _beside(scene: Scene, other: Account, *, one_purse: bool) -> None:
    """Stake and undo for two at the same time; both see what was theirs, and nothing else."""
    accounts = (scene.account, other)
    before = [await scene.has(account) for account in accounts]
    # A channel has rounds of its own; a table's round has one name for all who sit there.
    ref, own = scene.fresh(), scene.fresh()
    refs = (ref, own if one_purse else ref)
    names = (scene.fresh(), scene.fresh())
    stakes = [Move(kind="bet", id=name, amount=scene.unit) for name in names]
    await _at_once(scene, accounts, refs, stakes)
    each = scene.unit * (2 if one_purse else 1)
    for account, had in zip(accounts, before, strict=True):
        has = await scene.has(account)
        expect(f"{has} is left and should be {had - each}", is_so=has == had - each)
    undone = [Move(kind="rollback", id=scene.fresh(), original=name) for name in names]
    await _at_once(scene, accounts, refs, undone)
    await expect_balance(scene, before[0])


async def _at_once(
    scene: Scene, accounts: Sequence[Account], refs: Sequence[str], moves: Sequence[Move]
) -> None:
    asked = zip(accounts, refs, moves, strict=True)
    for said in await asyncio.gather(*(scene.speaker.play(*one) for one in asked)):
        expect_yes(said)


@case("33", "a wallet that breaks says so without its insides, and the same again is done once")
async def broken(scene: Scene) -> None:
    """Take something away from the wallet, stake, give it back and stake the same."""
    if scene.means.take_away is None or scene.means.give_back is None:
        raise Skip("somebody must break the wallet and mend it")
    before = await scene.has()
    name, ref = scene.fresh(), scene.fresh()
    try:
        await scene.means.take_away()
        said = await bet(scene, name, ref)
    except httpx.TransportError:
        # Nobody answers at all, which a provider takes for the same.
        said = None
    finally:
        await scene.means.give_back()
    if said is not None:
        # Valkyrie has one word, UNDEFINED, for a bad request and for a wallet that broke.
        also = (Wrong.REQUEST,) if scene.speaker.protocol is C else ()
        expect_no(said, Wrong.BROKEN, Wrong.OTHER, *also)
    expect_yes(await bet(scene, name, ref))
    await expect_balance(scene, before - scene.unit)
    expect_yes(await undo(scene, scene.fresh(), name, ref))
    await expect_balance(scene, before)
