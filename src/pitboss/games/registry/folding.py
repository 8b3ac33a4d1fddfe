"""The registry's tables, from facts alone."""

from __future__ import annotations

from typing import Any

from pitboss.games.registry import rules
from pitboss.games.registry.facts import (
    GameCertified,
    GameListed,
    GameOddsTold,
    GameSuspensionChanged,
    GameVersionChosen,
)
from pitboss.kernel.folding import Fold, Row, Table, Told

_VERSION = 2


class RegistryFold(Fold):
    """Providers, games, versions and certificates as they stand."""

    def __init__(self) -> None:
        self.providers = Table(
            "game_provider",
            key=("provider",),
            columns=("provider", "suspended", "why", "changed_at"),
            sharded=False,
        )
        self.games = Table(
            "game",
            key=("provider", "code"),
            columns=("provider", "code", "version", "suspended", "why", "changed_at"),
            sharded=False,
        )
        self.versions = Table(
            "game_version",
            key=("provider", "code", "version"),
            columns=(
                *("provider", "code", "version", "title", "kind", "rtp_ppm", "cycle_ms_min"),
                *("autoplay", "stakes", "listed_at"),
            ),
            sharded=False,
        )
        self.odds = Table(
            "game_odds",
            key=("provider", "code", "version"),
            columns=("provider", "code", "version", "top_win_chance", "told_at"),
            sharded=False,
        )
        self.certificates = Table(
            "game_certificate",
            key=("provider", "code", "version", "licence", "number"),
            columns=(
                *("provider", "code", "version", "licence", "number", "laboratory", "issued_on"),
                *("hashes", "recorded_at"),
            ),
            sharded=False,
        )
        super().__init__(*(self.providers, self.games, self.versions, self.odds, self.certificates))
        self.takes = {
            GameListed: self._list,
            GameOddsTold: self._tell_odds,
            GameVersionChosen: self._choose,
            GameCertified: self._certify,
            GameSuspensionChanged: self._suspend,
        }

    def _list(self, fact: GameListed, told: Told) -> None:
        row: Row = [fact.provider, fact.code, fact.version, fact.title, fact.kind, fact.rtp_ppm]
        stakes = rules.write_stakes(fact.stakes)
        self.add_row(
            self.versions,
            [*row, fact.cycle_ms_min, fact.autoplay, stakes, told.recorded_at],
            told,
        )
        if fact.top_win_chance is not None:
            self._tell_odds(fact, told)
        if fact.provider not in self.providers.rows:
            self.providers.add([fact.provider, False, None, told.recorded_at])
        game = self.games.rows.get((fact.provider, fact.code))
        if game is None:
            self.games.add([fact.provider, fact.code, fact.version, False, None, told.recorded_at])
        else:
            game[_VERSION] = fact.version

    def _tell_odds(self, fact: GameListed | GameOddsTold, told: Told) -> None:
        key = [fact.provider, fact.code, fact.version]
        self.add_row(self.odds, [*key, fact.top_win_chance, told.recorded_at], told)

    def _choose(self, fact: GameVersionChosen, told: Told) -> None:
        game = self.find_row(self.games, (fact.provider, fact.code), told)
        if game is not None:
            game[_VERSION] = fact.version

    def _certify(self, fact: GameCertified, told: Told) -> None:
        row: Row = [fact.provider, fact.code, fact.version, fact.licence, fact.number]
        said: list[Any] = [fact.laboratory, rules.day_of(fact.issued_on), list(fact.hashes)]
        self.add_row(self.certificates, [*row, *said, told.recorded_at], told)

    def _suspend(self, fact: GameSuspensionChanged, told: Told) -> None:
        table = self.providers if fact.code is None else self.games
        key: Any = fact.provider if fact.code is None else (fact.provider, fact.code)
        row = self.find_row(table, key, told)
        if row is not None:
            row[-3:] = [fact.suspended, fact.why, told.recorded_at]
