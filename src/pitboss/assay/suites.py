"""Suites that others wrote: NIST's SP 800-22 as a package, and dieharder as Debian has it.

Where one is missing its tests are skipped, and the report says so.
"""

from __future__ import annotations

import importlib
import math
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pitboss.assay import chances
from pitboss.assay.findings import Finding, Skipped

Tell = Callable[[str], None]

NIST = "sp80022suite"
SEQUENCE_BYTES = 125_000  # 10**6 bits
SEQUENCES_MAX = 100
SEQUENCES_QUICK = 4
# SP 800-22 Rev. 1a, 4.2.2: fewer are too few to say that they are spread evenly.
SEQUENCES_FOR_UNIFORMITY = 55
PASSING = 0.01
# The package gives one number for the excursions' eight and eighteen, and wants template files
# that it does not bring for the non-overlapping ones: those three are left out.
NIST_TESTS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("frequency", ()),
    ("block_frequency", (128,)),
    ("cumulative_sums", ()),
    ("runs", ()),
    ("longest_run_of_ones", ()),
    ("rank", ()),
    ("discrete_fourier_transform", ()),
    ("universal", ()),
    ("approximate_entropy", (10,)),
    ("serial", (16,)),
    ("linear_complexity", (500,)),
    ("overlapping_template_matchings", (9,)),
)

# Of these two the package gives the smaller of two chances, forward and backward or of two
# statistics: twice as much is a chance again (Bonferroni), though not one that is spread evenly.
SMALLER_OF_TWO = frozenset({"cumulative_sums", "serial"})

DIEHARDER = "dieharder"
# All but 5, 6 and 7, which its authors suspect, and 14, which they say not to use.
# Some want to be told a dimension; told none, 201 rejects good generators, like Mersenne twister.
DIEHARDER_TESTS: tuple[tuple[int, int | None], ...] = (
    *((number, None) for number in (0, 1, 2, 3, 4, 8, 9, 10, 11, 12, 13, 15, 16, 17)),
    *((number, None) for number in (100, 101, 102)),
    *((200, width) for width in (1, 2, 3, 4)),
    *((201, dimension) for dimension in (2, 3, 4, 5)),
    *((202, length) for length in (2, 3, 4, 5)),
    *((203, lag) for lag in (0, 1, 2, 3)),
    *((number, None) for number in range(204, 210)),
)
# Reads raw numbers from standard input, and never twice.
DIEHARDER_STDIN = "200"
DIEHARDER_SECONDS_MAX = 1_800
_NAME, _NTUPLE, _P, _COLUMNS = 0, 1, 4, 6


def nist(raw: bytes, *, quick: bool, tell: Tell) -> Iterator[Finding | Skipped]:
    """Run the tests of SP 800-22 on sequences of a million bits, and judge them together.

    Source: NIST SP 800-22 Rev. 1a, 4.2: how many pass, and whether the chances are spread evenly.
    """
    try:
        package = importlib.import_module(NIST)
    except ImportError:
        yield _skipped(NIST, "all", "the package is not installed (extra `evidence`)")
        return
    count = min(len(raw) // SEQUENCE_BYTES, SEQUENCES_QUICK if quick else SEQUENCES_MAX)
    if count == 0:
        yield _skipped(NIST, "all", f"needs {SEQUENCE_BYTES:,} bytes")
        return
    found: dict[str, list[float]] = {name: [] for name, _ in NIST_TESTS}
    for number in range(count):
        tell(f"{NIST}: sequence {number + 1} of {count}")
        part = raw[number * SEQUENCE_BYTES : (number + 1) * SEQUENCE_BYTES]
        # One byte for each bit: packed ones give nonsense.
        bits = np.unpackbits(np.frombuffer(part, dtype=np.uint8)).tobytes()
        for name, arguments in NIST_TESTS:
            found[name].append(float(getattr(package, name)(*arguments, bits)))
    for name, given in found.items():
        yield from _judged(name, given)


def dieharder(raw: bytes, *, quick: bool, tell: Tell) -> Iterator[Finding | Skipped]:
    """Run dieharder's tests on the raw bytes, each from the beginning and never past the end."""
    program = shutil.which(DIEHARDER)
    if quick or program is None:
        why = "left out, because it is to be quick" if quick else "it is not installed"
        yield _skipped(DIEHARDER, "all", why)
        return
    with tempfile.NamedTemporaryFile() as file:
        file.write(raw)
        file.flush()
        for number, dimension in DIEHARDER_TESTS:
            tell(f"{DIEHARDER}: test {number}")
            options = ["-d", str(number)]
            if dimension is not None:
                options += ["-n", str(dimension)]
            yield from _run_dieharder(program, options, Path(file.name))


def _run_dieharder(program: str, options: list[str], path: Path) -> Iterator[Finding | Skipped]:
    name = " ".join(options)
    try:
        with path.open("rb") as file:
            done = subprocess.run(  # noqa: S603 - a program of the system, without a shell
                [program, "-g", DIEHARDER_STDIN, *options],
                stdin=file,
                capture_output=True,
                timeout=DIEHARDER_SECONDS_MAX,
                check=False,
            )
    except subprocess.TimeoutExpired:
        yield _skipped(DIEHARDER, name, f"took over {DIEHARDER_SECONDS_MAX} s")
        return
    found = list(read_dieharder(done.stdout.decode(errors="replace")))
    yield from found
    if not found:
        said = done.stderr.decode(errors="replace").strip()
        why = "needs more bytes than these" if said.endswith("EOF") else said or "said nothing"
        yield _skipped(DIEHARDER, name, why)


def read_dieharder(output: str) -> Iterator[Finding]:
    """Read the results in what dieharder prints."""
    for line in output.splitlines():
        columns = [column.strip() for column in line.split("|")]
        if len(columns) < _COLUMNS or line.startswith("#"):
            continue
        try:
            p = float(columns[_P])
        except ValueError:
            # A heading.
            continue
        yield Finding(
            suite=DIEHARDER,
            stream="raw",
            test=f"{columns[_NAME]} {columns[_NTUPLE]}",
            p=chances.two_sided(p),
            detail=f"p {p:.8f}: {columns[_COLUMNS - 1].lower()}",
        )


def _judged(name: str, given: list[float]) -> Iterator[Finding]:
    """Judge one test over all sequences."""
    halved = name in SMALLER_OF_TWO
    if halved:
        # What is no number stays none.
        given = [1.0 if 2 * p > 1 else 2 * p for p in given]
    passed = sum(p >= PASSING for p in given)
    yield Finding(
        suite=NIST,
        stream="raw",
        test=f"{name}: how many pass",
        p=_binomial_at_most(passed, len(given), 1 - PASSING),
        detail=f"{passed} of {len(given)} at {PASSING}",
    )
    if not all(0 <= p <= 1 for p in given):
        # Among others it would not be seen.
        p, how = math.nan, "of a sequence there is none"
    elif len(given) >= SEQUENCES_FOR_UNIFORMITY and not halved:
        p, how = chances.uniformity(given), "spread over ten tenths"
    else:
        p, how = chances.fisher(given), "taken together (Fisher)"
    yield Finding(suite=NIST, stream="raw", test=f"{name}: chances", p=p, detail=how)


def _binomial_at_most(count: int, tries: int, share: float) -> float:
    terms: Any = (
        math.comb(tries, hits) * share**hits * (1 - share) ** (tries - hits)
        for hits in range(count + 1)
    )
    return min(1.0, math.fsum(terms))


def _skipped(suite: str, test: str, why: str) -> Skipped:
    return Skipped(suite=suite, stream="raw", test=test, why=why)
