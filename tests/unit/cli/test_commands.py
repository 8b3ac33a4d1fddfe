"""Every command with `--json` ends with one JSON object that says whether it worked, always."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main

from pitboss.cli.commands import app, main
from pitboss.kernel.version import VERSION

# What commands cannot do without.
_ID = "00000000-0000-7000-8000-000000000001"
NEEDED = {
    ("audit", "prove"): [_ID],
    ("audit", "export"): [
        *("--player", _ID, "--from", "2026-01-01T00:00:00Z", "--to", "2026-02-01T00:00:00Z"),
    ],
    ("conformance", "run"): [
        *("--protocol", "softswiss", "--base-url", "http://localhost:1"),
        *("--key-file", "/nowhere/key", "--player", _ID, "--game", "book"),
    ],
    ("rebuild",): ["--check"],
    ("replay", "bet"): [_ID],
    ("demo",): ["--season", "/nowhere/season.csv"],
    ("witness", "key"): ["--name", "auditor.example/w1"],
    ("witness", "serve"): ["--name", "auditor.example/w1", "--log", "log.example"],
    ("jurisdictions", "show"): ["GB"],
    ("jurisdictions", "diff"): ["GB", "NJ"],
    ("staff", "add"): ["ann", "--role", "administrator"],
    ("staff", "invite"): ["ann"],
    ("sandbox", "feed"): ["/nowhere", "--feed", "uof"],
    ("worker", "feed"): ["--feed", "uof"],
    ("feed", "replay"): ["race.bz2"],
    ("games", "compare"): ["acme"],
    ("games", "import"): [
        *("acme", "book", "--version", "1", "--cycle-ms", "3000", "--no-autoplay"),
    ],
    ("games", "listing"): [
        *("--licence", "GB", "--laboratory", "Lab", "--number", "1", "--issued", "2026-11-26"),
    ],
    ("games", "par"): ["roulette"],
    ("games", "simulate"): ["roulette", "--rounds", "1000"],
    ("rng", "key"): ["--name", "lab.example/rng"],
    ("rng", "sign"): [
        *("rng.json", "--name", "lab.example/rng", "--certificate", "1", "--laboratory", "Lab"),
        *("--issued", "2026-11-26", "--licence", "GB"),
    ],
    ("rng", "verify"): ["rng.note", "--key", "lab.example/rng"],
    ("rng", "replay"): ["draws.jsonl"],
    ("players", "erase"): [_ID, "--basis", "gdpr_17_1_a"],
}


def words_of(command: Any, *before: str) -> Iterator[tuple[str, ...]]:
    """Return the words of every command that has `--json`."""
    for name, inner in getattr(command, "commands", {}).items():
        yield from words_of(inner, *before, name)
    if any("--json" in parameter.opts for parameter in command.params):
        yield before


COMMANDS = sorted(words_of(typer.main.get_command(app)))
# These look at no setting.
FREE = {"version", "bench", "sim", "jurisdictions", "compliance", "conformance", "games"}
# Of those that look at none, these do.
BOUND = {("games", "check"), ("games", "compare"), ("games", "import")}
WITHOUT_SETTINGS = [words for words in COMMANDS if words[0] in FREE and words not in BOUND]
WITH_SETTINGS = [words for words in COMMANDS if words not in WITHOUT_SETTINGS]


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[object, dict[str, Any]]:
    """Run a command in this process; return its status and what it said last."""
    monkeypatch.setattr(sys, "argv", ["pitboss", *words])
    with pytest.raises(SystemExit) as end:
        main()
    line = capsys.readouterr().out.splitlines()[-1]
    said: dict[str, Any] = json.loads(line)
    return end.value.code, said


def test_the_commands_are_these() -> None:
    assert {" ".join(words) for words in COMMANDS} >= {
        *("up", "api", "sandbox payments"),
        *(
            f"worker {name}"
            for name in ("bets", "feed", "settlement", "sequencer", "payments", "registers")
        ),
        *("migrate", "token staff", "catalogue sample", "demo", "version", "bench wallet"),
    }


def test_every_command_has_json_and_every_command_with_settings_has_a_home() -> None:
    def all_words(command: Any, *before: str) -> Iterator[tuple[tuple[str, ...], set[str]]]:
        inner = getattr(command, "commands", {})
        for name, item in inner.items():
            yield from all_words(item, *before, name)
        if not inner:
            yield before, {option for item in command.params for option in item.opts}

    commands = dict(all_words(typer.main.get_command(app)))

    assert [words for words, options in commands.items() if "--json" not in options] == []
    assert [words for words in WITH_SETTINGS if "--home" not in commands[words]] == []


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_wrong_option_ends_in_an_object(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    status, said = run(monkeypatch, capsys, *words, "--json", "--no-such-option")

    assert (status, said["ok"]) == (2, False)
    assert said["error"]


@pytest.mark.parametrize("words", WITH_SETTINGS, ids=" ".join)
def test_a_variable_that_cannot_be_ends_in_an_object_that_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("PITBOSS_BET_WORKERS", "many")

    status, said = run(monkeypatch, capsys, *words, *NEEDED.get(words, ()), "--json")

    assert (status, said["ok"]) == (1, False)
    assert said["error"].startswith("PITBOSS_BET_WORKERS: ")


@pytest.mark.parametrize(
    "words",
    [("up",), ("migrate",), ("catalogue", "sample"), ("token", "staff"), ("demo",)],
    ids=" ".join,
)
def test_a_home_that_cannot_be_ends_in_an_object_that_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    home = "/dev/null/home"

    status, said = run(
        monkeypatch, capsys, *words, *NEEDED.get(words, ()), "--json", "--home", home
    )

    assert (status, said["ok"]) == (1, False)
    assert "/dev/null" in said["error"]


def test_a_command_that_works_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, capsys, "version", "--json") == (
        0,
        {"ok": True, "version": VERSION},
    )


@pytest.mark.parametrize(
    ("words", "variable"), [(("api",), "PORT"), (("sandbox", "payments"), "SANDBOX_PORT")]
)
def test_a_port_that_is_taken_is_named(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    variable: str,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv(f"PITBOSS_{variable}", str(port))

        status, said = run(monkeypatch, capsys, *words, "--json")

    assert (status, said["ok"]) == (1, False)
    assert said["error"].startswith(f"port {port} is taken; name another with ")


def test_a_database_that_is_away_ends_in_an_object(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PITBOSS_DATABASE_URL", "postgresql://me:secret@127.0.0.1:1/bets")

    status, said = run(monkeypatch, capsys, "migrate", "--json")

    assert (status, said["ok"]) == (1, False)
    assert "127.0.0.1:1/bets" in said["error"]
    assert "secret" not in said["error"]
