"""The tables of access, from facts alone; what anybody proves who they are with is in none."""

from __future__ import annotations

from typing import Any

from pitboss.kernel.folding import Fold, Row, Table, Told
from pitboss.kernel.instants import parse_instant
from pitboss.players.access.facts import LoginLocked, LoginUnlocked, SessionEnded
from pitboss.players.access.model import COUNTED
from pitboss.players.identity.facts import SessionOpened, SessionRefused

_FAILURES, _LOCKED_AT, _LOCKED_UNTIL, _PREVIOUS = 1, 2, 3, 4
_ENDED_AT, _END_REASON = 5, 6


class AccessFold(Fold):
    """Sessions of one shard's players, and how their logins stand."""

    def __init__(self) -> None:
        self.sessions = Table(
            "player_session",
            key=("session_id",),
            columns=(
                *("session_id", "player_id", "opened_at", "ends_at", "idle_seconds"),
                *("ended_at", "end_reason"),
            ),
            untold={
                "seen_at": "moved when a session is used, which changes nothing that happened",
                "device": "a digest of what a device calls itself, which is nobody's to know",
            },
        )
        self.states = Table(
            "player_login_state",
            key=("player_id",),
            columns=("player_id", "failures", "locked_at", "locked_until", "previous_login_at"),
        )
        super().__init__(self.sessions, self.states)
        self.takes = {
            SessionOpened: self._open,
            SessionRefused: self._refuse,
            SessionEnded: self._end,
            LoginLocked: self._lock,
            LoginUnlocked: self._unlock,
        }

    def _open(self, fact: SessionOpened, told: Told) -> None:
        if not fact.session_id:
            # From before sessions were kept: only that somebody came in was told.
            return
        at, until = told.recorded_at, _instant(fact.ends_at)
        row = [fact.session_id, fact.player_id, at, until, fact.idle_seconds, None, None]
        self.add_row(self.sessions, row, told)
        self.states.add([fact.player_id, 0, None, None, at])

    def _refuse(self, fact: SessionRefused, told: Told) -> None:
        if not fact.counted:
            return
        state = self._state(fact.player_id)
        until = state[_LOCKED_UNTIL]
        if state[_LOCKED_AT] is not None and until is not None and told.recorded_at >= until:
            state[_FAILURES], state[_LOCKED_AT], state[_LOCKED_UNTIL] = 0, None, None
        if fact.reason in COUNTED:
            state[_FAILURES] += 1

    def _end(self, fact: SessionEnded, told: Told) -> None:
        session = self.find_row(self.sessions, fact.session_id, told)
        if session is not None:
            session[_ENDED_AT], session[_END_REASON] = told.recorded_at, fact.reason

    def _lock(self, fact: LoginLocked, told: Told) -> None:
        state = self._state(fact.player_id)
        state[_LOCKED_AT], state[_LOCKED_UNTIL] = told.recorded_at, _instant(fact.until)

    def _unlock(self, fact: LoginUnlocked, told: Told) -> None:
        state = self._state(fact.player_id)
        state[_FAILURES], state[_LOCKED_AT], state[_LOCKED_UNTIL] = 0, None, None

    def _state(self, player_id: str) -> Row:
        row = self.states.rows.get(player_id)
        if row is None:
            row = [player_id, 0, None, None, None]
            self.states.add(row)
        return row


def _instant(text: str | None) -> Any:
    return None if text is None else parse_instant(text, field="instant")
