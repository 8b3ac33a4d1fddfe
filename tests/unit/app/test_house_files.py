"""What runs of the house's games is measured at the start, and every 24 hours again."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pitboss.app.house import CHECK_SECONDS, ROOM, GamesFiles, games_build
from pitboss.games.dealing.errors import GamesChanged


class Watch:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def room(tmp_path: Path) -> Path:
    copied = tmp_path / "house"
    shutil.copytree(ROOM, copied, ignore=shutil.ignore_patterns("__pycache__"))
    return copied


def one_byte_more(room: Path) -> None:
    slot = room / "rules" / "slot.py"
    slot.write_text(slot.read_text() + "\n")


async def test_files_that_stay_as_they_are_deal_day_after_day(room: Path) -> None:
    watch = Watch()
    files = GamesFiles(room, now=watch)

    for _ in range(3):
        watch.now += CHECK_SECONDS
        assert await files.build() == games_build(room)


@pytest.mark.parametrize(
    "change", [one_byte_more, shutil.rmtree], ids=["one byte more", "nothing there"]
)
async def test_files_that_changed_deal_nothing_after_a_day_at_most_and_for_good(
    room: Path, change: Callable[[Path], None]
) -> None:
    watch = Watch()
    files = GamesFiles(room, now=watch)
    kept = room.with_name("kept")
    shutil.copytree(room, kept)

    change(room)
    watch.now += CHECK_SECONDS - 1
    certified = await files.build()
    watch.now += 1
    with pytest.raises(GamesChanged):
        await files.build()
    shutil.rmtree(room, ignore_errors=True)
    kept.rename(room)
    watch.now += CHECK_SECONDS
    with pytest.raises(GamesChanged):
        await files.build()

    # What was put back is what was certified; what ran in between nobody knows.
    assert certified == games_build(room)
