"""Whose card or account it is: where the licence wants the player's own, no other is used."""

from __future__ import annotations

from collections import Counter

import pytest

from contract.fake_payments import FakePayments
from integration.cashier.test_payments_loop import Town
from integration.cashier.world import World
from integration.players.people import assert_rebuilt
from paced import put_in_force
from pitboss import jurisdictions
from pitboss.cashier.model import Instruction, NewsStatus, Payment, PaymentState
from pitboss.db import Database
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.money import currency, format_micros
from pitboss.sandbox.instruments import shares_of
from pitboss.sandbox.journal import Taken
from proofs import Proves

CODES = tuple(code for code in jurisdictions.codes() if code != "demo")


def of_somebody_else(instruction: Instruction) -> str | None:
    """Decline as a provider does who sees that another than the player holds the instrument."""
    return "instrument_not_own" if instruction.own_only else None


async def both_ways(world: World, player: PlayerId) -> list[Payment]:
    """Ask for a deposit and a withdrawal."""
    return [await world.deposit(player, units=7), await world.withdraw(player, units=5)]


@pytest.mark.parametrize("code", CODES)
async def test_money_comes_from_and_goes_to_the_players_own_where_the_licence_says_so(
    database: Database, code: str, proves: Proves, monkeypatch: pytest.MonkeyPatch
) -> None:
    proves("payments.own_instruments_only", code)
    own_only = jurisdictions.get(code).payments.own_instruments_only
    put_in_force(monkeypatch, {"payments": {"own_instruments_only": own_only}})
    town = Town(world=World(database=database), provider=FakePayments(declines=of_somebody_else))
    ann = await town.world.player(units=20)
    payments = await both_ways(town.world, ann)

    for payment in payments:
        await town.loop(payment).step()

    after = [await town.world.payment(payment) for payment in payments]
    if own_only:
        assert [item.state for item in after] == [PaymentState.FAILED] * 2
        assert [item.reason for item in after] == ["instrument_not_own"] * 2
        # Nothing has moved, and nothing is held any more.
        assert await town.world.balance(ann) == (20, 0)
    else:
        assert [item.state for item in after] == [PaymentState.SUBMITTED] * 2
        assert await town.world.balance(ann) == (20, 5)
    assert {item.own_only for item in town.provider.taken.values()} == {own_only}
    await assert_rebuilt(database)


async def test_where_the_licence_does_not_ask_nobody_is_declined_for_it(database: Database) -> None:
    town = Town(world=World(database=database), provider=FakePayments(declines=of_somebody_else))
    ann = await town.world.player(units=20)
    payments = await both_ways(town.world, ann)

    for payment in payments:
        await town.loop(payment).step()

    assert not jurisdictions.get("demo").payments.own_instruments_only
    assert {item.own_only for item in town.provider.taken.values()} == {False}
    assert [await town.state(payment) for payment in payments] == [PaymentState.SUBMITTED] * 2


@pytest.mark.parametrize("code", CODES)
async def test_what_is_paid_out_goes_back_to_what_paid_in_first_where_the_licence_says_so(
    database: Database, code: str, proves: Proves, monkeypatch: pytest.MonkeyPatch
) -> None:
    proves("payments.closed_loop", code)
    closed = jurisdictions.get(code).payments.closed_loop
    put_in_force(monkeypatch, {"payments": {"closed_loop": closed}})
    town = Town(world=World(database=database))
    ann = await town.world.player()
    payments = [await town.world.deposit(ann, units=10) for _ in range(6)]
    await pay(town, payments)
    # Of two instruments each has paid in some of it, and everything goes out, and won money too.
    payments += [await town.world.withdraw(ann, units=units) for units in (25, 15, 20)]
    await pay(town, payments[6:])

    taken = [as_taken(town.provider.taken[payment.id]) for payment in payments]
    shares = [shares_of(item, taken[:place]) for place, item in enumerate(taken)]
    gave, got = Counter[str](), Counter[str]()
    for item in shares[:6]:
        gave.update(item)
    for item in shares[6:]:
        got.update(item)

    assert len(gave) == 2
    assert {item.back_first for item in taken[:6]} == {False}
    assert {item.back_first for item in taken[6:]} == {closed}
    assert {item.customer for item in taken} == {ann}
    assert sum(got.values()) == sum(gave.values())
    # Whoever is paid back to the last unit has got from each what it gave.
    assert (got == gave) is closed


async def pay(town: Town, payments: list[Payment]) -> None:
    """Have the provider take payments on and carry them out."""
    for payment in payments:
        await town.loop(payment).step()
        await town.world.tell(town.provider.news(payment.id, NewsStatus.SUCCEEDED))


def as_taken(instruction: Instruction) -> Taken:
    """Return an instruction as the sandbox has it in its journal."""
    return Taken(
        payment_id=instruction.payment_id,
        kind=instruction.kind.value,
        amount=format_micros(instruction.micros, currency(instruction.currency)),
        currency=instruction.currency,
        taken_ms=0,
        own_only=instruction.own_only,
        back_first=instruction.back_first,
        customer=instruction.customer,
    )
