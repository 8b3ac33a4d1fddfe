"""A bench's report: percentiles, the JSON that machines read, the table that people read."""

from __future__ import annotations

import io

import msgspec
import pytest
from rich.console import Console

from pitboss.bench.processes import micros_each
from pitboss.bench.report import BenchReport, Latency, as_json, as_table, percentile


def report(**changes: object) -> BenchReport:
    """Return a report in which all is well, with these changes."""
    plain = BenchReport(
        bench="bets",
        unit="bets/s",
        rate=30_000.04,
        baseline_rate=1_000.0,
        rss_mb={"bets-0": 61.5},
        durability={"fsync": "on"},
        machine={"cores": 2},
        versions={"python": "3.11.7"},
        options={"seconds": 1.0},
        invariants={"books_sum_to_zero": True},
        figures={"bets": 30_000},
        decide_ms=Latency(p50=1.0, p99=2.0, p999=3.0),
    )
    return msgspec.structs.replace(plain, **changes)


def shown(told: BenchReport) -> str:
    """Return the table as a terminal shows it."""
    console = Console(file=io.StringIO(), width=200)
    console.print(as_table(told))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("count", "share", "expected"),
    [(1, 0.5, 1), (1, 0.999, 1), (2, 0.5, 1), (4, 0.5, 2), (100, 0.99, 99), (1000, 0.999, 999)],
)
def test_a_percentile_is_a_sample_that_enough_others_do_not_exceed(
    count: int, share: float, expected: int
) -> None:
    assert percentile(range(1, count + 1), share) == expected


def test_durations_become_percentiles_in_milliseconds() -> None:
    latency = Latency.of_seconds(number / 1000 for number in range(1000, 0, -1))

    assert latency == Latency(p50=500.0, p99=990.0, p999=999.0)


def test_no_durations_have_no_percentiles() -> None:
    assert Latency.of_seconds([]) is None


def test_the_json_has_what_the_issue_asks_for() -> None:
    told = as_json(report())

    assert told["ok"] is True
    assert (told["rate"], told["baseline_rate"], told["ratio"]) == (30_000.0, 1_000.0, 30.0)
    assert told["decide_ms"] == {"p50": 1.0, "p99": 2.0, "p999": 3.0}
    assert told["rss_mb"] == {"bets-0": 61.5}
    assert told["durability"] == {"fsync": "on"}
    assert msgspec.json.decode(msgspec.json.encode(told)) == told


def test_what_does_not_apply_is_left_out_of_the_json() -> None:
    told = as_json(report(baseline_rate=None, decide_ms=None))

    assert not {"baseline_rate", "ratio", "decide_ms", "ack_ms"} & told.keys()


def test_one_broken_invariant_is_not_ok() -> None:
    broken = report(invariants={"books_sum_to_zero": True, "facts_are_chained": False})

    assert as_json(broken)["ok"] is False
    assert "NO" in shown(broken)


def test_to_have_done_nothing_is_not_ok() -> None:
    assert as_json(report(rate=0.0))["ok"] is False


def test_the_table_shows_rate_ratio_latency_and_settings() -> None:
    text = shown(report())

    for words in ("30,000", "30.0x", "1.0 / 2.0 / 3.0", "fsync=on", "books sum to zero", "yes"):
        assert words in text


def test_processes_of_one_kind_share_their_processor_time() -> None:
    before = {"bets-0": 1.0, "bets-1": 2.0, "postgres": 5.0}
    after = {"bets-0": 1.5, "bets-1": 2.5, "postgres": 5.25, "late": 3.0}

    assert micros_each(before, after, 1_000_000) == {
        "cpu_micros_bets": 1.0,
        "cpu_micros_postgres": 0.2,
    }


def test_nothing_done_took_no_time_each() -> None:
    assert micros_each({"bets-0": 1.0}, {"bets-0": 2.0}, 0) == {}
