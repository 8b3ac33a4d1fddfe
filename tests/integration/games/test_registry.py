"""Promises about the registry of games, on a real database."""

from __future__ import annotations

import pytest
from msgspec import structs

from integration.games.world import GAME, Games, listing
from integration.players.people import assert_rebuilt
from pitboss.db import Database
from pitboss.games import registry
from pitboss.games.registry.model import (
    Changed,
    Listing,
    Refusal,
    Refused,
    StakeRange,
    Standing,
    Suspension,
    Why,
)
from pitboss.kernel.shards import CATALOGUE_SHARD


@pytest.fixture
async def world(database: Database) -> Games:
    return Games(database=database)


async def take_in(world: Games, *listings: Listing) -> list[object]:
    async with world.turn(CATALOGUE_SHARD) as turn:
        return list(await registry.import_games(turn, listings))


async def test_an_import_is_harmless_to_repeat(world: Games) -> None:
    first = await take_in(world, listing())
    again = await take_in(world, listing(), listing())

    assert first == [Changed(changed=True)]
    assert again == [Changed(changed=False)] * 2
    async with world.database.reading() as tx:
        (offer,) = await registry.find_games(tx)
    assert offer.standings == (Standing(licence="demo"),)


async def test_a_version_never_changes(world: Games) -> None:
    await take_in(world, listing())

    answers = await take_in(world, listing(rtp_ppm=900_000), listing("other"))

    assert answers == [Refused(reason=Refusal.ANOTHER_UNDER_THIS_VERSION), Changed(changed=True)]


async def test_a_version_that_was_listed_without_its_odds_tells_them_once(world: Games) -> None:
    silent = listing(top_win_chance=None)
    await take_in(world, silent)

    told = await take_in(world, listing(top_win_chance="1/37"))
    again = await take_in(world, listing(top_win_chance="1/37"), silent)
    other = await take_in(
        world, listing(top_win_chance="1/36"), listing(top_win_chance=None, rtp_ppm=900_000)
    )

    assert told == [Changed(changed=True)]
    assert again == [Changed(changed=False)] * 2
    assert other == [Refused(reason=Refusal.ANOTHER_UNDER_THIS_VERSION)] * 2
    async with world.database.reading() as tx:
        (offer,) = await registry.find_games(tx)
    assert offer.version.top_win_chance == "1/37"
    await assert_rebuilt(world.database)


async def test_a_certificate_never_changes(world: Games) -> None:
    known = listing()
    await take_in(world, known)
    other = structs.replace(known.certificates[0], laboratory="Another")

    answers = await take_in(
        world, structs.replace(known, certificates=(*known.certificates, other))
    )

    assert answers == [Refused(reason=Refusal.ANOTHER_CERTIFICATE)]


async def test_certificates_come_later_and_versions_go_back(world: Games) -> None:
    await take_in(world, listing(licences=()))
    await take_in(world, listing(licences=("demo", "SE")))
    await take_in(world, listing(version="2.0"))

    back = await take_in(world, listing())

    assert back == [Changed(changed=True)]
    key = ("acme", GAME)
    async with world.database.reading() as tx:
        offers = await registry.find_offers(tx, [key])
        filed = await registry.find_certificates(tx, [offers[key].version])
    assert offers[key].version.version == "1.0"
    ((_, items),) = filed.items()
    assert [item.certificate.licence for item in items] == ["SE", "demo"]


async def test_ranges_of_stakes_are_kept(world: Games) -> None:
    ranges = (StakeRange(currency="GBP", micros_min=100_000, micros_max=2_000_000),)
    await take_in(world, listing(stakes=ranges))

    async with world.database.reading() as tx:
        (offer,) = await registry.find_games(tx, provider="acme")
    assert offer.version.stakes == ranges
    assert registry.refuse_stake(offer, currency="GBP", micros=1) is Refusal.STAKE_NOT_OF_GAME
    assert registry.refuse_stake(offer, currency="EUR", micros=1) is None


async def test_what_is_not_known_is_not_stopped(world: Games) -> None:
    await take_in(world, listing())
    answers = []
    for provider, code in (("nobody", None), ("acme", "nothing"), ("acme", GAME), ("acme", GAME)):
        async with world.turn(CATALOGUE_SHARD) as turn:
            wish = Suspension(provider=provider, code=code, suspended=True, why=Why.REGULATOR_ORDER)
            answers.append(await registry.suspend(turn, wish))

    assert answers == [
        Refused(reason=Refusal.UNKNOWN_PROVIDER),
        Refused(reason=Refusal.UNKNOWN_GAME),
        Changed(changed=True),
        Changed(changed=False),
    ]
