"""What is told of approvals: every step with who took it, those that were not let be too."""

from __future__ import annotations

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import PlayerId, StaffId


class ApprovalAsked(Fact, frozen=True, kw_only=True, tag="approval.asked"):
    """An agent asks for something; `wish` is JSON, whose `type` says what it is."""

    approval_id: str
    asked_by: StaffId
    wish: str
    why: str
    expires_at: str


class ApprovalGiven(Fact, frozen=True, kw_only=True, tag="approval.given"):
    """Another agent approved it, and it was done in the same turn; or, with `failed`, could not."""

    approval_id: str
    by: StaffId
    failed: str | None = None


class ApprovalRefused(Fact, frozen=True, kw_only=True, tag="approval.refused"):
    """Another agent refused it."""

    approval_id: str
    by: StaffId
    why: str


class ApprovalWithdrawn(Fact, frozen=True, kw_only=True, tag="approval.withdrawn"):
    """Whoever asked for it does not any more."""

    approval_id: str
    by: StaffId


class ApprovalExpired(Fact, frozen=True, kw_only=True, tag="approval.expired"):
    """Nobody decided in time; somebody came too late."""

    approval_id: str
    by: StaffId


class ApprovalDenied(Fact, frozen=True, kw_only=True, tag="approval.denied"):
    """An agent tried to ask for, or decide, what was not theirs; `wish` as in what was asked."""

    by: StaffId
    reason: str
    step: str
    approval_id: str | None = None
    wish: str | None = None


class WalletAdjusted(Fact, frozen=True, kw_only=True, tag="wallet.adjusted"):
    """Money of the house was given to a player, or taken back, as two agents agreed."""

    approval_id: str
    player_id: PlayerId
    micros: int
    currency: str
    why: str


# Every type of this room, for who reads facts.
FACTS = (
    ApprovalAsked,
    ApprovalDenied,
    ApprovalExpired,
    ApprovalGiven,
    ApprovalRefused,
    ApprovalWithdrawn,
    WalletAdjusted,
)
