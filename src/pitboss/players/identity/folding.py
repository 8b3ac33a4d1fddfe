"""The tables of identity, from facts alone; who somebody is stands in none of them."""

from __future__ import annotations

from pitboss.kernel.folding import Fold, Table, Told
from pitboss.players.identity.facts import (
    PlayerRegistered,
    PlayerStatusChanged,
    PlayerStatusKept,
    RegistrationRefused,
)

_STATUS = 3


class IdentityFold(Fold):
    """Players, what their registrations came to, and every wish to change a status."""

    def __init__(self) -> None:
        self.players = Table(
            "player",
            key=("player_id",),
            columns=("player_id", "jurisdiction", "currency", "status", "registered_at"),
        )
        self.registrations = Table(
            "player_registration",
            key=("key",),
            columns=("key", "player_id", "refusal"),
            sharded=False,
            untold={"request_digest": "covers personal data, and is erased with it"},
        )
        self.changes = Table(
            "player_status_change",
            key=("key",),
            columns=("key", "player_id", "status", "reason", "refusal", "decided_at"),
        )
        super().__init__(self.players, self.registrations, self.changes)
        self.takes = {
            PlayerRegistered: self._register,
            RegistrationRefused: self._refuse,
            PlayerStatusChanged: self._change,
            PlayerStatusKept: self._keep,
        }

    def _register(self, fact: PlayerRegistered, told: Told) -> None:
        player = [fact.player_id, fact.jurisdiction, fact.currency, fact.status, told.recorded_at]
        self.add_row(self.players, player, told)
        self.add_row(self.registrations, [told.cause, fact.player_id, None], told)

    def _refuse(self, fact: RegistrationRefused, told: Told) -> None:
        self.add_row(self.registrations, [told.cause, fact.player_id, fact.reason], told)

    def _change(self, fact: PlayerStatusChanged, told: Told) -> None:
        player = self.find_row(self.players, fact.player_id, told)
        if player is not None:
            if player[_STATUS] != fact.before:
                self.odd(told, f"changes a player who is {player[_STATUS]} from {fact.before}")
            player[_STATUS] = fact.after
        self._note(fact.player_id, fact.after, fact.reason, None, told)

    def _keep(self, fact: PlayerStatusKept, told: Told) -> None:
        self._note(fact.player_id, fact.status, fact.reason, fact.refusal, told)

    def _note(
        self, player_id: str, status: str, reason: str, refusal: str | None, told: Told
    ) -> None:
        change = [told.cause, player_id, status, reason, refusal, told.recorded_at]
        self.add_row(self.changes, change, told)
