"""A league that never was, in the format in which real ones are published."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

from pitboss.adapters.football_data import SeasonEvent, read_season

TEAMS = (
    *("Ashby Rovers", "Brackley Town", "Corfe United", "Dunmore", "Eskdale", "Fenwick Athletic"),
    *("Garth Wanderers", "Holmbury", "Ilkley Vale", "Juniper Green"),
)
HEADER = (
    "Div,Date,Time,HomeTeam,AwayTeam,FTHG,FTAG,FTR,B365H,B365D,B365A,"
    "B365>2.5,B365<2.5,AHh,B365AHH,B365AHA"
)
FIRST_DAY = date(2031, 8, 16)
BROKEN_ROW = "XX,31/02/2032,15:00,Dunmore,Eskdale,1,1,D,2.5,3.2,2.9,1.9,1.95,0,1.9,1.95"


def write_league(path: Path, *, rounds: int) -> Path:
    """Write so many rounds, one a week; the last row is broken."""
    chance = random.Random("a league that never was")
    rows = [HEADER]
    for number in range(rounds):
        teams = list(TEAMS)
        chance.shuffle(teams)
        for place in range(0, len(teams), 2):
            day = FIRST_DAY + timedelta(days=7 * number + (place > 5))
            rows.append(_row(chance, day, teams[place], teams[place + 1]))
    path.write_text("\n".join([*rows, BROKEN_ROW]) + "\n")
    return path


def read_league(folder: Path, *, rounds: int) -> tuple[SeasonEvent, ...]:
    """Return the events of such a league."""
    return read_season(write_league(folder / "league.csv", rounds=rounds)).events


def _row(chance: random.Random, day: date, home: str, away: str) -> str:
    goals_home, goals_away = chance.choice((0, 0, 1, 1, 2, 3)), chance.choice((0, 0, 1, 1, 2))
    letter = "H" if goals_home > goals_away else "A" if goals_away > goals_home else "D"
    line = chance.choice((-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5))
    return (
        f"XX,{day:%d/%m/%Y},{chance.choice(('12:30', '15:00', '17:30'))},{home},{away},"
        f"{goals_home},{goals_away},{letter},"
        f"{chance.choice(('1.85', '2.1', '2.45'))},3.4,{chance.choice(('3.1', '3.9'))},"
        f"1.9,1.95,{line},1.92,1.96"
    )
