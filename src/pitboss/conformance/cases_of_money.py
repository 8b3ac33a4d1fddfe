"""The cases from 8 on: what is booked, once; each leaves the account about as it found it."""

from __future__ import annotations

import asyncio
from decimal import Decimal

from pitboss.conformance.casebook import (
    TWINS,
    A,
    B,
    C,
    bet,
    case,
    expect,
    expect_balance,
    expect_no,
    expect_yes,
    spend,
    undo,
    win,
)
from pitboss.conformance.model import Account, Move, Scene, Skip, Wrong


@case("8", "a bet and a win in one request are done in order", A)
async def bet_and_win(scene: Scene) -> None:
    """Stake and win at once."""
    before = await scene.has()
    said = await scene.speaker.play(
        scene.account,
        scene.fresh(),
        Move(kind="bet", id=scene.fresh(), amount=scene.unit),
        Move(kind="win", id=scene.fresh(), amount=scene.unit),
        closes=True,
    )
    expect_yes(said)
    expect("two ids are told", is_so=len(said.ids) == 2 and all(said.ids))
    expect("the balance after all is told", is_so=said.balance == before)


@case("9", "if the second step fails, nothing is done and the balance before is told", A)
async def second_fails(scene: Scene) -> None:
    """Stake what there is and then more."""
    before = await scene.has()
    first, ref = scene.fresh(), scene.fresh()
    said = await scene.speaker.play(
        scene.account,
        ref,
        Move(kind="bet", id=first, amount=scene.unit),
        Move(kind="bet", id=scene.fresh(), amount=before),
    )
    expect_no(said, Wrong.FUNDS, Wrong.LIMIT)
    expect("the balance before is told", is_so=said.balance == before)
    await expect_balance(scene, before)


@case("10", "not enough money is refused, by much or by little, and the balance is told")
async def no_funds(scene: Scene) -> None:
    """Stake more than there is."""
    before = await scene.has()
    for amount in (before + scene.speaker.finest, Decimal(2_147_483_647)):
        said = await bet(scene, scene.fresh(), scene.fresh(), amount)
        expect_no(said, Wrong.FUNDS, Wrong.LIMIT)
        if scene.speaker.protocol is not B:
            expect("the balance is told", is_so=said.balance == before)
    await expect_balance(scene, before)


@case("12", "the same bet again is the same bet")
async def bet_again(scene: Scene) -> None:
    """Stake it twice, and something else in between: the first answer told what was left then."""
    before = await scene.has()
    name, ref, between = scene.fresh(), scene.fresh(), scene.fresh()
    first = expect_yes(await bet(scene, name, ref))
    expect_yes(await bet(scene, between, ref))
    second = expect_yes(await bet(scene, name, ref))
    if scene.speaker.protocol is A:
        expect("it is answered byte for byte", is_so=first.body == second.body)
    expect(f"its id is {second.ids} and was {first.ids}", is_so=first.ids == second.ids)
    await expect_balance(scene, before - 2 * scene.unit)
    for stake in (between, name):
        expect_yes(await undo(scene, scene.fresh(), stake, ref))


@case("13", "an id that was used for something else is refused")
async def other_facts(scene: Scene) -> None:
    """Use it for another amount, another round, another player."""
    name, ref = scene.fresh(), scene.fresh()
    expect_yes(await bet(scene, name, ref))
    before = await scene.has()
    expect_no(await bet(scene, name, ref, scene.unit * 2), Wrong.OTHER_FACTS, Wrong.REQUEST)
    expect_no(await bet(scene, name, scene.fresh()), Wrong.OTHER_FACTS, Wrong.REQUEST)
    if scene.other is not None and scene.speaker.protocol is not A:
        await _refuse_to_another(scene, scene.other, Move(kind="bet", id=name, amount=scene.unit))
    await expect_balance(scene, before)
    if scene.speaker.protocol is C:
        await _refuse_other_wins(scene, name, ref)
    else:
        await undo(scene, scene.fresh(), name, ref)


async def _refuse_to_another(scene: Scene, other: Account, move: Move) -> None:
    """Ask for a move of the account's under its id for another player."""
    before, ref = await scene.has(other), scene.fresh()
    if move.kind == "win":
        # With a bet of their own in the round, it could be paid but for its id.
        expect_yes(
            await scene.speaker.play(
                other, ref, Move(kind="bet", id=scene.fresh(), amount=scene.unit)
            )
        )
        before -= scene.unit
    expect_no(await scene.speaker.play(other, ref, move), Wrong.OTHER_FACTS)
    has = await scene.has(other)
    expect(f"the other player has {has} and should have {before}", is_so=has == before)


async def _refuse_other_wins(scene: Scene, name: str, ref: str) -> None:
    """Win under an id, then use it for another round and another player."""
    won, other_bet, other_ref = scene.fresh(), scene.fresh(), scene.fresh()
    expect_yes(await bet(scene, other_bet, other_ref))
    expect_yes(await win(scene, won, name, ref, scene.unit))
    before = await scene.has()
    expect_no(await win(scene, won, other_bet, other_ref, scene.unit), Wrong.OTHER_FACTS)
    if scene.other is not None:
        await _refuse_to_another(scene, scene.other, Move(kind="win", id=won, amount=scene.unit))
    await expect_balance(scene, before)


@case("14", "one id of two players is two bets", A)
async def two_players(scene: Scene) -> None:
    """Use it for both."""
    if scene.other is None:
        raise Skip("a second account is needed")
    name, ref = scene.fresh(), scene.fresh()
    for account in (scene.account, scene.other):
        before = await scene.has(account)
        move = Move(kind="bet", id=name, amount=scene.unit)
        expect_yes(await scene.speaker.play(account, ref, move))
        expect("it is debited", is_so=await scene.has(account) == before - scene.unit)
        back = Move(kind="rollback", id=scene.fresh(), original=name)
        expect_yes(await scene.speaker.play(account, ref, back))


@case("15", "a bet and its cancel may have one id", C)
async def one_id_for_both(scene: Scene) -> None:
    """Cancel under the bet's id."""
    before = await scene.has()
    name, ref = scene.fresh(), scene.fresh()
    expect_yes(await bet(scene, name, ref))
    expect_yes(await undo(scene, name, name, ref))
    await expect_balance(scene, before)


@case("16", "a rollback gives back what was staked, once")
async def rollback(scene: Scene) -> None:
    """Roll back twice under one id, and once under another."""
    before = await scene.has()
    name, back, ref = scene.fresh(), scene.fresh(), scene.fresh()
    expect_yes(await bet(scene, name, ref))
    expect_yes(await undo(scene, back, name, ref))
    expect_yes(await undo(scene, back, name, ref))
    said = await undo(scene, scene.fresh(), name, ref)
    if scene.speaker.protocol is C:
        expect_no(said, Wrong.ROLLED_BACK)
    else:
        expect_yes(said)
    await expect_balance(scene, before)


@case("17", "of a rollback that names another round, or amount, the bet itself counts")
async def rollback_elsewhere(scene: Scene) -> None:
    """Name a round that is none, and the double where an amount is said."""
    before = await scene.has()
    name = scene.fresh()
    expect_yes(await bet(scene, name, scene.fresh()))
    back = Move(kind="rollback", id=scene.fresh(), original=name, amount=scene.unit * 2)
    expect_yes(await scene.speaker.play(scene.account, scene.fresh(), back))
    await expect_balance(scene, before)


@case("18", "a rollback of what is not known is answered as the protocol says")
@case("19", "a bet whose rollback came first is never charged")
async def late_bet(scene: Scene) -> None:
    """Roll back first."""
    before = await scene.has()
    name, back, ref = scene.fresh(), scene.fresh(), scene.fresh()
    for _ in range(2):
        said = await undo(scene, back, name, ref)
        if scene.speaker.protocol is C:
            expect_no(said, Wrong.NOT_FOUND)
        else:
            expect_yes(said)
        if scene.speaker.protocol is A:
            expect("there is no id of it", is_so=said.ids == ("",))
    expect_no(await bet(scene, name, ref), Wrong.ROLLED_BACK)
    await expect_balance(scene, before)


@case("20", "a win that was spent and is rolled back leaves no balance below zero", A)
async def spent_win(scene: Scene) -> None:
    """Win, stake all that there is, and roll the win back; then give the stakes back."""
    before = await scene.has()
    name, ref = scene.fresh(), scene.fresh()
    expect_yes(await win(scene, name, "", ref, scene.unit))
    stakes = await spend(scene, ref)
    left = await scene.has()
    said = await undo(scene, scene.fresh(), name, ref)
    told = said.balance, await scene.has()
    for stake in stakes:
        expect_yes(await undo(scene, scene.fresh(), stake, ref))
    # Of the next win what is owed is kept, unless the house has borne it.
    owed = scene.unit - left
    if owed > 0:
        expect_yes(await win(scene, scene.fresh(), "", scene.fresh(), owed))
    expect_yes(said)
    for has in told:
        expect(f"the balance is {has}", is_so=has is not None and has >= 0)
    if owed <= 0:
        raise Skip("the wallet's limits keep the win from being spent")
    last = await scene.has()
    expect(f"{last} is left, and {before} was", is_so=last in (before + owed, before + 2 * owed))


@case("21", "a win without a bet is answered as the protocol says")
async def lone_win(scene: Scene) -> None:
    """Win from nothing."""
    before = await scene.has()
    name, ref = scene.fresh(), scene.fresh()
    said = await win(scene, name, scene.fresh(), ref, scene.unit)
    if scene.speaker.protocol is not A:
        expect_no(said, Wrong.NO_STAKE)
        await expect_balance(scene, before)
        return
    expect_yes(said)
    await expect_balance(scene, before + scene.unit)
    expect_yes(await undo(scene, scene.fresh(), name, ref))


@case("22", "a win of a bet that was rolled back is refused", B, C)
async def win_of_undone(scene: Scene) -> None:
    """Win of it."""
    before = await scene.has()
    name, ref = scene.fresh(), scene.fresh()
    expect_yes(await bet(scene, name, ref))
    expect_yes(await undo(scene, scene.fresh(), name, ref))
    expect_no(await win(scene, scene.fresh(), name, ref, scene.unit), Wrong.ROLLED_BACK)
    await expect_balance(scene, before)


@case("23", "a settled round is won no second time", C)
@case("24", "a settled bet is not cancelled", C)
async def settled(scene: Scene) -> None:
    """Win, and win and cancel again."""
    name, ref = scene.fresh(), scene.fresh()
    expect_yes(await bet(scene, name, ref))
    expect_yes(await win(scene, scene.fresh(), name, ref, scene.unit, closes=True))
    before = await scene.has()
    expect_no(await win(scene, scene.fresh(), name, ref, scene.unit), Wrong.SETTLED)
    expect_no(await undo(scene, scene.fresh(), name, ref), Wrong.SETTLED)
    await expect_balance(scene, before)


@case("25", "a win of nothing closes a lost round", B, C)
async def lost(scene: Scene) -> None:
    """Win nothing."""
    before = await scene.has()
    name, ref = scene.fresh(), scene.fresh()
    expect_yes(await bet(scene, name, ref))
    expect_yes(await win(scene, scene.fresh(), name, ref, Decimal(0), closes=True))
    await expect_balance(scene, before - scene.unit)
    expect_no(await bet(scene, scene.fresh(), ref))


@case("26", "of several bets in a round, one may be rolled back")
async def several(scene: Scene) -> None:
    """Stake twice, undo one, win of the other."""
    before = await scene.has()
    first, second, ref = scene.fresh(), scene.fresh(), scene.fresh()
    expect_yes(await bet(scene, first, ref))
    expect_yes(await bet(scene, second, ref))
    expect_yes(await undo(scene, scene.fresh(), second, ref))
    expect_yes(await win(scene, scene.fresh(), first, ref, scene.unit, closes=True))
    await expect_balance(scene, before)


@case("27", "nothing is staked in a round that is over")
@case("36", "a round may be finished twice", A)
async def closed(scene: Scene) -> None:
    """Close it, close it again, stake in it."""
    name, ref = scene.fresh(), scene.fresh()
    expect_yes(await bet(scene, name, ref))
    finishes = scene.speaker.protocol is A
    expect_yes(await win(scene, scene.fresh(), name, ref, scene.unit, closes=not finishes))
    if finishes:
        for _ in range(2):
            expect_yes(await scene.speaker.finish(scene.account, ref))
    before = await scene.has()
    expect_no(await bet(scene, scene.fresh(), ref))
    await expect_balance(scene, before)


@case("32", "of identical bets in flight one has an effect; of many, none is lost")
async def twins(scene: Scene) -> None:
    """Send ten at once, the same and then different ones."""
    before = await scene.has()
    name, ref = scene.fresh(), scene.fresh()
    said = await asyncio.gather(*(bet(scene, name, ref) for _ in range(TWINS)))
    for one in said:
        expect_yes(one)
    await expect_balance(scene, before - scene.unit)
    expect_yes(await undo(scene, scene.fresh(), name, ref))
    names = [(scene.fresh(), scene.fresh()) for _ in range(TWINS)]
    answers = await asyncio.gather(*(bet(scene, one, of) for one, of in names))
    taken = [pair for pair, answer in zip(names, answers, strict=True) if answer.ok]
    # Others may be too fast after it, but one at least there is money for, and no limit against.
    expect("one of many is taken", is_so=bool(taken))
    await expect_balance(scene, before - scene.unit * len(taken))
    for stake, of in taken:
        expect_yes(await undo(scene, scene.fresh(), stake, of))
    await expect_balance(scene, before)


@case("32a", "of bets in flight only those are taken that there is money for")
async def rush(scene: Scene) -> None:
    """Leave a little, and stake more than that at once."""
    before = await scene.has()
    ref, affordable = scene.fresh(), 3
    stakes = await spend(scene, ref, keep=affordable * scene.unit)
    left = await scene.has()
    names = [scene.fresh() for _ in range(TWINS)]
    said = await asyncio.gather(*(bet(scene, name, ref) for name in names))
    taken = [name for name, one in zip(names, said, strict=True) if one.ok]
    has, cost = await scene.has(), scene.unit * len(taken)
    # First of all the money goes back, for the cases that come after.
    for stake in (*taken, *stakes):
        expect_yes(await undo(scene, scene.fresh(), stake, ref))
    expect(f"{len(taken)} are taken of {left}, and {has} is left", is_so=has == left - cost >= 0)
    await expect_balance(scene, before)
    if left >= scene.unit * TWINS:
        raise Skip("the wallet's limits keep the money from being spent")
    for one in said:
        if not one.ok:
            expect_no(one, Wrong.FUNDS)


@case("34", "a reply that was lost is given again, and nothing is booked twice")
async def lost_reply(scene: Scene) -> None:
    """Hang up in the middle, at several moments, and ask again."""
    before = await scene.has()
    for wait in (0.0, 0.002, 0.01):
        name, ref = scene.fresh(), scene.fresh()
        asking = asyncio.ensure_future(bet(scene, name, ref))
        await asyncio.sleep(wait)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        expect_yes(await bet(scene, name, ref))
        await expect_balance(scene, before - scene.unit)
        expect_yes(await undo(scene, scene.fresh(), name, ref))
        await expect_balance(scene, before)


@case("37", "the finest amounts balance exactly")
async def fine(scene: Scene) -> None:
    """Stake the finest amount and win two of them."""
    before = await scene.has()
    finest = scene.speaker.finest
    name, ref = scene.fresh(), scene.fresh()
    said = await bet(scene, name, ref, finest)
    if said.wrong is Wrong.LIMIT:
        raise Skip("the wallet's least stake is above it")
    expect_yes(said)
    expect_yes(await win(scene, scene.fresh(), name, ref, finest * 2, closes=True))
    await expect_balance(scene, before + finest)


@case("38", "a bet and its rollback in whatever order net nothing")
@case("35", "an answer that was too slow loses against its rollback")
async def races(scene: Scene) -> None:
    """Send both at once, again and again."""
    before = await scene.has()
    for number in range(5):
        name, back, ref = scene.fresh(), scene.fresh(), scene.fresh()
        pair = [bet(scene, name, ref), undo(scene, back, name, ref)]
        said = await asyncio.gather(*(pair if number % 2 else reversed(pair)))
        for one in said:
            expect(f"it broke: {one.body[:160]!r}", is_so=one.wrong is not Wrong.BROKEN)
        if scene.speaker.protocol is C:
            # One that is not found is asked for again by who has sent it.
            await undo(scene, scene.fresh(), name, ref)
        await expect_balance(scene, before)


@case("39", "free play takes no cash")
async def free_play(scene: Scene) -> None:
    """Stake what is free."""
    if scene.speaker.protocol is A:
        raise Skip("outside the published part of the protocol")
    before = await scene.has()
    name, ref = scene.fresh(), scene.fresh()
    move = Move(kind="bet", id=name, amount=scene.unit, free=True)
    said = await scene.speaker.play(scene.account, ref, move)
    if not said.ok:
        expect_no(said, Wrong.PROMOTION, Wrong.FUNDS)
    await expect_balance(scene, before)
    if scene.speaker.protocol is C:
        won = Move(kind="win", id=scene.fresh(), amount=scene.unit, free=True)
        expect_yes(await scene.speaker.play(scene.account, ref, won, closes=True))
        told = await scene.speaker.look_up(scene.account, won.id) or {}
        kind = told.get("transactionType")
        expect(f"a promotion is looked up as {kind}", is_so=kind == "PROMODEPOSIT")


@case("40", "a jackpot is a part of a win", B, C)
async def jackpot(scene: Scene) -> None:
    """Win with a jackpot, and with one that is more than the win."""
    before = await scene.has()
    name, ref = scene.fresh(), scene.fresh()
    expect_yes(await bet(scene, name, ref))
    too_much = Move(
        kind="win", id=scene.fresh(), original=name, amount=scene.unit, jackpot=scene.unit * 2
    )
    expect_no(await scene.speaker.play(scene.account, ref, too_much), Wrong.REQUEST)
    move = Move(kind="win", id=scene.fresh(), original=name, amount=scene.unit, jackpot=scene.unit)
    expect_yes(await scene.speaker.play(scene.account, ref, move, closes=True))
    await expect_balance(scene, before)
    told = await scene.speaker.look_up(scene.account, move.id)
    if told is not None:
        amounts = [item.get("jackpotAmount") for item in told.get("jackpots") or ()]
        expect(f"jackpots of {amounts} are looked up", is_so=amounts == [scene.unit])


@case("28", "a token that was replaced stakes no more, and still pays and undoes", B, C)
async def rotated(scene: Scene) -> None:
    """Have it replaced in the middle of a round."""
    before = await scene.has()
    first, second, ref = scene.fresh(), scene.fresh(), scene.fresh()
    expect_yes(await bet(scene, first, ref))
    expect_yes(await bet(scene, second, ref))
    fresh = await scene.speaker.rotate(scene.account)
    if fresh is None:
        raise Skip("the wallet does not replace tokens")
    expect_no(await bet(scene, scene.fresh(), scene.fresh()), Wrong.TOKEN)
    expect_yes(await undo(scene, scene.fresh(), second, ref))
    expect_yes(await win(scene, scene.fresh(), first, ref, scene.unit))
    scene.account = fresh
    await expect_balance(scene, before)
    name, ref = scene.fresh(), scene.fresh()
    expect_yes(await bet(scene, name, ref))
    expect_yes(await undo(scene, scene.fresh(), name, ref))
