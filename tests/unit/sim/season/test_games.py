"""Games of a season: planned from the seed, and held against what the studio knows."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from pitboss.games.rounds.facts import RoundReversed, RoundStaked, RoundWon
from pitboss.kernel.facts import Fact
from pitboss.sim.season.checks import games_are_as_the_studio_played_them
from pitboss.sim.season.evidence import Evidence
from pitboss.sim.season.model import CURRENCY
from pitboss.sim.season.plan import Plan, PlannedRound, Turn
from pitboss.sim.season.programme import make_programme
from pitboss.sim.season.reckoning import reckon
from pitboss.sim.season.studio import PROVIDER, Played
from pitboss.wallet.model import AccountKind
from unit.sim.season.history import ANN, POUND, TILL, account, books_of, evidence_of, whole_history
from unit.sim.season.league import read_league

_ROUND: dict[str, Any] = {
    "provider": PROVIDER,
    "player_id": ANN,
    "game": "wheel",
    "currency": CURRENCY,
    "balance_micros": 0,
    "round_id": "r",
}
_PLAYED: dict[str, Any] = {**_ROUND, "version": "1", "round_ref": "r"}


def history() -> list[Fact]:
    """Return three pounds staked, of which one is undone, and five won."""
    allowed: dict[str, Any] = {"jurisdiction": "demo", "rules_version": "1"}
    return [
        RoundStaked(external_id="a", micros=2 * POUND, **_PLAYED, **allowed),
        RoundWon(external_id="b", micros=5 * POUND, **_PLAYED),
        RoundStaked(external_id="c", micros=1 * POUND, **_PLAYED, **allowed),
        RoundReversed(
            external_id="d", micros=1 * POUND, original_id="c", of="stake", original_at="", **_ROUND
        ),
    ]


def evidence(*, played: Played, posted: int) -> Evidence:
    """Return what there is after these rounds, as the studio and the tables have it."""
    whole = evidence_of(whole_history())
    studio = account(
        TILL, AccountKind.HOUSE, f"games {PROVIDER}", debits=5, credits=5 + posted, entries=2
    )
    return replace(
        whole,
        books=books_of([*whole_history(), *history()]),
        tables=replace(whole.tables, accounts=(*whole.tables.accounts, studio)),
        played={ANN: played},
        rounds=Counter(played=1, undone=1),
    )


def test_games_hold_if_facts_tables_and_the_studio_say_the_same() -> None:
    played = Played(rounds=1, staked=2 * POUND, won=5 * POUND)
    found = evidence(played=played, posted=-3)

    assert list(games_are_as_the_studio_played_them(found)) == []
    games = reckon(found, requested=0).games
    assert (games.played, games.undone, games.staked, games.won) == (1, 1, 2 * POUND, 5 * POUND)
    assert found.books.people[ANN, CURRENCY].game_stakes == 2 * POUND


@pytest.mark.parametrize(
    ("played", "posted"),
    [
        (Played(rounds=1, staked=3 * POUND, won=5 * POUND), -3),
        (Played(rounds=1, staked=2 * POUND, won=4 * POUND), -3),
        (Played(rounds=1, staked=2 * POUND, won=5 * POUND), -2),
    ],
)
def test_what_the_studio_or_its_account_has_otherwise_is_found(played: Played, posted: int) -> None:
    assert (
        len(list(games_are_as_the_studio_played_them(evidence(played=played, posted=posted)))) == 1
    )


def test_rounds_follow_from_the_seed_and_go_in_all_ways(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    rows = read_league(tmp_path_factory.mktemp("league"), rounds=12)
    programme = make_programme(rows, seed=7, run="run")
    first, again, other = (Plan(programme, players=40, bets=400, seed=seed) for seed in (7, 7, 8))

    assert rounds_of(first) == rounds_of(again) != rounds_of(other)
    drawn = rounds_of(first)
    assert {one.turn for one in drawn} == set(Turn)
    assert any(one.win_cents for one in drawn)
    assert any(not one.win_cents for one in drawn)


def rounds_of(plan: Plan) -> list[PlannedRound]:
    """Return every round of a plan, in order."""
    return [
        one
        for day in plan.programme.days
        for player in range(plan.players)
        for one in plan.rounds(player, day.no)
    ]
