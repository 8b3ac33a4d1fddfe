"""The exchange's stream is read as it is, and no line of it ends the reading."""

from __future__ import annotations

import bz2
import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitboss.adapters.feeds.betfair import (
    FeedUnreadable,
    MarketNews,
    Reader,
    RunnerStatus,
    SkippedLine,
    Status,
    read_file,
)
from pitboss.kernel.errors import Malformed
from recordings import ALL, IN_PLAY, RACE_PLACE, RACE_WIN, REMOVALS, recording

DEFINITION: dict[str, Any] = {
    "eventId": "31389771",
    "eventTypeId": "4339",
    "marketType": "WIN",
    "version": 1,
    "status": "OPEN",
    "inPlay": False,
    "betDelay": 0,
    "numberOfWinners": 1,
    "marketTime": "2022-04-19T18:26:00.000Z",
    "runners": [{"id": 1, "status": "ACTIVE"}, {"id": 2, "status": "ACTIVE"}],
}


def line(at: int = 1, *, rc: Any = (), img: bool = False, definition: Any = None) -> bytes:
    """Return a message about one market."""
    change: dict[str, Any] = {"id": "1.1", "rc": list(rc)}
    if img:
        change["img"] = True
    if definition is not None:
        change["marketDefinition"] = definition
    return json.dumps({"op": "mcm", "pt": at, "mc": [change]}).encode()


def prices(reader: Reader, at: int, *rc: Any, img: bool = False) -> dict[int, Fraction | None]:
    """Return the prices that a message changes."""
    (news,) = reader.read(line(at, rc=rc, img=img))
    return dict(news.prices)


def independent_best(path: Path) -> list[dict[int, str]]:
    """Work out every runner's best price after each message, in another way: from floats' texts."""
    depth: dict[int, dict[str, dict[str, float]]] = {}
    told: list[dict[int, str]] = []
    with bz2.open(path) as opened:
        for text in opened:
            message = json.loads(text, parse_float=str, parse_int=str)
            for change in message["mc"]:
                if change.get("img"):
                    depth = {}
                for runner in change.get("rc", ()):
                    mine = depth.setdefault(int(runner["id"]), {"atb": {}, "bdatb": {}, "ltp": {}})
                    for price, size in runner.get("atb", ()):
                        mine["atb"][price] = float(size)
                    for level, price, size in runner.get("bdatb", ()):
                        mine["bdatb"][level] = float(price) if float(size) else 0.0
                    if "ltp" in runner:
                        mine["ltp"] = {"last": float(runner["ltp"])}
            told.append({item: best for item, mine in depth.items() if (best := _best(mine))})
    return told


def _best(mine: dict[str, dict[str, float]]) -> str:
    offers = [float(price) for price, size in mine["atb"].items() if size]
    levels = {int(level): price for level, price in mine["bdatb"].items() if price}
    if offers:
        return f"{max(offers):.2f}"
    if levels:
        return f"{levels[min(levels)]:.2f}"
    is_basic = not mine["atb"] and not mine["bdatb"]
    return f"{mine['ltp']['last']:.2f}" if is_basic and mine["ltp"] else ""


@pytest.mark.parametrize("name", ALL)
def test_the_best_prices_are_those_of_the_ladders(name: str) -> None:
    path = recording(name)
    expected = independent_best(path)
    current: dict[int, Fraction] = {}

    told = list(read_file(path))

    assert len(told) == len(expected)
    for news, best in zip(told, expected, strict=True):
        assert isinstance(news, MarketNews)
        if news.anew:
            current = {}
        for runner, price in news.prices.items():
            if price is None:
                current.pop(runner, None)
            else:
                current[runner] = price
        assert {runner: f"{float(price):.2f}" for runner, price in current.items()} == best


@pytest.mark.parametrize(
    ("name", "winners", "removed"),
    [
        (RACE_WIN, {37947503}, set()),
        (RACE_PLACE, {37947503, 39823721}, set()),
        (IN_PLAY, {12115648}, {11198538, 9606433}),
        (REMOVALS, {49808334, 49808335, 49808342}, {2329545, 49808340, 42011335}),
    ],
)
def test_a_recorded_market_is_told_to_its_end(
    name: str, winners: set[int], removed: set[int]
) -> None:
    definitions = [
        news.definition
        for news in read_file(recording(name))
        if isinstance(news, MarketNews) and news.definition is not None
    ]

    last = definitions[-1]
    assert last.status is Status.CLOSED
    assert {item.id for item in last.runners if item.status is RunnerStatus.WINNER} == winners
    gone = [item for item in last.runners if item.status is RunnerStatus.REMOVED]
    assert {item.id for item in gone} == removed
    assert all(item.removed_at is not None and item.adjustment for item in gone)
    versions = [item.version for item in definitions]
    assert versions == sorted(versions)


def test_what_is_taken_back_is_no_price_any_more() -> None:
    reader = Reader()

    assert prices(reader, 1, {"id": 1, "atb": [[2, 5], [1.95, 7]]}) == {1: Fraction(2)}
    assert prices(reader, 2, {"id": 1, "atb": [[2, 0]]}) == {1: Fraction("1.95")}
    assert prices(reader, 3, {"id": 1, "atb": [[1.9, 3]]}) == {}
    assert prices(reader, 4, {"id": 1, "atb": [[1.9, 0], [1.95, 0]]}) == {1: None}
    assert prices(reader, 5, {"id": 2, "bdatb": [[0, 3.1, 5], [1, 3, 5]]}) == {2: Fraction("3.1")}
    assert prices(reader, 6, {"id": 2, "bdatb": [[0, 0, 0]]}) == {2: Fraction(3)}
    assert prices(reader, 7, {"id": 2, "atb": [[4, 1]]}, img=True) == {2: Fraction(4)}


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (b"nothing of ours", "line"),
        (b"\xff\xfe{}", "line"),
        (b"[" * 100_000, "line"),
        (b'{"op":"mcm","pt":1e400,"mc":[]}', "line"),
        (b'{"op":"mcm","pt":99999999999999999,"mc":[]}', "pt"),
        (b'{"op":"mcm","pt":5,"status":503,"mc":[]}', "status"),
        (line(0, rc=[{"id": 1, "atb": [[2, 5]]}]), "pt"),
        (line(5, rc=[{"id": 1, "atb": [[1.0, 5]]}]), "rc"),
        (line(5, rc=[{"id": 1, "atb": [[0, 5]]}]), "rc"),
        (line(5, rc=[{"id": 1, "atb": [[-2, 5]]}]), "rc"),
        (line(5, rc=[{"id": 1, "atb": [[10_000_000, 5]]}]), "rc"),
        (line(5, rc=[{"id": 1, "atb": [["NaN", 5]]}]), "rc"),
        (line(5, rc=[{"id": 1, "ltp": "1e999999999"}]), "rc"),
        (line(5, rc=[{"id": 1, "ltp": "2.0000000000001"}]), "rc"),
        (line(5, definition={**DEFINITION, "eachWayDivisor": "1e999999999"}), "eachWayDivisor"),
        (line(5, definition={**DEFINITION, "eachWayDivisor": "-Infinity"}), "eachWayDivisor"),
        (line(5, rc=[{"id": 1, "atb": [[2]]}]), "line"),
        (line(5, rc=[{"id": 1, "atb": [["2", "x"]]}]), "line"),
        (line(5, definition={**DEFINITION, "betDelay": 86_400}), "betDelay"),
        (line(5, definition={**DEFINITION, "status": "PERHAPS"}), "line"),
        (line(5, definition={**DEFINITION, "runners": DEFINITION["runners"] * 2}), "runners"),
        (line(5, definition={**DEFINITION, "marketTime": "2022-04-19T18:26:00"}), "marketTime"),
        (
            line(
                5,
                definition={
                    **DEFINITION,
                    "runners": [{"id": 1, "status": "ACTIVE", "adjustmentFactor": 100}],
                },
            ),
            "adjustmentFactor",
        ),
        (
            line(
                5,
                definition={
                    **DEFINITION,
                    "runners": [{"id": 1, "status": "ACTIVE", "adjustmentFactor": "1e-999999999"}],
                },
            ),
            "adjustmentFactor",
        ),
        (b'{"op":"mcm","pt":5,"mc":[' + b" " * 5_000_000 + b"]}", "line"),
    ],
)
def test_a_message_that_cannot_be_believed_is_refused_by_name(message: bytes, field: str) -> None:
    reader = Reader()
    reader.read(line(1, rc=[{"id": 1, "atb": [[2, 5]]}]))

    with pytest.raises(Malformed) as caught:
        reader.read(message)

    assert caught.value.field == field


@given(message=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(message: bytes) -> None:
    try:
        Reader().read(message)
    except Malformed as error:
        assert error.message


def test_a_bad_line_is_told_and_the_file_goes_on(tmp_path: Path) -> None:
    lines = [line(1, definition=DEFINITION), b"no", b"", line(2, rc=[{"id": 1, "atb": [[2, 5]]}])]
    plain, packed = tmp_path / "plain", tmp_path / "packed.bz2"
    plain.write_bytes(b"\n".join(lines))
    packed.write_bytes(bz2.compress(b"\n".join(lines)))

    for path in (plain, packed):
        first, bad, last = read_file(path)
        assert isinstance(bad, SkippedLine)
        assert bad.line == 2
        assert isinstance(first, MarketNews)
        assert isinstance(last, MarketNews)
        assert last.prices == {1: Fraction(2)}


def test_a_file_that_is_not_one_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.bz2"
    broken.write_bytes(bz2.compress(line(1) * 10_000)[:40])

    for path in (tmp_path / "nowhere", tmp_path, broken):
        with pytest.raises(FeedUnreadable) as caught:
            list(read_file(path))
        assert caught.value.field == str(path)
