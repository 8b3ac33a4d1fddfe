"""What runs of the house's games is measured at the start, every 24 hours, and when one asks."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from pitboss.app.house import (
    CHECK_SECONDS,
    ROOM,
    GamesFiles,
    games_build,
    measure,
    read_manifest,
    write_manifest,
)
from pitboss.games.dealing.errors import GamesChanged
from pitboss.games.dealing.model import Measured
from pitboss.kernel.errors import Malformed


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


def one_file_more(room: Path) -> None:
    (room / "rules" / "odds.py").write_text("")


def one_file_fewer(room: Path) -> None:
    (room / "rules" / "slot.py").unlink()


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


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (one_byte_more, "rules/slot.py"),
        (one_file_fewer, "rules/slot.py"),
        (one_file_more, "rules/odds.py"),
    ],
)
async def test_who_asks_is_told_which_file_differs_and_nothing_is_dealt_from_then_on(
    room: Path, change: Callable[[Path], None], named: str
) -> None:
    files = GamesFiles(room, now=Watch())
    build = games_build(room)
    kept = room.with_name("kept")
    shutil.copytree(room, kept)

    before = await files.check()
    change(room)
    differing = await files.check()
    with pytest.raises(GamesChanged):
        await files.build()
    shutil.rmtree(room)
    kept.rename(room)
    put_back = await files.check()

    assert before == Measured(build=build)
    assert differing == Measured(build=build, differing=(named,), closed=True)
    # What ran in between nobody knows.
    assert put_back == Measured(build=build, closed=True)
    with pytest.raises(GamesChanged):
        await files.build()


async def test_a_file_that_cannot_be_read_is_named(room: Path) -> None:
    files = GamesFiles(room, now=Watch())
    slot = room / "rules" / "slot.py"
    slot.unlink()
    slot.mkdir()

    measured = await files.check()

    assert measured.closed and "rules/slot.py" in measured.differing


def test_a_manifest_is_what_sha256sum_checks_and_certificates_name(room: Path) -> None:
    manifest = write_manifest(measure(room))

    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet"],
        input=manifest.encode(),
        cwd=room,
        capture_output=True,
        check=False,
    )

    assert (checked.returncode, checked.stdout) == (0, b"")
    assert hashlib.sha256(manifest.encode()).hexdigest() == games_build(room)
    assert read_manifest(manifest) == measure(room)


@pytest.mark.parametrize("text", ["", "\n", "{}", "ab  x", "ab  x\nab  x\n", "ab x\n", "\x00"])
def test_what_is_no_manifest_is_said_so(text: str) -> None:
    with pytest.raises(Malformed, match="games manifest"):
        read_manifest(text)
