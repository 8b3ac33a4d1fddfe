"""The markets of the feed that we know are markets that we know how to settle."""

from __future__ import annotations

import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest

from pitboss.adapters.feeds import uof_markets
from pitboss.kernel.errors import Malformed
from pitboss.sportsbook import registry
from pitboss.sportsbook.registry.model import OWN_LINE, LineSpecifier, Specifier
from unit.feeds.said import DATA, needs_samples

MAPPED: list[dict[str, Any]] = tomllib.loads(
    resources.files("pitboss.adapters.feeds")
    .joinpath("uof_markets.toml")
    .read_text(encoding="utf-8")
)["market"]
EXAMPLES = {"line": "2.5", "start": "0:1", "goal": "2", "set": "1"}


def named(item: dict[str, Any]) -> str:
    """Name a case."""
    return f"{item['id']}-{item['kind']}"


def example_of(specifier: Specifier) -> str:
    """Return a value that a specifier may have."""
    return specifier.least if isinstance(specifier, LineSpecifier) else EXAMPLES[specifier.name]


@pytest.mark.parametrize("item", MAPPED, ids=named)
def test_a_market_of_the_feed_is_one_that_the_registry_can_settle(item: dict[str, Any]) -> None:
    kind = registry.find_kind(item["kind"])
    assert kind is not None
    fixed: dict[str, str] = item.get("fixed", {})
    values = fixed | {
        specifier.name: example_of(specifier)
        for specifier in kind.specifiers
        if specifier.name in item.get("specifiers", {}).values()
    }
    line = values.pop("line") if kind.id in OWN_LINE else None

    registry.check_market(
        kind.id,
        sport="football" if kind.sports == ("*",) else kind.sports[0],
        line=line,
        specifiers=values,
        codes=sorted(item["selections"].values()),
        field="market",
    )


def test_no_market_of_the_feed_is_mapped_twice_and_no_two_are_one_of_ours() -> None:
    theirs = [(item["id"], item.get("variant")) for item in MAPPED]
    ours = [(item["kind"], str(sorted(item.get("fixed", {}).items()))) for item in MAPPED]

    assert len(set(theirs)) == len(theirs)
    assert len(set(ours)) == len(ours)


def described() -> Iterator[ET.Element]:
    """Return the markets of the published descriptions."""
    for path in sorted((DATA / "uof").glob("markets-*.xml")):
        yield from ET.parse(path).getroot().iterfind("{*}market")


@needs_samples
def test_the_published_descriptions_say_of_every_market_what_we_say_of_it() -> None:
    compared = set()
    for found in described():
        for item in MAPPED:
            if (item["id"], item.get("variant")) != (found.get("id"), found.get("variant")):
                continue
            outcomes = {str(one.get("id")) for one in found.iterfind("{*}outcomes/{*}outcome")}
            specifiers = {
                str(one.get("name")) for one in found.iterfind("{*}specifiers/{*}specifier")
            }
            assert {str(one) for one in item["selections"]} == outcomes, named(item)
            assert set(item.get("specifiers", {})) == specifiers - {"variant"}, named(item)
            groups = str(found.get("groups") or "|".join(["all", *item["groups"]])).split("|")
            assert {"all", *item["groups"]} == set(groups), named(item)
            compared.add(item["id"])

    assert compared >= {"1", "10", "11", "16", "18", "21"}


@pytest.mark.parametrize(
    ("market_id", "said", "ours"),
    [
        ("18", "total=2.50", ("total", "line=5/2")),
        ("68", "total=1.50", ("half_total", "half=1|line=1.5")),
        ("203", "setnr=2|hcp=-1.50", ("set_games_handicap", "line=-1.5|set=2")),
        ("14", "hcp=0:1", ("european_handicap", "start=0:1")),
        ("21", "variant=sr:exact_goals:6+", ("exact_total", "")),
        ("68", "total=a lot", (None, "")),
        ("68", "", (None, "")),
        ("21", "variant=sr:exact_goals:4+", (None, "")),
        ("21", "", (None, "")),
        ("1", "variant=sr:exact_goals:6+", (None, "")),
    ],
)
def test_specifiers_are_written_our_way_or_the_market_is_none_of_ours(
    market_id: str, said: str, ours: tuple[str | None, str]
) -> None:
    ref = uof_markets.load().read_market(market_id, said)

    assert (ref.kind, ref.specifiers) == ours


def test_answers_of_a_list_are_found_by_that_list_alone() -> None:
    dictionary = uof_markets.load()
    goals = dictionary.read_market("21", "variant=sr:exact_goals:6+")

    assert dictionary.find_code(goals, "sr:exact_goals:6+:74") == "6+"
    assert dictionary.find_code(goals, "sr:exact_goals:4+:74") is None
    assert dictionary.find_code(dictionary.read_market("45", ""), "290") == "3-1"


def test_a_line_that_no_registry_knows_is_refused_when_the_market_is_to_be_opened() -> None:
    ref = uof_markets.load().read_market("68", "total=999")

    with pytest.raises(Malformed, match="line is from 0 to 200"):
        registry.check_market(
            str(ref.kind),
            sport="football",
            line=None,
            specifiers={"half": "1", "line": "999"},
            codes=["over", "under"],
            field="market",
        )
