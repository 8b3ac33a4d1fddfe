"""A home keeps its secrets, and lets one supervisor in at a time."""

from __future__ import annotations

import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from pitboss.app.home import SECRET_BYTES, Home, HomeTaken, HomeUnusable

TWINS = 8


def draw(path: Path, answers: multiprocessing.Queue[bytes]) -> None:
    """Ask for a secret, in a process of its own."""
    answers.put(Home(path).secret("tokens"))


def test_a_secret_is_drawn_once_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    home = Home(tmp_path / "deep" / "home")

    first, again, other = home.secret("tokens"), home.secret("tokens"), home.secret("owner")

    assert first == again != other
    assert len(first) == SECRET_BYTES
    file = tmp_path / "deep" / "home" / "keys" / "tokens.secret"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert sorted(path.name for path in file.parent.iterdir()) == ["owner.secret", "tokens.secret"]


def test_two_homes_have_two_secrets(tmp_path: Path) -> None:
    assert Home(tmp_path / "a").secret("tokens") != Home(tmp_path / "b").secret("tokens")


def test_processes_that_ask_at_once_get_one_secret(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("fork")
    answers: multiprocessing.Queue[bytes] = spawn.Queue()
    twins = [spawn.Process(target=draw, args=(tmp_path, answers)) for _ in range(TWINS)]

    for twin in twins:
        twin.start()
    secrets = [answers.get(timeout=10) for _ in twins]
    for twin in twins:
        twin.join(10)

    assert len(set(secrets)) == 1
    assert Home(tmp_path).secret("tokens") == secrets[0]


def test_one_at_a_time_has_a_home_taken(tmp_path: Path) -> None:
    with Home(tmp_path).taken(), pytest.raises(HomeTaken, match="--home"), Home(tmp_path).taken():
        pytest.fail("two had it taken")

    with Home(tmp_path).taken():
        pass


@pytest.mark.parametrize("name", ["file/home", "/dev/null/home"])
def test_a_folder_that_cannot_be_is_no_home(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    home = Home(tmp_path / name)

    with pytest.raises(HomeUnusable, match="home"):
        home.secret("tokens")
    with pytest.raises(HomeUnusable, match="home"):
        _ = home.logs
    with pytest.raises(HomeUnusable, match="home"), home.taken():
        pytest.fail("it was taken")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_secret_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    Home(tmp_path).secret("tokens")
    (tmp_path / "keys" / "tokens.secret").chmod(0)

    with pytest.raises(HomeUnusable):
        Home(tmp_path).secret("tokens")


def test_a_file_of_keys_that_is_no_text_is_told(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.key_file("log.keys", lambda: "a key\n")
    (tmp_path / "keys" / "log.keys").write_bytes(b"\xff\xfe")

    with pytest.raises(HomeUnusable, match=r"log\.keys is no file of keys"):
        home.key_file("log.keys", lambda: "another\n")
