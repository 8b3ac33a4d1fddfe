"""Which of a customer's instruments sandbox money comes from, and which it goes back to.  Pure.

Every customer has a card and a bank account; which of the two a deposit is paid with follows from
the payment's id, as its fate does.
"""

from __future__ import annotations

from collections.abc import Iterable

from pitboss.kernel.ids import derived_id
from pitboss.kernel.money import currency, parse_micros
from pitboss.sandbox.journal import Taken

KINDS = ("card", "bank")

Shares = dict[str, int]


def instrument_of(deposit: Taken) -> str:
    """Return what a deposit is paid with."""
    drawn = int(derived_id("sandbox instrument", deposit.payment_id).replace("-", ""), 16)
    return name_of(KINDS[drawn % len(KINDS)], deposit.customer)


def name_of(kind: str, customer: str | None) -> str:
    """Return the sandbox's name for a customer's card or bank account."""
    return f"{kind}_{derived_id('sandbox customer', str(customer)).replace('-', '')[:12]}"


def shares_of(payment: Taken, before: Iterable[Taken]) -> Shares:
    """Return how much of a payment, in micros, comes from which instrument, or goes to which.

    Args:
        payment: the payment.
        before: those that the sandbox took on before it and that succeeded, in order; those of
            other customers, and in other currencies, do not count.
    """
    paid_in: Shares = {}
    newest = name_of(KINDS[0], payment.customer)
    for item in before:
        if (item.customer, item.currency) != (payment.customer, payment.currency):
            continue
        sign = 1 if item.kind == "deposit" else -1
        if sign > 0:
            newest = instrument_of(item)
        for name, micros in _share(item, paid_in, newest).items():
            paid_in[name] = paid_in.get(name, 0) + sign * micros
    return _share(payment, paid_in, newest)


def _share(payment: Taken, paid_in: Shares, newest: str) -> Shares:
    """Share a payment out: back to what has paid in first if it must, and then to the newest."""
    left = parse_micros(payment.amount, currency(payment.currency), field="amount")
    if payment.kind == "deposit":
        return {instrument_of(payment): left}
    shares: Shares = {}
    for name, micros in paid_in.items() if payment.back_first else ():
        part = min(left, max(micros, 0))
        if part:
            shares[name], left = part, left - part
    if left:
        shares[newest] = shares.get(newest, 0) + left
    return shares
