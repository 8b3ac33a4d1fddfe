"""Nouns of agents: who they are, their roles, and every single thing that somebody may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

from pitboss.kernel.ids import StaffId
from pitboss.players.personal.model import Path

StaffSessionId = NewType("StaffSessionId", str)

# Where an agent's TOTP seed lies among their personal data, which nobody is shown.
TOTP_SEED = Path("/secret/totp")
# A working day with its breaks; nobody stays logged in overnight.
SESSION_LIFE = timedelta(hours=12)
INVITATION_LIFE = timedelta(hours=24)
# Source: PCI DSS 4.0, 8.3.4: at most ten tries, then thirty minutes at least.
FAILURES_MAX = 5
LOCKED_FOR = timedelta(minutes=30)
ROLES_MAX = 10
NAME_PATTERN = r"[a-z][a-z0-9._-]{1,39}"
ROLE_PATTERN = r"[a-z][a-z0-9_]{1,39}"


class Permission(StrEnum):
    """One thing that somebody may do.  Who does not have it may not: nothing is open to all."""

    OFFER_EVENTS = "events.offer"
    CHANGE_PRICES = "prices.change"
    RECORD_RESULTS = "results.record"
    CORRECT_RESULTS = "results.correct"
    APPROVE_CORRECTION = "results.approve_correction"
    WRITE_OFF_DEBTS = "debts.write_off"
    SEE_TRADING = "trading.see"
    SET_TRADING_LIMITS = "trading.limit"
    ANSWER_REFERRALS = "trading.refer"
    SUSPEND_MARKETS = "markets.suspend"
    GIVE_FREE_BETS = "free_bets.give"
    GIVE_BOOSTS = "boosts.give"
    SEE_GAMES = "games.see"
    IMPORT_GAMES = "games.import"
    SUSPEND_GAMES = "games.suspend"
    RESOLVE_ROUNDS = "rounds.resolve"
    GIVE_REWARDS = "rewards.give"
    DECIDE_REWARDS = "rewards.decide"
    SEE_FIGURES = "figures.see"
    SEE_REGISTERS = "registers.see"
    WRITE_TO_PLAYERS = "marketing.write"
    REPLAY_BETS = "bets.replay"
    PUBLISH_TERMS = "terms.publish"
    STOP_PLAYERS = "players.stop"
    UNLOCK_LOGINS = "players.unlock"
    UNBLOCK_DEPOSITS = "deposits.unblock"
    END_SESSIONS = "players.end_sessions"
    EXCLUDE_PLAYERS = "players.exclude"
    DECIDE_VERIFICATION = "verification.decide"
    READ_PERSONAL_DATA = "personal.read"
    DISCLOSE_PERSONAL_DATA = "personal.disclose"
    ERASE_PERSONAL_DATA = "personal.erase"
    READ_NOTES = "notes.read"
    WRITE_NOTES = "notes.write"
    SEE_CASES = "cases.see"
    WORK_CASES = "cases.work"
    SEE_AGENTS = "agents.see"
    SEE_APPROVALS = "approvals.see"
    DECIDE_APPROVALS = "approvals.decide"
    ASK_ADJUSTMENT = "adjustment.ask"
    APPROVE_ADJUSTMENT = "adjustment.approve"
    ASK_LIMIT_OVERRIDE = "limit_override.ask"
    APPROVE_LIMIT_OVERRIDE = "limit_override.approve"
    ASK_REINSTATEMENT = "reinstatement.ask"
    APPROVE_REINSTATEMENT = "reinstatement.approve"
    ASK_ROLE_CHANGE = "role_change.ask"
    APPROVE_ROLE_CHANGE = "role_change.approve"


# What takes a person who can be asked about it: a token that nobody logged in for has none of it.
PERSONAL = frozenset(
    {
        Permission.DECIDE_APPROVALS,
        Permission.CORRECT_RESULTS,
        Permission.APPROVE_CORRECTION,
        Permission.WRITE_OFF_DEBTS,
        Permission.ASK_ADJUSTMENT,
        Permission.APPROVE_ADJUSTMENT,
        Permission.ASK_LIMIT_OVERRIDE,
        Permission.APPROVE_LIMIT_OVERRIDE,
        Permission.ASK_REINSTATEMENT,
        Permission.APPROVE_REINSTATEMENT,
        Permission.ASK_ROLE_CHANGE,
        Permission.APPROVE_ROLE_CHANGE,
    }
)
EVERYTHING = frozenset(Permission)
NOTHING = frozenset[Permission]()

ADMINISTRATOR = "administrator"
# Of a token that the machine's owner signs for a program: whatever does not take a person.
SERVICE = "service"

_LOOKING = frozenset(
    {
        Permission.SEE_FIGURES,
        Permission.SEE_AGENTS,
        Permission.SEE_APPROVALS,
        Permission.SEE_CASES,
        Permission.SEE_REGISTERS,
        Permission.REPLAY_BETS,
        Permission.SEE_GAMES,
    }
)
# Roles that are there from the start.  An approved change replaces one, except the first.
BUILTIN: Mapping[str, frozenset[Permission]] = {
    ADMINISTRATOR: frozenset(
        {
            *(Permission.SEE_AGENTS, Permission.SEE_APPROVALS, Permission.SEE_FIGURES),
            *(Permission.ASK_ROLE_CHANGE, Permission.APPROVE_ROLE_CHANGE),
            Permission.DECIDE_APPROVALS,
        }
    ),
    SERVICE: EVERYTHING - PERSONAL,
    "support": frozenset(
        {
            *(Permission.UNLOCK_LOGINS, Permission.END_SESSIONS, Permission.READ_PERSONAL_DATA),
            *(Permission.READ_NOTES, Permission.WRITE_NOTES, Permission.EXCLUDE_PLAYERS),
            Permission.SEE_REGISTERS,
            *(Permission.ASK_ADJUSTMENT, Permission.SEE_APPROVALS, Permission.DECIDE_APPROVALS),
        }
    ),
    "risk": frozenset(
        {
            *_LOOKING,
            *(Permission.STOP_PLAYERS, Permission.END_SESSIONS, Permission.DECIDE_APPROVALS),
            *(Permission.DECIDE_VERIFICATION, Permission.READ_PERSONAL_DATA),
            *(Permission.READ_NOTES, Permission.WRITE_NOTES, Permission.WORK_CASES),
            Permission.UNBLOCK_DEPOSITS,
            *(Permission.ASK_REINSTATEMENT, Permission.APPROVE_REINSTATEMENT),
            *(Permission.CORRECT_RESULTS, Permission.APPROVE_CORRECTION),
        }
    ),
    # Whom one may write to, and nothing else about anybody.
    "marketing": frozenset({Permission.WRITE_TO_PLAYERS}),
    "trader": frozenset(
        {
            *(Permission.OFFER_EVENTS, Permission.CHANGE_PRICES, Permission.RECORD_RESULTS),
            *(Permission.SEE_TRADING, Permission.SET_TRADING_LIMITS, Permission.SUSPEND_MARKETS),
            *(Permission.CORRECT_RESULTS, Permission.APPROVE_CORRECTION),
            *(Permission.SEE_APPROVALS, Permission.DECIDE_APPROVALS),
            *(Permission.SEE_FIGURES, Permission.REPLAY_BETS, Permission.GIVE_FREE_BETS),
            *(Permission.ANSWER_REFERRALS, Permission.GIVE_BOOSTS),
        }
    ),
    # Which games there are, and rounds that their providers left open.
    "games": frozenset(
        {
            *(Permission.SEE_GAMES, Permission.IMPORT_GAMES, Permission.SUSPEND_GAMES),
            *(Permission.RESOLVE_ROUNDS, Permission.SEE_FIGURES),
            *(Permission.GIVE_REWARDS, Permission.DECIDE_REWARDS),
        }
    ),
    "payments": frozenset(
        {
            *(Permission.SEE_FIGURES, Permission.SEE_APPROVALS, Permission.READ_PERSONAL_DATA),
            *(Permission.READ_NOTES, Permission.WRITE_NOTES),
            *(Permission.ASK_ADJUSTMENT, Permission.APPROVE_ADJUSTMENT),
            *(Permission.DECIDE_APPROVALS, Permission.WRITE_OFF_DEBTS),
            Permission.UNBLOCK_DEPOSITS,
        }
    ),
    "responsible_gaming": frozenset(
        {
            *(Permission.EXCLUDE_PLAYERS, Permission.STOP_PLAYERS, Permission.END_SESSIONS),
            *(Permission.READ_NOTES, Permission.WRITE_NOTES, Permission.READ_PERSONAL_DATA),
            *(Permission.SEE_CASES, Permission.WORK_CASES, Permission.SEE_APPROVALS),
            Permission.SEE_REGISTERS,
            Permission.DECIDE_APPROVALS,
            *(Permission.ASK_LIMIT_OVERRIDE, Permission.APPROVE_LIMIT_OVERRIDE),
            *(Permission.ASK_REINSTATEMENT, Permission.APPROVE_REINSTATEMENT),
        }
    ),
    "compliance": frozenset(
        {
            *_LOOKING,
            Permission.SUSPEND_GAMES,
            *(Permission.PUBLISH_TERMS, Permission.STOP_PLAYERS, Permission.DECIDE_APPROVALS),
            *(Permission.READ_PERSONAL_DATA, Permission.DISCLOSE_PERSONAL_DATA),
            *(Permission.ERASE_PERSONAL_DATA, Permission.READ_NOTES, Permission.WRITE_NOTES),
            *(Permission.DECIDE_VERIFICATION, Permission.EXCLUDE_PLAYERS),
            *(Permission.ASK_LIMIT_OVERRIDE, Permission.APPROVE_LIMIT_OVERRIDE),
            *(Permission.ASK_REINSTATEMENT, Permission.APPROVE_REINSTATEMENT),
        }
    ),
    # Looks, and changes nothing.
    "regulator": _LOOKING | {Permission.READ_NOTES},
}


class Reason(StrEnum):
    """Why something was done to an agent or a role: a closed list, as facts are for ever."""

    BOOTSTRAP = "bootstrap"
    JOINED = "joined"
    CHANGED_DUTIES = "changed_duties"
    LEFT = "left"
    LOST_CREDENTIALS = "lost_credentials"
    SECURITY = "security"


class AgentStatus(StrEnum):
    """Whether an agent may get in.  Who was removed stays so; who comes back is added anew."""

    ACTIVE = "active"
    REMOVED = "removed"


class SessionEnd(StrEnum):
    """Why an agent's session ended; one that became too old just is no more."""

    LOGGED_OUT = "logged_out"
    REMOVED = "removed"
    INVITED = "invited"
    FACTOR_CONFIRMED = "factor_confirmed"


class Refusal(StrEnum):
    """Why nothing was changed, or nobody was let in."""

    NAME_TAKEN = "name_taken"
    UNKNOWN_AGENT = "unknown_agent"
    UNKNOWN_ROLE = "unknown_role"
    LAST_ADMINISTRATOR = "last_administrator"
    ENOUGH_ADMINISTRATORS = "enough_administrators"
    UNCHANGEABLE_ROLE = "unchangeable_role"
    INVITATION_UNKNOWN = "invitation_unknown"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - a reason
    LOGIN_LOCKED = "login_locked"
    SECOND_FACTOR_NEEDED = "second_factor_needed"
    WRONG_SECOND_FACTOR = "wrong_second_factor"
    FACTOR_ACTIVE = "factor_active"
    FACTOR_NOT_OFFERED = "factor_not_offered"


# What an attacker may have guessed at.
COUNTED = frozenset({Refusal.WRONG_PASSWORD, Refusal.WRONG_SECOND_FACTOR})


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """A member of staff.  `name` is what colleagues and facts call them, not who they are."""

    id: StaffId
    name: str
    roles: tuple[str, ...]
    status: AgentStatus
    added_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What an agent gets in with; none of it is in a fact, and none of it is shown.

    `invitation` is the digest of a code that lets a new password be chosen, until a moment.
    `last_step` is the newest step of TOTP that was used: a code works once.
    """

    staff_id: StaffId
    password_hash: str | None = field(default=None, repr=False)
    invitation: bytes | None = field(default=None, repr=False)
    invited_until: datetime | None = None
    factor_active: bool = False
    last_step: int = 0
    failures: int = 0
    locked_until: datetime | None = None

    def is_locked(self, now: datetime) -> bool:
        """Say whether nobody is let in now, whatever they know."""
        return self.locked_until is not None and now < self.locked_until


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffSession:
    """An agent's stay; unless the second factor is `proven`, it is good for setting one up."""

    id: StaffSessionId
    staff_id: StaffId
    proven: bool
    opened_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None
    end_reason: str | None = None

    def is_live(self, now: datetime) -> bool:
        """Say whether whoever asks in this session is let in."""
        return self.ended_at is None and now < self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """An agent at one moment: what their roles permit, which is nothing once they are removed."""

    agent: Agent
    permissions: frozenset[Permission]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginTry:
    """Somebody names an agent; `right` says whether the password was the agent's."""

    staff_id: StaffId
    right: bool
    session_id: StaffSessionId
    code: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class LetIn:
    """Yes, in this session."""

    session: StaffSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No, and why."""

    reason: Refusal


AgentAnswer = Agent | Refused
LoginAnswer = LetIn | Refused
