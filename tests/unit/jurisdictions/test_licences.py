"""The licences of the package say what is known of their rules, and where each comes from."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pitboss import jurisdictions
from pitboss.jurisdictions.model import Confidence, InPlayKind, LocationKind
from pitboss.sportsbook import registry

TABLE = Path(__file__).parents[2] / "tables" / "licences.txt"
LICENCES = ("DE", "DK", "ES", "GB", "MT", "NJ", "NL", "ON", "PA", "SE")


def known() -> list[tuple[str, str, str]]:
    """Return the rows of the table: licence, key, and what it says."""
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    cells = [line.split(" | ") for line in lines if line and not line.startswith("#")]
    return [(code, key, value) for code, key, value, _ in cells]


def said(code: str, key: str) -> Any:
    """Return what a licence says under a key, as JSON has it; a number picks from a list."""
    found = msgspec.to_builtins(jurisdictions.get(code))
    for part in key.split("."):
        found = found[int(part)] if part.isdigit() else found[part]
    return json.loads(json.dumps(found))


def test_the_licences_are_these() -> None:
    assert jurisdictions.codes() == (*LICENCES, "demo")


@pytest.mark.parametrize(("code", "key", "value"), known())
def test_a_licence_says_what_its_rules_are_known_to_say(code: str, key: str, value: str) -> None:
    contains, wanted = value.startswith(">= "), json.loads(value.removeprefix(">= "))

    found = said(code, key)

    assert set(found) >= set(wanted) if contains else found == wanted


@pytest.mark.parametrize(("code", "key", "value"), known())
def test_what_was_read_in_the_rules_is_said_with_high_confidence(
    code: str, key: str, value: str
) -> None:
    name = ".".join(key.split(".")[:2])

    assert jurisdictions.get(code).citations[name].confidence is Confidence.HIGH


@pytest.mark.parametrize("code", LICENCES)
def test_a_choice_of_ours_is_never_sold_as_law(code: str) -> None:
    for key, citation in jurisdictions.get(code).citations.items():
        ours = citation.source.startswith(("Choice", "Borrowed"))
        unread = "not checked against the text" in citation.source

        assert not (ours or unread) or citation.confidence is Confidence.LOW, key


@pytest.mark.parametrize("code", LICENCES)
def test_what_others_report_is_never_sold_as_read(code: str) -> None:
    for key, citation in jurisdictions.get(code).citations.items():
        second_hand = re.search(r"^(Reading of|Inferred)|\bas .* reports?\b", citation.source)

        assert second_hand is None or citation.confidence is not Confidence.HIGH, key


@pytest.mark.parametrize("code", LICENCES)
def test_a_licence_has_its_own_law_behind_it(code: str) -> None:
    citations = jurisdictions.get(code).citations.values()

    assert sum(citation.confidence is not Confidence.LOW for citation in citations) >= 10


def test_kinds_of_markets_in_play_are_called_as_the_catalogue_calls_them() -> None:
    named = set(InPlayKind) - {InPlayKind.EVERY}

    assert all(registry.find_kind(str(kind)) for kind in named)


def test_american_and_ontarian_licences_ask_the_device_where_it_is() -> None:
    kinds = {code: jurisdictions.get(code).location.kind for code in LICENCES}

    assert {code for code, kind in kinds.items() if kind is LocationKind.DEVICE} == {
        *("NJ", "PA", "ON")
    }


@pytest.mark.parametrize(
    ("code", "age", "cap"),
    [
        *(("GB", 18, 2_000_000), ("GB", 24, 2_000_000), ("GB", 25, 5_000_000)),
        *(("GB", 90, 5_000_000), ("DE", 18, 1_000_000), ("DE", 60, 1_000_000)),
    ],
)
def test_one_cap_of_a_stake_is_meant_for_each_age(code: str, age: int, cap: int) -> None:
    caps = jurisdictions.get(code).games.stake_caps

    assert [one.micros for one in caps if one.is_for(age)] == [cap]


@pytest.mark.parametrize(("age", "cap"), [(18, 300), (24, 300), (25, 700), (80, 700)])
def test_the_dutch_cap_of_net_deposits_is_lower_for_the_young(age: int, cap: int) -> None:
    caps = jurisdictions.get("NL").limits.caps

    assert [one.micros for one in caps if one.is_for(age)] == [cap * 1_000_000]
