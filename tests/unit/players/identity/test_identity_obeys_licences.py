"""Who may become a player, and when a player may be forgotten, is asked of each licence."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from pitboss import jurisdictions
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.players.identity import rules
from pitboss.players.identity.model import (
    ErasureRequest,
    Player,
    PlayerStatus,
    Refusal,
    RegisterRequest,
    parse_email,
    parse_name,
)
from pitboss.players.personal.model import LegalBasis
from proofs import Proves

CODES = jurisdictions.codes()
TODAY = date(2026, 5, 19)
ANN = PlayerId(derived_id("player", "ann"))


def register(licence: Jurisdiction, *, born_on: date, currency: str) -> Refusal | None:
    request = RegisterRequest(
        key=derived_id("key"),
        player_id=ANN,
        jurisdiction=licence.code,
        currency=currency,
        email=parse_email("ann@example.com"),
        password_hash="$argon2id$hash",
        given_name=parse_name("Ann", field="given_name"),
        family_name=parse_name("Other", field="family_name"),
        born_on=born_on,
    )
    return rules.refusal_to_register(request, licence, today=TODAY)


@pytest.mark.parametrize("code", CODES)
def test_a_player_is_taken_from_the_birthday_that_the_licence_names(
    code: str, proves: Proves
) -> None:
    proves("registration.age_min", code)
    licence = jurisdictions.get(code)
    currency = licence.licence.currencies[0]
    birthday = TODAY.replace(year=TODAY.year - licence.registration.age_min)

    of_age = register(licence, born_on=birthday, currency=currency)
    a_day_short = register(licence, born_on=birthday + timedelta(days=1), currency=currency)

    assert (of_age, a_day_short) == (None, Refusal.UNDER_AGE)


@pytest.mark.parametrize("code", CODES)
def test_a_player_s_currency_is_one_that_the_licence_names(code: str, proves: Proves) -> None:
    proves("licence.currencies", code)
    licence = jurisdictions.get(code)

    for currency in ("CAD", "DKK", "EUR", "GBP", "JPY", "SEK", "USD"):
        refusal = register(licence, born_on=date(1980, 1, 1), currency=currency)
        named = currency in licence.licence.currencies
        assert refusal == (None if named else Refusal.CURRENCY_NOT_OFFERED)


@pytest.mark.parametrize("code", CODES)
def test_nobody_is_taken_where_the_licence_is_not_open(code: str, proves: Proves) -> None:
    proves("registration.open", code)
    licence = jurisdictions.get(code)
    shut = msgspec.structs.replace(
        licence, registration=msgspec.structs.replace(licence.registration, open=False)
    )
    currency = licence.licence.currencies[0]

    found = register(licence, born_on=date(1980, 1, 1), currency=currency)
    refused = register(shut, born_on=date(1980, 1, 1), currency=currency)

    assert found == (None if licence.registration.open else Refusal.JURISDICTION_CLOSED)
    assert refused is Refusal.JURISDICTION_CLOSED


@pytest.mark.parametrize("code", CODES)
def test_a_player_is_remembered_for_as_long_as_the_licence_says(code: str, proves: Proves) -> None:
    proves("retention.years_after_closure", code)
    licence = jurisdictions.get(code)
    closed_at = datetime(2020, 5, 19, 12, tzinfo=UTC)
    over = closed_at.replace(year=2020 + licence.retention.years_after_closure)
    ann = Player(
        shard=shard_of(ANN),
        id=ANN,
        jurisdiction=code,
        currency=licence.licence.currencies[0],
        status=PlayerStatus.CLOSED,
        registered_at=datetime(2019, 1, 1, tzinfo=UTC),
    )
    wish = ErasureRequest(player_id=ANN, basis=LegalBasis.NO_LONGER_NEEDED, obligations=frozenset())

    found = [
        rules.refusal_to_erase(wish, ann, licence, closed_at=closed_at, now=now)
        for now in (over - timedelta(microseconds=1), over)
    ]

    assert found == [Refusal.RETENTION_NOT_OVER, None]
