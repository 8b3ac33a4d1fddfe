"""Nouns of approvals: what can be asked for, by whom it may be, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType

import msgspec

from pitboss.jurisdictions.model import LiftedBy, LimitKind, Period
from pitboss.kernel.ids import MarketId, PlayerId, StaffId
from pitboss.sportsbook.settlement.model import Said
from pitboss.staff.agents.model import Permission

ApprovalId = NewType("ApprovalId", str)

# Long enough for the other shift, too short to be forgotten.
APPROVAL_LIFE = timedelta(hours=24)
LIST_MAX = 200
# The house's account that adjustments are taken from and given to.
ADJUSTMENTS = "adjustments"


class Adjustment(msgspec.Struct, frozen=True, kw_only=True, tag="adjustment"):
    """Give a player money of the house, or, with fewer than no micros, take it back."""

    player_id: PlayerId
    currency: str
    micros: int


class LimitOverride(msgspec.Struct, frozen=True, kw_only=True, tag="limit_override"):
    """Raise a statutory cap for a player to `most` micros, after a check that the law names."""

    player_id: PlayerId
    kind: LimitKind
    period: Period | None
    most: int
    ground: LiftedBy


class Reinstatement(msgspec.Struct, frozen=True, kw_only=True, tag="reinstatement"):
    """Let a player play again whom staff suspended, or excluded for a term that is over.

    A suspension before an exclusion: each wants a request of its own.  What the player or a
    register began is not lifted by it.
    """

    player_id: PlayerId


class MarketCorrection(msgspec.Struct, frozen=True, kw_only=True, tag="market_correction"):
    """Say this of a market, after so much was said of it, if it comes to what was shown."""

    market_id: MarketId
    said: Said
    version: int
    digest: str


class NewAgent(msgspec.Struct, frozen=True, kw_only=True, tag="new_agent"):
    """Add an agent with these roles, and invite them."""

    staff_id: StaffId
    name: str
    roles: tuple[str, ...]


class AgentRoles(msgspec.Struct, frozen=True, kw_only=True, tag="agent_roles"):
    """Give an agent these roles and no others."""

    staff_id: StaffId
    roles: tuple[str, ...]


class AgentRemoval(msgspec.Struct, frozen=True, kw_only=True, tag="agent_removal"):
    """Let an agent do nothing any more."""

    staff_id: StaffId


class AgentInvitation(msgspec.Struct, frozen=True, kw_only=True, tag="agent_invitation"):
    """Let an agent choose another password and second factor."""

    staff_id: StaffId


class RoleChange(msgspec.Struct, frozen=True, kw_only=True, tag="role_change"):
    """Let a role permit this and nothing else."""

    role: str
    permissions: tuple[Permission, ...]


# What concerns a player is done in their turn too.
PlayerWish = Adjustment | LimitOverride | Reinstatement
Wish = (
    PlayerWish
    | MarketCorrection
    | NewAgent
    | AgentRoles
    | AgentRemoval
    | AgentInvitation
    | RoleChange
)
# What each takes of who asks, and of who approves.
TAKES: Mapping[type[msgspec.Struct], tuple[Permission, Permission]] = {
    Adjustment: (Permission.ASK_ADJUSTMENT, Permission.APPROVE_ADJUSTMENT),
    LimitOverride: (Permission.ASK_LIMIT_OVERRIDE, Permission.APPROVE_LIMIT_OVERRIDE),
    Reinstatement: (Permission.ASK_REINSTATEMENT, Permission.APPROVE_REINSTATEMENT),
    MarketCorrection: (Permission.CORRECT_RESULTS, Permission.APPROVE_CORRECTION),
    **dict.fromkeys(
        (NewAgent, AgentRoles, AgentRemoval, AgentInvitation, RoleChange),
        (Permission.ASK_ROLE_CHANGE, Permission.APPROVE_ROLE_CHANGE),
    ),
}


class Why(StrEnum):
    """Why something is asked for, or refused: a closed list, as facts are for ever."""

    GOODWILL = "goodwill"
    CORRECTION = "correction"
    DISPUTE_SETTLED = "dispute_settled"
    FRAUD = "fraud"
    INCOME_CHECKED = "income_checked"
    RISK_CHECKED = "risk_checked"
    CHARGEBACK = "chargeback"
    CHECKED_AND_CLEARED = "checked_and_cleared"
    REGULATOR_ORDER = "regulator_order"
    JOINED = "joined"
    CHANGED_DUTIES = "changed_duties"
    LEFT = "left"
    LOST_CREDENTIALS = "lost_credentials"
    SECURITY = "security"
    NOT_JUSTIFIED = "not_justified"
    MISTAKE = "mistake"


class State(StrEnum):
    """How a request stands.  `failed`: it was approved and could not be done any more."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Refusal(StrEnum):
    """Why nothing was asked for, or decided."""

    UNKNOWN_APPROVAL = "unknown_approval"
    NOT_PERMITTED = "not_permitted"
    OWN_REQUEST = "own_request"
    CONCERNS_YOURSELF = "concerns_yourself"
    ASKER_NOT_PERMITTED = "asker_not_permitted"
    ALREADY_DECIDED = "already_decided"
    APPROVAL_EXPIRED = "approval_expired"
    AMOUNT_NOT_WHOLE = "amount_not_whole"
    UNKNOWN_PLAYER = "unknown_player"
    WRONG_CURRENCY = "wrong_currency"
    NOT_SUSPENDED = "not_suspended"
    NEEDS_APPROVAL = "needs_approval"
    KEY_REUSED = "key_reused"


class Approval(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was asked for, and what came of it; `outcome` says why it failed."""

    id: ApprovalId
    wish: Wish
    why: Why
    asked_by: StaffId
    asked_at: datetime
    expires_at: datetime
    state: State = State.WAITING
    decided_by: StaffId | None = None
    decided_at: datetime | None = None
    outcome: str | None = None

    def as_of(self, now: datetime) -> State:
        """Return how it stands for whoever looks now: nobody decides one that is too old."""
        late = self.state is State.WAITING and now >= self.expires_at
        return State.EXPIRED if late else self.state


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Ask for something; the same id again is the same request."""

    id: ApprovalId
    wish: Wish
    why: Why
    asked_by: StaffId


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Yes.  `half` is the part of an invitation's code that only whoever did this is shown."""

    approval: Approval
    half: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No, and why; nothing changed."""

    reason: Refusal


Answer = Answered | Refused
