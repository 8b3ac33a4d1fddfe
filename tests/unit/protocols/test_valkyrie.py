"""Promises about what Valkyrie's calls may say, before anything is asked of the books."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pitboss.adapters.protocols.valkyrie import Valkyrie
from pitboss.games.rounds.ports import Call, Heard, Reply
from pitboss.kernel.money import AMOUNT_MICROS_MAX, MICROS_PER_UNIT

KEY = "a key"
PLAYER = "019fbd32-0600-707f-9c0c-332f8b123fd2"
MOST = AMOUNT_MICROS_MAX // MICROS_PER_UNIT


def hear(**about: Any) -> Heard | Reply:
    """Have a deposit heard."""
    body = {
        "currency": "EUR",
        "provider": "kit",
        "transactionType": "DEPOSIT",
        "cashAmount": 0,
        "bonusAmount": 0,
        "promoAmount": 0,
        "transactionDateTime": "2026-11-27T12:00:00Z",
        "providerTransactionId": "w1",
        "providerGameId": "book",
        "providerRoundId": "r1",
        **about,
    }
    call = Call(
        method="POST",
        path=f"/players/{PLAYER}/transactions",
        query={"provider": "kit"},
        headers={"authorization": f"Bearer {KEY}", "x-player-token": "01" + "ab" * 16},
        body=json.dumps(body).encode(),
    )
    return Valkyrie("acme", [KEY]).hear(call)


def test_the_most_that_can_be_paid_is_heard() -> None:
    assert isinstance(hear(cashAmount=MOST), Heard)


@pytest.mark.parametrize("purse", ["bonusAmount", "promoAmount"])
def test_what_is_too_much_together_is_refused_before_it_is_booked(purse: str) -> None:
    heard = hear(cashAmount=MOST, **{purse: 1})

    assert isinstance(heard, Reply)
    assert (heard.status, b"PAM_ERR_UNDEFINED" in heard.body) == (400, True)
