"""Markets of the registry end as others have published, and as a whole season did."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest

from pitboss.sportsbook import registry
from pitboss.sportsbook.registry.model import Ended, write_decimal
from pitboss.sportsbook.returns.model import HALF_LOST, HALF_WON, LOST, VOID, WON, Outcome
from unit.settlement.vectors import load, load_season

ENDINGS = {"WON": WON, "LOST": LOST, "VOID": VOID, "HALF_WON": HALF_WON, "HALF_LOST": HALF_LOST}
CODES = {
    "Home or Draw": "1X",
    "Draw or Away": "X2",
    "Home or Away": "12",
    "2X": "X2",
    **{code: code for code in ("1X", "12", "X2")},
    **{name: name.lower() for name in ("Home", "Away", "Over", "Under", "Yes", "No")},
    **{name: name.lower() for name in ("Odd", "Even")},
}
KINDS = {
    "btts": ("both_score", {}),
    "correct_score": ("correct_score", {}),
    "double_chance": ("double_chance", {}),
    "draw_no_bet": ("draw_no_bet", {}),
    "odd_even": ("odd_even", {}),
    "1h_total_goals": ("half_total", {"half": "1"}),
}
SCORES = [f"{home}-{away}" for home in range(4) for away in range(4)]


def outcome_of(row: dict[str, Any]) -> Outcome | None:
    """Ask the registry about one published row."""
    market, selection = row["market"], row["selection"]
    if row["score"].startswith("{"):
        half = json.loads(row["score"])["1"]
        ended = Ended(counts={"score": {"1": f"{half['home']}-{half['away']}"}})
    else:
        ended = Ended(counts={"score": {"match": row["score"]}})
    if market == "correct_score":
        # The side that is named has the first of the goals.
        home, away = selection["name"].split("-")
        code = f"{away}-{home}" if selection["header"] == "Away" else f"{home}-{away}"
    else:
        code = CODES[selection.get("side") or selection["name"]]
    line = Fraction(selection["line"]) if "line" in selection else None
    if market in ("asian_handicap", "total_goals"):
        assert line is not None
        # The rows give the line of the selected side, a market has the home side's.
        own = -line if market == "asian_handicap" and code == "away" else line
        kind = market.removesuffix("_goals")
        return ask(kind, ended, [code], line=write_decimal(own))[code]
    kind, values = KINDS[market]
    specifiers = values if line is None else {**values, "line": write_decimal(line)}
    return ask(kind, ended, [code], specifiers=specifiers)[code]


def ask(
    kind: str,
    ended: Ended,
    codes: list[str],
    *,
    line: str | None = None,
    specifiers: dict[str, str] | None = None,
) -> dict[str, Outcome]:
    """Return how selections of a football market ended."""
    registry.check_ended(ended, sport="football", field="ended")
    found = registry.settle(
        kind,
        sport="football",
        line=line,
        specifiers=specifiers or {},
        codes=codes,
        ended=ended,
    )
    assert found is not None
    return found


def test_every_published_football_market_ends_as_it_is_published() -> None:
    rows = load("football_markets.json", "rows")
    if not rows:
        pytest.skip("the published vectors are not at ../shared/data")

    others = [row for row in rows if outcome_of(row) != ENDINGS[row["expected"]]]

    assert others == []
    assert len(rows) == 635


def test_a_season_of_football_ends_as_it_did() -> None:
    """Every market that the season's columns decide: goals, halves, corners, cards."""
    season = load_season()
    if not season:
        pytest.skip("the published season is not at ../shared/data/football")

    told = Counter(wrong for match in season for wrong in disagreements(match))

    assert not told
    assert len(season) == 380


def disagreements(match: dict[str, str]) -> Iterator[str]:
    """Yield the kinds of markets that end otherwise than the columns of a match say."""
    home, away = int(match["FTHG"]), int(match["FTAG"])
    first = int(match["HTHG"]), int(match["HTAG"])
    corners, cards = ((int(match[f"H{letter}"]), int(match[f"A{letter}"])) for letter in ("C", "Y"))
    ended = Ended(
        counts={
            "score": {
                "match": f"{home}-{away}",
                "1": "{}-{}".format(*first),
                "2": f"{home - first[0]}-{away - first[1]}",
            },
            "corners": {"match": "{}-{}".format(*corners)},
            "cards": {"match": "{}-{}".format(*cards)},
        }
    )
    answers = of_halves(match, ended) | of_goals(ended, home, away)
    answers |= of_counts(ended, sum(corners), cards[0] - cards[1])
    yield from (kind for kind, (ours, theirs) in answers.items() if ours != theirs)


def of_halves(match: dict[str, str], ended: Ended) -> dict[str, tuple[object, object]]:
    """Return who was ahead when: what we say, and what the columns say."""
    letters = {"home": "H", "draw": "D", "away": "A"}
    sides = list(letters)
    both = [f"{one}/{two}" for one in sides for two in sides]
    return {
        "1x2": (
            winner(ask("1x2", ended, sides)),
            {"H": "home", "D": "draw", "A": "away"}[match["FTR"]],
        ),
        "half_1x2": (
            letters[winner(ask("half_1x2", ended, sides, specifiers={"half": "1"}))],
            match["HTR"],
        ),
        "half_time_full_time": (
            [letters[one] for one in winner(ask("half_time_full_time", ended, both)).split("/")],
            [match["HTR"], match["FTR"]],
        ),
    }


def of_goals(ended: Ended, home: int, away: int) -> dict[str, tuple[object, object]]:
    """Return what follows from the score: what we say, and what is so."""
    sides = ["home", "draw", "away"]
    return {
        "correct_score": (
            winner(ask("correct_score", ended, [*SCORES, "other"])),
            f"{home}-{away}" if max(home, away) < 4 else "other",
        ),
        "both_score": (
            winner(ask("both_score", ended, ["yes", "no"])),
            "yes" if home and away else "no",
        ),
        "exact_total": (
            winner(ask("exact_total", ended, ["0", "1", "2", "3", "4+"])),
            str(home + away) if home + away < 4 else "4+",
        ),
        "winning_margin": (
            winner(
                ask("winning_margin", ended, ["home_1", "home_2+", "draw", "away_1", "away_2+"])
            ),
            margin(home - away),
        ),
        "team_total": (
            winner(
                ask(
                    "team_total",
                    ended,
                    ["over", "under"],
                    specifiers={"line": "1.5", "side": "away"},
                )
            ),
            "over" if away > 1 else "under",
        ),
        "clean_sheet": (
            winner(ask("clean_sheet", ended, ["yes", "no"], specifiers={"side": "home"})),
            "no" if away else "yes",
        ),
        "european_handicap": (
            winner(ask("european_handicap", ended, sides, specifiers={"start": "0:1"})),
            "home" if home > away + 1 else "draw" if home == away + 1 else "away",
        ),
    }


def of_counts(ended: Ended, corners: int, cards_ahead: int) -> dict[str, tuple[object, object]]:
    """Return what follows from corners and cards: what we say, and what is so."""
    sides = ["home", "draw", "away"]
    return {
        "corners_total": (
            winner(ask("corners_total", ended, ["over", "under"], specifiers={"line": "9.5"})),
            "over" if corners > 9 else "under",
        ),
        "cards_1x2": (
            winner(ask("cards_1x2", ended, sides)),
            "draw" if not cards_ahead else "home" if cards_ahead > 0 else "away",
        ),
    }


def margin(ahead: int) -> str:
    """Return the code of a margin."""
    if ahead == 0:
        return "draw"
    return f"{'home' if ahead > 0 else 'away'}_{'1' if abs(ahead) == 1 else '2+'}"


def winner(outcomes: dict[str, Outcome]) -> str:
    """Return the one selection that won; all others lost."""
    (won,) = [code for code, outcome in outcomes.items() if outcome == WON]
    assert all(outcome == LOST for code, outcome in outcomes.items() if code != won)
    return won
