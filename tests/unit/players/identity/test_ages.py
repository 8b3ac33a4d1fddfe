"""How old somebody is for rules by age: from the month of birth alone, and never too old."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pitboss import jurisdictions
from pitboss.players.identity.rules import age_on, asks_age, born_by

days = st.dates(date(1900, 1, 1), date(2100, 12, 31))


@given(days, st.integers(0, 40_000))
def test_nobody_is_taken_for_older_and_for_younger_by_less_than_a_month(
    born_on: date, lived: int
) -> None:
    day = born_on + timedelta(days=lived)

    counted = age_on(day, born_on=born_by(born_on))

    assert counted <= age_on(day, born_on=born_on)
    assert counted >= age_on(day - timedelta(days=31), born_on=born_on)


@given(days)
def test_what_is_kept_tells_no_day_of_birth(born_on: date) -> None:
    first = born_on.replace(day=1)

    assert born_by(born_on) == born_by(first)
    assert born_by(born_on).day == 1
    assert born_by(born_on) > born_on


def test_an_age_is_kept_only_where_a_licence_has_rules_by_age() -> None:
    asking = {code for code in jurisdictions.codes() if asks_age(jurisdictions.get(code))}

    assert asking == {"GB", "NL"}
