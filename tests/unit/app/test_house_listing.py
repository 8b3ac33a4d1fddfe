"""What staff imports of the house's games names what would deal here, and what it returns."""

from __future__ import annotations

import json
from datetime import date
from fractions import Fraction

import pytest

from pitboss.api.games import GamesBody
from pitboss.api.wire import reader
from pitboss.app import games, rng
from pitboss.games import house
from pitboss.games.house.model import House, Par

CERTIFICATE = rng.Certificate(
    number="N-1", laboratory="Lab", issued=date(2026, 11, 1), licences=("GB", "demo")
)


def test_the_listing_is_what_an_import_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = house.pars(House.ROULETTE)

    def pars(game: House) -> tuple[Par, ...]:
        # Blackjack's exact return takes seconds, and is held by a test of its own.
        return cheap if game is House.BLACKJACK else house_pars(game)

    house_pars = house.pars
    monkeypatch.setattr(house, "pars", pars)

    listing = games.house_listing(CERTIFICATE)

    body = reader(GamesBody)(json.dumps(listing).encode())
    assert body.provider == "house"
    assert [game.code for game in body.games] == ["roulette", "slot", "blackjack"]
    assert {game.code: game.version for game in body.games} == {
        kind.value: version for kind, version in house.versions().items()
    }
    assert Fraction(body.games[0].rtp) / 100 <= Fraction(36, 37)
    assert (body.games[0].rtp, body.games[1].rtp) == ("97.2972", "96.2378")
    # A number at roulette; at the slot, the greatest prize with every free spin at its best.
    assert body.games[0].top_win_chance == "1/37"
    chance = Fraction(body.games[1].top_win_chance or 0)
    assert 0 < chance < Fraction(1, 10**100)
    builds = (json.loads(rng.measure())["code_hash"], games.games_build())
    for game in body.games:
        assert [item.licence for item in game.certificates] == ["GB", "demo"]
        assert all(item.hashes == builds for item in game.certificates)


def test_the_build_of_the_games_is_the_same_until_a_file_changes() -> None:
    assert games.games_build() == games.games_build()
    assert len(bytes.fromhex(games.games_build())) == 32
