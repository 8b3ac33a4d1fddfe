"""Contacts on a real database: what players pay in is watched, and told of once in a period."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from integration.cashier.world import UNIT, World
from integration.players.people import assert_rebuilt, facts
from paced import put_in_force
from pitboss import jurisdictions
from pitboss.cashier.model import NewsStatus
from pitboss.db import Database
from pitboss.jurisdictions.model import Contact, ContactWhen, LimitKind, Period
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.responsible import contacts, limits
from pitboss.responsible.limits.model import Change, LimitKey

MONTHLY = LimitKey(kind=LimitKind.DEPOSIT, period=Period.MONTH)
RACERS = 8


def above(units: int, *, when: ContactWhen = ContactWhen.USED) -> tuple[Contact, ...]:
    """Return the amounts of a licence that has the operator get in touch above so many units."""
    return tuple(
        Contact(
            kind=LimitKind.DEPOSIT if when is ContactWhen.LIMIT_SET else LimitKind.NET_DEPOSIT,
            period=Period.MONTH,
            micros=units * UNIT,
            currency=code,
            minutes=None,
            age_from=None,
            age_below=None,
            when=when,
        )
        for code in ("EUR", "GBP")
    )


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


async def pay_in(world: World, player: PlayerId, units: int) -> None:
    payment = await world.deposit(player, units=units)
    await world.tell(world.news(payment, NewsStatus.SUCCEEDED))


async def told(world: World) -> list[tuple[str, int | None]]:
    """Return what was told of: the kind, and how many units were reached."""
    found = await facts(world.database, since="contact.due")
    reached = [(data["kind"], data.get("reached")) for data in found]
    return [(kind, None if micros is None else micros // UNIT) for kind, micros in reached]


async def test_who_pays_in_more_than_the_licence_says_is_told_of_once_in_a_period(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, {"limits": {"contact_above": above(150)}})
    ann, bob = await world.player(), await world.player()

    await pay_in(world, ann, 150)
    await pay_in(world, bob, 20)
    at_it = await told(world)
    await pay_in(world, ann, 1)
    above_it = await told(world)
    await pay_in(world, ann, 50)
    same_period = await told(world)
    world.clock.advance(timedelta(days=62))
    await pay_in(world, ann, 160)

    assert at_it == []
    assert above_it == same_period == [("net_deposit", 151)]
    assert await told(world) == [("net_deposit", 151), ("net_deposit", 160)]
    await assert_rebuilt(world.database)


async def test_what_was_paid_out_does_not_count(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, {"limits": {"contact_above": above(150)}})
    ann = await world.player()
    await pay_in(world, ann, 140)
    out = await world.withdraw(ann, units=100)
    await world.tell(world.news(out, NewsStatus.SUCCEEDED))

    await pay_in(world, ann, 100)

    assert await told(world) == []


async def test_racing_deposits_are_told_of_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, {"limits": {"contact_above": above(50)}})
    ann = await world.player()
    payments = [await world.deposit(ann, units=20) for _ in range(RACERS)]

    await asyncio.gather(
        *(world.tell(world.news(payment, NewsStatus.SUCCEEDED)) for payment in payments)
    )

    assert len(await told(world)) == 1


async def test_a_limit_that_is_set_above_the_amount_is_told_of_when_it_is_asked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    amounts = above(1_000, when=ContactWhen.LIMIT_SET)
    licence = put_in_force(monkeypatch, {"limits": {"contact_above": amounts}})
    ann = await world.player()

    for units in (1_000, 1_001, 1_001, 500, None):
        wish = Change(player_id=ann, key=MONTHLY, value=None if units is None else units * UNIT)
        world.clock.advance(timedelta(minutes=1))
        async with world.turn(shard_of(ann)) as turn:
            answer = await limits.change(turn, wish, licence)
            await contacts.about_limit(turn, answer, licence, age=None)

    # A looser one is told of as it is asked for, and so is the wish to have none.
    assert await told(world) == [("deposit", 1_001), ("deposit", None)]
    await assert_rebuilt(world.database)


async def test_who_has_looked_again_is_not_asked_until_the_months_are_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    licence = put_in_force(monkeypatch, {"limits": {"review_months": 6}})
    ann, began = await world.player(), world.clock.now()

    async def is_due(code: str = "demo") -> bool:
        async with world.database.reading() as tx:
            return await contacts.is_review_due(
                tx,
                ann,
                licence if code == "demo" else jurisdictions.get(code),
                registered_at=began,
                now=world.clock.now(),
            )

    seen = [await is_due()]
    world.clock.advance(timedelta(days=184))
    seen += [await is_due(), await is_due("SE")]
    async with world.turn(shard_of(ann)) as turn:
        await contacts.review(turn, ann)
    seen += [await is_due()]
    world.clock.advance(timedelta(days=184))
    seen += [await is_due()]

    assert seen == [False, True, False, False, True]
    await assert_rebuilt(world.database)
