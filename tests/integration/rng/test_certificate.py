"""Only what was certified draws: one byte more, one file more or another signature closes it."""

from __future__ import annotations

import ctypes.util
import json
import os
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pitboss.app import rng
from pitboss.app.rng import command
from pitboss.kernel.entropy import SeededEntropy
from pitboss.kernel.errors import Malformed
from pitboss.rng import manifest
from pitboss.rng.errors import Uncertified
from pitboss.rng.manifest import open_signed, parse_key
from pitboss.tlog.keys import COSIGNATURE_ED25519, SigningKey
from rng_process import ask, copy_room, drawing, serving

KEY = SigningKey.generate("lab.example/rng", SeededEntropy(1))
OTHER_KEY = SigningKey.generate("lab.example/rng", SeededEntropy(2))
CERTIFICATE = rng.Certificate(
    number="LAB-2026-7", laboratory="Lab", issued=date(2026, 11, 26), licences=("GB", "NJ")
)


class Certified:
    """A copy of the room, and a signed manifest of it."""

    def __init__(self, folder: Path, measured: str) -> None:
        self.room = copy_room(folder / "copy")
        self.socket = folder / "socket"
        self.note = folder / "rng.note"
        self.note.write_text(rng.sign(measured, CERTIFICATE, KEY))

    def sign(self, key: SigningKey = KEY) -> None:
        """Measure the copy, and sign that."""
        measured = subprocess.run(
            command("measure", room=self.room), capture_output=True, text=True, check=True
        )
        self.note.write_text(rng.sign(measured.stdout, CERTIFICATE, key))

    def words(self) -> list[str]:
        """Return what the process is told of its certificate."""
        return [str(self.note), str(KEY.verifier)]

    def verified(self, key: SigningKey = KEY) -> subprocess.CompletedProcess[str]:
        """Compare the copy with its manifest."""
        return subprocess.run(
            command("verify", str(self.note), str(key.verifier), room=self.room),
            capture_output=True,
            text=True,
            check=False,
        )

    def change_a_byte(self, name: str = "mapping.py") -> None:
        """Change one byte of a file, in a comment or docstring, so that all works as before."""
        path = self.room / name
        content = bytearray(path.read_bytes())
        content[3] ^= 1
        path.write_bytes(bytes(content))


@pytest.fixture(scope="module")
def measured() -> str:
    """Give the manifest of the room; that of a copy is the same."""
    return rng.measure()


@pytest.fixture
def certified(tmp_path: Path, measured: str) -> Certified:
    """Give a copy of the room that is certified as it is."""
    return Certified(tmp_path, measured)


def test_what_was_certified_draws_and_names_its_certificate(certified: Certified) -> None:
    assert json.loads(certified.verified().stdout)["number"] == "LAB-2026-7"

    with serving(certified.socket, *certified.words(), room=certified.room):
        status = ask(certified.socket, {"op": "check"})["status"]
        assert ask(certified.socket, drawing())["ok"]

    assert status["may_draw"] is True
    assert status["certificate"] == {
        "number": "LAB-2026-7",
        "laboratory": "Lab",
        "issued": "2026-11-26",
        "licences": ["GB", "NJ"],
    }
    assert status["checked_seconds_ago"] <= 10


def files_of_the_room() -> list[str]:
    """Return the names of the room's files."""
    return sorted(path.name for path in rng.ROOM.glob("*.py"))


def test_one_byte_of_any_file_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    room = copy_room(tmp_path / "copy")
    monkeypatch.setattr(manifest, "ROOM", room)
    before = manifest.measure()

    for name in files_of_the_room():
        path = room / name
        content = path.read_bytes()
        path.write_bytes(content[:-2] + bytes([content[-2] ^ 1]) + content[-1:])
        found = manifest.differences(before, manifest.measure())
        path.write_bytes(content)

        assert f"room/pitboss/rng/{name}: changed" in found
        assert any(line.startswith("code_hash: ") for line in found)
    assert manifest.differences(before, manifest.measure()) == []


def test_one_byte_is_noticed_by_who_compares(certified: Certified) -> None:
    certified.change_a_byte("drbg.py")

    done = certified.verified()

    assert done.returncode == 1
    assert "room/pitboss/rng/drbg.py: changed" in done.stderr


def test_one_byte_changed_before_the_start_and_nothing_is_drawn(certified: Certified) -> None:
    certified.change_a_byte()

    with serving(certified.socket, *certified.words(), room=certified.room):
        drawn = ask(certified.socket, drawing())
        status = ask(certified.socket, {"op": "status"})["status"]

    assert (drawn["ok"], drawn["error"]) == (False, "closed")
    assert "room/pitboss/rng/mapping.py: changed" in drawn["why"]
    assert (status["may_draw"], status["certificate"]) == (False, None)


def test_one_byte_changed_while_it_runs_closes_it_for_good(certified: Certified) -> None:
    path = certified.room / "mapping.py"
    before = path.read_bytes()
    with serving(certified.socket, *certified.words(), room=certified.room):
        assert ask(certified.socket, drawing("before"))["ok"]
        certified.change_a_byte()
        # Nothing happens by itself until the day is over or somebody asks.
        assert ask(certified.socket, {"op": "check"})["error"] == "closed"
        path.write_bytes(before)
        assert ask(certified.socket, drawing("after"))["error"] == "closed"
        assert ask(certified.socket, {"op": "check"})["status"]["may_draw"] is False


def test_a_file_more_and_a_file_less_are_noticed(certified: Certified) -> None:
    (certified.room / "extra.py").write_text("")
    assert "rng/extra.py: here, and not certified" in certified.verified().stderr

    certified.sign()
    (certified.room / "extra.py").unlink()
    assert "rng/extra.py: certified, and not here" in certified.verified().stderr


def test_a_folder_that_lies_elsewhere_is_noticed(certified: Certified) -> None:
    """It would be imported in the place of the module of its name, though nothing else changed."""
    planted = certified.room.parent / "planted"
    planted.mkdir()
    mapping = (certified.room / "mapping.py").read_text().replace(".errors", "pitboss.rng.errors")
    (planted / "__init__.py").write_text(mapping)
    before = rng_of(certified)["code_hash"]

    (certified.room / "mapping").symlink_to(planted)

    said = certified.verified().stderr
    assert "rng/mapping: here, and not certified" in said
    assert "planted/__init__.py: here, and not certified" in said
    assert rng_of(certified)["code_hash"] != before


def rng_of(certified: Certified) -> dict[str, Any]:
    """Measure the copy of the room."""
    done = subprocess.run(
        command("measure", room=certified.room), capture_output=True, text=True, check=True
    )
    return dict(json.loads(done.stdout))


def test_compiled_code_beside_the_sources_is_not_run(certified: Certified) -> None:
    """It would be run in the place of a source that is as it was certified."""
    mapping, cache = certified.room / "mapping.py", certified.room / "__pycache__"
    cache.mkdir()
    source, stat = mapping.read_bytes(), mapping.stat()
    planted = certified.room.parent / "mapping.py"
    planted.write_text("raise SystemExit('planted code runs')\n")
    script = (
        "import importlib._bootstrap_external as b, sys, pathlib\n"
        "code = compile(pathlib.Path(sys.argv[1]).read_bytes(), 'mapping.py', 'exec')\n"
        "data = b._code_to_timestamp_pyc(code, int(sys.argv[2]), int(sys.argv[3]))\n"
        "pathlib.Path(sys.argv[4]).write_bytes(data)\n"
    )
    python = command()[0]
    tag = subprocess.run(
        [python, "-c", "import sys; print(sys.implementation.cache_tag)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    target = cache / f"mapping.{tag}.pyc"
    subprocess.run(
        [
            python,
            "-c",
            script,
            str(planted),
            str(int(stat.st_mtime)),
            str(len(source)),
            str(target),
        ],
        check=True,
    )
    planted.unlink()

    # The plain interpreter does run it, so the plant is good.
    plain = subprocess.run(
        [python, "-I", "-S", str(certified.room / "__main__.py"), "measure"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "planted code runs" in plain.stderr

    assert certified.verified().returncode == 0


def test_an_interpreter_that_was_started_in_another_way_is_noticed(certified: Certified) -> None:
    python = command()[0]
    done = subprocess.run(
        [
            *(python, "-B", str(certified.room / "__main__.py")),
            *("verify", str(certified.note), str(KEY.verifier)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "flags: " in done.stderr


def test_a_library_that_is_put_into_the_process_is_noticed(certified: Certified) -> None:
    name = ctypes.util.find_library("resolv")
    if name is None:
        pytest.skip("no library to put in")
    words = "verify", str(certified.note), str(KEY.verifier)

    done = subprocess.run(
        command(*words, room=certified.room),
        env={**os.environ, "LD_PRELOAD": name},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert f"library/{name}: here, and not certified" in done.stderr


def test_another_key_of_the_same_name_does_not_count(certified: Certified) -> None:
    certified.sign(OTHER_KEY)

    assert "lab.example/rng has not signed" in certified.verified().stderr
    assert certified.verified(OTHER_KEY).returncode == 0


def spoil_text(note: str) -> str:
    """Change what was signed."""
    return note.replace("LAB-2026-7", "LAB-2026-8")


def spoil_signature(note: str) -> str:
    """Change the signature."""
    return note[:-4] + ("AA" if note[-4:-2] != "AA" else "BB") + note[-2:]


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_text,
        spoil_signature,
        lambda note: "",
        lambda note: note.partition("\n\n")[0] + "\n",
        lambda note: note.replace("— lab", "lab"),
        lambda note: note + "x" * 300_000,
        lambda note: "\ufeff" + note,
    ],
)
def test_a_manifest_that_was_touched_closes_it(
    certified: Certified, spoil: Callable[[str], str]
) -> None:
    certified.note.write_text(spoil(certified.note.read_text()))

    with pytest.raises(Uncertified):
        open_signed(certified.note.read_bytes(), str(KEY.verifier))
    assert certified.verified().returncode == 1


def test_a_manifest_that_is_not_there_closes_it(certified: Certified) -> None:
    certified.note.unlink()

    with serving(certified.socket, *certified.words(), room=certified.room):
        answer = ask(certified.socket, drawing())

    assert (answer["ok"], answer["error"]) == (False, "closed")
    assert "cannot be read" in answer["why"]


def test_what_is_signed_and_names_no_certificate_certifies_nothing(certified: Certified) -> None:
    from pitboss.tlog.notes import NoteSigner, sign_note

    for text in ("{}\n", "[]\n", "nothing\n", '{"format": "pitboss rng manifest 1"}\n'):
        note = str(sign_note(text, [NoteSigner(KEY)]))
        with pytest.raises(Uncertified):
            open_signed(note.encode(), str(KEY.verifier))


@pytest.mark.parametrize(
    "key",
    [
        "",
        "lab.example/rng",
        "lab.example/rng+00000000+AQ==",
        str(KEY.verifier)[:-4],
        str(KEY.verifier).replace("lab", "pub"),
        str(SigningKey.generate("lab", SeededEntropy(1), kind=COSIGNATURE_ED25519).verifier),
    ],
)
def test_what_is_no_key_of_a_signer_is_not_taken(key: str) -> None:
    with pytest.raises(Uncertified):
        parse_key(key)


def test_the_room_reads_keys_as_the_log_writes_them() -> None:
    verifier = KEY.verifier

    assert parse_key(str(verifier)) == (verifier.name, verifier.id, verifier.public)


def test_signing_twice_needs_a_measurement_of_its_own(certified: Certified) -> None:
    text = certified.note.read_text().partition("\n\n")[0] + "\n"
    for unsigned in (text, "{}", "no"):
        with pytest.raises(Malformed):
            rng.sign(unsigned, CERTIFICATE, KEY)


def spoil_files(members: dict[str, Any]) -> None:
    """Have something run that is neither ours nor Python's nor the system's."""
    members["files"]["foreign/opt/help.py"] = "0" * 64


def spoil_flags(members: dict[str, Any]) -> None:
    """Have the environment decide what is imported."""
    members["flags"]["isolated"] = False


def spoil_room(members: dict[str, Any]) -> None:
    """Say that the room is another than its files are."""
    members["code_hash"] = "0" * 64


@pytest.mark.parametrize("spoil", [spoil_files, spoil_flags, spoil_room, dict.clear])
def test_what_must_not_run_is_not_signed(
    measured: str, spoil: Callable[[dict[str, Any]], None]
) -> None:
    """Whoever signs what they are given would certify it, and it would draw."""
    members = json.loads(measured)
    spoil(members)

    with pytest.raises(Malformed):
        rng.sign(json.dumps(members), CERTIFICATE, KEY)


def test_a_licence_that_there_is_not_is_not_signed_for(measured: str) -> None:
    """The games would be dealt to nobody, and nothing would say that a letter is wrong."""
    with pytest.raises(Malformed, match="gb"):
        rng.sign(measured, replace(CERTIFICATE, licences=("NJ", "gb")), KEY)


def test_the_rooms_hash_is_had_with_the_tools_of_the_system(measured: str) -> None:
    """As `docs/rng.md` says it: a laboratory takes nobody's word, least of all what it measures."""
    page = (Path(__file__).parents[3] / "docs" / "rng.md").read_text()
    (recipe,) = [part for part in page.split("```") if part.lstrip().startswith("find pitboss")]

    done = subprocess.run(
        ["/bin/sh", "-c", recipe],
        cwd=rng.ROOM.parents[1],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split()[0] == json.loads(measured)["code_hash"]


def test_measuring_again_gives_the_same(measured: str) -> None:
    assert rng.measure() == measured


def test_the_manifest_names_all_that_runs(measured: str) -> None:
    files = json.loads(measured)["files"]

    assert {f"room/pitboss/rng/{name}" for name in files_of_the_room()} <= set(files)
    assert "room/pitboss/__init__.py" in files
    assert any(name.startswith("interpreter/") for name in files)
    assert {"stdlib/hashlib.py", "stdlib/json/decoder.py", "stdlib/socket.py"} <= set(files)
    assert any(name.startswith("library/libc.") for name in files)
    # Nothing but the standard library: no package, and nothing else of pitboss.
    assert [name for name in files if name.startswith("foreign")] == []
    assert not {"stdlib/random.py", "stdlib/asyncio/__init__.py"} & set(files)
