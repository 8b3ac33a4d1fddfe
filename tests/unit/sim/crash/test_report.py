"""What a run says of itself: to machines, to people, and to whoever wants to see it again."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import msgspec
from rich.console import Console

from pitboss.kernel.ids import PlayerId
from pitboss.sim.crash.memory import Memory, Want
from pitboss.sim.crash.model import Check
from pitboss.sim.crash.report import CrashReport, Latency, as_json, as_table

WELL = Check(name="money_is_conserved", details=())
BROKEN = Check(name="nothing_is_set_aside", details=("command c was set aside",))
REPORT = CrashReport(
    seed=11,
    minutes=0.25,
    faults={"api_killed": 2},
    acknowledged=10,
    decided=9,
    accepted=8,
    refused=1,
    settled=8,
    payments=1,
    requests=30,
    retries=5,
    repeats=7,
    restarts={"api": 2, "postgres": 1},
    connections_cut=3,
    zombies_fenced=2,
    longest_outage_seconds=1.234,
    ack_ms=Latency(p50=5.0, p99=900.0),
    rest_seconds=4.0,
    checks=(WELL,),
)


def changed(**changes: Any) -> CrashReport:
    """Return the report with some things different."""
    return msgspec.structs.replace(REPORT, **changes)


def shown(report: CrashReport) -> str:
    """Return what a person sees."""
    console = Console(width=160, record=True, file=StringIO())
    console.print(as_table(report))
    return console.export_text()


def test_a_run_that_kept_its_promises_is_ok() -> None:
    told = as_json(REPORT)

    assert told["ok"] is True
    assert told["checks"] == {"money_is_conserved": True}
    assert told["failed"] == {}
    assert told["faults"] == {"api_killed": 2}
    assert told["longest_outage_seconds"] == 1.23
    assert json.loads(json.dumps(told)) == told


def test_a_broken_promise_is_told_with_the_command_that_repeats_the_run() -> None:
    report = changed(checks=(WELL, BROKEN), home="/somewhere")

    told = as_json(report)

    assert told["ok"] is False
    assert told["failed"] == {"nothing_is_set_aside": ["command c was set aside"]}
    assert told["repeat_with"] == "pitboss sim crash --minutes 0.25 --seed 11"
    assert told["home"] == "/somewhere"
    for words in ("command c was set aside", "--seed 11", "/somewhere", "1 of 2"):
        assert words in shown(report)


def test_a_run_in_which_nothing_was_acknowledged_shows_nothing() -> None:
    assert not changed(acknowledged=0).ok


def test_percentiles_are_samples_that_were_seen() -> None:
    assert Latency.of_seconds([]) is None
    assert Latency.of_seconds([0.001] * 99 + [5.0]) == Latency(p50=1.0, p99=5000.0)


def test_an_outage_is_the_longest_time_without_any_acknowledgement() -> None:
    memory = Memory()
    player_id = PlayerId("ada")
    for number, at in enumerate((1.0, 2.0, 6.5, 7.0)):
        asked = memory.ask(Want.BET, player_id, str(number), 1, at=at - 0.5)
        memory.acknowledge(asked, f"bet {number}", at=at)
    memory.begin_again()
    memory.acknowledge(memory.ask(Want.BET, player_id, "x", 1, at=90.0), "bet x", at=99.0)

    assert memory.longest_outage_seconds == 4.5
    assert memory.ack_seconds == [0.5, 0.5, 0.5, 0.5, 9.0]
    assert (memory.acknowledged, memory.unknown) == (5, 0)
