"""Nouns of a licence: its rules by section, and where each of them comes from.

The fields of a section are the keys that its part of the file must have, no more and no fewer.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

import msgspec

from pitboss.kernel.money import AMOUNT_MICROS_MAX, Rounding

Micros = Annotated[int, msgspec.Meta(gt=0, le=AMOUNT_MICROS_MAX)]
Count = Annotated[int, msgspec.Meta(gt=0, le=1_000_000)]
Text = Annotated[str, msgspec.Meta(min_length=1)]


class Product(StrEnum):
    """What a stake is taken for."""

    SPORTSBOOK = "sportsbook"
    GAMES = "games"


class Confidence(StrEnum):
    """How sure we are that the source says so."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Citation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a value comes from, and how sure that is."""

    source: Text
    confidence: Confidence


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a licence file."""


class LicenceRules(Section, frozen=True, kw_only=True):
    """What the licence is called, and what it lets an operator offer."""

    name: Text
    products: tuple[Product, ...]
    currencies: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]


class RegistrationRules(Section, frozen=True, kw_only=True):
    """Who may become a player.  `age_min` is in whole years."""

    open: bool
    age_min: Annotated[int, msgspec.Meta(ge=18, le=120)]
    verified_before_play: bool


class RetentionRules(Section, frozen=True, kw_only=True):
    """How long a player's data is kept once the account is closed, in whole years."""

    years_after_closure: Annotated[int, msgspec.Meta(ge=0, le=100)]


class PasswordRules(Section, frozen=True, kw_only=True):
    """How long a player's password must and may be, in characters."""

    length_min: Count
    length_max: Count


class SportsbookRules(Section, frozen=True, kw_only=True):
    """What one bet may stake and return, in micros of the player's currency."""

    stake_micros_min: Micros
    stake_micros_max: Micros
    returns_micros_max: Micros
    rounding: Rounding


class GamesRules(Section, frozen=True, kw_only=True):
    """What one stake in a game may be, in micros of the player's currency."""

    stake_micros_min: Micros
    stake_micros_max: Micros


class Jurisdiction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rulebook of one licence.

    `rules_version` changes with every byte of the file.  `citations` names the source of each
    value, under `section.key`.
    """

    code: str
    rules_version: str
    citations: Mapping[str, Citation]

    licence: LicenceRules
    registration: RegistrationRules
    retention: RetentionRules
    password: PasswordRules
    sportsbook: SportsbookRules
    games: GamesRules

    def wagering(self, product: Product) -> SportsbookRules | GamesRules:
        """Return what a stake on this product may be."""
        match product:
            case Product.SPORTSBOOK:
                return self.sportsbook
            case Product.GAMES:
                return self.games
