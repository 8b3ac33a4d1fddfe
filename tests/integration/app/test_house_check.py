"""From the command line the files of the house's games are held against what is certified."""

from __future__ import annotations

from pathlib import Path

import pytest

from integration.games.dealing import Parlour, house_listing
from pitboss.app import house
from pitboss.db import Database
from pitboss.games import registry
from pitboss.games.house.model import House
from pitboss.kernel.errors import Malformed
from pitboss.settings import Settings


@pytest.fixture
async def parlour(database: Database) -> Parlour:
    """Give two games: one is certified as the files that lie here, one as others."""
    parlour = Parlour(database=database)
    here = house.games_build()
    await parlour.list_games(
        house_listing(House.ROULETTE, hashes=("aa" * 32, here)), house_listing(House.SLOT)
    )
    return parlour


async def stopped(parlour: Parlour) -> set[str]:
    async with parlour.database.reading() as tx:
        offers = await registry.find_games(tx)
    return {offer.version.code for offer in offers if offer.suspended}


async def test_a_game_that_is_certified_as_other_files_is_stopped_and_no_other(
    parlour: Parlour, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, database_url=parlour.database.url)

    checked = await house.check(settings, None)
    again = await house.check(settings, None)

    assert not checked.ok
    assert (checked.stopped, again.stopped) == ((House.SLOT,), ())
    assert await stopped(parlour) == {"slot"}


async def test_a_manifest_says_which_file_differs_and_certificates_say_what_is_stopped(
    parlour: Parlour, tmp_path: Path
) -> None:
    settings = Settings(home=tmp_path, database_url=parlour.database.url)
    files = house.measure()
    other = house.write_manifest({**files, "rules/slot.py": "00" * 32, "rules/odds.py": "11" * 32})

    same = await house.check(settings, house.write_manifest(files))
    checked = await house.check(settings, other)
    with pytest.raises(Malformed, match="games manifest"):
        await house.check(settings, other[:-1])

    assert same.measured.differing == ()
    assert checked.measured.differing == ("rules/odds.py", "rules/slot.py")
    assert await stopped(parlour) == {"slot"}
