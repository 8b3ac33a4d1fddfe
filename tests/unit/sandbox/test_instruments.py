"""Where sandbox money goes back to: first to what has paid in, as much as that has."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pitboss.kernel.ids import derived_id
from pitboss.sandbox.instruments import instrument_of, shares_of
from pitboss.sandbox.journal import Taken

UNIT = 1_000_000


def taken(number: int, units: int, *, back_first: bool = True, customer: str = "ann") -> Taken:
    """Return a deposit, or with less than nothing a withdrawal."""
    return Taken(
        payment_id=derived_id("payment", customer, str(number)),
        kind="deposit" if units > 0 else "withdrawal",
        amount=f"{abs(units)}.00",
        currency="GBP",
        taken_ms=0,
        back_first=back_first,
        customer=customer,
    )


@given(amounts=st.lists(st.integers(-40, 40).filter(bool), max_size=12), last=st.integers(1, 90))
def test_nothing_goes_anywhere_else_before_everything_that_paid_in_has_got_it_back(
    amounts: list[int], last: int
) -> None:
    before = [taken(number, units) for number, units in enumerate(amounts)]
    owed = Counter[str]()
    for place, item in enumerate(before):
        shares = shares_of(item, before[:place])
        if item.kind == "deposit":
            owed.update(shares)
        else:
            owed.subtract(shares)
    out = taken(len(amounts), -last)

    shares = shares_of(out, before)

    assert sum(shares.values()) == last * UNIT
    beyond = any(micros > max(owed[name], 0) for name, micros in shares.items())
    repaid = all(shares.get(name, 0) >= micros for name, micros in owed.items())
    assert repaid or not beyond


def test_other_customers_and_licences_without_the_rule_change_nothing() -> None:
    deposits = [taken(number, 10) for number in range(6)]
    strangers = [taken(number, 10, customer="bob") for number in range(6)]
    newest = instrument_of(deposits[-1])

    assert shares_of(taken(9, -60), [*deposits, *strangers]) == shares_of(taken(9, -60), deposits)
    assert shares_of(taken(9, -60, back_first=False), deposits) == {newest: 60 * UNIT}
