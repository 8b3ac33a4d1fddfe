"""Which game is played under which licence."""

from __future__ import annotations

import pytest
from msgspec import structs

from pitboss import jurisdictions
from pitboss.games import registry
from pitboss.games.registry.model import GameKind, Offer, Refusal, Version

VERSION = Version(
    provider="acme",
    code="game",
    version="1",
    title="A Game",
    kind=GameKind.SLOT,
    rtp_ppm=960_000,
    cycle_ms_min=60_000,
    autoplay=False,
)
OFFER = Offer(
    version=VERSION,
    suspended=False,
    provider_suspended=False,
    licences=frozenset({"demo", "GB", "DE", "SE", "NJ"}),
)


def altered(**changes: object) -> Offer:
    return structs.replace(OFFER, version=structs.replace(VERSION, **changes))


def test_a_certified_game_is_played() -> None:
    assert registry.refuse_game(OFFER, jurisdictions.get("demo")) is None


@pytest.mark.parametrize(
    ("offer", "refusal"),
    [
        (None, Refusal.UNKNOWN_GAME),
        (structs.replace(OFFER, suspended=True), Refusal.GAME_SUSPENDED),
        (structs.replace(OFFER, provider_suspended=True), Refusal.PROVIDER_SUSPENDED),
        (structs.replace(OFFER, licences=frozenset({"SE"})), Refusal.GAME_NOT_CERTIFIED),
    ],
)
def test_what_is_stopped_or_not_certified_is_not_played(
    offer: Offer | None, refusal: Refusal
) -> None:
    assert registry.refuse_game(offer, jurisdictions.get("demo")) is refusal


@pytest.mark.parametrize("kind", [GameKind.SLOT, GameKind.TABLE])
def test_a_game_is_no_faster_than_the_licence_allows(kind: GameKind) -> None:
    rules = jurisdictions.get("GB").games
    least = rules.cycle_ms_min_slots if kind is GameKind.SLOT else rules.cycle_ms_min_others
    assert least is not None

    at_least = altered(kind=kind, cycle_ms_min=least)
    faster = altered(kind=kind, cycle_ms_min=least - 1)

    licence = jurisdictions.get("GB")
    assert registry.refuse_game(at_least, licence) is None
    assert registry.refuse_game(faster, licence) is Refusal.GAME_TOO_FAST


@pytest.mark.parametrize("code", ["GB", "NJ"])
def test_a_game_that_plays_by_itself_is_played_where_that_is_allowed(code: str) -> None:
    licence = jurisdictions.get(code)

    refusal = registry.refuse_game(altered(autoplay=True), licence)

    assert refusal is (None if licence.games.autoplay else Refusal.GAME_PLAYS_BY_ITSELF)
