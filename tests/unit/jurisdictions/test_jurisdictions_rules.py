"""A licence file is read strictly, and the message says where it is wrong."""

from __future__ import annotations

import re
from importlib import resources

import pytest

from pitboss import jurisdictions
from pitboss.jurisdictions.errors import LicenceMalformed
from pitboss.jurisdictions.model import Confidence, Jurisdiction, Product, Section
from pitboss.jurisdictions.rules import read_licence
from pitboss.kernel.errors import Malformed
from pitboss.kernel.money import Rounding

DEMO = (resources.files("pitboss.jurisdictions") / "demo.toml").read_text(encoding="utf-8")


def read(text: str) -> Jurisdiction:
    return read_licence("demo", text, file="demo.toml")


def with_value(key: str, value: str) -> str:
    """Return the demo licence with another value under one key."""
    changed, count = re.subn(
        rf"(?m)^(\[{re.escape(key)}\]\nvalue = ).*$", rf"\g<1>{value}", DEMO, count=1
    )
    assert count == 1
    return changed


def without_line(key: str, name: str) -> str:
    """Return the demo licence without one line of one key."""
    before, head, after = DEMO.partition(f"[{key}]\n")
    assert head
    return before + head + re.sub(rf"(?m)^{name} = .*\n", "", after, count=1)


def test_the_demo_licence_says_what_its_file_says() -> None:
    demo = jurisdictions.get("demo")

    assert demo.code == "demo"
    assert demo.licence.name == "Demonstration (no licence)"
    assert demo.licence.products == (Product.SPORTSBOOK, Product.GAMES)
    assert "GBP" in demo.licence.currencies
    assert demo.registration.open
    assert demo.registration.age_min == 18
    assert not demo.verification.before_play
    assert demo.retention.years_after_closure == 5
    assert demo.password.length_min == 8
    assert demo.sportsbook.rounding is Rounding.DOWN_V1
    assert demo.wagering(Product.SPORTSBOOK) == demo.sportsbook
    assert demo.wagering(Product.GAMES) == demo.games


def test_every_value_of_every_licence_carries_its_citation() -> None:
    for code in jurisdictions.codes():
        licence = jurisdictions.get(code)
        keys = {
            f"{name}.{key}"
            for name in Jurisdiction.__struct_fields__
            if isinstance(section := getattr(licence, name), Section)
            for key in section.__struct_fields__
        }

        assert set(licence.citations) == keys
        assert all(len(citation.source) > 10 for citation in licence.citations.values())


def test_a_choice_of_the_demonstration_is_never_sold_as_law() -> None:
    citations = jurisdictions.get("demo").citations

    choices = [item for item in citations.values() if item.source.startswith(("Choice", "Departs"))]

    assert choices
    assert {citation.confidence for citation in choices} == {Confidence.LOW}


def test_a_licence_is_read_once_and_then_kept() -> None:
    assert jurisdictions.get("demo") is jurisdictions.get("demo")
    assert jurisdictions.codes() == tuple(sorted(jurisdictions.codes()))


@pytest.mark.parametrize("code", ["", "atlantis", "DEMO", "../demo", "demo.toml", "x" * 10_000])
def test_an_unknown_code_is_malformed_and_found_nowhere(code: str) -> None:
    assert jurisdictions.find(code) is None
    with pytest.raises(Malformed, match=r"is none of DE, DK, .*, demo") as caught:
        jurisdictions.get(code)

    assert caught.value.field == "jurisdiction"
    assert len(str(caught.value)) < 200


def test_the_version_changes_with_every_byte_of_the_file() -> None:
    assert read(DEMO).rules_version == jurisdictions.get("demo").rules_version
    assert read(DEMO + "\n").rules_version != read(DEMO).rules_version


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        ("[licence", "", "Expected"),
        (DEMO + "[wagers.x]\nvalue = 1\nsource = 'x'\nconfidence = 'low'\n", "", "wagers"),
        (DEMO + "[games.colour]\nvalue = 1\nsource = 'x'\nconfidence = 'low'\n", "games", "colour"),
        (DEMO.replace("[games.odds_shown]", "[games.o]"), "games", "unknown field `o`"),
        (DEMO.partition("[reporting.cadence]")[0], "reporting", "cadence"),
        (DEMO.partition("[reporting.channel]")[0], "", "`reporting`"),
        ("code = 1\n" + DEMO, "code", "section"),
        (DEMO + "[code.x]\nvalue = 1\nsource = 'x'\nconfidence = 'low'\n", "code", "not a section"),
        (DEMO + "[citations.x]\nvalue = 1\nsource = 'x'\nconfidence = 'low'\n", "citations", "not"),
        (DEMO + "[games]\ncolour = 1\n", "games.colour", "needs a table"),
        (without_line("games.stake_micros_max", "value"), "games.stake_micros_max", "needs a"),
        (without_line("games.stake_micros_max", "source"), "games.stake_micros_max", "source"),
        (without_line("licence.name", "confidence"), "licence.name", "confidence"),
        (without_line("licence.name", "source"), "licence.name", "source"),
        (
            DEMO.replace("[licence.name]", "[licence.name]\nnote = 'x'"),
            "licence.name",
            "unknown field `note`",
        ),
        (
            DEMO.replace('confidence = "high"', 'confidence = "certain"', 1),
            "registration.age_min",
            "certain",
        ),
        (with_value("registration.age_min", "17"), "registration.age_min", ">= 18"),
        (with_value("registration.age_min", "true"), "registration.age_min", "Expected `int`"),
        (with_value("registration.age_min", "18.0"), "registration.age_min", "Expected `int`"),
        (with_value("registration.open", '"yes"'), "registration.open", "Expected `bool`"),
        (with_value("licence.products", '["lottery"]'), "licence.products", "lottery"),
        (with_value("licence.currencies", "[]"), "licence.currencies", "length >= 1"),
        (with_value("licence.currencies", '["XXX"]'), "licence.currencies", "XXX"),
        (with_value("sportsbook.stake_micros_min", "0"), "sportsbook.stake_micros_min", ">= 1"),
        (with_value("sportsbook.rounding", '"up"'), "sportsbook.rounding", "up"),
        (with_value("password.length_min", "129"), "password.length_min", "above"),
        (with_value("games.stake_micros_min", "5_000_001"), "games.stake_micros_min", "above"),
        (
            with_value("sportsbook.stake_micros_min", "10_000_000_001"),
            "sportsbook.stake_micros_min",
            "above",
        ),
    ],
)
def test_a_wrong_licence_file_is_refused_by_file_and_key(text: str, key: str, message: str) -> None:
    with pytest.raises(LicenceMalformed) as caught:
        read(text)

    assert str(caught.value).startswith("demo.toml: ")
    assert caught.value.file == "demo.toml"
    assert caught.value.key.startswith(key)
    assert message in str(caught.value)
