"""Providers of games are put together from what is configured of them, and of nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from pydantic import ValidationError

from integration.games.test_conformance import private_pem, public_pem
from pitboss.adapters.protocols.rewards import Hub88Rewards
from pitboss.app.games import ProviderUnusable, open_providers
from pitboss.app.instance import start_instance
from pitboss.settings import GameProviderSettings, Settings
from unit.protocols.keys import LOCKED_PEM, PAIR

URL = "https://games.example/api/game/url"
HUB88 = GameProviderSettings(
    protocol="hub88",
    keys=(public_pem(PAIR).decode(),),
    launch_url=URL,
    launch_key=private_pem(PAIR).decode(),
    operator="casino",
)


async def test_rewards_are_asked_for_where_the_protocol_has_them_and_an_address_is_known() -> None:
    others = {
        "silent": HUB88.model_copy(update={"launch_url": None}),
        "softswiss": GameProviderSettings(protocol="softswiss", keys=("a",), launch_url=URL),
        "valkyrie": GameProviderSettings(protocol="valkyrie", keys=("a",), launch_url=URL),
    }

    async with open_providers(Settings(games={"caleta": HUB88, **others})) as found:
        asked = {name: one.rewards for name, one in found.items()}

    assert isinstance(asked.pop("caleta"), Hub88Rewards)
    assert asked == dict.fromkeys(others)


@pytest.mark.parametrize("key", ["no key", LOCKED_PEM.decode()], ids=["none", "locked"])
async def test_a_provider_whose_key_is_none_is_named(key: str) -> None:
    broken = HUB88.model_copy(update={"launch_key": key})

    with pytest.raises(ProviderUnusable, match=r"games\.caleta"):
        async with open_providers(Settings(games={"caleta": broken})):
            pass


async def test_a_token_for_reconciliation_that_is_empty_is_none() -> None:
    # Whoever shows no token at all would pay and undo for anybody.
    said = GameProviderSettings(protocol="valkyrie", keys=("a",), recon_key="")

    with pytest.raises(ProviderUnusable, match=r"games\.fire"):
        async with open_providers(Settings(games={"fire": said})):
            pass


@pytest.mark.parametrize("protocol", ["softswiss", "valkyrie"])
async def test_a_secret_of_two_providers_is_refused(
    protocol: Literal["softswiss", "valkyrie"],
) -> None:
    # What one of them has signed the other has signed too, and a win needs no session.
    first = GameProviderSettings(protocol=protocol, keys=("a", "b"))
    second = GameProviderSettings(protocol=protocol, keys=("c", "b"))

    with pytest.raises(ProviderUnusable, match=r"games\.two.*games\.one"):
        async with open_providers(Settings(games={"one": first, "two": second})):
            pass


async def test_a_public_key_may_be_that_of_two_providers() -> None:
    # A token is one provider's, and nothing is asked for without one.
    async with open_providers(Settings(games={"one": HUB88, "two": HUB88})) as found:
        assert set(found) == {"one", "two"}


@pytest.mark.parametrize("setting", ["launch_url", "list_url"])
@pytest.mark.parametrize(
    "url",
    ["", "studio.example/launcher", "ftp://studio.example", "https://", "http://[::1", "x://"],
)
def test_an_address_that_is_none_is_refused_before_any_player_meets_it(
    setting: str, url: str
) -> None:
    with pytest.raises(ValidationError, match=setting):
        GameProviderSettings(protocol="softswiss", keys=("a",), **{setting: url})  # type: ignore[arg-type]  # it is text


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"protocol": "softswiss", "recon_key": "b"}, "recon_key"),
        ({"protocol": "hub88", "recon_key": "b"}, "recon_key"),
        ({"protocol": "valkyrie", "list_url": URL}, "list_url"),
        ({"protocol": "hub88", "list_url": URL}, "list_url"),
        ({"protocol": "hub88", "launch_url": URL}, "launch_key"),
    ],
)
def test_what_a_protocol_has_not_or_needs_is_named(said: dict[str, str], named: str) -> None:
    # It was passed over in silence: nothing was ever asked at that address, nor paid with that key.
    with pytest.raises(ValidationError, match=named):
        GameProviderSettings(keys=("a",), **said)  # type: ignore[arg-type]  # it is text


@pytest.mark.parametrize(
    ("changed", "named"),
    [({"keys": ("no key",)}, "keys"), ({"launch_key": "no key"}, "launch_key")],
)
async def test_which_key_is_none_is_named(changed: dict[str, object], named: str) -> None:
    broken = HUB88.model_copy(update=changed)

    with pytest.raises(ProviderUnusable, match=rf"games\.caleta: {named}: "):
        async with open_providers(Settings(games={"caleta": broken})):
            pass


async def test_an_instance_with_a_provider_that_cannot_be_used_does_not_come_up(
    tmp_path: Path,
) -> None:
    # It said that it was up, and its API was started again and again.
    broken = HUB88.model_copy(update={"keys": ("no key",)})
    settings = Settings(home=tmp_path / "home", port=0, games={"caleta": broken})

    with pytest.raises(ProviderUnusable, match=r"games\.caleta: keys"):
        async with start_instance(settings):
            pass

    assert not (settings.home / "postgres").exists()
