"""The suites of others are called as they must be, and the report says all that was found."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import SimpleNamespace

import numpy as np
import pytest

from pitboss.assay import report, suites
from pitboss.assay.findings import Finding, Skipped
from pitboss.assay.report import report_of

RAW = Random(1).randbytes(2 * suites.SEQUENCE_BYTES)


def silent(_: str) -> None:
    """Hear nothing."""


def finding(p: float, **changes: object) -> Finding:
    """Return a finding with this chance."""
    members = {"suite": "own", "stream": "raw", "test": "ones", "p": p, **changes}
    return Finding(**members)  # type: ignore[arg-type]


def test_nists_suite_passes_what_is_good_and_rejects_what_is_not() -> None:
    pytest.importorskip(suites.NIST)

    good = report_of(list(suites.nist(RAW, quick=True, tell=silent)), {})
    leaning = bytes(byte | (byte >> 4 & 1) for byte in RAW)
    bad = report_of(list(suites.nist(leaning, quick=True, tell=silent)), {})

    assert good.ok
    assert len(good.findings) == 2 * len(suites.NIST_TESTS)
    assert not bad.ok


def package(seed: int, share: float = 0.0) -> SimpleNamespace:
    """Return a package of NIST's tests that gives the chances of a good generator, and the smaller
    of two where the real one does; as many as `share` of the serial test's are tiny."""
    chance = Random(seed)

    def of(name: str) -> Callable[..., float]:
        def test(*_: object) -> float:
            if name == "serial" and chance.random() < share:
                return 1e-5
            both = chance.random(), chance.random()
            return min(both) if name in ("serial", "cumulative_sums") else both[0]

        return test

    return SimpleNamespace(**{name: of(name) for name, _ in suites.NIST_TESTS})


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_the_smaller_of_two_chances_is_not_taken_for_one_of_a_bad_generator(
    monkeypatch: pytest.MonkeyPatch, seed: int, quick: bool
) -> None:
    """Among a hundred sequences it fails twice as often as one chance, and is spread unevenly."""
    monkeypatch.setattr(suites, "SEQUENCE_BYTES", 8)
    monkeypatch.setitem(sys.modules, suites.NIST, package(seed))

    good = report_of(list(suites.nist(RAW, quick=quick, tell=silent)), {})

    assert good.ok, good.rejected
    assert min(one.p for one in good.findings if "serial" in one.test) > 1e-3


def test_the_smaller_of_two_chances_still_shows_a_bad_generator(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(suites, "SEQUENCE_BYTES", 8)
    monkeypatch.setitem(sys.modules, suites.NIST, package(1, share=0.1))

    bad = report_of(list(suites.nist(RAW, quick=False, tell=silent)), {})

    assert {one.test for one in bad.rejected} == {"serial: how many pass", "serial: chances"}


def test_nists_package_gives_the_smaller_of_two_chances_as_we_think() -> None:
    """Forward or backward, the same bits turned round have the same smaller one."""
    package = pytest.importorskip(suites.NIST)
    bits = np.unpackbits(np.frombuffer(RAW[: suites.SEQUENCE_BYTES], dtype=np.uint8))

    both = [package.cumulative_sums(part.tobytes()) for part in (bits, bits[::-1])]

    assert both[0] == pytest.approx(both[1])


def test_a_suite_that_is_missing_or_has_too_little_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (few,) = suites.nist(RAW[:1000], quick=True, tell=silent)
    monkeypatch.setitem(sys.modules, suites.NIST, None)
    (missing,) = suites.nist(RAW, quick=True, tell=silent)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    (no_program,) = suites.dieharder(RAW, quick=False, tell=silent)
    (quick,) = suites.dieharder(RAW, quick=True, tell=silent)

    assert isinstance(few, Skipped)
    assert isinstance(missing, Skipped)
    assert "not installed" in missing.why
    assert isinstance(no_program, Skipped)
    assert "not installed" in no_program.why
    assert isinstance(quick, Skipped)


def test_dieharder_reads_the_bytes_once_and_says_what_it_lacks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if shutil.which(suites.DIEHARDER) is None:
        pytest.skip("dieharder is not installed")
    # Birthdays take some sixty megabytes with what it reads to time itself; ranks take hundreds.
    monkeypatch.setattr(suites, "DIEHARDER_TESTS", ((0, None), (2, None)))

    found = list(suites.dieharder(Random(2).randbytes(64_000_000), quick=False, tell=silent))
    stuck = list(suites.dieharder(b"\x01\x02\x03\x04" * 16_000_000, quick=False, tell=silent))

    assert [type(one) for one in found] == [Finding, Skipped]
    assert isinstance(found[1], Skipped)
    assert found[1].why == "needs more bytes than these"
    assert isinstance(found[0], Finding)
    assert found[0].p > 1e-6
    assert isinstance(stuck[0], Finding)
    assert stuck[0].p < 1e-6


def test_what_dieharder_prints_is_read() -> None:
    printed = (
        "#=====#\n"
        "        test_name   |ntup| tsamples |psamples|  p-value |Assessment\n"
        "   diehard_birthdays|   0|       100|     100|0.53980617|  PASSED  \n"
        "     diehard_2dsphere|   2|      8000|     100|0.99924498|   WEAK   \n"
    )

    first, second = suites.read_dieharder(printed)

    assert (first.test, second.test) == ("diehard_birthdays 0", "diehard_2dsphere 2")
    assert first.p == pytest.approx(0.92, abs=0.01)
    assert second.p == pytest.approx(0.0015, abs=0.0001)
    assert not {number for number, _ in suites.DIEHARDER_TESTS} & {5, 6, 7, 14}


def test_a_test_that_dieharder_does_not_run_is_not_called_passed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whatever its reason is, it is told: here a width that cannot be."""
    if shutil.which(suites.DIEHARDER) is None:
        pytest.skip("dieharder is not installed")
    monkeypatch.setattr(suites, "DIEHARDER_TESTS", ((200, 0),))

    (found,) = suites.dieharder(Random(2).randbytes(64_000_000), quick=False, tell=silent)

    assert isinstance(found, Skipped)
    assert "positive" in found.why or "more bytes" in found.why


def test_every_dimension_that_is_asked_for_is_one() -> None:
    """Told no dimension, the distances in space reject good generators."""
    assert {number for number, dimension in suites.DIEHARDER_TESTS if dimension is not None} == {
        *(200, 201, 202, 203)
    }


def test_a_report_is_written_with_plots_and_says_how_it_judges(tmp_path: Path) -> None:
    found: list[Finding | Skipped] = [
        finding(0.5, seen=[10.0, 12.0], expected=[11.0, 11.0]),
        finding(1e-9, test="pairs", detail="worse"),
        Skipped(suite="dieharder", stream="raw", test="all", why="it is not installed"),
    ]

    files = report.write(report_of(found, {"raw_bytes": 7}), tmp_path)

    assert set(files) >= {"report.md", "report.json"}
    told = json.loads((tmp_path / "report.json").read_text())
    text = (tmp_path / "report.md").read_text()
    assert (told["ok"], told["rejected"]) == (False, ["own: raw: pairs"])
    assert told["findings"][1]["p_adjusted"] == pytest.approx(2e-9)
    assert told["skipped"][0]["why"] == "it is not installed"
    for words in ("REJECTED", "Holm", "**rejected**; worse", "raw bytes: 7", "not installed"):
        assert words in text
    pytest.importorskip("matplotlib")
    assert {"p-values.svg", "cells.svg"} <= set(files)
    assert (tmp_path / "p-values.svg").read_text().startswith("<?xml")


def test_a_report_without_a_library_that_draws_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)

    files = report.write(report_of([finding(0.5)], {}), tmp_path)

    assert files == ["report.md", "report.json"]
    assert "No plots" in (tmp_path / "report.md").read_text()


def test_the_same_findings_give_the_same_plots(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    found = report_of([finding(0.5, seen=[1.0, 2.0], expected=[1.5, 1.5])], {})

    report.write(found, tmp_path / "one")
    report.write(found, tmp_path / "two")

    for name in ("p-values.svg", "cells.svg"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_nothing_tested_is_not_passed() -> None:
    assert not report_of([], {}).ok


@pytest.mark.parametrize("p", [float("nan"), float("inf"), -0.1])
def test_what_gives_no_chance_is_rejected_and_hides_nothing(p: float, tmp_path: Path) -> None:
    """Not a number is neither less nor more than any other: put in order, it hid what is worse."""
    odd = finding(p, test="odd")
    found = report_of([odd, finding(1e-12, test="bad"), finding(0.5), finding(0.7)], {})

    assert {one.test for one in found.rejected} == {"odd", "bad"}
    report.write(found, tmp_path)
    assert "NaN" not in (tmp_path / "report.json").read_text()


def test_what_dieharder_calls_no_number_is_rejected() -> None:
    printed = "   diehard_runs|   0|    100000|     100|       nan|  FAILED  \n"

    assert not report_of(list(suites.read_dieharder(printed)), {}).ok


@pytest.mark.parametrize("sequences", [4, 60])
def test_a_test_of_nists_that_calls_one_sequence_no_number_is_rejected(
    sequences: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken together with others it vanished: what is no number is neither above nor below."""

    def told(*_: object) -> float:
        return next(chances)

    chances = itertools.cycle([float("nan"), *(part / 60 for part in range(1, 60))])
    package = SimpleNamespace(frequency=told)
    monkeypatch.setattr(suites, "NIST_TESTS", (("frequency", ()),))
    monkeypatch.setitem(sys.modules, suites.NIST, package)

    raw = Random(3).randbytes(sequences * suites.SEQUENCE_BYTES)
    found = report_of(list(suites.nist(raw, quick=sequences < 5, tell=silent)), {})

    assert {one.test for one in found.rejected} == {"frequency: chances"}
