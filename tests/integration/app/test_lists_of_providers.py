"""From the command line a provider is asked which games it has, and some are taken in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from integration.games.world import Games, listing
from pitboss.adapters.protocols.softswiss import SoftSwiss
from pitboss.api.edge import GameProvider
from pitboss.app import games
from pitboss.db import Database
from pitboss.games import registry
from pitboss.games.registry.errors import ProviderAway
from pitboss.games.registry.model import (
    Advertised,
    Changed,
    GameKind,
    GameList,
    Pick,
    Refusal,
    Refused,
)
from pitboss.kernel.errors import Malformed
from pitboss.settings import Settings

PICK = Pick(
    provider="acme",
    codes=("new", "nothing", "known"),
    version="1.0",
    cycle_ms_min=3_000,
    autoplay=False,
)


class Told:
    """A provider that tells a list, or does not answer."""

    away = False

    async def fetch(self) -> GameList:
        """Tell it."""
        if self.away:
            raise ProviderAway("the provider does not answer")
        known = listing("known").version
        return GameList(
            games=(
                Advertised(code="known", title="Another", kind=known.kind, rtp_ppm=known.rtp_ppm),
                Advertised(code="new", title="A New One", kind=GameKind.SLOT, rtp_ppm=950_000),
                Advertised(code="untold", title="Untold", kind=GameKind.SLOT),
            )
        )


@pytest.fixture
async def provider(monkeypatch: pytest.MonkeyPatch) -> Told:
    told = Told()
    talk = SoftSwiss("acme", [b"a secret"])

    @asynccontextmanager
    async def open_providers(_: Settings) -> AsyncIterator[dict[str, GameProvider]]:
        yield {
            "acme": GameProvider(talk=talk, game_lists=told),
            "silent": GameProvider(talk=talk),
        }

    monkeypatch.setattr(games, "open_providers", open_providers)
    return told


@pytest.fixture
async def settings(database: Database, tmp_path: Path, provider: Told) -> Settings:
    await Games(database=database).list_games(listing("known"), listing("gone"))
    return Settings(home=tmp_path, database_url=database.url)


async def test_a_list_is_compared_with_the_registry(settings: Settings) -> None:
    found = await games.compare_list(settings, "acme")

    assert [item.code for item in found.fresh] == ["new", "untold"]
    assert [offer.version.code for offer in found.gone] == ["gone"]
    assert [told.title for _, told in found.differing] == ["Another"]


async def test_games_of_a_list_are_taken_in_and_certified_for_nobody(
    settings: Settings, database: Database
) -> None:
    answers = await games.import_listed(settings, PICK)

    assert answers == {
        "new": Changed(changed=True),
        "nothing": Refused(reason=Refusal.UNKNOWN_GAME),
        "known": Refused(reason=Refusal.ANOTHER_UNDER_THIS_VERSION),
    }
    async with database.reading() as tx:
        (new,) = (await registry.find_offers(tx, [("acme", "new")])).values()
    assert (new.version.title, new.standings) == ("A New One", ())


async def test_what_cannot_be_done_is_named_and_changes_nothing(
    settings: Settings, provider: Told, database: Database
) -> None:
    untold = Pick(
        provider="acme", codes=("new", "untold"), version="1", cycle_ms_min=0, autoplay=False
    )

    with pytest.raises(Malformed, match=r"--rtp: .* untold"):
        await games.import_listed(settings, untold)
    with pytest.raises(Malformed, match=r"PROVIDER: .*nobody.*acme, silent is"):
        await games.compare_list(settings, "nobody")
    with pytest.raises(Malformed, match="PROVIDER: silent"):
        await games.compare_list(settings, "silent")
    provider.away = True
    with pytest.raises(ProviderAway):
        await games.import_listed(settings, PICK)

    async with database.reading() as tx:
        known = await registry.find_games(tx)
    assert [offer.version.code for offer in known] == ["gone", "known"]
