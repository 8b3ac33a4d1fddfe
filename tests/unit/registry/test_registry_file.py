"""The registry's file says everything, nothing that it does not know, and only what settles."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from pitboss.kernel.errors import Malformed
from pitboss.sportsbook import registry
from pitboss.sportsbook.catalog.model import WITH_LINE, MarketKind
from pitboss.sportsbook.registry.model import FixedCodes, Rule, Void
from pitboss.sportsbook.registry.rules.reading import read_registry

TEXT = (resources.files("pitboss.sportsbook.registry") / "tables" / "markets.toml").read_text(
    encoding="utf-8"
)
SPORT = 'sports = [{ id = "football", name = "Football", sides = true, periods = 2 }]\n'
KIND = """
[[kinds]]
id = "team_total"
name = "Team total"
sports = ["football"]
settles_from = "score"
rule = "team_total"
overtime = false
specifiers = [
    { type = "line", name = "line", least = "0", most = "9", step = "0.5", offset = "0" },
    { type = "choice", name = "side", choices = ["home", "away"] },
]
selections = { type = "fixed", codes = ["over", "under"] }
each_way = false
void = ["abandoned", "level"]
"""


def test_the_file_has_every_rule_and_the_kinds_of_the_beginning() -> None:
    kinds = {kind.id: kind for kind in registry.kinds()}

    assert {kind.rule for kind in kinds.values()} == set(Rule)
    assert {void for kind in kinds.values() for void in kind.void} == set(Void)
    for old in MarketKind:
        codes = kinds[old].selections
        assert isinstance(codes, FixedCodes)
        assert codes.codes == old.codes
        assert kinds[old].sports == ("*",)
        assert ([item.name for item in kinds[old].specifiers] == ["line"]) is (old in WITH_LINE)
    assert registry.find_kind("moon_landing") is None
    assert {sport.id: sport.periods for sport in registry.sports()}["basketball"] == 4


def test_what_the_tests_below_change_is_right_before() -> None:
    assert list(read_registry(SPORT + KIND).kinds) == ["team_total"]


@pytest.mark.parametrize("key", re.findall(r"^(\w+) =", KIND, re.MULTILINE))
def test_a_key_that_is_missing_or_misspelt_is_refused(key: str) -> None:
    gone = re.sub(rf"^{key} = (\[\n[^\]]*\n\]|.*)$", "", KIND, flags=re.MULTILINE)
    misspelt = re.sub(rf"^{key} =", f"{key}s =", KIND, flags=re.MULTILINE)
    twice = KIND + f"{key}s = 1\n"

    for text in (gone, misspelt, twice):
        assert text != KIND
        with pytest.raises(Malformed, match=r"kinds|field|markets"):
            read_registry(SPORT + text)


@pytest.mark.parametrize(
    ("was", "becomes", "field"),
    [
        ('rule = "team_total"', 'rule = "guess"', "markets"),
        ('settles_from = "score"', 'settles_from = "order"', "settles_from"),
        ('sports = ["football"]', 'sports = ["chess"]', "sports"),
        ('sports = ["football"]', "sports = []", "sports"),
        ('name = "side"', 'name = "team"', "specifiers"),
        ('name = "side"', 'name = "line"', "specifiers"),
        ('"over", "under"', '"over", "below"', "selections"),
        ('"over", "under"', '"over", "under", "over"', "selections"),
        ('type = "fixed", codes = ["over", "under"]', 'type = "runners"', "selections"),
        ('void = ["abandoned", "level"]', 'void = ["level"]', "void"),
        ('void = ["abandoned", "level"]', 'void = ["abandoned"]', "void"),
        ('void = ["abandoned", "level"]', 'void = ["abandoned", "rain"]', "markets"),
        ("each_way = false", "each_way = true", "each_way"),
        ("each_way = false", "each_way = 1", "markets"),
        ("periods = 2", "periods = 21", "sports.football"),
        ("sides = true,", "", "markets"),
        ('least = "0"', "least = 0", "markets"),
    ],
)
def test_what_no_rule_could_settle_is_refused(was: str, becomes: str, field: str) -> None:
    text = SPORT + KIND
    assert was in text

    with pytest.raises(Malformed, match=re.escape(field)):
        read_registry(text.replace(was, becomes, 1))


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ('    { type = "number", name = "half", least = 1, most = 2 },\n', None),
        (
            '    { type = "number", name = "half", least = 1, most = 2 },\n'
            '    { type = "number", name = "period", least = 1, most = 4 },\n',
            "specifiers",
        ),
        ('    { type = "number", name = "wind", least = 1, most = 2 },\n', "specifiers"),
    ],
)
def test_a_market_is_of_one_part_of_an_event_at_most(more: str, field: str | None) -> None:
    text = SPORT + KIND.replace("\n]\nselections", f"\n{more}]\nselections")

    if field is None:
        assert read_registry(text).kinds["team_total"].part == "half"
        with pytest.raises(Malformed, match="overtime"):
            read_registry(text.replace("overtime = false", "overtime = true"))
    else:
        with pytest.raises(Malformed, match=field):
            read_registry(text)


def test_twins_are_refused() -> None:
    with pytest.raises(Malformed, match="kinds"):
        read_registry(SPORT + KIND + KIND)
    with pytest.raises(Malformed, match="sports"):
        read_registry(SPORT.replace("}]", "}, " + SPORT[10:-2] + "]") + KIND)


def test_what_is_no_file_is_refused() -> None:
    for text in ("", "kinds = 1", "[[kinds", TEXT[: len(TEXT) // 2] + "?"):
        with pytest.raises(Malformed):
            read_registry(text)
