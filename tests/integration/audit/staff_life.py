"""What staff do about a player, so that every table of theirs has a row."""

from __future__ import annotations

from datetime import datetime

from integration.players.keys import KEYS
from pitboss import jurisdictions, messages, order
from pitboss.db import Database
from pitboss.jurisdictions.model import LiftedBy, LimitKind, Period
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.ids import PlayerId, StaffId, derived_id
from pitboss.kernel.shards import STAFF_SHARD, Shard, shard_of
from pitboss.messages import TurnContext
from pitboss.players.identity.facts import PlayerFlagged
from pitboss.responsible import limits
from pitboss.responsible.limits.model import LimitKey, Raise, Raised
from pitboss.staff import agents, approvals, cases, notes
from pitboss.staff.agents.model import LetIn, LoginTry, Permission, Reason, StaffSessionId
from pitboss.staff.approvals.model import Adjustment, Answered, ApprovalId, Asking, Why
from pitboss.staff.notes.model import Note, NoteId, Writing

ANN, BOB = (StaffId(derived_id("staff", name)) for name in ("ann", "bob"))
APPROVAL = ApprovalId(derived_id("approval"))


async def staff_acts(database: Database, player_id: PlayerId, *, now: datetime) -> None:
    """Add agents, approve an adjustment, raise a cap, write a note and open a case."""

    def turn_of(*shards: Shard) -> TurnContext:
        return messages.turn(database, shards, now=now, actor="test", entropy=SystemEntropy())

    both = (STAFF_SHARD, shard_of(player_id))
    async with turn_of(STAFF_SHARD) as turn:
        for staff_id, name in ((ANN, "ann"), (BOB, "bob")):
            await agents.add(turn, staff_id, name, ["payments"], Reason.JOINED)
        await agents.change_role(turn, "clerk", [Permission.SEE_FIGURES], Reason.CHANGED_DUTIES)
        attempt = LoginTry(
            staff_id=ANN, right=True, session_id=StaffSessionId(derived_id("staff session"))
        )
        assert isinstance(await agents.judge(turn, attempt, keys=KEYS), LetIn)
        await agents.end_session(turn, ANN, attempt.session_id)
    wish = Adjustment(player_id=player_id, currency="GBP", micros=1_000_000)
    async with turn_of(*both) as turn:
        asking = Asking(id=APPROVAL, wish=wish, why=Why.GOODWILL, asked_by=ANN)
        assert isinstance(await approvals.ask(turn, asking, keys=KEYS), Answered)
        assert isinstance(await approvals.approve(turn, APPROVAL, BOB, keys=KEYS), Answered)
    async with turn_of(*both) as turn:
        key = LimitKey(kind=LimitKind.DEPOSIT, period=Period.MONTH)
        raised = Raise(
            player_id=player_id, key=key, most=2_000 * 10**6, ground=LiftedBy.INCOME_CHECK
        )
        answer = await limits.raise_cap(turn, raised, jurisdictions.get("DE"))
        assert isinstance(answer, Raised)
        writing = Writing(
            id=NoteId(derived_id("note")), player_id=player_id, author="staff", text="a note"
        )
        assert isinstance(await notes.write(turn, writing, keys=KEYS), Note)
        flagged = PlayerFlagged(player_id=player_id, like=PlayerId(derived_id("like")))
        turn.publish(shard_of(player_id), player_id, flagged)
    async with database.transaction() as tx:
        epoch = await order.take_over(tx, owner="staff")
    assert epoch is not None
    async with database.transaction() as tx:
        await order.sequence(tx, epoch=epoch, now=now)
    async with database.transaction() as tx:
        assert await cases.watch(tx, now=now, entropy=SystemEntropy())
