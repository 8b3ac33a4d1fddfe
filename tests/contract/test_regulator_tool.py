"""The regulator's tool agrees with a good log, and names the first thing wrong with a bad one."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contract.made_log import (
    KEY,
    NOW,
    STEPS,
    MadeLog,
    seal_bodies,
    stream_of,
    write_log,
    write_tidied_log,
)
from pitboss.kernel.entropy import SeededEntropy
from pitboss.tlog.cosignatures import cosign
from pitboss.tlog.keys import COSIGNATURE_ED25519, SigningKey
from pitboss.tlog.notes import add_signatures
from pitboss.tlog.tree import leaf_hash

TOOL = Path(__file__).parents[2] / "tools" / "verify_pitboss_log.py"
VKEY = str(KEY.verifier)
COUNT = STEPS[-1]
BODIES = seal_bodies(COUNT)
WITNESS = SigningKey.generate("witness.example", SeededEntropy("w"), kind=COSIGNATURE_ED25519)

Check = Callable[..., tuple[int, str]]


@pytest.fixture
def log(tmp_path: Path) -> MadeLog:
    """Give a good log of 700 facts that grew in five steps."""
    return write_log(tmp_path / "log", BODIES)


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Check:
    """Give what runs the tool here and returns its status and what it said."""
    spec = importlib.util.spec_from_file_location("verify_pitboss_log", TOOL)
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = tool
    spec.loader.exec_module(tool)

    def run(*arguments: object) -> tuple[int, str]:
        try:
            status = tool.main([str(argument) for argument in arguments])
        except SystemExit as ended:
            status = ended.code
        told = capsys.readouterr()
        return status, told.out + told.err

    return run


def test_the_tool_needs_nothing_of_pitboss() -> None:
    imports = [
        node for node in ast.walk(ast.parse(TOOL.read_text())) if isinstance(node, ast.Import)
    ]
    froms = [
        node for node in ast.walk(ast.parse(TOOL.read_text())) if isinstance(node, ast.ImportFrom)
    ]
    modules = {alias.name for node in imports for alias in node.names}
    modules |= {(node.module or "").split(".")[0] for node in froms}

    assert modules - sys.stdlib_module_names == {"cryptography"}


def test_a_good_log_is_recomputed_to_its_root(log: MadeLog, check: Check) -> None:
    old = [part for size in STEPS for part in ("--old", log.folder / f"checkpoint.{size}")]

    status, said = check(log.folder, "--key", VKEY, *old)

    assert status == 0
    assert "700 entries" in said
    assert "3 bundles and 4 tiles" in said
    assert "3 shards and 6 streams" in said
    assert "5 earlier checkpoints" in said


@pytest.mark.parametrize("size", [0, 1, 2, 256, 257, 512])
def test_a_log_of_any_size_is_recomputed(tmp_path: Path, check: Check, size: int) -> None:
    write_log(tmp_path, BODIES[:size], steps=(size,))

    status, said = check(tmp_path, "--key", VKEY)

    assert (status, f"{size} entries" in said) == (0, True)


def test_a_log_of_many_tiles_is_recomputed(tmp_path: Path, check: Check) -> None:
    count = 256 * 256 + 3
    write_log(tmp_path, seal_bodies(count), steps=(70, 65_536, count))

    status, said = check(tmp_path, "--key", VKEY, "--old", tmp_path / "checkpoint.65536")

    assert (status, "257 bundles and 259 tiles" in said) == (0, True)


def test_a_partial_tile_that_was_tidied_away_is_read_from_the_full_one(
    tmp_path: Path, check: Check
) -> None:
    log = write_tidied_log(tmp_path)

    status, said = check(log.folder, "--key", VKEY)
    assert (status, "300 entries" in said) == (0, True), said

    whole = (log.folder / "tile/entries/001").read_bytes()
    (log.folder / "tile/entries/001").write_bytes(whole[:-1])
    status, said = check(log.folder, "--key", VKEY)
    assert (status, "tile/entries/001 ends before it" in said) == (1, True), said


def test_the_tool_runs_by_itself(log: MadeLog) -> None:
    done = subprocess.run(
        [sys.executable, "-I", TOOL, log.folder, "--key", VKEY], capture_output=True, text=True
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_a_flipped_byte_in_an_entry_is_named_with_both_hashes(log: MadeLog, check: Check) -> None:
    altered = BODIES[300].replace(b"fact 300", b"fact 3OO")
    flip(log.folder / "tile/entries/001", BODIES[300], altered)

    status, said = check(log.folder, "--key", VKEY)

    assert status == 1
    assert "WRONG: entry 300:" in said
    assert leaf_hash(altered).hex() in said
    assert leaf_hash(BODIES[300]).hex() in said


def test_a_flipped_byte_in_a_tile_is_named(log: MadeLog, check: Check) -> None:
    flip(log.folder / "tile/0/001", leaf_hash(BODIES[300]), leaf_hash(b"another"))

    assert wrong(check(log.folder, "--key", VKEY)).startswith("entry 300: tile/0/001 has")


def test_a_flipped_byte_in_an_upper_tile_is_named(log: MadeLog, check: Check) -> None:
    path = log.folder / "tile/1/000.p/2"
    path.write_bytes(path.read_bytes()[:-1] + b"?")

    said = wrong(check(log.folder, "--key", VKEY))
    assert said.startswith("entries 256 to 511: tile/1/000.p/2 has")


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("tile/0/000", "tile/0/000 cannot be read: No such file"),
        ("tile/entries/002.p/188", "tile/entries/002.p/188 cannot be read"),
        ("tile/1/000.p/2", "tile/1/000.p/2 cannot be read"),
        ("checkpoint", "checkpoint cannot be read"),
    ],
)
def test_a_missing_file_is_named(log: MadeLog, check: Check, path: str, why: str) -> None:
    (log.folder / path).unlink()

    assert why in wrong(check(log.folder, "--key", VKEY))


@pytest.mark.parametrize(
    ("path", "why"),
    [("tile/0/001", "has 8191 bytes"), ("tile/entries/001", "entry 511: tile/entries/001 ends")],
)
def test_a_truncated_file_is_named(log: MadeLog, check: Check, path: str, why: str) -> None:
    whole = (log.folder / path).read_bytes()
    (log.folder / path).write_bytes(whole[:-1])

    assert why in wrong(check(log.folder, "--key", VKEY))


def test_what_comes_after_the_last_entry_is_found(log: MadeLog, check: Check) -> None:
    with (log.folder / "tile/entries/001").open("ab") as file:
        file.write(b"\x00\x01x")

    assert "goes on after entry 511" in wrong(check(log.folder, "--key", VKEY))


@pytest.mark.parametrize(
    ("bodies", "why"),
    [
        ([*BODIES[:10], *BODIES[11:]], "entry 12: its number in shard"),
        ([*BODIES[:9], BODIES[12], *BODIES[10:12], BODIES[9], *BODIES[13:]], "entry 9: its number"),
        ([BODIES[1], *BODIES[3:]], "entry 1: its number in shard"),
        ([b"{}"], "entry 0 is not a fact: its 'id' is None"),
        ([b"\xff"], "entry 0 is not a fact"),
        ([b"[" * 5000], "entry 0 is not a fact"),
        ([BODIES[0].replace(b'":', b'": ', 1)], "entry 0 is not written as canonical JSON"),
        ([BODIES[0][:-1] + b',"ver":1}'], "entry 0 is not written as canonical JSON"),
        ([BODIES[0].replace(b'"ver":1', b'"ver":2')], "version of stream .* should be 1"),
        ([BODIES[0].replace(b'"ver":1', b'"ver":true')], "its 'ver' is True"),
        (
            [*BODIES[:3], BODIES[3].replace(leaf_hash(BODIES[0]).hex().encode(), b"ab" * 32)],
            "entry 3: its fact before it in shard 3 should be " + leaf_hash(BODIES[0]).hex(),
        ),
    ],
)
def test_a_history_that_was_signed_anew_still_shows(
    tmp_path: Path, check: Check, bodies: list[bytes], why: str
) -> None:
    write_log(tmp_path, bodies, steps=(len(bodies),))

    assert re.search(why, wrong(check(tmp_path, "--key", VKEY)))


def test_an_earlier_checkpoint_convicts_a_fork(log: MadeLog, tmp_path: Path, check: Check) -> None:
    old = write_log(tmp_path / "old", [BODIES[1], BODIES[0]], steps=(2,))

    said = wrong(check(log.folder, "--key", VKEY, "--old", old.folder / "checkpoint"))
    assert said.startswith("size 2: signed was")
    said = wrong(check(old.folder, "--key", VKEY, "--old", log.folder / "checkpoint"))
    assert "had 700 entries" in said


@pytest.mark.parametrize("size", STEPS)
def test_every_size_that_was_published_stays_verifiable(
    log: MadeLog, check: Check, size: int
) -> None:
    (log.folder / "checkpoint").write_text(str(log.notes[size]))

    assert check(log.folder, "--key", VKEY)[0] == 0


def test_a_wrong_key_opens_nothing(log: MadeLog, check: Check) -> None:
    other = SigningKey.generate(KEY.name, SeededEntropy("other")).verifier
    forged = str(log.notes[COUNT]).replace("\n700\n", "\n699\n")

    assert "no key that was given has signed" in wrong(check(log.folder, "--key", other))
    (log.folder / "checkpoint").write_text(forged)
    assert "is not its" in wrong(check(log.folder, "--key", VKEY))


def test_a_witness_that_is_asked_for_must_have_cosigned(log: MadeLog, check: Check) -> None:
    note = log.notes[COUNT]
    seen = add_signatures(note, [cosign(note.text, WITNESS, at=NOW)])
    asked = (log.folder, "--key", VKEY, "--witness", WITNESS.verifier)

    assert "not cosigned by witness.example" in wrong(check(*asked))
    (log.folder / "checkpoint").write_text(str(seen))
    assert check(*asked)[0] == 0


def test_a_proof_file_is_verified(log: MadeLog, tmp_path: Path, check: Check) -> None:
    path = tmp_path / "one.tlog-proof"
    path.write_text(str(log.prove(300)))

    assert check(path, "--key", VKEY)[0] == 0
    path.write_text(str(log.prove(300)).replace("index 300", "index 301"))
    assert "entry 301: its proof gives" in wrong(check(path, "--key", VKEY))
    path.write_text(str(log.prove(300)).replace("extra ", "extra !"))
    assert "not base64" in wrong(check(path, "--key", VKEY))


def test_an_extract_is_verified_and_says_what_is_complete(
    log: MadeLog, tmp_path: Path, check: Check
) -> None:
    path = tmp_path / "extract.json"
    path.write_text(json.dumps(log.extract(stream_of(2))))

    status, said = check(path, "--key", VKEY)

    assert status == 0
    assert "117 facts are in" in said
    assert "1 opened values" in said
    assert f"stream {stream_of(2)} of shard 64: complete from version 1 to 117" in said


def drop_a_fact(extract: dict[str, Any]) -> None:
    """Withhold a fact from the middle."""
    del extract["facts"][50]


def swap_bodies(extract: dict[str, Any]) -> None:
    """Give one fact the body of another."""
    first, second = extract["facts"][:2]
    first["body"], second["body"] = second["body"], first["body"]


def move(extract: dict[str, Any]) -> None:
    """Say that a fact is elsewhere."""
    extract["facts"][0]["index"] += 1


def repeat_a_fact(extract: dict[str, Any]) -> None:
    """Give a fact twice."""
    extract["facts"].append(extract["facts"][0])


def open_another_name(extract: dict[str, Any]) -> None:
    """Open a commitment as what it is not."""
    extract["opened"][0]["value"] = "Somebody Else"


def open_what_is_not_there(extract: dict[str, Any]) -> None:
    """Open what no fact of the extract commits to."""
    extract["opened"][0]["path"] = "/surname"


def forget_the_path(extract: dict[str, Any]) -> None:
    """Leave out a proof."""
    del extract["facts"][0]["path"]


def be_another_format(extract: dict[str, Any]) -> None:
    """Be what a later version writes."""
    extract["format"] = "pitboss-extract/2"


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (drop_a_fact, "is not complete: version 51 is missing"),
        (swap_bodies, "entry 2: its proof gives"),
        (move, "entry 3: its proof gives"),
        (repeat_a_fact, "is there twice"),
        (open_another_name, "/given_name: committed to was"),
        (open_what_is_not_there, "/surname: committed to was None"),
        (forget_the_path, "does not have its form: KeyError"),
        (be_another_format, "the format is 'pitboss-extract/2'"),
    ],
)
def test_a_spoilt_extract_is_named(
    log: MadeLog, tmp_path: Path, check: Check, spoil: Callable[[dict[str, Any]], None], why: str
) -> None:
    extract = log.extract(stream_of(2))
    spoil(extract)
    path = tmp_path / "extract.json"
    path.write_text(json.dumps(extract))

    assert why in wrong(check(path, "--key", VKEY))


@pytest.mark.parametrize(
    "text", ["", "[]", "nonsense", '{"format": "pitboss-extract/1"}', "\udcff"]
)
def test_what_is_no_extract_is_said_without_a_traceback(
    tmp_path: Path, check: Check, text: str
) -> None:
    path = tmp_path / "extract.json"
    path.write_text(text, errors="surrogateescape")

    assert wrong(check(path, "--key", VKEY))


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["/nowhere", "--key", VKEY],
        [".", "--key", "nonsense"],
        [".", "--key", VKEY + "A"],
        ["."],
    ],
)
def test_a_call_that_cannot_be_meant_exits_with_two(check: Check, arguments: list[str]) -> None:
    status, said = check(*arguments)

    assert status == 2
    assert "usage:" in said


def flip(path: Path, old: bytes, new: bytes) -> None:
    """Change some bytes of a file that are in it once."""
    whole = path.read_bytes()
    assert whole.count(old) == 1
    path.write_bytes(whole.replace(old, new))


def wrong(told: tuple[int, str]) -> str:
    """Return the one thing that the tool says is wrong."""
    status, said = told
    assert status == 1
    assert said.splitlines()[-1].startswith("WRONG: ")
    return said.splitlines()[-1].removeprefix("WRONG: ")
