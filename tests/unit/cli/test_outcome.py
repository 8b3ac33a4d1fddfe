"""How commands end: in words, in one JSON object, with a status."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest
import typer

from pitboss.cli.options import settings_of
from pitboss.cli.outcome import INTERRUPTED, outcome, run_command
from pitboss.db.errors import DatabaseAway
from pitboss.kernel.errors import Malformed


def end_with(error: BaseException | None, *, as_json: bool = True) -> int:
    """Run a command that ends with this; return its status."""
    try:
        with outcome(as_json=as_json) as told:
            told.say("some words")
            told.tell(done=1)
            if error is not None:
                raise error
    except typer.Exit as end:
        return end.exit_code
    return 0


def last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Return the last line of standard output as JSON, which is all that is there."""
    (line,) = capsys.readouterr().out.splitlines()
    said: dict[str, Any] = json.loads(line)
    return said


def test_a_command_that_did_its_work_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert end_with(None) == 0
    assert last_line(capsys) == {"ok": True, "done": 1}


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (DatabaseAway("gone"), 1, "gone"),
        (PermissionError(13, "Permission denied", "/x"), 1, "[Errno 13] Permission denied: '/x'"),
        (LookupError("our mistake\nat length"), 1, "LookupError: our mistake"),
        (LookupError(), 1, "LookupError: "),
        (ExceptionGroup("many", [ValueError("x")]), 1, "ExceptionGroup: many (1 sub-exception)"),
        (KeyboardInterrupt(), INTERRUPTED, "interrupted"),
    ],
)
def test_a_command_that_fails_says_why_in_one_object(
    capsys: pytest.CaptureFixture[str], error: BaseException, status: int, said: str
) -> None:
    assert end_with(error) == status
    assert last_line(capsys) == {"ok": False, "done": 1, "error": said}


def test_a_mistake_of_ours_is_shown_to_whoever_can_mend_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    end_with(LookupError("our mistake"))

    assert "Traceback" in capsys.readouterr().err


def test_a_fault_of_the_world_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    end_with(DatabaseAway("[red]gone[/red]"), as_json=False)

    captured = capsys.readouterr()
    assert captured.out == "some words\nerror: [red]gone[/red]\n"
    assert captured.err == ""


def test_words_go_to_standard_error_when_a_machine_reads_the_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    end_with(None)

    assert capsys.readouterr().err == "some words\n"


class Gone(io.StringIO):
    """An output that nobody reads any more."""

    def write(self, text: str) -> int:
        """Fail."""
        raise BrokenPipeError

    def flush(self) -> None:
        """Fail."""
        raise BrokenPipeError


def test_a_reader_that_leaves_does_not_end_what_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Gone())

    with outcome(as_json=False) as told:
        told.say("something")
        told.say("something else")
        done = True

    assert done


def test_what_is_told_not_to_be_ok_makes_the_command_fail(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit) as end, outcome(as_json=True) as told:
        told.tell(ok=False, checks={"sum": False})
        told.tell(ok=True, more=1)

    assert end.value.exit_code == 1
    assert last_line(capsys) == {"ok": False, "checks": {"sum": False}, "more": 1}


@pytest.mark.parametrize(("words", "lines"), [(["--json"], 1), ([], 0)])
def test_a_command_line_that_cannot_be_read_has_its_object_too(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    lines: int,
) -> None:
    monkeypatch.setattr(sys, "argv", ["pitboss", "up", *words])

    with pytest.raises(SystemExit) as end:
        run_command(lambda: sys.exit(2))

    assert end.value.code == 2
    printed = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["ok"] for line in printed] == [False] * lines


def test_an_option_wins_over_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PITBOSS_PORT", "1")
    monkeypatch.setenv("PITBOSS_HOST", "127.0.0.2")

    settings = settings_of(port=2, host=None)

    assert (settings.port, settings.host) == (2, "127.0.0.2")


def test_who_said_what_cannot_be_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Malformed, match=r"^--sandbox-port: "):
        settings_of(sandbox_port=70_000)
    monkeypatch.setenv("PITBOSS_PORT", "eight thousand")
    with pytest.raises(Malformed, match=r"^PITBOSS_PORT: "):
        settings_of()
    monkeypatch.setenv("PITBOSS_PORT", "8000")
    monkeypatch.setenv("PITBOSS_SANDBOX", "{")
    with pytest.raises(Malformed, match=r"^PITBOSS_SANDBOX: it is no JSON: .*line 1"):
        settings_of()


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ({"acme": {"protocol": "softswiss", "keys": []}}, "acme.keys: "),
        ({"acme": {"protocol": "softswiss", "keys": ["a"], "lunch_url": "x"}}, "acme.lunch_url: "),
        ({"Acme Studio": {"protocol": "softswiss", "keys": ["a"]}}, "Acme Studio: "),
        (
            {"acme": {"protocol": "softswiss", "keys": ["a"], "networks": ["x"]}},
            "acme.networks.0: ",
        ),
    ],
)
def test_which_of_many_providers_is_wrong_and_in_what_is_named(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, object], named: str
) -> None:
    good = {"protocol": "softswiss", "keys": ["a secret of somebody else"]}
    monkeypatch.setenv("PITBOSS_GAMES", json.dumps({"good": good, **said}))

    with pytest.raises(Malformed) as told:
        settings_of()

    assert str(told.value).startswith(f"PITBOSS_GAMES: {named}")
    assert "secret" not in str(told.value)
