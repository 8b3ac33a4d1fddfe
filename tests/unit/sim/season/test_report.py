"""The report says the same to machines and to people."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from pitboss.adapters.football_data.model import SkippedRow
from pitboss.sim.season import SeasonConfig, SeasonReport, to_json, to_tables
from pitboss.sim.season.checks import Check, run_checks
from pitboss.sim.season.evidence import Evidence
from pitboss.sim.season.reckoning import reckon
from pitboss.sim.season.tally import Sale
from unit.sim.season.history import evidence_of, whole_history

SKIPPED = SkippedRow(
    file="season.csv", line=12, column="FTHG", value="x", reason="is not a number of goals"
)
BROKEN = Check(name="no_hold_left", details=("account a: 5 micros are held",))

NOTHING = {"bets": 0, "turnover": "0.00", "returns": "0.00", "ggr": "0.00", "margin": None}


def report_of(evidence: Evidence, *checks: Check) -> SeasonReport:
    return SeasonReport(
        config=SeasonConfig(path=Path("season.csv"), players=1, bets=5, seed=7),
        events=380,
        match_days=110,
        races=4,
        abandoned=4,
        skipped=(SKIPPED,),
        books=reckon(evidence, requested=5),
        checks=checks or run_checks(evidence),
        seconds=61.237,
        phases={"betting": 40.123, "settling": 3.0},
        rss_mb={"api": 120.5, "client": 80.0},
        requests=1_234,
    )


def shown(report: SeasonReport) -> str:
    console = Console(width=160, record=True, force_terminal=False)
    with console.capture() as capture:
        console.print(to_tables(report))
    return capture.get()


def test_machines_are_told_everything() -> None:
    told = to_json(report_of(evidence_of(whole_history())))

    assert json.loads(json.dumps(told)) == told
    assert told["ok"] is True
    assert set(told["checks"].values()) == {True}  # type: ignore[attr-defined]
    assert told["bets"] == {
        "requested": 5,
        "asked": 5,
        "repeated": 0,
        "refused_early": 0,
        "acknowledged": 5,
        "accepted": 4,
        "refused": 1,
        "settled": 4,
        "voided": 1,
        "corrected": 0,
        "cashed_out": 0,
        "systems": 0,
        "each_way": 0,
    }
    assert told["refusals"] == {"insufficient_funds": 1}
    assert told["seconds"] == 61.24
    assert told["phases"] == {"betting": 40.12, "settling": 3.0}
    assert told["skipped"] == [
        {
            "file": "season.csv",
            "line": 12,
            "column": "FTHG",
            "value": "x",
            "reason": "is not a number of goals",
        }
    ]


def test_money_is_decimal_text_and_a_margin_a_share() -> None:
    told = to_json(report_of(evidence_of(whole_history())))

    assert told["markets"] == {
        "1x2": {
            "bets": 2,
            "turnover": "15.00",
            "returns": "20.00",
            "ggr": "-5.00",
            "margin": -0.3333,
        },
        "total": {"bets": 0, "turnover": "0.00", "returns": "0.00", "ggr": "0.00", "margin": None},
        "asian_handicap": {
            "bets": 0,
            "turnover": "0.00",
            "returns": "0.00",
            "ggr": "0.00",
            "margin": None,
        },
        "accumulator": {
            "bets": 1,
            "turnover": "6.00",
            "returns": "12.00",
            "ggr": "-6.00",
            "margin": -1.0,
        },
        "system": NOTHING,
        "race_winner": NOTHING,
        "each_way": NOTHING,
    }
    assert told["total"] == {
        "bets": 3,
        "turnover": "21.00",
        "returns": "32.00",
        "ggr": "-11.00",
        "margin": -0.5238,
    }


def test_one_check_that_fails_makes_the_whole_not_ok() -> None:
    report = report_of(evidence_of(whole_history()), BROKEN, Check(name="other", details=()))

    told = to_json(report)

    assert not report.ok
    assert told["ok"] is False
    assert told["checks"] == {"no_hold_left": False, "other": True}
    assert told["failed_checks"] == {"no_hold_left": ["account a: 5 micros are held"]}


def test_people_see_markets_bets_skipped_rows_and_checks() -> None:
    seen = shown(report_of(evidence_of(whole_history())))

    for words in (
        "asian_handicap",
        "-11.00 GBP",
        "-52.38%",
        "5 bets acknowledged: 4 accepted, of which 4 settled (1 void, 0 corrected) and"
        " 0 sold as a whole, and 1 refused.",
        "0 of them were systems, 0 each way.  0 looks at what a bet would fetch",
        "skipped: season.csv, line 12, column FTHG: 'x' is not a number of goals",
        "settlements replay",
        "380 events on 110 match days, 4 races, 1 players, 1,234 requests, 61.2 seconds; most"
        " memory: api,",
    ):
        assert words in seen, words
    assert "NO" not in seen.replace("NOT", "")


def test_people_see_what_differs() -> None:
    seen = shown(report_of(evidence_of(whole_history()), BROKEN))

    assert "NO" in seen
    assert "account a: 5 micros are held" in seen


def test_many_skipped_rows_are_counted() -> None:
    report = replace(report_of(evidence_of(whole_history())), skipped=(SKIPPED,) * 30)

    seen = shown(report)

    assert seen.count("skipped:") == 20
    assert "and 10 more rows" in seen


def test_equal_books_have_equal_fingerprints_and_others_have_others() -> None:
    once = reckon(evidence_of(whole_history()), requested=5)
    again = reckon(evidence_of(whole_history()), requested=5)

    assert once == again
    assert once.digest == again.digest
    assert once.digest != replace(once, balances=(81_000_001,)).digest
    assert once.digest != replace(once, bets=replace(once.bets, refused_early=1)).digest
    assert once.digest != replace(once, sales=replace(once.sales, paid=1)).digest


def test_machines_and_people_are_told_what_was_sold() -> None:
    evidence = evidence_of(whole_history())
    evidence.tally.looks = 4
    evidence.tally.unsold["quote_stale"] = 1
    for micros in (10_000_000, 2_500_000):
        sale = Sale(bet_id="single", day=0, micros=micros, left=10_000_000, paid=micros // 2)
        evidence.tally.sales.append(sale)

    report = report_of(evidence)

    assert to_json(report)["cash_outs"] == {
        "looks": 4,
        "wholes": 1,
        "parts": 1,
        "sold": "12.50",
        "paid": "6.25",
        "unsold": {"quote_stale": 1},
    }
    assert (
        "4 looks at what a bet would fetch: 1 sold all of it and 1 a part,"
        " 12.50 GBP of stakes for 6.25 GBP; 1 came to nothing."
    ) in shown(report)
