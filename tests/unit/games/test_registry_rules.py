"""Which game is played under which licence."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from msgspec import structs

from pitboss import jurisdictions
from pitboss.games import registry
from pitboss.games.registry.model import (
    Certificate,
    CertificateState,
    Filed,
    GameKind,
    Offer,
    Refusal,
    Standing,
    Version,
    WhyWithdrawn,
)

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
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
    standings=tuple(Standing(licence=code) for code in ("demo", "GB", "DE", "SE", "NJ")),
)


def altered(**changes: object) -> Offer:
    return structs.replace(OFFER, version=structs.replace(VERSION, **changes))


def test_a_certified_game_is_played() -> None:
    assert registry.refuse_game(OFFER, jurisdictions.get("demo"), NOW) is None


@pytest.mark.parametrize(
    ("offer", "refusal"),
    [
        (None, Refusal.UNKNOWN_GAME),
        (structs.replace(OFFER, suspended=True), Refusal.GAME_SUSPENDED),
        (structs.replace(OFFER, provider_suspended=True), Refusal.PROVIDER_SUSPENDED),
        (structs.replace(OFFER, standings=(Standing(licence="SE"),)), Refusal.GAME_NOT_CERTIFIED),
    ],
)
def test_what_is_stopped_or_not_certified_is_not_played(
    offer: Offer | None, refusal: Refusal
) -> None:
    assert registry.refuse_game(offer, jurisdictions.get("demo"), NOW) is refusal


@pytest.mark.parametrize("kind", [GameKind.SLOT, GameKind.TABLE])
def test_a_game_is_no_faster_than_the_licence_allows(kind: GameKind) -> None:
    rules = jurisdictions.get("GB").games
    least = rules.cycle_ms_min_slots if kind is GameKind.SLOT else rules.cycle_ms_min_others
    assert least is not None

    at_least = altered(kind=kind, cycle_ms_min=least)
    faster = altered(kind=kind, cycle_ms_min=least - 1)

    licence = jurisdictions.get("GB")
    assert registry.refuse_game(at_least, licence, NOW) is None
    assert registry.refuse_game(faster, licence, NOW) is Refusal.GAME_TOO_FAST


@pytest.mark.parametrize("code", ["GB", "NJ"])
def test_a_game_that_plays_by_itself_is_played_where_that_is_allowed(code: str) -> None:
    licence = jurisdictions.get(code)

    refusal = registry.refuse_game(altered(autoplay=True), licence, NOW)

    assert refusal is (None if licence.games.autoplay else Refusal.GAME_PLAYS_BY_ITSELF)


# The last instant of the day in the licence's own time zone, winter and summer.
LAST_INSTANTS = [
    ("NJ", date(2026, 12, 31), datetime(2027, 1, 1, 5, tzinfo=UTC)),
    ("NJ", date(2026, 7, 31), datetime(2026, 8, 1, 4, tzinfo=UTC)),
    ("SE", date(2026, 12, 31), datetime(2026, 12, 31, 23, tzinfo=UTC)),
    ("SE", date(2026, 7, 31), datetime(2026, 7, 31, 22, tzinfo=UTC)),
    # The night in which clocks are put back is an hour longer.
    ("NJ", date(2026, 11, 1), datetime(2026, 11, 2, 5, tzinfo=UTC)),
]


@pytest.mark.parametrize(("code", "expires_on", "over_at"), LAST_INSTANTS)
def test_a_certificate_counts_to_the_end_of_its_last_day_by_the_licences_clock(
    code: str, expires_on: date, over_at: datetime
) -> None:
    licence = jurisdictions.get(code)
    offer = structs.replace(OFFER, standings=(Standing(licence=code, expires_on=expires_on),))
    filed = Filed(
        certificate=Certificate(
            licence=code,
            laboratory="Lab",
            number="L-1",
            issued_on="2026-01-01",
            hashes=(),
            expires_on=expires_on.isoformat(),
        )
    )
    before = over_at - timedelta(microseconds=1)

    assert registry.refuse_game(offer, licence, before) is not Refusal.CERTIFICATE_EXPIRED
    assert registry.counting([filed], licence, before) == [filed.certificate]
    assert registry.refuse_game(offer, licence, over_at) is Refusal.CERTIFICATE_EXPIRED
    assert registry.counting([filed], licence, over_at) == []
    states = [registry.state_of(filed, licence, at) for at in (before, over_at)]
    assert states == [CertificateState.EXPIRES_SOON, CertificateState.EXPIRED]
    # Two hours, because a day may have 25.
    thirty, more = before - timedelta(days=30), before - timedelta(days=31, hours=2)
    assert registry.state_of(filed, licence, thirty) is CertificateState.EXPIRES_SOON
    assert registry.state_of(filed, licence, more) is CertificateState.IN_FORCE


def test_a_withdrawn_certificate_counts_nowhere_and_one_of_another_licence_not_here() -> None:
    licence = jurisdictions.get("SE")
    kept = Certificate(
        licence="SE", laboratory="Lab", number="L-1", issued_on="2026-01-01", hashes=()
    )
    filed = [
        Filed(certificate=kept, withdrawn=WhyWithdrawn.REGULATOR_ORDER),
        Filed(certificate=structs.replace(kept, licence="GB")),
    ]
    offer = structs.replace(OFFER, standings=(Standing(licence="SE", withdrawn=True),))

    assert registry.counting(filed, licence, NOW) == []
    assert registry.refuse_game(offer, licence, NOW) is Refusal.CERTIFICATE_WITHDRAWN
    assert registry.state_of(filed[0], licence, NOW) is CertificateState.WITHDRAWN
