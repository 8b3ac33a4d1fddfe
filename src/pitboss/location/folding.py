"""The tables of location, from facts alone; where somebody was stands in neither of them."""

from __future__ import annotations

from pitboss.kernel.folding import Fold, Table, Told
from pitboss.kernel.instants import parse_instant
from pitboss.location.facts import LocationChecked
from pitboss.location.model import Decision, Reason


class LocationFold(Fold):
    """Every check, and what the checks of each session came to."""

    def __init__(self) -> None:
        self.permits = Table(
            "location_permit",
            key=("player_id", "session_id"),
            columns=(
                "player_id",
                "session_id",
                "check_id",
                "device",
                "network",
                "expires_at",
                "failures",
                "failed_at",
            ),
        )
        self.checks = Table(
            "location_check",
            key=("check_id",),
            columns=(
                "check_id",
                "player_id",
                "session_id",
                "token_sha256",
                "evidence",
                "decision",
                "reasons",
                "expires_at",
                "checked_at",
            ),
        )
        super().__init__(self.permits, self.checks)
        self.takes = {LocationChecked: self._check}

    def _check(self, fact: LocationChecked, told: Told) -> None:
        expires_at = (
            None if fact.expires_at is None else parse_instant(fact.expires_at, field="expires_at")
        )
        self.add_row(
            self.checks,
            [
                fact.check_id,
                fact.player_id,
                fact.session_id,
                None if fact.token_sha256 is None else bytes.fromhex(fact.token_sha256),
                None if fact.evidence is None else bytes.fromhex(fact.evidence),
                fact.decision,
                " ".join(fact.reasons),
                expires_at,
                told.recorded_at,
            ],
            told,
        )
        key = (fact.player_id, fact.session_id)
        if fact.decision == Decision.PASS:
            self.permits.rows[key] = [
                *key,
                fact.check_id,
                fact.device,
                fact.network,
                expires_at,
                fact.failures,
                None,
            ]
            return
        row = self.permits.rows.setdefault(key, [*key, None, None, None, None, 0, None])
        ends = row[5]
        if fact.ends_permit and ends is not None:
            row[5] = min(ends, told.recorded_at)
        row[6] = fact.failures
        if Reason.TOO_MANY_ATTEMPTS not in fact.reasons:
            row[7] = told.recorded_at
