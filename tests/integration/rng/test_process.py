"""The process serves whoever asks properly, and nobody else can stop it."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from pitboss.app.rng import command
from pitboss.rng.records import DrawRecord, replay
from rng_process import answer_on, ask, connected, drawing, exactly, framed, serving, until_served

STALL_SECONDS = 5.0
REQUEST_BYTES_MAX = 64 * 1024


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder whose path is short enough for a socket."""
    return tmp_path_factory.mktemp("rng")


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Path]:
    """Give the path of a socket that is served."""
    path = folder / "socket"
    with serving(path):
        yield path


def test_a_draw_is_answered_with_a_record_that_maps_again(served: Path) -> None:
    answer = ask(served, drawing("first"))

    record = DrawRecord.from_json(answer["record"])
    assert answer["ok"] is True
    assert replay(record) == record.values
    assert 0 <= record.values[0] <= 36


def test_the_socket_is_for_its_user_alone(served: Path) -> None:
    assert stat.S_IMODE(served.stat().st_mode) == 0o600
    assert stat.S_ISSOCK(served.stat().st_mode)


def test_asking_again_gives_the_same_draw_and_other_words_are_refused(served: Path) -> None:
    first = ask(served, drawing("again"))
    second = ask(served, drawing("again"))
    other = ask(served, drawing("again", kind="range", low=0, high=35, count=1))

    assert first == second
    assert (other["ok"], other["error"]) == (False, "malformed")


def test_draws_are_counted_so_that_one_that_is_missing_leaves_a_gap(served: Path) -> None:
    one, two = (ask(served, drawing(name))["record"] for name in ("count-1", "count-2"))

    assert two["sequence"] == one["sequence"] + 1
    assert two["instance"] == one["instance"]


def test_the_status_says_which_build_it_is(served: Path) -> None:
    status = ask(served, {"op": "status"})["status"]

    assert status["may_draw"] is True
    assert status["certificate"] is None
    assert status["code_hash"] == ask(served, drawing("status"))["record"]["code_hash"]


def test_it_tests_itself_on_demand(served: Path) -> None:
    assert ask(served, {"op": "self_test"})["status"]["may_draw"] is True


def test_many_requests_on_one_connection_are_answered_in_order(served: Path) -> None:
    with connected(served) as connection:
        connection.sendall(b"".join(framed(drawing(f"pipe-{number}")) for number in range(200)))
        answers = [answer_on(connection)["record"]["draw_id"] for _ in range(200)]

    assert answers == [f"pipe-{number}" for number in range(200)]


def test_the_largest_draw_is_answered_whole(served: Path) -> None:
    weights = [2**48 - number for number in range(4096)]
    message = drawing("large", kind="weighted", weights=weights, count=4096)
    assert len(framed(message)) > REQUEST_BYTES_MAX

    assert ask(served, message)["error"] == "malformed"
    answer = ask(served, drawing("large", kind="range", low=0, high=2**63 - 1, count=4096))
    assert len(replay(DrawRecord.from_json(answer["record"]))) == 4096


@pytest.mark.parametrize(
    "data",
    [
        framed([]),
        framed("draw"),
        framed(None),
        b"\x00\x00\x00\x00",
        b"\x00\x00\x00\x03abc",
        b"\x00\x00\x00\x04\xff\xfe\xfd\xfc",
        b"\x00\x00\x00\x11" + b'{"op":1,"op":"s"}',
        b"\x00\x00\x00\x0a" + b'{"op":1.5}',
        b"\x00\x00\x00\x0a" + b'{"op":NaN}',
        (60_000).to_bytes(4, "big") + b"[" * 60_000,
        (60_000).to_bytes(4, "big") + b"9" * 60_000,
        (REQUEST_BYTES_MAX + 1).to_bytes(4, "big"),
        b"GET / HTTP/1.1\r\nHost: rng\r\n\r\n",
        b"\xff" * 100,
    ],
)
def test_who_cannot_write_a_message_is_told_so_and_let_go(served: Path, data: bytes) -> None:
    with connected(served) as connection:
        connection.sendall(data)
        answer = answer_on(connection)
        assert (answer["ok"], answer["error"]) == (False, "malformed")
        assert exactly(connection, 1) == b""
    assert ask(served, {"op": "status"})["ok"]


def test_a_request_that_is_far_too_large_is_answered_and_not_kept(served: Path) -> None:
    with connected(served) as connection:
        connection.sendall((1 << 25).to_bytes(4, "big") + bytes(1 << 25))
        assert answer_on(connection)["error"] == "malformed"
        assert exactly(connection, 1) == b""


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"op": "reseed"},
        {"op": ["draw"]},
        {"op": "status", "also": 1},
        {"op": "draw"},
        {"op": "check"},
        drawing("x" * 201),
        drawing("bad", kind="dice", count=1),
        drawing("bad", kind="range", low=0, high=10**40, count=1),
    ],
)
def test_what_is_not_understood_is_refused_and_the_connection_goes_on(
    served: Path, message: object
) -> None:
    with connected(served) as connection:
        connection.sendall(framed(message) + framed({"op": "status"}))
        first, second = answer_on(connection), answer_on(connection)

    assert (first["ok"], first["error"]) == (False, "malformed")
    assert second["ok"] is True


@pytest.mark.parametrize("seed", range(8))
def test_noise_stops_nothing(served: Path, seed: int) -> None:
    chance = Random(seed)
    with connected(served) as connection:
        for _ in range(20):
            size = chance.randint(0, 3000)
            try:
                connection.sendall(size.to_bytes(4, "big") + chance.randbytes(size))
            except OSError:
                break

    assert ask(served, drawing(f"noise-{seed}"))["ok"]


def test_who_stalls_holds_up_nobody_and_is_let_go(served: Path) -> None:
    with connected(served) as slow, connected(served) as idle:
        slow.sendall(framed(drawing("slow"))[:-1])
        began = time.monotonic()
        # A byte now and then does not help: the message as a whole takes too long.
        assert ask(served, drawing("quick"))["ok"]
        assert time.monotonic() - began < STALL_SECONDS
        assert exactly(slow, 1) == b""
        assert time.monotonic() - began >= STALL_SECONDS - 1
        # Who has asked for nothing may stay.
        idle.sendall(framed({"op": "status"}))
        assert answer_on(idle)["ok"]


def test_who_does_not_take_the_answer_is_let_go(served: Path) -> None:
    message = framed(drawing("untaken", kind="range", low=0, high=2**62, count=4096))
    with connected(served) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.settimeout(0.5)
        with pytest.raises(OSError):
            while True:
                slow.sendall(message)
        assert ask(served, {"op": "status"})["ok"]
        time.sleep(STALL_SECONDS + 2)
        assert ask(served, {"op": "status"})["ok"]
        slow.settimeout(5)
        with pytest.raises(OSError):
            for _ in range(1000):
                slow.sendall(message)


def test_more_connections_than_there_may_be_keep_nobody_out(served: Path) -> None:
    held = []
    try:
        for _ in range(80):
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.connect(str(served))
            held.append(connection)
        assert ask(served, drawing("crowded"))["ok"]
    finally:
        for connection in held:
            connection.close()


def test_clients_at_once_get_draws_of_their_own(served: Path) -> None:
    found: list[tuple[int, str]] = []

    def client(name: int) -> None:
        with connected(served) as connection:
            for number in range(50):
                connection.sendall(framed(drawing(f"{name}-{number}")))
                record = answer_on(connection)["record"]
                assert record["draw_id"] == f"{name}-{number}"
                found.append((record["sequence"], record["raw"]))

    threads = [threading.Thread(target=client, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len({sequence for sequence, _ in found}) == len({raw for _, raw in found}) == 400


def test_one_that_was_killed_is_followed_by_another(folder: Path) -> None:
    path = folder / "killed"
    with serving(path) as process, connected(path) as connection:
        first = ask(path, drawing())["record"]
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert exactly(connection, 1) == b""
        assert path.exists()

    with serving(path):
        second = ask(path, drawing())["record"]
    assert (second["instance"] != first["instance"], second["sequence"]) == (True, 1)
    assert second["raw"] != first["raw"]


def test_two_do_not_serve_on_one_path(folder: Path) -> None:
    path = folder / "twice"
    with serving(path):
        second = subprocess.run(
            command("serve", str(path)), capture_output=True, text=True, check=False
        )
        assert (second.returncode, "another process serves" in second.stderr) == (1, True)
        assert ask(path, {"op": "status"})["ok"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(folder: Path, number: signal.Signals) -> None:
    path = folder / f"ended-{number}"
    with serving(path) as process:
        process.send_signal(number)
        assert process.wait(10) == 0
    assert not path.exists()


def test_it_ends_with_who_supervises_it(folder: Path) -> None:
    path = folder / "supervised"
    with serving(path, "supervised") as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0


def test_a_path_that_cannot_be_is_said(tmp_path: Path) -> None:
    for path, why in ((tmp_path / ("x" * 120), "at most 107"), (Path("/dev/null/s"), "served on")):
        done = subprocess.run(
            command("serve", str(path)), capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert why in json.loads(done.stderr.splitlines()[-1])["error"]


def test_the_environment_changes_nothing(folder: Path, tmp_path: Path) -> None:
    """A module that somebody puts in the way is not found."""
    (tmp_path / "hashlib.py").write_text("raise SystemExit('not ours')\n")
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('not ours')\n")
    path = folder / "isolated"
    with subprocess.Popen(
        command("serve", str(path)),
        env={
            **os.environ,
            "PYTHONPATH": str(tmp_path),
            "PYTHONSTARTUP": "x",
            "PYTHONOPTIMIZE": "2",
        },
        cwd=tmp_path,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            until_served(path, process)
            assert ask(path, drawing())["ok"]
        finally:
            process.kill()


def test_what_the_environment_names_for_openssl_is_not_obeyed(tmp_path: Path) -> None:
    """It decides what SHA-256 is, which the generator and its measurement are made of."""
    configuration = tmp_path / "openssl.cnf"
    configuration.write_text(
        "openssl_conf = all\n[all]\nalg_section = chosen\n[chosen]\ndefault_properties = fips=yes\n"
    )

    done = subprocess.run(
        command("raw", "64"),
        env={**os.environ, "OPENSSL_CONF": str(configuration)},
        capture_output=True,
        check=False,
    )

    assert (done.returncode, len(done.stdout)) == (0, 64), done.stderr.decode()


def test_the_process_keeps_nothing_of_its_environment(folder: Path) -> None:
    path = folder / "bare"
    script = (
        "import runpy, sys, os, atexit, json\n"
        "atexit.register(lambda: print(json.dumps(dict(os.environ))))\n"
        "main, *sys.argv[1:] = sys.argv[1:]\n"
        "runpy.run_path(main, run_name='__main__')\n"
    )
    python, *options, main = command()

    done = subprocess.run(
        [python, *options, "-c", script, main, "raw", "0"],
        env={**os.environ, "SSLKEYLOGFILE": str(path), "HOME": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert json.loads(done.stdout) == {"OPENSSL_CONF": "/dev/null"}, done.stderr
