"""The page about games says how each protocol words a refusal: a studio writes its code by it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from integration.games.test_conformance import public_pem
from pitboss.adapters.protocols.hub88 import Hub88
from pitboss.adapters.protocols.softswiss import SoftSwiss
from pitboss.adapters.protocols.valkyrie import Valkyrie
from pitboss.games.registry.model import Refusal
from pitboss.games.rounds.model import Refused
from pitboss.games.rounds.ports import Heard, Look, Talk
from unit.protocols.keys import PAIR

PAGE = Path(__file__).parents[3] / "docs" / "games.md"
# What a protocol needs to word an answer about a stake.
TALKS: dict[str, tuple[Talk, Any]] = {
    "softswiss": (SoftSwiss("acme", [b"a secret"]), ("betwin", "EUR")),
    "hub88": (Hub88("acme", [public_pem(PAIR)]), ("echo", "user")),
    "valkyrie": (Valkyrie("acme", ["a key"]), ("transactions", "Vendor")),
}


def rows() -> dict[str, dict[str, str]]:
    """Return what the page says of each reason, by protocol."""
    page = PAGE.read_text()
    table = page[page.index("| reason | `softswiss` |") :].split("\n\n")[0].splitlines()
    found = {}
    for line in table[2:]:
        first, *codes = (cell.strip() for cell in line.strip("|").split("|"))
        for reason in re.findall(r"`(\w+)`", first):
            found[reason] = dict(zip(TALKS, (code.strip("`") for code in codes), strict=True))
    return found


def code_of(protocol: str, reason: str) -> str:
    talk, context = TALKS[protocol]
    heard = Heard(wish=Look(player_id=None, bearer=None), context=context)
    body = json.loads(talk.answer(heard, Refused(reason=reason, currency="EUR")).body)
    said = {
        "softswiss": lambda: body["meta"]["api_code"],
        "hub88": lambda: body["status"].removeprefix("RS_ERROR_"),
        "valkyrie": lambda: body["error"]["code"].removeprefix("PAM_ERR_"),
    }
    return str(said[protocol]())


@pytest.mark.parametrize("protocol", list(TALKS))
def test_a_refusal_is_worded_as_the_page_says(protocol: str) -> None:
    told = {reason: codes[protocol] for reason, codes in rows().items()}

    assert {reason: code_of(protocol, reason) for reason in told} == told


def test_no_reason_of_the_registry_is_left_out() -> None:
    # Those are answers to staff, who import games and ask for lists.
    of_staff = {"another", "unknown_provider", "unknown_certificate", "game_list"}

    missing = {
        str(reason)
        for reason in Refusal
        if str(reason) not in rows() and not str(reason).startswith(tuple(of_staff))
    }

    assert missing == set()
