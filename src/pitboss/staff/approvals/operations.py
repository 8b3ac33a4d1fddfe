"""Writes of approvals: inside the caller's turn of the staff's shard and, for what concerns a
player, of theirs.

What was approved is done in the turn that approves it: so it is done once, or neither is.
"""

from __future__ import annotations

from pitboss import jurisdictions, wallet
from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import PlayerId, StaffId
from pitboss.kernel.instants import write_instant
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import STAFF_SHARD, shard_of
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.players.identity.model import Player, PlayerStatus, StatusReason, StatusRequest
from pitboss.players.identity.model import Refused as StatusRefused
from pitboss.players.personal.model import PersonalKeys
from pitboss.responsible import exclusion, limits
from pitboss.responsible.limits.model import LimitKey, Raise
from pitboss.responsible.limits.model import Refused as LimitRefused
from pitboss.sportsbook import settlement
from pitboss.sportsbook.settlement.model import Refused as CorrectionRefused
from pitboss.staff import agents
from pitboss.staff.agents.model import Reason
from pitboss.staff.agents.model import Refused as AgentRefused
from pitboss.staff.approvals.facts import (
    ApprovalAsked,
    ApprovalDenied,
    ApprovalExpired,
    ApprovalGiven,
    ApprovalRefused,
    ApprovalWithdrawn,
    WalletAdjusted,
)
from pitboss.staff.approvals.model import (
    ADJUSTMENTS,
    Adjustment,
    AgentInvitation,
    AgentRemoval,
    AgentRoles,
    Answer,
    Answered,
    Approval,
    ApprovalId,
    Asking,
    LimitOverride,
    MarketCorrection,
    NewAgent,
    PlayerWish,
    Refusal,
    Refused,
    Reinstatement,
    RoleChange,
    State,
    Why,
    Wish,
)
from pitboss.wallet.model import (
    Account,
    AccountKind,
    TransferRequest,
    house_account,
    player_account,
)
from pitboss.wallet.model import Refused as BookingRefused

from . import rules, store

_REASONS = {
    Why.JOINED: Reason.JOINED,
    Why.LEFT: Reason.LEFT,
    Why.LOST_CREDENTIALS: Reason.LOST_CREDENTIALS,
    Why.SECURITY: Reason.SECURITY,
}


async def ask(turn: Turn, asking: Asking, *, keys: PersonalKeys) -> Answer:
    """Ask for something that another agent must approve.

    Asking again with the same id gives the same request as it stands; for something else it is
    refused.  What an agent may not ask for is refused and told.
    """
    _ensure_turn(turn, asking.wish)
    earlier = await store.find_approval(turn.tx, asking.id, rules.read_wish)
    if earlier is not None:
        same = (earlier.wish, earlier.why, earlier.asked_by) == (
            asking.wish,
            asking.why,
            asking.asked_by,
        )
        if not same:
            return Refused(reason=Refusal.KEY_REUSED)
        return _answered(earlier, keys, half=0)
    asker = await agents.lock_standing(turn, asking.asked_by)
    player = await _player(turn, asking.wish)
    refusal = rules.refusal_to_ask(asking, asker, player, held=await _is_held(turn, player))
    if refusal is not None:
        wish = rules.write_wish(asking.wish)
        fact = ApprovalDenied(by=asking.asked_by, reason=refusal, step="ask", wish=wish)
        turn.publish(STAFF_SHARD, asking.id, fact)
        return Refused(reason=refusal)
    approval = rules.new_approval(asking, turn.now)
    told = ApprovalAsked(
        approval_id=approval.id,
        asked_by=approval.asked_by,
        wish=rules.write_wish(approval.wish),
        why=approval.why,
        expires_at=write_instant(approval.expires_at),
    )
    await _save(turn, approval, told)
    return _answered(approval, keys, half=0)


async def approve(
    turn: Turn, approval_id: ApprovalId, by: StaffId, *, keys: PersonalKeys
) -> Answer:
    """Approve what another agent asked for, and do it, once.

    Approving again gives the same answer.  If it cannot be done any more the request has failed,
    and the answer says so.  Whoever may not decide is refused, and that is told.
    """
    approval = await store.find_approval(turn.tx, approval_id, rules.read_wish)
    if approval is None:
        return Refused(reason=Refusal.UNKNOWN_APPROVAL)
    if approval.state in (State.DONE, State.FAILED) and approval.decided_by == by:
        return _answered(approval, keys, half=1)
    _ensure_turn(turn, approval.wish)
    refusal = await _refusal(turn, approval, by, "approve")
    if refusal is not None:
        return Refused(reason=refusal)
    failed = await _carry_out(turn, approval, keys)
    state = State.DONE if failed is None else State.FAILED
    after = rules.decided(approval, state, by, turn.now, failed)
    await _save(turn, after, ApprovalGiven(approval_id=approval.id, by=by, failed=failed))
    return _answered(after, keys, half=1)


async def refuse(turn: Turn, approval_id: ApprovalId, by: StaffId, why: Why) -> Answer:
    """Refuse what another agent asked for; refusing again gives the same answer."""
    approval = await store.find_approval(turn.tx, approval_id, rules.read_wish)
    if approval is None:
        return Refused(reason=Refusal.UNKNOWN_APPROVAL)
    if approval.state is State.REFUSED and approval.decided_by == by:
        return Answered(approval=approval)
    refusal = await _refusal(turn, approval, by, "refuse")
    if refusal is not None:
        return Refused(reason=refusal)
    after = rules.decided(approval, State.REFUSED, by, turn.now, why)
    await _save(turn, after, ApprovalRefused(approval_id=approval.id, by=by, why=why))
    return Answered(approval=after)


async def withdraw(turn: Turn, approval_id: ApprovalId, by: StaffId) -> Answer:
    """Take back what this agent asked for and nobody has decided."""
    approval = await store.find_approval(turn.tx, approval_id, rules.read_wish)
    if approval is None or approval.asked_by != by:
        return Refused(reason=Refusal.UNKNOWN_APPROVAL)
    if approval.state is State.WITHDRAWN:
        return Answered(approval=approval)
    if approval.state is not State.WAITING:
        return Refused(reason=Refusal.ALREADY_DECIDED)
    after = rules.decided(approval, State.WITHDRAWN, by, turn.now)
    await _save(turn, after, ApprovalWithdrawn(approval_id=approval.id, by=by))
    return Answered(approval=after)


async def _refusal(turn: Turn, approval: Approval, by: StaffId, step: str) -> Refusal | None:
    """Return why somebody may not decide, and tell it; one that is too old ends by that."""
    who = rules.Decider(
        decider=await agents.lock_standing(turn, by),
        asker=await agents.lock_standing(turn, approval.asked_by),
    )
    refusal = rules.refusal_to_decide(approval, who, turn.now)
    if refusal is Refusal.APPROVAL_EXPIRED:
        after = rules.decided(approval, State.EXPIRED, by, turn.now)
        await _save(turn, after, ApprovalExpired(approval_id=approval.id, by=by))
    elif refusal is not None:
        fact = ApprovalDenied(by=by, reason=refusal, step=step, approval_id=approval.id)
        turn.publish(STAFF_SHARD, approval.id, fact)
    return refusal


async def _carry_out(turn: Turn, approval: Approval, keys: PersonalKeys) -> str | None:
    """Do what was approved; return why that is not possible any more, if so."""
    wish, cause = approval.wish, approval.id
    reason = _REASONS.get(approval.why, Reason.CHANGED_DUTIES)
    match wish:
        case Adjustment():
            return await _adjust(turn, approval, wish)
        case LimitOverride():
            return await _raise_cap(turn, approval, wish)
        case Reinstatement():
            return await _reinstate(turn, approval, wish)
        case MarketCorrection():
            return await _correct(turn, wish)
        case NewAgent():
            added = await agents.add(
                turn, wish.staff_id, wish.name, wish.roles, reason, cause=cause
            )
            return _why(added) or await _invite(turn, approval, wish.staff_id, reason, keys)
        case AgentRoles():
            return _why(
                await agents.set_roles(turn, wish.staff_id, wish.roles, reason, cause=cause)
            )
        case AgentRemoval():
            return _why(await agents.remove(turn, wish.staff_id, reason, cause=cause))
        case AgentInvitation():
            return await _invite(turn, approval, wish.staff_id, reason, keys)
        case RoleChange():
            return _why(
                await agents.change_role(turn, wish.role, wish.permissions, reason, cause=cause)
            )


async def _adjust(turn: Turn, approval: Approval, wish: Adjustment) -> str | None:
    """Move money between the house and the player, as much as there is or not at all."""
    shard = shard_of(wish.player_id)
    house = Account(
        shard=shard,
        id=house_account(shard, ADJUSTMENTS, wish.currency),
        kind=AccountKind.HOUSE,
        owner=ADJUSTMENTS,
        currency=wish.currency,
        # What was given to players is a debit of it.
        may_overdraw=True,
    )
    player = Account(
        shard=shard,
        id=player_account(wish.player_id, wish.currency),
        kind=AccountKind.PLAYER,
        owner=wish.player_id,
        currency=wish.currency,
        may_overdraw=False,
    )
    await wallet.open_accounts(turn, [house, player])
    giver, taker = (house, player) if wish.micros > 0 else (player, house)
    request = TransferRequest(
        shard=shard,
        key=approval.id,
        debit_id=giver.id,
        credit_id=taker.id,
        micros=abs(wish.micros),
        currency=wish.currency,
    )
    (answer,) = await wallet.book(turn, [request])
    if isinstance(answer, BookingRefused):
        return answer.reason
    ensure(answer.movement is not None, "what was never approved before moves for the first time")
    fact = WalletAdjusted(
        approval_id=approval.id,
        player_id=wish.player_id,
        micros=wish.micros,
        currency=wish.currency,
        why=approval.why,
        movements=() if answer.movement is None else (answer.movement,),
    )
    turn.publish(shard, wish.player_id, fact, cause=approval.id)
    return None


async def _raise_cap(turn: Turn, approval: Approval, wish: LimitOverride) -> str | None:
    player = await _player(turn, wish)
    if player is None:
        return Refusal.UNKNOWN_PLAYER
    key = LimitKey(kind=wish.kind, period=wish.period)
    raised = Raise(player_id=player.id, key=key, most=wish.most, ground=wish.ground)
    licence = jurisdictions.get(player.jurisdiction)
    answer = await limits.raise_cap(turn, raised, licence, cause=approval.id)
    return answer.reason if isinstance(answer, LimitRefused) else None


async def _reinstate(turn: Turn, approval: Approval, wish: Reinstatement) -> str | None:
    player = await _player(turn, wish)
    if player is None:
        return Refusal.UNKNOWN_PLAYER
    if not rules.is_suspended(player):
        licence = jurisdictions.get(player.jurisdiction)
        return await exclusion.lift_imposed(turn, player.id, licence, cause=approval.id)
    request = StatusRequest(
        key=approval.id,
        player_id=wish.player_id,
        status=PlayerStatus.ACTIVE,
        reason=StatusReason.CLEARED,
    )
    (answer,) = await identity.set_status(turn, [request])
    return answer.reason if isinstance(answer, StatusRefused) else None


async def _correct(turn: Turn, wish: MarketCorrection) -> str | None:
    """Say of a market what was approved, unless something was said of it since it was shown."""
    answer = await settlement.record_as_shown(turn, wish.market_id, wish.said, version=wish.version)
    return answer.reason if isinstance(answer, CorrectionRefused) else None


async def _is_held(turn: Turn, player: Player | None) -> bool:
    """Say whether an exclusion that staff imposed keeps a player away."""
    return player is not None and await exclusion.is_imposed(turn.tx, player.id)


async def _invite(
    turn: Turn, approval: Approval, staff_id: StaffId, reason: Reason, keys: PersonalKeys
) -> str | None:
    halves = rules.halves(keys, approval.id)
    refused = await agents.invite(turn, staff_id, halves, reason, keys=keys, cause=approval.id)
    return None if refused is None else refused.reason


def _why(answer: object) -> str | None:
    return answer.reason if isinstance(answer, AgentRefused) else None


async def _player(turn: Turn, wish: Wish) -> Player | None:
    """Return the player whom a wish is about, as the last word."""
    player_id = player_of(wish)
    if player_id is None:
        return None
    return (await identity.recall_players(turn, [(shard_of(player_id), player_id)])).get(player_id)


def player_of(wish: Wish) -> PlayerId | None:
    """Return whom a wish is about, if that is a player: their shard belongs to the turn."""
    return wish.player_id if isinstance(wish, PlayerWish) else None


async def _save(turn: Turn, approval: Approval, fact: Fact) -> None:
    await store.save_approval(turn.tx, approval, rules.write_wish(approval.wish))
    turn.publish(STAFF_SHARD, approval.id, fact)


def _answered(approval: Approval, keys: PersonalKeys, *, half: int) -> Answered:
    shown = rules.invites(approval.wish) and approval.state in (State.WAITING, State.DONE)
    return Answered(
        approval=approval, half=rules.halves(keys, approval.id)[half] if shown else None
    )


def _ensure_turn(turn: Turn, wish: Wish) -> None:
    player_id = player_of(wish)
    ensure(STAFF_SHARD in turn.heads, "approvals are given by who holds the staff's turn")
    ensure(
        player_id is None or shard_of(player_id) in turn.heads,
        "what concerns a player is done by who holds their turn",
    )
