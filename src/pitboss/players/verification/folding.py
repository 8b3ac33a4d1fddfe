"""The tables of verification, from facts alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pitboss.kernel.folding import Fold, Row, Table, Told
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.shards import Shard, shard_of
from pitboss.players.verification.facts import (
    VerificationDecided,
    VerificationGivenUp,
    VerificationNewsRefused,
    VerificationNotMade,
    VerificationRequested,
    VerificationSubmitted,
    VerificationTold,
)
from pitboss.players.verification.model import STAFF, Check, CheckId, CheckState

from . import rules

_BY_THE_LOOP = "when the loop looks again, by the machine's clock"
_STATE, _REFERENCE, _REASON, _DOCUMENTS, _UNTIL, _CLOSED_AT = 3, 4, 5, 6, 7, 9
_STANDING_CHECK = 3


class VerificationFold(Fold):
    """Checks of one shard's players, what was told of them, and how the players stand."""

    def __init__(self) -> None:
        self.standings = Table(
            "player_verification",
            key=("player_id",),
            columns=("player_id", "state", "since", "check_id", "valid_until"),
        )
        self.checks = Table(
            "verification_check",
            key=("check_id",),
            columns=(
                *("check_id", "player_id", "provider", "state", "reference", "reason"),
                *("documents", "valid_until", "requested_at", "closed_at"),
            ),
            untold={"attempts": _BY_THE_LOOP, "try_at": _BY_THE_LOOP},
        )
        self.news = Table(
            "verification_news",
            key=("provider", "event_id", "digest"),
            columns=(
                *("provider", "event_id", "digest", "check_id", "reference", "status"),
                *("refusal", "recorded_at"),
            ),
        )
        super().__init__(self.standings, self.checks, self.news)
        self.takes = {
            VerificationRequested: self._request,
            VerificationNotMade: self._refuse,
            VerificationSubmitted: self._submit,
            VerificationTold: self._believe,
            VerificationNewsRefused: self._doubt,
            VerificationGivenUp: self._give_up,
            VerificationDecided: self._decide,
        }

    def _request(self, fact: VerificationRequested, told: Told) -> None:
        at = told.recorded_at
        row = [fact.check_id, fact.player_id, fact.provider, CheckState.REQUESTED.value]
        self.add_row(self.checks, [*row, None, None, [], None, at, None], told)
        self._stand(fact.check_id, told)

    def _refuse(self, fact: VerificationNotMade, told: Told) -> None:
        at = told.recorded_at
        row = [fact.check_id, fact.player_id, fact.provider, CheckState.NOT_MADE.value]
        self.add_row(self.checks, [*row, None, fact.reason, [], None, at, at], told)

    def _submit(self, fact: VerificationSubmitted, told: Told) -> None:
        check = self.find_row(self.checks, fact.check_id, told)
        if check is not None:
            check[_STATE], check[_REFERENCE] = CheckState.SUBMITTED.value, fact.reference

    def _believe(self, fact: VerificationTold, told: Told) -> None:
        self._hear(fact, None, told)
        check = self.find_row(self.checks, fact.check_id, told)
        if check is None:
            return
        state = CheckState(fact.status)
        if not CheckState(check[_STATE]).is_open:
            self.odd(told, f"believes news of check {fact.check_id}, which is closed")
        check[_STATE], check[_REFERENCE], check[_REASON] = fact.status, fact.reference, fact.reason
        check[_DOCUMENTS] = list(fact.documents) if state.is_open else []
        check[_UNTIL] = _until(fact.valid_until) if state is CheckState.VERIFIED else None
        check[_CLOSED_AT] = None if state.is_open else told.recorded_at
        self._stand(fact.check_id, told)

    def _doubt(self, fact: VerificationNewsRefused, told: Told) -> None:
        self._hear(fact, fact.refusal, told)

    def _give_up(self, fact: VerificationGivenUp, told: Told) -> None:
        self._close(fact.check_id, fact.reason, told)
        self._stand(fact.check_id, told)

    def _decide(self, fact: VerificationDecided, told: Told) -> None:
        at = told.recorded_at
        standing = self.standings.rows.get(fact.player_id)
        if standing is not None:
            earlier = self.checks.rows.get(standing[_STANDING_CHECK])
            if earlier is not None and CheckState(earlier[_STATE]).is_open:
                self._close(standing[_STANDING_CHECK], "decided_by_staff", told)
        row = [fact.check_id, fact.player_id, STAFF, fact.decision, None, fact.reason]
        self.add_row(self.checks, [*row, [], _until(fact.valid_until), at, at], told)
        self._stand(fact.check_id, told)

    def _close(self, check_id: str, reason: str, told: Told) -> None:
        check = self.find_row(self.checks, check_id, told)
        if check is not None:
            check[_STATE], check[_REASON] = CheckState.FAILED.value, reason
            check[_DOCUMENTS], check[_CLOSED_AT] = [], told.recorded_at

    def _hear(
        self, fact: VerificationTold | VerificationNewsRefused, refusal: str | None, told: Told
    ) -> None:
        row: Row = [fact.provider, fact.event_id, fact.digest, fact.check_id, fact.reference]
        self.add_row(self.news, [*row, fact.status, refusal, told.recorded_at], told)

    def _stand(self, check_id: str, told: Told) -> None:
        row = self.checks.rows.get(check_id)
        if row is None:
            return
        standing = rules.standing_after(_check(row), at=told.recorded_at)
        self.standings.add(
            [
                *(standing.player_id, standing.state.value, standing.since),
                *(standing.check_id, standing.valid_until),
            ]
        )


def _check(row: Row) -> Check:
    player_id: Any = row[1]
    return Check(
        shard=Shard(shard_of(PlayerId(player_id))),
        id=CheckId(str(row[0])),
        player_id=PlayerId(player_id),
        provider=str(row[2]),
        state=CheckState(row[_STATE]),
        valid_until=row[_UNTIL],
        requested_at=row[8],
    )


def _until(text: str | None) -> datetime | None:
    return None if text is None else parse_instant(text, field="valid_until")
