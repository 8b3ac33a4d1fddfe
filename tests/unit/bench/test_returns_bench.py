"""The bench of returns holds the fast sum against the slow one."""

from __future__ import annotations

from pitboss.bench.returns import ReturnsOptions, run


async def test_the_returns_bench_pays_the_same_as_line_by_line() -> None:
    report = await run(ReturnsOptions(bets=40))

    assert report.ok
    assert report.figures == {}
    assert report.decide_ms is not None
