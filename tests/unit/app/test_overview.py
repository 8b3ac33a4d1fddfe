"""What `pitboss top` works out from two looks."""

from __future__ import annotations

from pathlib import Path

from pitboss.app.overview import quantile
from pitboss.app.roster import Post, read_roster, write_roster

INFINITE = float("inf")


def test_a_quantile_counts_what_came_between_two_looks() -> None:
    before = {0.01: 90.0, 0.1: 95.0, INFINITE: 100.0}
    after = {0.01: 90.0, 0.1: 145.0, INFINITE: 200.0}

    assert quantile(before, after, 0.5) == 0.1
    assert quantile(before, after, 0.99) == INFINITE


def test_there_is_no_quantile_of_nothing() -> None:
    same = {0.01: 90.0, INFINITE: 100.0}

    assert quantile(same, same, 0.5) is None
    assert quantile({}, {}, 0.5) is None


def test_a_roster_comes_back_as_it_was_written(tmp_path: Path) -> None:
    posts = (
        Post(name="api", pid=7, host="127.0.0.1", port=8000, restarts=2),
        Post(name="sandbox", pid=8, host="", port=0),
    )

    write_roster(tmp_path, posts)

    assert read_roster(tmp_path) == posts


def test_nobody_runs_where_there_is_no_roster(tmp_path: Path) -> None:
    assert read_roster(tmp_path) == ()
