"""A game is as slow as the licence wants, and goes on by itself only where that is allowed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pitboss import jurisdictions
from pitboss.games import registry
from pitboss.games.registry.model import GameKind, Offer, Refusal, Standing, Version
from pitboss.games.rewards import rules
from pitboss.games.rewards.model import Grant
from pitboss.games.rewards.model import Refusal as NoReward
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId, derived_id
from proofs import Proves

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
CODES = tuple(code for code in jurisdictions.codes() if code != "demo")


def refusal(licence: Jurisdiction, **about: object) -> Refusal | None:
    """Return why a game that is certified for this licence is not played under it."""
    said: dict[str, object] = {
        "kind": GameKind.SLOT,
        "cycle_ms_min": 3_600_000,
        "autoplay": False,
        "top_win_chance": "1/1250000",
    }
    version = Version(
        provider="acme",
        code="game",
        version="1",
        title="A Game",
        rtp_ppm=960_000,
        **{**said, **about},  # type: ignore[arg-type] # by the test
    )
    offer = Offer(
        version=version,
        suspended=False,
        provider_suspended=False,
        standings=(Standing(licence=licence.code),),
    )
    return registry.refuse_game(offer, licence, NOW)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        (GameKind.SLOT, "cycle_ms_min_slots"),
        (GameKind.TABLE, "cycle_ms_min_others"),
    ],
)
def test_a_game_goes_round_no_faster_than_the_licence_allows(
    code: str, kind: GameKind, rule: str, proves: Proves
) -> None:
    proves(f"games.{rule}", code)
    licence = jurisdictions.get(code)
    least = getattr(licence.games, rule)

    if least is None:
        assert refusal(licence, kind=kind, cycle_ms_min=0) is None
        return
    assert refusal(licence, kind=kind, cycle_ms_min=least) is None
    assert refusal(licence, kind=kind, cycle_ms_min=least - 1) is Refusal.GAME_TOO_FAST


@pytest.mark.parametrize("code", CODES)
def test_a_game_goes_on_by_itself_only_where_the_licence_lets_it(code: str, proves: Proves) -> None:
    proves("games.autoplay", code)
    licence = jurisdictions.get(code)

    assert refusal(licence, autoplay=False) is None
    wanted = None if licence.games.autoplay else Refusal.GAME_PLAYS_BY_ITSELF
    assert refusal(licence, autoplay=True) is wanted


@pytest.mark.parametrize("code", CODES)
def test_a_game_that_does_not_tell_its_odds_is_played_only_where_nobody_must_be_shown_them(
    code: str, proves: Proves
) -> None:
    proves("games.odds_shown", code)
    licence = jurisdictions.get(code)

    assert refusal(licence) is None
    wanted = Refusal.GAME_ODDS_NOT_TOLD if licence.games.odds_shown else None
    assert refusal(licence, top_win_chance=None) is wanted


@pytest.mark.parametrize("code", CODES)
def test_free_stakes_in_games_are_given_only_where_the_licence_lets_anybody_have_them(
    code: str, proves: Proves
) -> None:
    proves("games.rewards", code)
    licence = jurisdictions.get(code)
    grant = Grant(
        id=derived_id("reward"),
        player_id=PlayerId(derived_id("player")),
        provider="acme",
        game="game",
        prepaid="p1",
        currency="EUR",
        stake_micros=1_000_000,
        stakes_max=1,
        ends_at=NOW + timedelta(days=1),
    )

    refusal = rules.refuse_terms(
        grant, licence, worth_micros_max=None, minor_unit_micros=10_000, now=NOW
    )

    assert refusal is (None if licence.games.rewards else NoReward.REWARDS_NOT_ALLOWED)
