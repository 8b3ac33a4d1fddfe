"""What a test found: one chance, and the counts that a plot is drawn of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pitboss.assay import chances

Numbers = npt.NDArray[np.int64]
# Below this many expected in a cell, chi-square is not what its table says.
EXPECTED_MIN = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One test of one stream; `p` is two-sided where too even would be wrong as well.

    `seen` and `expected` are counts by cell, for the plot, where there are not too many.
    """

    suite: str
    stream: str
    test: str
    p: float
    detail: str = ""
    seen: Sequence[float] = field(default=(), repr=False)
    expected: Sequence[float] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A test that was not run, and why."""

    suite: str
    stream: str
    test: str
    why: str


CELLS_PLOTTED_MAX = 256


def of_counts(
    stream: str, test: str, seen: npt.ArrayLike, expected: npt.ArrayLike, *, detail: str = ""
) -> Finding | Skipped:
    """Compare counts with what is expected, by chi-square on both sides.

    Cells in which too few are expected are put together with the last one that has enough.
    """
    merged = _merged(np.asarray(seen, dtype=float), np.asarray(expected, dtype=float))
    if len(merged[0]) < 2:
        return Skipped(suite="own", stream=stream, test=test, why="too few numbers for it")
    counts, means = merged
    statistic = float(((counts - means) ** 2 / means).sum())
    degrees = len(counts) - 1
    plotted: dict[str, Any] = {}
    if len(counts) <= CELLS_PLOTTED_MAX:
        plotted = {"seen": counts.tolist(), "expected": means.tolist()}
    return Finding(
        suite="own",
        stream=stream,
        test=test,
        p=chances.counts(statistic, means.tolist()),
        detail=detail or f"chi-square {statistic:.1f} with {degrees} degrees of freedom",
        **plotted,
    )


def of_deviation(stream: str, test: str, seen: float, mean: float, variance: float) -> Finding:
    """Compare a sum with its mean, in standard deviations."""
    away = (seen - mean) / variance**0.5
    return Finding(
        suite="own",
        stream=stream,
        test=test,
        p=chances.normal(away),
        detail=f"{seen:,.0f} where {mean:,.1f} are expected: {away:+.2f} standard deviations",
    )


def _merged(
    seen: npt.NDArray[np.float64], expected: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return cells in each of which enough are expected."""
    if len(expected) and expected.min() >= EXPECTED_MIN:
        return seen, expected
    cells: list[list[float]] = []
    open_seen = open_expected = 0.0
    for count, mean in zip(seen, expected, strict=True):
        open_seen, open_expected = open_seen + count, open_expected + mean
        if open_expected >= EXPECTED_MIN:
            cells.append([open_seen, open_expected])
            open_seen = open_expected = 0.0
    if open_expected and cells:
        cells[-1][0] += open_seen
        cells[-1][1] += open_expected
    merged = np.array(cells, dtype=float).reshape(-1, 2)
    return merged[:, 0], merged[:, 1]
