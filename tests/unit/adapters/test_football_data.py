"""A season file is read as its year wrote it, and what cannot be trusted is named and left out."""

from __future__ import annotations

import importlib
import sys
import zoneinfo
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from pitboss.adapters.football_data import (
    HandicapPrices,
    MatchResultPrices,
    Season,
    SeasonUnreadable,
    TotalPrices,
    UsedColumns,
    read_season,
)
from pitboss.kernel.errors import Fault

PUBLISHED = Path(__file__).parents[3] / ".." / "shared/data/football/E0_2023-24_full.csv"

HEADER = "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR,B365H,B365D,B365A"
ROW = "E0,26/12/2023,12:30,Newcastle,Wolves,1,3,A,1.5,4.2,6"
OTHER = "E0,27/12/2023,19:30,Brentford,Fulham,0,0,D,2.1,3.4,3.6"


def read(folder: Path, content: str | bytes) -> Season:
    path = folder / "season.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_season(path)


def report_of(season: Season) -> list[tuple[int, str, str]]:
    return [(row.line, row.column, row.value) for row in season.skipped]


@pytest.fixture(scope="module")
def published() -> Season:
    if not PUBLISHED.exists():
        pytest.skip("the published season is not at ../shared/data/football")
    return read_season(PUBLISHED)


# -- the published file


def test_a_published_season_is_read_whole(published: Season) -> None:
    assert len(published.events) == 380
    assert published.skipped == ()
    assert len({event.home for event in published.events}) == 20
    assert all(event.match_result for event in published.events)
    assert all(event.total_2_5 for event in published.events)
    assert all(event.asian_handicap for event in published.events)


def test_the_scores_of_a_published_season_make_its_champion(published: Season) -> None:
    points: Counter[str] = Counter()

    for event in published.events:
        points[event.home] += _points(event.goals_home, event.goals_away)
        points[event.away] += _points(event.goals_away, event.goals_home)

    assert points.most_common(2) == [("Man City", 91), ("Arsenal", 89)]


def test_the_first_event_of_a_published_season_is_as_it_was(published: Season) -> None:
    first = published.events[0]

    assert (first.line, first.division, first.home, first.away) == (2, "E0", "Burnley", "Man City")
    assert (first.goals_home, first.goals_away) == (0, 3)
    assert first.kick_off_at == datetime(2023, 8, 11, 19, 0, tzinfo=UTC)
    assert first.match_result == MatchResultPrices(
        home=Fraction("8.58"), draw=Fraction("5.51"), away=Fraction("1.37")
    )
    assert first.total_2_5 == TotalPrices(over=Fraction("1.68"), under=Fraction("2.29"))
    assert first.asian_handicap == HandicapPrices(
        line=Fraction("1.5"), home=Fraction("1.86"), away=Fraction("2.07")
    )


def test_where_a_bookmaker_has_gaps_the_next_one_fills_them(published: Season) -> None:
    totals = [used for used in published.columns if used.market == "total_2_5"]

    assert totals == [
        UsedColumns(market="total_2_5", columns=("P>2.5", "P<2.5"), events=372),
        UsedColumns(market="total_2_5", columns=("B365>2.5", "B365<2.5"), events=8),
    ]


# -- how the years differ


@pytest.mark.parametrize(
    ("date", "kick_off_at"),
    [
        ("26/12/2023", datetime(2023, 12, 26, 12, 30, tzinfo=UTC)),
        ("26/12/23", datetime(2023, 12, 26, 12, 30, tzinfo=UTC)),
        ("14/08/93", datetime(1993, 8, 14, 11, 30, tzinfo=UTC)),
        ("1/4/2024", datetime(2024, 4, 1, 11, 30, tzinfo=UTC)),
    ],
)
def test_dates_of_both_styles_become_instants(
    tmp_path: Path, date: str, kick_off_at: datetime
) -> None:
    season = read(tmp_path, f"{HEADER}\n{ROW.replace('26/12/2023', date)}\n")

    assert [event.kick_off_at for event in season.events] == [kick_off_at]


def test_without_a_time_an_event_begins_at_three_in_london(tmp_path: Path) -> None:
    content = (
        "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG\n"
        "E0,15/08/09,Stoke,Burnley,2,0\n"
        "E0,26/12/09,Burnley,Bolton,1,1\n"
    )

    season = read(tmp_path, content)

    assert [event.kick_off_at.hour for event in season.events] == [14, 15]


def test_a_row_with_an_empty_time_begins_at_three_in_london(tmp_path: Path) -> None:
    season = read(tmp_path, f"{HEADER}\n{ROW.replace('12:30', '')}\n")

    assert season.events[0].kick_off_at.hour == 15


def test_a_season_with_betbrain_columns_has_all_markets(tmp_path: Path) -> None:
    content = (
        "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,Bb1X2,BbMxH,BbAvH,BbMxD,BbAvD,BbMxA,BbAvA,"
        "BbOU,BbMx>2.5,BbAv>2.5,BbMx<2.5,BbAv<2.5,BbAH,BbAHh,BbMxAHH,BbAvAHH,BbMxAHA,BbAvAHA\r\n"
        "E0,13/08/11,Fulham,Aston Villa,0,0,D,41,2.25,2.1,3.4,3.25,3.9,3.5,"
        "38,2.2,2.05,1.8,1.72,21,-0.25,1.87,1.81,2.1,2.02\r\n"
    )

    event = read(tmp_path, content).events[0]

    assert event.match_result == MatchResultPrices(
        home=Fraction("2.1"), draw=Fraction("3.25"), away=Fraction("3.5")
    )
    assert event.total_2_5 == TotalPrices(over=Fraction("2.05"), under=Fraction("1.72"))
    assert event.asian_handicap == HandicapPrices(
        line=Fraction(-1, 4), home=Fraction("1.81"), away=Fraction("2.02")
    )


def test_a_season_with_gamebookers_columns_has_all_markets(tmp_path: Path) -> None:
    content = (
        "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR,GBH,GBD,GBA,GB>2.5,GB<2.5,GBAHH,GBAHA,GBAH\n"
        "E0,16/08/03,Arsenal,Everton,2,1,H,1.35,4.2,8,1.75,1.95,1.95,1.85,-1.25\n"
    )

    season = read(tmp_path, content)

    assert [used.columns for used in season.columns] == [
        ("GBH", "GBD", "GBA"),
        ("GB>2.5", "GB<2.5"),
        ("GBAH", "GBAHH", "GBAHA"),
    ]
    handicap = season.events[0].asian_handicap
    assert handicap is not None
    assert handicap.line == Fraction(-5, 4)


def test_a_bookmakers_handicap_prices_stay_with_its_own_line(tmp_path: Path) -> None:
    content = (
        "Date,HomeTeam,AwayTeam,FTHG,FTAG,B365AHH,B365AHA,B365AH,BbAHh,BbAvAHH,BbAvAHA\n"
        "19/08/06,Arsenal,Villa,1,1,2.1,1.8,-1.5,-1.25,1.9,1.95\n"
        "20/08/06,Chelsea,City,3,0,2.1,1.8,,-1.25,1.9,1.95\n"
    )

    season = read(tmp_path, content)

    assert [event.asian_handicap for event in season.events] == [
        HandicapPrices(line=Fraction(-3, 2), home=Fraction("2.1"), away=Fraction("1.8")),
        HandicapPrices(line=Fraction(-5, 4), home=Fraction("1.9"), away=Fraction("1.95")),
    ]


def test_a_season_before_prices_has_scores_and_no_markets(tmp_path: Path) -> None:
    content = "Div,Date,HomeTeam,AwayTeam,FTHG,FTAG,FTR\nE0,14/08/93,Arsenal,Coventry,0,3,A\n"

    event = read(tmp_path, content).events[0]

    assert (event.match_result, event.total_2_5, event.asian_handicap) == (None, None, None)


def test_the_columns_of_a_greek_season_are_known(tmp_path: Path) -> None:
    content = "Div,Date,HT,AT,FTHG,FTAG,FTR\nG1,18/09/04,Aris,PAOK,1,0,H\n"

    event = read(tmp_path, content).events[0]

    assert (event.home, event.away) == ("Aris", "PAOK")


def test_columns_nobody_knows_are_passed_over(tmp_path: Path) -> None:
    season = read(tmp_path, f"New,{HEADER},Also new\n7,{ROW},x\n")

    assert season.events[0].home == "Newcastle"
    assert season.skipped == ()


@pytest.mark.parametrize(
    "encoded",
    [
        pytest.param("\ufeffDiv,Date".encode(), id="utf-8 with a mark"),
        pytest.param(b"Div,Date", id="without"),
        pytest.param(b'\xef\xbb\xbf"Div",Date', id="with a mark and quotes"),
    ],
)
def test_a_byte_order_mark_is_no_part_of_a_name(tmp_path: Path, encoded: bytes) -> None:
    content = HEADER.encode().replace(b"Div,Date", encoded) + b"\n" + ROW.encode()

    assert read(tmp_path, content).events[0].division == "E0"


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1252"])
def test_names_are_the_same_from_every_encoding(tmp_path: Path, encoding: str) -> None:
    content = f"{HEADER}\n{ROW.replace('Wolves', 'La Coruña')}\n".encode(encoding)

    assert read(tmp_path, content).events[0].away == "La Coruña"


def test_names_are_composed_and_their_blanks_single(tmp_path: Path) -> None:
    row = ROW.replace("Wolves", "  La  Corun\u0303a ")

    assert read(tmp_path, f"{HEADER}\n{row}\n").events[0].away == "La Coruña"


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_on_any_machine(tmp_path: Path, line_end: str) -> None:
    season = read(tmp_path, line_end.join([HEADER, ROW, "broken", OTHER]))

    assert [event.line for event in season.events] == [2, 4]
    assert [row.line for row in season.skipped] == [3]


def test_blank_lines_and_empty_columns_are_passed_over_and_counted(tmp_path: Path) -> None:
    content = f"\n{HEADER},,,\n\n{ROW},,,\n,,,,,,,,\n   \n{OTHER}\n\n"

    season = read(tmp_path, content)

    assert [event.line for event in season.events] == [4, 7]
    assert season.skipped == ()


def test_a_short_row_lacks_only_what_it_does_not_say(tmp_path: Path) -> None:
    content = f"{HEADER},P>2.5,P<2.5\n{ROW}\n{OTHER},1.9,1.9\n"

    events = read(tmp_path, content).events

    assert [event.total_2_5 is None for event in events] == [True, False]


def test_a_row_may_be_longer_than_its_header(tmp_path: Path) -> None:
    season = read(tmp_path, f"{HEADER}\n{ROW},1.9,2.0,,\n")

    assert len(season.events) == 1
    assert season.skipped == ()


def test_a_quoted_cell_may_span_lines_which_are_all_counted(tmp_path: Path) -> None:
    content = f'{HEADER},Referee\n{ROW},"S Barrott,\nVAR: J Brooks"\n{OTHER},"P ""Tierney"""\nx\n'

    season = read(tmp_path, content)

    assert [event.line for event in season.events] == [2, 4]
    assert [row.line for row in season.skipped] == [5]


def test_events_come_by_kick_off_and_then_by_line(tmp_path: Path) -> None:
    third = ROW.replace("Newcastle", "Luton").replace("Wolves", "Spurs")

    season = read(tmp_path, f"{HEADER}\n{OTHER}\n{ROW}\n{third}\n")

    assert [event.line for event in season.events] == [3, 4, 2]


def test_two_sides_may_meet_again_on_another_day(tmp_path: Path) -> None:
    season = read(tmp_path, f"{HEADER}\n{ROW}\n{ROW.replace('26/12/2023', '01/03/2024')}\n")

    assert len(season.events) == 2


# -- which prices are taken


def test_the_first_complete_and_valid_set_of_a_row_is_taken(tmp_path: Path) -> None:
    content = (
        f"{HEADER},PSH,PSD,PSA\n"
        f"{ROW},1.53,4.3,6.1\n"
        f"{OTHER},2.1,,3.6\n"
        f"{OTHER.replace('27/', '28/')},2.1,0,3.6\n"
    )

    season = read(tmp_path, content)

    assert [event.match_result.draw for event in season.events if event.match_result] == [
        Fraction("4.3"),
        Fraction("3.4"),
        Fraction("3.4"),
    ]
    assert season.columns == (
        UsedColumns(market="match_result", columns=("B365H", "B365D", "B365A"), events=2),
        UsedColumns(market="match_result", columns=("PSH", "PSD", "PSA"), events=1),
    )


@pytest.mark.parametrize(
    "prices",
    [
        "1,1.9",
        "0,1.9",
        "-1.9,1.9",
        "1e1,1.9",
        "19/10,1.9",
        "195,1.95",
        "1.01,1.02",
        "x,1.9",
        ",1.9",
    ],
)
def test_a_market_without_usable_prices_is_not_there(tmp_path: Path, prices: str) -> None:
    season = read(tmp_path, f"{HEADER},P>2.5,P<2.5\n{ROW},{prices}\n")

    assert [event.total_2_5 for event in season.events] == [None]
    assert season.skipped == ()


@pytest.mark.parametrize("line", ["", "-0.3", "half", "99", "1e0", "0/1", "nan"])
def test_a_handicap_without_a_line_in_quarters_is_not_there(tmp_path: Path, line: str) -> None:
    season = read(tmp_path, f"{HEADER},AHh,PAHH,PAHA\n{ROW},{line},1.9,1.95\n")

    assert [event.asian_handicap for event in season.events] == [None]


@pytest.mark.parametrize(
    ("text", "line"),
    [("-0.75", "-3/4"), ("+0.5", "1/2"), ("0", "0"), ("-0", "0"), ("1.", "1"), (".25", "1/4")],
)
def test_a_handicap_is_exact_from_the_text(tmp_path: Path, text: str, line: str) -> None:
    season = read(tmp_path, f"{HEADER},AHh,PAHH,PAHA\n{ROW},{text},1.9,1.95\n")

    handicap = season.events[0].asian_handicap
    assert handicap is not None
    assert handicap.line == Fraction(line)


# -- rows that cannot be trusted


@pytest.mark.parametrize(
    ("good", "broken", "column", "value"),
    [
        ("26/12/2023", "2023-12-26", "Date", "2023-12-26"),
        ("26/12/2023", "30/02/2023", "Date", "30/02/2023"),
        ("26/12/2023", "26/12/0023", "Date", "26/12/0023"),
        ("26/12/2023", "", "Date", ""),
        ("12:30", "25:00", "Time", "25:00"),
        ("12:30", "noon", "Time", "noon"),
        ("Newcastle", "", "HomeTeam", ""),
        ("Newcastle", "New\x07castle", "HomeTeam", "New\x07castle"),
        ("Newcastle", "n" * 81, "HomeTeam", "n" * 80),
        ("Wolves", " ", "AwayTeam", ""),
        ("Wolves", "NEWCASTLE", "AwayTeam", "NEWCASTLE"),
        ("1,3,A", "-1,3,A", "FTHG", "-1"),
        ("1,3,A", "1.5,3,A", "FTHG", "1.5"),
        ("1,3,A", "1,three,A", "FTAG", "three"),
        ("1,3,A", "1,²,A", "FTAG", "²"),
        ("1,3,A", "1,,A", "FTAG", ""),
        ("1,3,A", "1,200,A", "FTAG", "200"),
        ("1,3,A", "1,3,H", "FTR", "H"),
        ("1,3,A", "1,3,?", "FTR", "?"),
        ("1.5,4.2,6", "1.5,1,6", "B365D", "1"),
        ("1.5,4.2,6", "1.5,4.2,1001", "B365A", "1001"),
        ("1.5,4.2,6", "1.5,4.2", "B365A", ""),
        ("1.5,4.2,6", "1.01,1.01,1.01", "B365H", "1.01"),
        ("1.5,4.2,6", ",,", "B365H", ""),
        ("E0,", "E\x000,", "Div", "E\x000"),
        ("Wolves,1,3", '"Wolves,1,3', "AwayTeam", "Wolves,1,3,A,1.5,4.2,6"),
    ],
)
def test_a_broken_row_is_reported_and_its_neighbours_are_read(
    tmp_path: Path, good: str, broken: str, column: str, value: str
) -> None:
    content = f"{HEADER}\n{OTHER}\n{ROW.replace(good, broken)}\n{OTHER.replace('27/', '28/')}\n"

    season = read(tmp_path, content)

    assert [event.line for event in season.events] == [2, 4]
    assert report_of(season) == [(3, column, value)]


def test_an_event_that_is_there_twice_is_read_once(tmp_path: Path) -> None:
    season = read(tmp_path, f"{HEADER}\n{ROW}\n{OTHER}\n{ROW.replace('12:30', '15:00')}\n")

    assert [event.line for event in season.events] == [2, 3]
    assert str(season.skipped[0]) == (
        f"{tmp_path / 'season.csv'}, line 4, column HomeTeam: "
        "'Newcastle' played this event on line 2 already"
    )


def test_a_broken_row_does_not_stand_in_the_way_of_its_correction(tmp_path: Path) -> None:
    season = read(tmp_path, f"{HEADER}\n{ROW.replace('1,3,A', '1,3,H')}\n{ROW}\n")

    assert [event.line for event in season.events] == [3]
    assert report_of(season) == [(2, "FTR", "H")]


def test_unusable_prices_are_reported_by_what_stands_there_rather_than_by_what_is_missing(
    tmp_path: Path,
) -> None:
    season = read(tmp_path, f"{HEADER},PSH,PSD,PSA\n{ROW.replace('4.2', 'x')},,,\n")

    assert report_of(season) == [(2, "B365D", "x")]
    assert season.skipped[0].reason == (
        "is not a decimal price above 1 and at most 1000, "
        "and no other bookmaker's prices are usable"
    )


@pytest.mark.parametrize("name", ["Wol\x07ves", "Wol\u2028\x85\x1b[2J", '"Wol\nves\x00"'])
def test_a_report_is_one_printable_line_whatever_the_cell_holds(tmp_path: Path, name: str) -> None:
    row = ROW.replace("Wolves", name)

    season = read(tmp_path, f"{HEADER}\n{row}\n")

    assert [str(skipped).isprintable() for skipped in season.skipped] == [True]


def test_two_stray_quotes_do_not_swallow_the_rows_between_them(tmp_path: Path) -> None:
    rows = [ROW.replace("26/", f"{day}/") + ",P Tierney" for day in (10, 11, 12, 13)]
    rows[0] = rows[0].replace("P Tierney", '"P Tierney')
    rows[2] = rows[2].replace("P Tierney", 'P Tierney"')

    season = read(tmp_path, "\n".join([f"{HEADER},Referee", *rows]))

    assert [event.line for event in season.events] == [3, 4, 5]
    assert [(row.line, row.column) for row in season.skipped] == [(2, "Referee")]


def test_a_cell_larger_than_any_cell_costs_its_own_lines(tmp_path: Path) -> None:
    endless = 'E0,"' + "x\n".join(["x" * 60_000] * 3)

    season = read(tmp_path, f"{HEADER}\n{endless}\n{ROW}\n")

    assert [event.line for event in season.events] == [5]
    assert [row.line for row in season.skipped] == [2, 3, 4]


# -- files that are no seasons


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"\n\n , ,\r\n", "is empty", id="blank"),
        pytest.param(b"\xef\xbb\xbf", "is empty", id="a mark alone"),
        pytest.param(b"\x89PNG\r\n\x1a\n\0\0", "lacks Date, HomeTeam", id="a picture"),
        pytest.param("Div,Date".encode("utf-16"), "line 1 is not text", id="utf-16"),
        pytest.param(
            ROW.encode(),
            "its header (line 1) lacks Date, HomeTeam, AwayTeam, FTHG, FTAG",
            id="no header",
        ),
        pytest.param(
            b"\nDate,HomeTeam,FTHG\n", "its header (line 2) lacks AwayTeam, FTAG", id="columns gone"
        ),
        pytest.param(b"x" * 70_000, "line 1 is longer than 65,536 bytes", id="one long line"),
        pytest.param(
            HEADER.encode() + b"\n" * 50_001, "has more than 50,000 lines", id="many lines"
        ),
        pytest.param(
            HEADER.encode() + (b"," * 60_000 + b"\n") * 560, "is larger than 32 MiB", id="huge"
        ),
    ],
)
def test_a_file_that_is_no_season_is_named_with_what_is_wrong(
    tmp_path: Path, content: bytes, complaint: str
) -> None:
    with pytest.raises(SeasonUnreadable) as refused:
        read(tmp_path, content)

    assert str(refused.value).startswith(f"{tmp_path / 'season.csv'}: ")
    assert complaint in str(refused.value)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("name", ["absent.csv", ".", "\0"])
def test_a_path_without_a_file_is_no_season(tmp_path: Path, name: str) -> None:
    with pytest.raises(SeasonUnreadable):
        read_season(tmp_path / name)


def test_a_header_alone_is_a_season_without_events(tmp_path: Path) -> None:
    assert read(tmp_path, f"{HEADER}\n") == Season(events=(), skipped=(), columns=())


@pytest.fixture
def _no_time_zones(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("tzdata", "tzdata.zoneinfo", "tzdata.zoneinfo.Europe"):
        monkeypatch.setitem(sys.modules, name, None)
    importlib.invalidate_caches()
    zoneinfo.reset_tzpath(to=[])
    zoneinfo.ZoneInfo.clear_cache()
    yield
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.usefixtures("_no_time_zones")
def test_a_machine_without_time_zones_says_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="tzdata") as fault:
        read(tmp_path, f"{HEADER}\n{ROW}\n")

    assert not fault.value.retryable


def _points(goals_for: int, goals_against: int) -> int:
    return 3 if goals_for > goals_against else 1 if goals_for == goals_against else 0
