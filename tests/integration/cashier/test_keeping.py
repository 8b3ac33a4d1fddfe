"""What was done stays at hand: nothing is moved to where it would have to be fetched from."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integration.cashier.world import World
from pitboss import cashier, jurisdictions, messages
from pitboss.cashier.model import NewsStatus
from pitboss.db import Database
from pitboss.db.roles import GRANTS
from pitboss.kernel.instants import add_months
from pitboss.kernel.shards import shard_of
from proofs import Proves

CODES = tuple(code for code in jurisdictions.codes() if code != "demo")
# The record, and what the API shows of it.
RECORDS = ("fact", "payment", "payment_news", "bet", "bet_leg", "wallet_transfer", "limit_change")


@pytest.fixture
async def world(database: Database) -> World:
    return World(database=database)


@pytest.mark.parametrize("code", CODES)
async def test_records_are_read_without_a_restore_for_as_long_as_the_licence_wants(
    world: World, code: str, proves: Proves
) -> None:
    proves("retention.online_months_min", code)
    months = jurisdictions.get(code).retention.online_months_min or 12
    ann = await world.player(units=20)
    old = await world.deposit(ann)
    later = add_months(world.clock.now(), months) + timedelta(days=1)
    world.clock.advance(later - world.clock.now())
    await world.tell(world.news(old, NewsStatus.SUCCEEDED))

    async with world.database.reading() as tx:
        shown = await cashier.find_payments(tx, shard_of(ann), ann)
        facts = await messages.read_facts(tx, shard_of(ann), after_seq=0)

    assert sorted(payment.micros // 1_000_000 for payment in shown) == [10, 20]
    assert facts[0].seq == 1
    assert len({fact.seq for fact in facts}) == facts[-1].seq
    # No process of ours could take any of it away.
    assert not [table for table in RECORDS if "DELETE" in GRANTS[table]]
