"""Go's own transparency code accepts our log and refuses what was altered in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from contract.made_log import KEY, STEPS, MadeLog, seal_bodies, write_log, write_tidied_log
from pitboss.kernel.entropy import SeededEntropy
from pitboss.tlog.keys import SigningKey
from pitboss.tlog.tree import leaf_hash

SOURCE = Path(__file__).with_name("go_verifier") / "main.go"
VKEY = str(KEY.verifier)
BODIES = seal_bodies(STEPS[-1])
BUILD_SECONDS_MAX = 300
PACKAGES = ("note", "tlog")


def tell(go: str, name: str) -> str:
    """Return what Go says of itself."""
    done = subprocess.run([go, "env", name], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def find_sumdb(go: str) -> Path | None:
    """Return where `sumdb` of golang.org/x/mod lies: in Go's toolchain, or from Debian."""
    places = (
        Path(tell(go, "GOROOT")) / "src/cmd/vendor/golang.org/x/mod/sumdb",
        Path("/usr/share/gocode/src/golang.org/x/mod/sumdb"),
    )
    return next((place for place in places if all((place / p).is_dir() for p in PACKAGES)), None)


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the verifier without the network, or skip and say what is missing."""
    go = shutil.which("go")
    if go is None:
        pytest.skip("Go is not there: install golang-go and golang-golang-x-mod-dev")
    sumdb = find_sumdb(go)
    if sumdb is None:
        pytest.skip("Go is there without golang.org/x/mod: install golang-golang-x-mod-dev")
    folder = tmp_path_factory.mktemp("go")
    for package in PACKAGES:
        shutil.copytree(
            sumdb / package,
            folder / "mod/sumdb" / package,
            ignore=shutil.ignore_patterns("*_test.go"),
        )
    # The language is the toolchain's own, for that is what its packages are written in.
    language = ".".join(tell(go, "GOVERSION").removeprefix("go").split(".")[:2])
    (folder / "mod/go.mod").write_text(f"module golang.org/x/mod\n\ngo {language}\n")
    (folder / "go.mod").write_text(
        f"module pitboss.test/go_verifier\n\ngo {language}\n\n"
        "require golang.org/x/mod v0.0.0\n\nreplace golang.org/x/mod => ./mod\n"
    )
    shutil.copy(SOURCE, folder)
    built = subprocess.run(
        [go, "build", "-o", "verifier", "."],
        cwd=folder,
        env={**os.environ, "GOPROXY": "off", "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"},
        capture_output=True,
        text=True,
        check=False,
        timeout=BUILD_SECONDS_MAX,
    )
    assert built.returncode == 0, built.stderr
    return folder / "verifier"


@pytest.fixture
def log(tmp_path: Path) -> MadeLog:
    """Give a good log of 700 facts that grew in five steps."""
    return write_log(tmp_path, BODIES)


def ask(verifier: Path, log: MadeLog, *old: Path, key: str = VKEY) -> tuple[int, str]:
    """Run the verifier over a log; return its status and what it said."""
    done = subprocess.run(
        [verifier, log.folder, key, *old], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_go_accepts_a_log_that_grew(verifier: Path, log: MadeLog) -> None:
    status, said = ask(verifier, log, *(log.folder / f"checkpoint.{size}" for size in STEPS))

    assert said.startswith("Go agrees: 700 entries")
    assert (status, said.endswith("grown from 5\n")) == (0, True)


def test_go_accepts_a_log_with_tiles_on_three_levels(verifier: Path, tmp_path: Path) -> None:
    bodies = [b"%d" % number for number in range(256 * 256 + 3)]
    log = write_log(tmp_path, bodies, steps=(300, len(bodies)))

    assert ask(verifier, log, tmp_path / "checkpoint.300")[0] == 0


@pytest.mark.parametrize(
    ("path", "old", "new", "why"),
    [
        ("tile/entries/001", b"fact 300", b"fact 3OO", "entry 300: "),
        ("tile/0/001", leaf_hash(BODIES[300]), leaf_hash(b"?"), "downloaded inconsistent tile"),
        ("checkpoint", b"\n700\n", b"\n699\n", "invalid signature"),
    ],
    ids=["entry", "tile", "checkpoint"],
)
def test_go_refuses_a_flipped_byte(
    verifier: Path, log: MadeLog, path: str, old: bytes, new: bytes, why: str
) -> None:
    whole = (log.folder / path).read_bytes()
    assert whole.count(old) == 1
    (log.folder / path).write_bytes(whole.replace(old, new))

    status, said = ask(verifier, log)

    assert (status, why in said) == (1, True), said


@pytest.mark.parametrize("path", ["tile/0/000", "tile/1/000.p/2", "tile/entries/002.p/188"])
def test_go_misses_what_is_missing(verifier: Path, log: MadeLog, path: str) -> None:
    (log.folder / path).unlink()

    status, said = ask(verifier, log)

    assert (status, "no such file" in said) == (1, True), said


def test_go_reads_a_partial_tile_that_was_tidied_away_from_the_full_one(
    verifier: Path, tmp_path: Path
) -> None:
    status, said = ask(verifier, write_tidied_log(tmp_path))

    assert status == 0, said


def test_go_refuses_another_key(verifier: Path, log: MadeLog) -> None:
    other = SigningKey.generate(KEY.name, SeededEntropy("other"))

    status, said = ask(verifier, log, key=str(other.verifier))

    assert (status, "no verifiable signatures" in said) == (1, True), said


def test_go_refuses_the_past_of_another_log(
    verifier: Path, log: MadeLog, tmp_path_factory: pytest.TempPathFactory
) -> None:
    fork = write_log(tmp_path_factory.mktemp("fork"), BODIES[1:], steps=(300,))

    status, said = ask(verifier, log, fork.folder / "checkpoint.300")

    assert (status, "invalid transparency proof" in said) == (1, True), said
