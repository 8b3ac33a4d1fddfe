"""Who may not be a player, here or anywhere, is refused early and in neutral words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from integration.api.client import Answer
from integration.api.desk import PASSWORD, Desk, Somebody, registration
from pitboss import jurisdictions
from pitboss.adapters import passwords
from pitboss.jurisdictions.model import Register, Scope
from proofs import Proves

YEARS = timedelta(days=366)


async def register(desk: Desk, code: str, **changes: Any) -> Answer:
    """Ask to become a player; everybody is one person."""
    body = {
        **registration(f"player{next(desk.numbers)}@example.test"),
        "jurisdiction": code,
        "currency": jurisdictions.get(code).licence.currencies[0],
        "postcode": "E1 1AA",
        "national_id": "199001019802",
        **changes,
    }
    return await desk.client.ask("POST", "/v1/players", key=desk.key(), body=body)


async def exclude(desk: Desk, player_id: str, months: int) -> None:
    path = f"/v1/staff/players/{player_id}/exclusions"
    body = {"months": months, "reason": "risk_of_harm"}
    answer = await desk.client.ask("POST", path, token=desk.staff, key=desk.key(), body=body)
    assert answer.status == 200, answer.body


@pytest.mark.parametrize("code", jurisdictions.codes())
async def test_an_exclusion_reaches_other_licences_as_far_as_its_licence_says(
    desk: Desk, code: str, proves: Proves
) -> None:
    proves("exclusion.scope", code)
    other = "GB" if code != "GB" else "PA"
    first = await register(desk, code)
    await exclude(desk, first.json()["player_id"], 12)

    answer = await register(desk, other)

    if jurisdictions.get(code).exclusion.scope is Scope.LICENCE:
        assert answer.status == 201
    else:
        # As a register's refusal: who registers in somebody's name must not learn why.
        assert (answer.status, answer.slug) == (403, "registration_not_possible")
        assert b"exclu" not in answer.body


async def test_nobody_is_forgotten_while_an_exclusion_keeps_them_away(desk: Desk) -> None:
    said = (await register(desk, "MT")).json()
    ann = Somebody(player_id=said["player_id"], token=said["token"], email="")
    await exclude(desk, ann.player_id, 12 * 30)
    closed = {"status": "closed", "reason": "player_asked"}
    path = f"/v1/staff/players/{ann.player_id}"
    await desk.client.ask("POST", f"{path}/status", token=desk.staff, key=desk.key(), body=closed)
    desk.clock.advance(20 * YEARS)

    erased = await desk.client.ask(
        "POST", f"{path}/erasure", token=desk.staff, body={"basis": "gdpr_17_1_a"}
    )
    again = await register(desk, "MT")
    elsewhere = await register(desk, "GB")

    assert (erased.status, erased.slug) == (403, "player_excluded")
    assert again.slug == "duplicate_player"
    assert elsewhere.slug == "registration_not_possible"


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every password that is hashed."""
    found: list[str] = []
    hash_password = passwords.hash_password

    def note(password: str) -> str:
        found.append(password)
        return hash_password(password)

    monkeypatch.setattr(passwords, "hash_password", note)
    yield found


async def test_a_child_and_a_wrong_currency_cost_no_hash_and_no_word_of_a_register(
    desk: Desk, hashed: list[str]
) -> None:
    child = await register(desk, "GB", date_of_birth="2012-01-01")
    dollars = await register(desk, "GB", currency="USD")
    asked = list(desk.registers[Register.GAMSTOP].asked)
    refused_for = list(hashed)

    taken = await register(desk, "GB")

    assert (child.slug, dollars.slug) == ("under_age", "currency_not_offered")
    assert (asked, refused_for) == ([], [])
    assert taken.status == 201
    assert hashed == [PASSWORD]
    assert len(desk.registers[Register.GAMSTOP].asked) == 1


async def test_tries_to_register_are_counted_by_address_with_those_to_log_in(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pitboss.players.access.operations.ADDRESS_ATTEMPTS_MAX", 3)
    for number in range(5):
        # Who becomes a player is not counted.
        taken = await register(
            desk, "MT", postcode=f"E{number} 1AA", national_id=f"19900101{number:04}"
        )
        assert taken.status == 201

    answers = [await register(desk, "MT", date_of_birth="2012-01-01") for _ in range(5)]
    login = await desk.client.ask(
        "POST", "/v1/sessions", body={"email": "x@example.test", "password": PASSWORD}
    )

    slugs = [answer.slug for answer in answers]
    assert slugs == ["under_age"] * 3 + ["too_many_logins"] * 2
    assert (login.status, login.slug) == (429, "too_many_logins")
