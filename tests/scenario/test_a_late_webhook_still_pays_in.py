"""Money comes in and goes out once, however the payment provider tells of it."""

from __future__ import annotations

import asyncio

from scenario.hands import House, until

# What the sandbox lets fail, or declines at once.
FAILING, DECLINED = "20.13", "20.17"


async def test_deposits_pay_in_once_though_news_of_them_is_late_repeated_and_out_of_order(
    house: House,
) -> None:
    players = [await house.player() for _ in range(12)]

    payments = await asyncio.gather(*(player.pay("deposits", "25.00") for player in players))
    for player, payment in zip(players, payments, strict=True):
        await player.until(payment["links"]["status"], state="succeeded")
    # Half of the webhooks come again: give them the time to.
    await asyncio.sleep(0.5)

    assert {payment["state"] for payment in payments} == {"requested"}
    for player in players:
        assert await player.money() == ("25.00", "0.00")
        assert await player.movements() == ["25.00"]


async def test_nothing_is_there_before_the_provider_has_said_so(house: House) -> None:
    event = await house.open_event("2.5", "3.2", "2.9")
    player = await house.player()

    payment = await player.pay("deposits", "25.00")
    at_once = await player.placed("5.00", event.selection("home"))
    refused = await player.look(at_once)
    while refused["state"] == "pending":
        refused = await player.look(at_once)
    await player.until(payment["links"]["status"], state="succeeded")
    later = await player.accepted("5.00", event.selection("home"))

    # Unless the provider was swifter than the processor.
    if refused["state"] == "refused":
        assert refused["refusal"] == "insufficient_funds"
    assert (await player.look(later))["state"] == "accepted"


async def test_a_deposit_that_fails_leaves_nothing(house: House) -> None:
    player = await house.player()

    failed = await player.pay("deposits", FAILING)
    declined = await player.pay("deposits", DECLINED)

    assert (await player.until(failed["links"]["status"], state="failed"))["reason"]
    assert (await player.until(declined["links"]["status"], state="failed"))["reason"]
    assert await player.money() == ("0.00", "0.00")


async def test_a_withdrawal_is_held_and_then_gone(house: House) -> None:
    player = await house.player(amount="50.00")

    payment = await player.pay("withdrawals", "20.00")
    posted, held = await player.money()
    await player.until(payment["links"]["status"], state="succeeded")

    assert (posted, held) in {("50.00", "20.00"), ("30.00", "0.00")}
    assert await player.money() == ("30.00", "0.00")
    assert await player.movements() == ["50.00", "-20.00"]


async def test_a_withdrawal_that_fails_comes_back(house: House) -> None:
    player = await house.player(amount="50.00")

    payment = await player.pay("withdrawals", FAILING)
    await player.until(payment["links"]["status"], state="failed")

    assert await player.money() == ("50.00", "0.00")
    assert await player.movements() == ["50.00"]


async def test_what_is_staked_cannot_be_withdrawn(house: House) -> None:
    event = await house.open_event("2.5", "3.2", "2.9")
    player = await house.player(amount="50.00")
    await player.accepted("40.00", event.selection("home"))

    refused = await player.ask("/v1/withdrawals", {"amount": "10.01", "currency": "EUR"})
    allowed = await player.ask("/v1/withdrawals", {"amount": "10.00", "currency": "EUR"})

    assert (refused.status_code, refused.json()["title"]) == (409, "Insufficient funds")
    assert allowed.status_code == 202


async def test_in_the_end_no_payment_is_open_and_every_currency_sums_to_zero(
    house: House,
) -> None:
    await house.player(amount="50.00")

    async def settled() -> dict[str, object] | None:
        figures = await house.figures()
        open_states = {"requested", "submitted"}
        waiting = [item for item in figures["payments"] if item["state"] in open_states]
        return None if waiting else figures

    figures = await until(settled, "no payment is open")

    accounts = figures["accounts"]
    assert isinstance(accounts, list)
    movements = [float(item["credits"]) - float(item["debits"]) for item in accounts]
    assert abs(sum(movements)) < 0.001
