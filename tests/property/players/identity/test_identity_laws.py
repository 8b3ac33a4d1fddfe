"""Laws of identity: what holds for every batch and every address."""

from __future__ import annotations

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import PlayerId, derived_id
from pitboss.kernel.shards import shard_of
from pitboss.players.identity import rules
from pitboss.players.identity.model import (
    Player,
    PlayerStatus,
    StatusAnswer,
    StatusChange,
    StatusReason,
    StatusRequest,
    parse_email,
)

PLAYERS = [PlayerId(derived_id("player", str(number))) for number in range(3)]
KEYS = [derived_id("key", str(number)) for number in range(6)]

requests = st.builds(
    StatusRequest,
    key=st.sampled_from(KEYS),
    player_id=st.sampled_from([*PLAYERS, PlayerId(derived_id("nobody"))]),
    status=st.sampled_from(PlayerStatus),
    reason=st.sampled_from([StatusReason.PLAYER_ASKED, StatusReason.STAFF_DECISION]),
)


def players(statuses: dict[PlayerId, PlayerStatus]) -> dict[PlayerId, Player]:
    return {
        player_id: Player(
            shard=shard_of(player_id),
            id=player_id,
            jurisdiction="demo",
            currency="GBP",
            status=status,
            registered_at=datetime(2024, 1, 1, tzinfo=UTC),
        )
        for player_id, status in statuses.items()
    }


@given(
    st.lists(st.sampled_from(PlayerStatus), min_size=3, max_size=3),
    st.lists(requests, max_size=12),
)
def test_a_batch_of_changes_answers_as_its_requests_would_one_by_one(
    statuses: list[PlayerStatus], batch: list[StatusRequest]
) -> None:
    start = dict(zip(PLAYERS, statuses, strict=True))
    whole = rules.StatusBook(players(start), [])

    together = whole.decide(batch)

    now, known = dict(start), list[StatusChange]()
    alone: list[StatusAnswer] = []
    for request in batch:
        book = rules.StatusBook(players(now), known)
        alone.extend(book.decide([request]))
        known += book.new_changes
        now |= book.changed()
    assert together == tuple(alone)
    assert whole.new_changes == known
    assert start | whole.changed() == now


@given(st.lists(requests, max_size=12))
def test_a_batch_that_is_sent_again_gets_its_answers_again_and_moves_nobody(
    batch: list[StatusRequest],
) -> None:
    start = players(dict.fromkeys(PLAYERS, PlayerStatus.ACTIVE))
    first = rules.StatusBook(start, [])
    answers = first.decide(batch)

    second = rules.StatusBook(start, first.new_changes)

    assert second.decide(batch) == answers
    assert second.new_changes == []
    assert second.moves == []


@given(st.text(max_size=40))
def test_an_address_that_is_read_again_does_not_change(text: str) -> None:
    try:
        email = parse_email(text)
    except Malformed:
        return

    assert parse_email(email) == email
    assert parse_email(f"  {email} ") == email


@given(st.emails())
def test_letter_cases_never_make_a_second_address(text: str) -> None:
    assert parse_email(text.upper()) == parse_email(text.lower()) == parse_email(text)


@given(st.dates(max_value=date(2020, 1, 1)), st.integers(0, 120))
def test_nobody_is_older_than_the_years_since_birth(born_on: date, years: int) -> None:
    year = born_on.year + years
    eve = date(year, born_on.month, 1)

    age = rules.age_on(eve, born_on=born_on)

    assert age == (years if born_on.day == 1 else years - 1)
    assert rules.age_on(replace_year(born_on, year), born_on=born_on) in (years - 1, years)


def replace_year(day: date, year: int) -> date:
    """Return the anniversary, or the day before it where there is none."""
    leapless = day.month == 2 and day.day == 29
    return date(year, 2, 28) if leapless else day.replace(year=year)
