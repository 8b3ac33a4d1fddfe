"""Whatever a season file holds, it is read, reported or refused; nothing absurd comes out."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pitboss.adapters.football_data import Season, SeasonEvent, SeasonUnreadable, read_season

HEADER = (
    "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR,PSH,PSD,PSA,B365H,B365D,B365A,"
    "P>2.5,P<2.5,AHh,PAHH,PAHA"
)
ROWS = (
    "E0,26/12/2023,12:30,Newcastle,Wolves,1,3,A,1.5,4.2,6,1.53,4.3,6.1,1.7,2.2,-0.75,1.9,2",
    "E0,27/12/23,,Brentford,Fulham,0,0,D,2.1,3.4,3.6,,,,2.05,1.85,-0.25,1.85,2.05",
)
# What Excel, a hurried editor or a foe might leave in a cell.
CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        (
            *("", " ", '"', '""', '"a\nb"', "\x00", "\ufeff", "\u2028", "=1+1", "Newcastle"),
            *("0", "1", "-1", "1.0", "1e999999999", "nan", "inf", "1/0", "0.9999", "1000000"),
            *("٣", "²", "1_0", "1" * 5_000, "1." + "0" * 5_000),
            *("29/02/2023", "01/01/0001", "31/12/9999", "24:00"),
        )
    ),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.fractions().map(str),
    st.dates().map(lambda day: day.strftime("%d/%m/%Y")),
)


@st.composite
def mutated_rows(draw: st.DrawFn) -> str:
    """Make a row of which some cells are replaced, and some taken away or added."""
    cells = draw(st.sampled_from(ROWS)).split(",")
    for _ in range(draw(st.integers(0, 4))):
        cells[draw(st.integers(0, len(cells) - 1))] = draw(CELLS)
    cut = draw(st.integers(0, len(cells) + 3))
    return ",".join(cells[:cut] if cut <= len(cells) else [*cells, *["x"] * 3])


@pytest.fixture(scope="session")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("season") / "season.csv"


@given(content=st.binary(max_size=2_000))
@example(content=b"\xff\xfe" + b"D\0a\0t\0e\0")
@example(content=b'"')
@example(content=b"\r" * 100)
def test_arbitrary_bytes_are_refused_or_read(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    _check(_read_or_refuse(path))


@given(tail=st.binary(max_size=2_000))
def test_arbitrary_bytes_under_a_header_are_reported_or_read(path: Path, tail: bytes) -> None:
    path.write_bytes(f"{HEADER}\n{ROWS[0]}\n".encode() + tail)

    season = read_season(path)

    _check(season)
    assert [event.line for event in season.events][:1] == [2]


@given(rows=st.lists(mutated_rows(), max_size=6), line_end=st.sampled_from(["\n", "\r\n", "\r"]))
def test_mutated_rows_are_reported_or_read(path: Path, rows: list[str], line_end: str) -> None:
    content = line_end.join([HEADER, *rows])
    path.write_bytes(content.encode("utf-8", "surrogatepass"))

    _check(read_season(path))


@given(rows=st.lists(mutated_rows(), max_size=6))
def test_a_season_reads_the_same_every_time(path: Path, rows: list[str]) -> None:
    path.write_bytes("\n".join([HEADER, *rows]).encode("utf-8", "surrogatepass"))

    assert read_season(path) == read_season(path)


@given(header=st.lists(st.sampled_from([*HEADER.split(","), "", "x"]), max_size=25))
def test_any_choice_of_columns_is_refused_or_read(path: Path, header: list[str]) -> None:
    cells = dict(zip(HEADER.split(","), ROWS[0].split(","), strict=True))
    row = [cells.get(name, "") for name in header]
    path.write_text(f"{','.join(header)}\n{','.join(row)}\n")

    season = _read_or_refuse(path)

    _check(season)
    needed = {"Date", "HomeTeam", "AwayTeam", "FTHG", "FTAG"}
    assert (season is not None) == (needed <= set(header))


@given(data=st.data())
def test_a_good_row_is_read_whatever_single_broken_line_stands_before_it(
    path: Path, data: st.DataObject
) -> None:
    broken = data.draw(mutated_rows()).translate(str.maketrans("\r\n", "  "))
    path.write_bytes(f"{HEADER}\n{broken}\n{ROWS[1]}\n".encode("utf-8", "surrogatepass"))

    season = read_season(path)

    # Unless the line before says the same event in other words, and is believed.
    assert any(event.home == "Brentford" and event.away == "Fulham" for event in season.events)


def _read_or_refuse(path: Path) -> Season | None:
    try:
        return read_season(path)
    except SeasonUnreadable as refused:
        assert str(refused).startswith(str(path))
        assert str(refused).isprintable()
        return None


def _check(season: Season | None) -> None:
    if season is None:
        return
    order = [(event.kick_off_at, event.line) for event in season.events]
    assert order == sorted(order)
    lines = [event.line for event in season.events] + [row.line for row in season.skipped]
    assert len(lines) == len(set(lines))
    assert all(row.column and row.reason and len(row.value) <= 80 for row in season.skipped)
    assert all(str(row).isprintable() for row in season.skipped)
    for event in season.events:
        _check_event(event)


def _check_event(event: SeasonEvent) -> None:
    assert event.kick_off_at.tzinfo is UTC
    assert event.home.isprintable()
    assert event.away.isprintable()
    assert "" not in (event.home, event.away)
    assert event.home.casefold() != event.away.casefold()
    assert 0 <= event.goals_home < 200
    assert 0 <= event.goals_away < 200
    prices = []
    if event.match_result:
        prices += [event.match_result.home, event.match_result.draw, event.match_result.away]
    if event.total_2_5:
        prices += [event.total_2_5.over, event.total_2_5.under]
    if event.asian_handicap:
        prices += [event.asian_handicap.home, event.asian_handicap.away]
        assert (event.asian_handicap.line * 4).denominator == 1
    assert all(1 < price <= 1000 for price in prices)
