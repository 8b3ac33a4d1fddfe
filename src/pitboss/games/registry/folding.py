"""The registry's tables, from facts alone."""

from __future__ import annotations

from typing import Any

from pitboss.games.registry import rules
from pitboss.games.registry.facts import (
    GameCertificateExpiryTold,
    GameCertificateWithdrawn,
    GameCertified,
    GameListed,
    GameOddsTold,
    GameSuspensionChanged,
    GameVersionChosen,
)
from pitboss.kernel.folding import Fold, Row, Table, Told

_VERSION = 2
_CERTIFICATE = ("provider", "code", "version", "licence", "number", "issued_on")


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
            key=_CERTIFICATE,
            columns=(*_CERTIFICATE, "laboratory", "hashes", "recorded_at"),
            sharded=False,
        )
        self.expiries = Table(
            "game_certificate_expiry",
            key=_CERTIFICATE,
            columns=(*_CERTIFICATE, "expires_on", "told_at"),
            sharded=False,
        )
        self.withdrawals = Table(
            "game_certificate_withdrawal",
            key=_CERTIFICATE,
            columns=(*_CERTIFICATE, "why", "withdrawn_at"),
            sharded=False,
        )
        super().__init__(
            *(self.providers, self.games, self.versions, self.odds),
            *(self.certificates, self.expiries, self.withdrawals),
        )
        self.takes = {
            GameListed: self._list,
            GameOddsTold: self._tell_odds,
            GameVersionChosen: self._choose,
            GameCertified: self._certify,
            GameCertificateExpiryTold: self._tell_expiry,
            GameCertificateWithdrawn: self._withdraw,
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
        row: Row = [*_certificate(fact), fact.laboratory, list(fact.hashes), told.recorded_at]
        self.add_row(self.certificates, row, told)
        if fact.expires_on is not None:
            self._set_expiry(fact, fact.expires_on, told)

    def _tell_expiry(self, fact: GameCertificateExpiryTold, told: Told) -> None:
        if self.find_row(self.certificates, _certificate(fact), told) is not None:
            self._set_expiry(fact, fact.expires_on, told)

    def _set_expiry(
        self, fact: GameCertified | GameCertificateExpiryTold, expires_on: str, told: Told
    ) -> None:
        row: Row = [*_certificate(fact), rules.day_of(expires_on), told.recorded_at]
        self.add_row(self.expiries, row, told)

    def _withdraw(self, fact: GameCertificateWithdrawn, told: Told) -> None:
        if self.find_row(self.certificates, _certificate(fact), told) is not None:
            row: Row = [*_certificate(fact), fact.why, told.recorded_at]
            self.add_row(self.withdrawals, row, told)

    def _suspend(self, fact: GameSuspensionChanged, told: Told) -> None:
        table = self.providers if fact.code is None else self.games
        key: Any = fact.provider if fact.code is None else (fact.provider, fact.code)
        row = self.find_row(table, key, told)
        if row is not None:
            row[-3:] = [fact.suspended, fact.why, told.recorded_at]


def _certificate(
    fact: GameCertified | GameCertificateExpiryTold | GameCertificateWithdrawn,
) -> tuple[Any, ...]:
    key = (fact.provider, fact.code, fact.version, fact.licence, fact.number)
    return (*key, rules.day_of(fact.issued_on))
