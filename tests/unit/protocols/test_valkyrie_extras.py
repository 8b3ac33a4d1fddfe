"""Promises about what Valkyrie says beside its amounts: kept in its shape, or left out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from pitboss.adapters.protocols.valkyrie_extras import extras_of, told_of
from pitboss.games.rounds.model import SAID_BYTES_MAX


def kept(**body: Any) -> dict[str, Any]:
    """Return what is kept of a transaction."""
    said = extras_of(body)
    return {} if said is None else dict(msgspec.json.decode(said))


def test_what_says_nothing_more_keeps_nothing() -> None:
    assert extras_of({"cashAmount": 1, "promos": [], "jackpots": None}) is None


def test_amounts_are_told_with_six_decimals() -> None:
    said = extras_of({"tip": {"tipAmount": Decimal("0.1")}})

    assert said is not None
    assert bytes(told_of(said)["tip"]) == b'{"tipAmount":0.100000}'


@pytest.mark.parametrize(
    "body",
    [
        {"promos": "none"},
        {"promos": [7, None, {}]},
        {"promos": [{"promoName": ""}]},
        {"promos": [{"promoName": "x" * 41}]},
        {"promos": [{"promoName": "\ud800"}]},
        {"promos": [{"promoName": "a\x00b"}]},
        {"promos": [{"promoAmount": -1}, {"promoAmount": "1"}, {"promoAmount": True}]},
        {"promos": [{"promoAmount": Decimal("0.0000001")}]},
        {"promos": [{"anything": "else"}]},
        {"jackpots": {"jackpotId": "grand"}},
        {"tip": [1]},
        {"betCode": 7},
    ],
)
def test_what_has_not_the_shape_is_left_out_and_refuses_nothing(body: dict[str, Any]) -> None:
    assert kept(**body) == {}


def test_what_does_not_fit_is_left_out_and_leaves_the_rest() -> None:
    promo = dict.fromkeys(("promoType", "promoName", "promoStatus", "promoCode"), "x" * 40)
    found = kept(promos=[promo] * 50, betCode="red")

    assert found == {"betCode": "red"}
    assert len(kept(promos=[promo] * 10)["promos"]) == 10
    assert len(extras_of({"promos": [promo] * 17}) or "") <= SAID_BYTES_MAX
