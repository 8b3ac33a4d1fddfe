"""Who may become a player, and how a status may change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from integration.players.keys import KEYS
from pitboss import jurisdictions
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.players.identity import rules
from pitboss.players.identity.model import (
    EMAIL_BYTES_MAX,
    ErasureRequest,
    Obligation,
    Player,
    PlayerStatus,
    Refusal,
    Refused,
    Registered,
    RegisterRequest,
    StatusReason,
    StatusRequest,
    StatusSet,
    parse_email,
    parse_name,
)
from pitboss.players.personal.model import LegalBasis, PersonalKeys

TODAY = date(2024, 5, 19)


def some_request(number: int = 1, **changes: Any) -> RegisterRequest:
    request = RegisterRequest(
        key=derived_id("key", str(number)),
        player_id=PlayerId(derived_id("player", str(number))),
        jurisdiction="demo",
        currency="GBP",
        email=parse_email(f"ann{number}@example.com"),
        password_hash="$argon2id$hash",
        given_name=parse_name("Ann", field="given_name"),
        family_name=parse_name("Other", field="family_name"),
        born_on=date(1990, 1, 1),
    )
    return replace(request, **changes)


def closed() -> Jurisdiction:
    demo = jurisdictions.get("demo")
    return msgspec.structs.replace(
        demo, registration=msgspec.structs.replace(demo.registration, open=False)
    )


@pytest.mark.parametrize(
    ("born_on", "day", "age"),
    [
        (date(2006, 5, 19), date(2024, 5, 18), 17),
        (date(2006, 5, 19), date(2024, 5, 19), 18),
        (date(2006, 12, 31), date(2024, 12, 30), 17),
        (date(2007, 1, 1), date(2024, 12, 31), 17),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2008, 2, 29), date(2028, 2, 29), 20),
        (date(2030, 1, 1), date(2024, 1, 1), -6),
    ],
)
def test_age_is_counted_in_birthdays_that_have_come(born_on: date, day: date, age: int) -> None:
    assert rules.age_on(day, born_on=born_on) == age


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"born_on": date(2006, 5, 19)}, None),
        ({"born_on": date(2006, 5, 20)}, Refusal.UNDER_AGE),
        ({"born_on": date(2999, 1, 1)}, Refusal.UNDER_AGE),
        ({"currency": "JPY"}, Refusal.CURRENCY_NOT_OFFERED),
        ({"currency": "gbp"}, Refusal.CURRENCY_NOT_OFFERED),
    ],
)
def test_a_person_is_refused_for_the_right_reason(
    changes: dict[str, Any], reason: Refusal | None
) -> None:
    licence = jurisdictions.get("demo")

    refusal = rules.refusal_to_register(some_request(**changes), licence, today=TODAY)

    assert refusal == reason


def test_a_licence_that_is_unknown_or_closed_takes_nobody() -> None:
    request = some_request()

    unknown = rules.refusal_to_register(request, None, today=TODAY)
    shut = rules.refusal_to_register(request, closed(), today=TODAY)

    assert unknown == Refusal.UNKNOWN_JURISDICTION
    assert shut == Refusal.JURISDICTION_CLOSED


def test_the_digest_tells_people_apart_but_not_repeats() -> None:
    request = some_request()

    repeat = replace(
        request, player_id=PlayerId(derived_id("another")), password_hash="$argon2id$other"
    )

    assert rules.digest(repeat, KEYS) == rules.digest(request, KEYS)
    for change in (
        {"jurisdiction": "GB"},
        {"currency": "EUR"},
        {"email": parse_email("bob@example.com")},
        {"given_name": parse_name("Bob", field="given_name")},
        {"family_name": parse_name("Another", field="family_name")},
        {"born_on": date(1990, 1, 2)},
    ):
        assert rules.digest(some_request(**change), KEYS) != rules.digest(request, KEYS)
    other = PersonalKeys(master=KEYS.master, index=bytes([7] * 32))
    assert rules.digest(request, other) != rules.digest(request, KEYS)


def test_personal_data_does_not_show_when_a_request_is_printed() -> None:
    shown = repr(some_request())

    assert "ann1@example.com" not in shown
    assert "Ann" not in shown
    assert "argon2" not in shown
    assert "1990" not in shown


def test_the_first_request_under_a_key_and_for_an_email_counts() -> None:
    first, second = some_request(1), some_request(2)
    rival = replace(second, email=first.email)
    late = replace(first, email=parse_email("late@example.com"))

    fresh = rules.fresh_requests([first, rival, late], {first.key, rival.key})

    assert fresh == [first, rival]
    assert rules.first_of_each_email(fresh) == {first.email: first}
    assert rules.fresh_requests([first, rival], {rival.key}) == [rival]


def test_each_request_is_answered_from_what_its_key_was_first_used_for() -> None:
    first, refused, other = some_request(1), some_request(2), some_request(3)
    claims = rules.claims([first, refused], KEYS)
    claims[refused.key] = replace(claims[refused.key], refusal=Refusal.UNDER_AGE)
    stolen_key = replace(other, key=first.key)

    answers = rules.answer_registrations(
        [first, refused, first, stolen_key], claims, fresh={first.key}, keys=KEYS
    )

    assert answers == (
        Registered(player_id=first.player_id, repeated=False),
        Refused(reason=Refusal.UNDER_AGE),
        Registered(player_id=first.player_id, repeated=True),
        Refused(reason=Refusal.KEY_REUSED),
    )


def a_player(status: PlayerStatus = PlayerStatus.ACTIVE) -> Player:
    player_id = PlayerId(derived_id("player", "1"))
    return Player(
        shard=shard_of(player_id),
        id=player_id,
        jurisdiction="demo",
        currency="GBP",
        status=status,
        registered_at=datetime(2024, 1, 1, tzinfo=UTC),
    )


def to(status: PlayerStatus, key: str = "1", **changes: Any) -> StatusRequest:
    request = StatusRequest(
        key=derived_id("status", key),
        player_id=a_player().id,
        status=status,
        reason=StatusReason.STAFF_DECISION,
    )
    return replace(request, **changes)


def book(*players: Player) -> rules.StatusBook:
    return rules.StatusBook({player.id: player for player in players}, [])


@pytest.mark.parametrize("before", list(PlayerStatus))
@pytest.mark.parametrize("after", list(PlayerStatus))
def test_every_status_may_follow_every_other_but_none_follows_closed(
    before: PlayerStatus, after: PlayerStatus
) -> None:
    open_book = book(a_player(before))

    (answer,) = open_book.decide([to(after)])

    if before is PlayerStatus.CLOSED and after is not PlayerStatus.CLOSED:
        assert answer == Refused(reason=Refusal.ACCOUNT_CLOSED)
        assert open_book.changed() == {}
    else:
        assert answer == StatusSet(player_id=a_player().id, status=after)
        assert open_book.changed() == ({} if before is after else {a_player().id: after})
    assert len(open_book.new_changes) == 1


def test_a_change_sees_what_those_before_it_did() -> None:
    open_book = book(a_player())

    answers = open_book.decide([to(PlayerStatus.CLOSED, "1"), to(PlayerStatus.ACTIVE, "2")])

    assert answers[1] == Refused(reason=Refusal.ACCOUNT_CLOSED)
    assert open_book.changed() == {a_player().id: PlayerStatus.CLOSED}


def test_a_change_under_a_known_key_repeats_its_answer_or_is_refused() -> None:
    open_book = book(a_player())
    first = to(PlayerStatus.SUSPENDED)

    answers = open_book.decide(
        [
            first,
            to(PlayerStatus.ACTIVE, "2"),
            first,
            to(PlayerStatus.ACTIVE),
            to(PlayerStatus.SUSPENDED, reason=StatusReason.PLAYER_ASKED),
        ]
    )

    assert answers[2] == answers[0]
    assert answers[3] == answers[4] == Refused(reason=Refusal.KEY_REUSED)
    assert open_book.changed() == {first.player_id: PlayerStatus.ACTIVE}


def test_an_unknown_player_has_no_status_to_change() -> None:
    open_book = book()

    answers = open_book.decide([to(PlayerStatus.SUSPENDED), to(PlayerStatus.SUSPENDED)])

    assert answers == (Refused(reason=Refusal.UNKNOWN_PLAYER),) * 2
    assert len(open_book.new_changes) == 1


@pytest.mark.parametrize(
    ("text", "email"),
    [
        ("Ann@Example.COM", "ann@example.com"),
        ("  ann@example.com ", "ann@example.com"),
        ("\uff41\uff4e\uff4e\uff20example.com", "ann@example.com"),
        ("STRASSE@example.com", "strasse@example.com"),
        ("straße@example.com", "strasse@example.com"),
        ("cafe\u0301@example.com", "caf\u00e9@example.com"),
        ("a@b", "a@b"),
    ],
)
def test_addresses_that_look_alike_are_one_address(text: str, email: str) -> None:
    assert parse_email(text) == email


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@ex@ample",
        "an n@example.com",
        "ann\u200b@example.com",
        "ann\x00@example.com",
        "ann@example.com\n.evil",
        "\ud800@example.com",
        "x" * (EMAIL_BYTES_MAX - 3) + "@b.c",
        "é" * 130 + "@b.c",
        "x" * 1_000_000,
    ],
)
def test_what_is_no_address_is_malformed(text: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_email(text)

    assert caught.value.field == "email"


def test_a_name_is_kept_as_written_without_the_spaces_around_it() -> None:
    assert parse_name("  Zoe\u0308 O'Neil-王  ", field="given_name") == "Zo\u00eb O'Neil-王"


@pytest.mark.parametrize(
    "text", ["", "   ", "x" * 101, "x" * 1_000_000, "A\x00", "A\u202eB", "\ud800"]
)
def test_what_is_no_name_is_malformed(text: str) -> None:
    with pytest.raises(Malformed) as caught:
        parse_name(text, field="given_name")

    assert caught.value.field == "given_name"


def closed_player(**changes: Any) -> Player:
    return msgspec.structs.replace(a_player(PlayerStatus.CLOSED), **changes)


CLOSED_AT = datetime(2024, 2, 29, 12, tzinfo=UTC)
OVER = datetime(2029, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("player", "obligations", "now", "reason"),
    [
        (closed_player(), set(), OVER, None),
        (closed_player(), set(), OVER - timedelta(microseconds=1), Refusal.RETENTION_NOT_OVER),
        (closed_player(jurisdiction="gone"), set(), OVER, Refusal.RETENTION_NOT_OVER),
        (None, set(), OVER, Refusal.UNKNOWN_PLAYER),
        (a_player(), set(), OVER, Refusal.ACCOUNT_NOT_CLOSED),
        (a_player(PlayerStatus.SUSPENDED), set(), OVER, Refusal.ACCOUNT_NOT_CLOSED),
        (closed_player(), {Obligation.MONEY_LEFT}, OVER, Refusal.MONEY_LEFT),
        (closed_player(), set(Obligation) - {Obligation.PAYMENT_OPEN}, OVER, Refusal.MONEY_HELD),
        (closed_player(), set(Obligation), CLOSED_AT, Refusal.PAYMENT_OPEN),
    ],
)
def test_a_player_is_forgotten_only_when_nothing_stands_between_us(
    player: Player | None, obligations: set[Obligation], now: datetime, reason: Refusal | None
) -> None:
    wish = ErasureRequest(
        player_id=PlayerId(derived_id("player", "1")),
        basis=LegalBasis.NO_LONGER_NEEDED,
        obligations=frozenset(obligations),
    )
    licence = None if player is None else jurisdictions.find(player.jurisdiction)

    found = rules.refusal_to_erase(wish, player, licence, closed_at=CLOSED_AT, now=now)

    assert found is reason


@pytest.mark.parametrize(
    ("years", "until"),
    [
        (0, CLOSED_AT),
        (1, datetime(2025, 3, 1, 12, tzinfo=UTC)),
        (4, datetime(2028, 2, 29, 12, tzinfo=UTC)),
    ],
)
def test_a_term_that_began_on_a_leap_day_ends_late_rather_than_early(
    years: int, until: datetime
) -> None:
    assert rules.retained_until(CLOSED_AT, years=years) == until
