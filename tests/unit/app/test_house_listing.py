"""What staff imports of the house's games names what would deal here, and what it returns."""

from __future__ import annotations

import json
import os
import py_compile
import shutil
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from pitboss.api.games import GamesBody
from pitboss.api.wire import reader
from pitboss.app import rng
from pitboss.app.house import ROOM, games_build, house_listing
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

    listing = house_listing(CERTIFICATE)

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
    builds = (json.loads(rng.measure())["code_hash"], games_build())
    for game in body.games:
        assert [item.licence for item in game.certificates] == ["GB", "demo"]
        assert all(item.hashes == builds for item in game.certificates)


def test_the_build_of_the_games_is_the_same_until_a_file_changes() -> None:
    assert games_build() == games_build()
    assert len(bytes.fromhex(games_build())) == 32


def test_the_build_of_the_games_is_another_if_other_code_would_run(tmp_path: Path) -> None:
    room = tmp_path / "house"
    shutil.copytree(ROOM, room, ignore=shutil.ignore_patterns("__pycache__"))
    slot = room / "rules" / "slot.py"
    source, stat = slot.read_text(), slot.stat()

    def compiled_of(text: str) -> str:
        """Have this compiled as if it were the source, which stays as it is."""
        slot.write_text(text)
        os.utime(slot, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        py_compile.compile(str(slot), doraise=True)
        slot.write_text(source)
        os.utime(slot, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        return games_build(room)

    certified = games_build(room)
    truly = compiled_of(source)
    falsely = compiled_of(source.replace("(30, 100, 500)", "(10, 100, 500)"))
    shutil.rmtree(slot.parent / "__pycache__")
    (tmp_path / "elsewhere").mkdir()
    (room / "rules" / "slot").symlink_to(tmp_path / "elsewhere")
    linked = games_build(room)
    (room / "rules" / "slot").unlink()
    (room / "rules" / "slot.so").write_bytes(b"a module of another kind")
    shadowed = games_build(room)

    assert certified == games_build() == truly
    assert len({certified, falsely, linked, shadowed}) == 4
