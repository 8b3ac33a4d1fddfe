"""One person is one player: told apart by a keyed digest, raced, refused or flagged, forgotten."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime

import msgspec
import pytest

from integration.players.keys import KEYS
from integration.players.people import (
    assert_rebuilt,
    facts,
    in_turn,
    register,
    some_player,
    some_request,
)
from pitboss import jurisdictions
from pitboss.db import Database
from pitboss.jurisdictions import queries as licence_queries
from pitboss.jurisdictions.model import Duplicates
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.players.identity.model import (
    ErasureRequest,
    PlayerStatus,
    Refusal,
    Refused,
    RegisterAnswer,
    Registered,
    RegisterRequest,
    StatusReason,
    StatusRequest,
    parse_name,
    parse_national_id,
)
from pitboss.players.personal.model import LegalBasis
from proofs import Proves

POSTCODE = parse_name("AB1 2CD", field="postcode")


def same_person(name: str, **changes: object) -> RegisterRequest:
    """Return the registration of one person under another e-mail."""
    fields = {
        "given_name": parse_name("Zoë", field="name"),
        "family_name": parse_name("O'Brien", field="name"),
        "postcode": POSTCODE,
        **changes,
    }
    return some_request(name, **fields)


async def test_a_person_is_known_again_however_the_name_is_written(database: Database) -> None:
    first = await register(database, same_person("first"))

    second = await register(
        database,
        same_person(
            "second",
            given_name=parse_name("ZOE", field="name"),
            family_name=parse_name("OBrien", field="name"),
            postcode=parse_name("ab12cd", field="postcode"),
        ),
    )

    assert isinstance(first, Registered)
    assert second == Refused(reason=Refusal.DUPLICATE_PLAYER)
    async with database.reading() as tx:
        login = await identity.find_login(tx, same_person("second").email, keys=KEYS)
    assert login is None
    await assert_rebuilt(database)


@pytest.mark.parametrize(
    "changes",
    [
        {"born_on": date(1990, 1, 2)},
        {"postcode": parse_name("AB1 2CE", field="postcode")},
        {"family_name": parse_name("Bryan", field="name")},
        {"postcode": None},
        {"jurisdiction": "DE", "currency": "EUR"},
    ],
)
async def test_whoever_differs_is_somebody_else(
    database: Database, changes: dict[str, object]
) -> None:
    await register(database, same_person("first"))

    assert isinstance(await register(database, same_person("second", **changes)), Registered)


async def test_where_an_operator_may_have_one_account_it_is_one_over_all_licences(
    database: Database,
) -> None:
    assert jurisdictions.get("NJ").registration.one_account == "operator"
    assert jurisdictions.get("MT").registration.one_account == "operator"
    await register(database, same_person("first", jurisdiction="NJ", currency="USD"))

    second = await register(database, same_person("second", jurisdiction="MT", currency="EUR"))

    assert second == Refused(reason=Refusal.DUPLICATE_PLAYER)


@pytest.mark.parametrize("code", jurisdictions.codes())
async def test_one_person_has_one_account_where_the_licence_counts_them(
    database: Database, code: str, proves: Proves
) -> None:
    proves("registration.duplicates", code)
    proves("registration.one_account", code)
    licence = jurisdictions.get(code)
    currency = licence.licence.currencies[0]
    # A licence that counts its own players only, and one that counts all of the operator's.
    other, of_operator = ("GB", "GBP") if code != "GB" else ("DE", "EUR"), ("NJ", "USD")
    first = same_person("first", jurisdiction=code, currency=currency)
    await register(database, first)

    again = await register(database, same_person("again", jurisdiction=code, currency=currency))
    elsewhere = await register(
        database, same_person("other", jurisdiction=other[0], currency=other[1])
    )
    with_operator = await register(
        database, same_person("nj", jurisdiction=of_operator[0], currency=of_operator[1])
    )

    refused = Refused(reason=Refusal.DUPLICATE_PLAYER)
    if licence.registration.duplicates is Duplicates.REFUSE:
        assert again == refused
    else:
        assert isinstance(again, Registered)
    assert isinstance(elsewhere, Registered)
    # New Jersey looks at every licence of the operator, whatever the other one looks at.
    assert with_operator == refused
    await assert_rebuilt(database)


NUMBER = parse_national_id("19900101-9802")


@pytest.mark.parametrize("code", jurisdictions.codes())
async def test_a_national_number_is_one_persons_under_a_licence_without_any_postcode(
    database: Database, code: str, proves: Proves
) -> None:
    proves("registration.duplicates", code)
    currency = jurisdictions.get(code).licence.currencies[0]
    here = {"jurisdiction": code, "currency": currency, "national_id": NUMBER}
    await register(database, some_request("ann", **here))

    married = await register(
        database,
        some_request("again", **here, family_name=parse_name("Byron", field="family_name")),
    )
    older = await register(database, some_request("older", **here, born_on=date(1960, 5, 6)))
    another = await register(
        database, some_request("bea", **{**here, "national_id": parse_national_id("840315-1124")})
    )

    refused = Refused(reason=Refusal.DUPLICATE_PLAYER)
    assert (married, older) == (refused, refused)
    assert isinstance(another, Registered)
    await assert_rebuilt(database)


async def test_a_national_number_of_another_licence_counts_with_the_day_of_birth(
    database: Database,
) -> None:
    # Two states may give two people one number.
    await register(
        database, some_request("dutch", jurisdiction="NL", currency="EUR", national_id=NUMBER)
    )
    in_jersey = {"jurisdiction": "NJ", "currency": "USD", "national_id": NUMBER}

    same = await register(database, some_request("same", **in_jersey))
    other = await register(database, some_request("other", **in_jersey, born_on=date(1970, 3, 4)))

    assert same == Refused(reason=Refusal.DUPLICATE_PLAYER)
    assert isinstance(other, Registered)


async def test_nothing_is_left_of_who_was_refused_as_a_double(database: Database) -> None:
    await register(database, same_person("first"))
    await register(database, same_person("again", national_id=NUMBER))

    # The number was only told by the one who was refused: it is nobody's.
    answer = await register(database, some_request("bea", national_id=NUMBER))

    assert isinstance(answer, Registered)


async def test_an_account_is_found_by_the_operator_when_the_first_of_two_is_forgotten(
    database: Database,
) -> None:
    first = same_person("first", jurisdiction="DE", currency="EUR")
    await register(database, first)
    await register(database, same_person("second"))
    async with database.transaction() as tx:
        await tx.execute("DELETE FROM player_likeness WHERE player_id = $1", first.player_id)

    third = await register(database, same_person("third", jurisdiction="MT", currency="EUR"))

    assert third == Refused(reason=Refusal.DUPLICATE_PLAYER)


async def test_of_eight_who_are_one_person_at_once_one_becomes_a_player(
    database: Database,
) -> None:
    requests = [same_person(f"racer{number}") for number in range(8)]

    answers = await asyncio.gather(*(register(database, request) for request in requests))

    assert sum(isinstance(answer, Registered) for answer in answers) == 1
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert {answer.reason for answer in refused} == {Refusal.DUPLICATE_PLAYER}
    for request, answer in zip(requests, answers, strict=True):
        repeated = await register(database, request)
        assert isinstance(repeated, type(answer))
    await assert_rebuilt(database)


async def test_a_licence_that_flags_takes_the_second_and_says_whom_it_is_like(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    licence = jurisdictions.get("GB")
    flagging = msgspec.structs.replace(licence.registration, duplicates=Duplicates.FLAG)
    found = {"GB": msgspec.structs.replace(licence, registration=flagging)}
    monkeypatch.setattr(licence_queries, "_licences", lambda: found)
    first, second = same_person("first"), same_person("second")

    answers = [await register(database, first), await register(database, second)]

    assert all(isinstance(answer, Registered) for answer in answers)
    (flag,) = await facts(database, since="player.flagged")
    assert (flag["player_id"], flag["like"]) == (second.player_id, first.player_id)
    await assert_rebuilt(database)


async def test_who_was_forgotten_is_like_nobody_any_more(database: Database) -> None:
    request = same_person("first", jurisdiction="DE", currency="EUR")
    await register(database, request)
    years = jurisdictions.get("DE").retention.years_after_closure
    later = datetime(2026 + years, 1, 1, tzinfo=UTC)

    async def close(turn: Turn) -> None:
        wish = StatusRequest(
            key=request.player_id,
            player_id=request.player_id,
            status=PlayerStatus.CLOSED,
            reason=StatusReason.PLAYER_ASKED,
        )
        await identity.set_status(turn, [wish])

    async def erase(turn: Turn) -> None:
        wish = ErasureRequest(
            player_id=request.player_id,
            basis=LegalBasis.NO_LONGER_NEEDED,
            obligations=frozenset(),
        )
        (answer,) = await identity.erase(turn, [wish])
        assert not isinstance(answer, Refused)

    await in_turn(database, request.player_id, close)
    still = await register(database, same_person("x", jurisdiction="DE", currency="EUR"))
    await in_turn(database, request.player_id, erase, now=later)
    again = await register(database, same_person("y", jurisdiction="DE", currency="EUR"))

    assert still == Refused(reason=Refusal.DUPLICATE_PLAYER)
    assert isinstance(again, Registered)


async def test_neither_the_tables_nor_the_facts_say_who_it_is(database: Database) -> None:
    await some_player(database, postcode=POSTCODE)

    async with database.reading() as tx:
        rows = await tx.fetch("SELECT * FROM player_likeness")
    said = repr([dict(row) for row in rows]) + repr(await facts(database))
    for secret in ("Ann", "Lovelace", "1990", "AB1", "ab12cd"):
        assert secret not in said


async def test_age_counts_on_the_licences_own_day(database: Database) -> None:
    # At this moment it is the 20th in New Jersey and the 21st in Great Britain.
    moment = datetime(2024, 5, 21, 0, 30, tzinfo=UTC)

    async def try_in(jurisdiction: str, currency: str, years: int) -> RegisterAnswer:
        request = some_request(
            jurisdiction,
            jurisdiction=jurisdiction,
            currency=currency,
            born_on=date(2024 - years, 5, 21),
        )

        async def work(turn: Turn) -> RegisterAnswer:
            (answer,) = await identity.register(turn, [request], keys=KEYS)
            return answer

        return await in_turn(database, request.player_id, work, now=moment)

    assert isinstance(await try_in("GB", "GBP", 18), Registered)
    assert await try_in("NJ", "USD", 21) == Refused(reason=Refusal.UNDER_AGE)
