"""Who may ask for what, and who may decide about it.  Pure."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime

import msgspec

from pitboss.kernel.ids import StaffId
from pitboss.kernel.money import AMOUNT_MICROS_MAX, currency
from pitboss.players.identity.model import Player, PlayerStatus
from pitboss.players.personal.model import PersonalKeys
from pitboss.staff.agents.model import NOTHING, Permission, Standing
from pitboss.staff.approvals.model import (
    APPROVAL_LIFE,
    TAKES,
    Adjustment,
    AgentInvitation,
    AgentRemoval,
    AgentRoles,
    Approval,
    ApprovalId,
    Asking,
    LimitOverride,
    MarketCorrection,
    NewAgent,
    Refusal,
    Reinstatement,
    RoleChange,
    State,
    Wish,
)

_HALF_BYTES = 10
_encode = msgspec.json.Encoder(order="deterministic").encode
_decode = msgspec.json.Decoder(Wish).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Decider:
    """Who decides, and who asked, each as they stand at this moment."""

    decider: Standing | None
    asker: Standing | None


def write_wish(wish: Wish) -> str:
    """Return a wish as it is stored and told."""
    return _encode(wish).decode()


def read_wish(text: str) -> Wish:
    """Return a wish that `write_wish` wrote."""
    wish: Wish = _decode(text)
    return wish


def refusal_to_ask(
    asking: Asking, asker: Standing | None, player: Player | None, *, held: bool = False
) -> Refusal | None:
    """Return why an agent cannot ask for this, if so.

    `held` says whether an exclusion that staff imposed keeps the player away.
    """
    wish = asking.wish
    if TAKES[type(wish)][0] not in _permissions(asker):
        return Refusal.NOT_PERMITTED
    if asker is not None and concerns(wish, asker):
        return Refusal.CONCERNS_YOURSELF
    match wish:
        case Adjustment() | LimitOverride() | Reinstatement() if player is None:
            return Refusal.UNKNOWN_PLAYER
        case Adjustment(micros=micros, currency=code):
            if player is not None and code != player.currency:
                return Refusal.WRONG_CURRENCY
            unit = currency(code).minor_unit_micros
            whole = micros % unit == 0 and 0 < abs(micros) <= AMOUNT_MICROS_MAX
            return None if whole else Refusal.AMOUNT_NOT_WHOLE
        case Reinstatement() if player is not None and not (held or is_suspended(player)):
            return Refusal.NOT_SUSPENDED
        case _:
            return None


def is_suspended(player: Player) -> bool:
    """Say whether staff has suspended this player."""
    return player.status is PlayerStatus.SUSPENDED


def refusal_to_decide(approval: Approval, who: Decider, now: datetime) -> Refusal | None:
    """Return why an agent cannot decide about this, if so.

    Never whoever asked, whatever roles they have by now; never whom it concerns; and not if whoever
    asked may not ask for it any more.
    """
    if approval.state is not State.WAITING:
        return Refusal.ALREADY_DECIDED
    if who.decider is None or TAKES[type(approval.wish)][1] not in _permissions(who.decider):
        return Refusal.NOT_PERMITTED
    if who.decider.agent.id == approval.asked_by:
        return Refusal.OWN_REQUEST
    if concerns(approval.wish, who.decider):
        return Refusal.CONCERNS_YOURSELF
    if now >= approval.expires_at:
        return Refusal.APPROVAL_EXPIRED
    if TAKES[type(approval.wish)][0] not in _permissions(who.asker):
        return Refusal.ASKER_NOT_PERMITTED
    return None


def concerns(wish: Wish, standing: Standing) -> bool:
    """Say whether this changes what the agent may do, or how they get in."""
    match wish:
        case AgentRoles() | AgentRemoval() | AgentInvitation() | NewAgent():
            return wish.staff_id == standing.agent.id
        case RoleChange():
            return wish.role in standing.agent.roles
        case Adjustment() | LimitOverride() | Reinstatement() | MarketCorrection():
            return False


def new_approval(asking: Asking, now: datetime) -> Approval:
    """Return a request as it begins."""
    return Approval(
        id=asking.id,
        wish=asking.wish,
        why=asking.why,
        asked_by=asking.asked_by,
        asked_at=now,
        expires_at=now + APPROVAL_LIFE,
    )


def decided(
    approval: Approval, state: State, by: StaffId, now: datetime, outcome: str | None = None
) -> Approval:
    """Return a request that has come to its end."""
    return msgspec.structs.replace(
        approval, state=state, decided_by=by, decided_at=now, outcome=outcome
    )


def halves(keys: PersonalKeys, approval_id: ApprovalId) -> tuple[str, str]:
    """Return the two halves of an invitation's code: one for who asks, one for who approves.

    They follow from the request under a key of the house, so that asking twice shows the same, and
    neither is stored.
    """
    first, second = (
        base64.b32encode(keys.digest(f"staff.invitation.{half}", approval_id.encode()))
        for half in ("first", "second")
    )
    length = _HALF_BYTES * 8 // 5
    return first[:length].decode(), second[:length].decode()


def invites(wish: Wish) -> bool:
    """Say whether what is asked for ends with an invitation."""
    return isinstance(wish, NewAgent | AgentInvitation)


def _permissions(standing: Standing | None) -> frozenset[Permission]:
    return NOTHING if standing is None else standing.permissions
