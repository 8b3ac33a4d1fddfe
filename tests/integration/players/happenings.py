"""All that happens to who a player is, so that no table of theirs is empty."""

from __future__ import annotations

from integration.players.keys import KEYS
from integration.players.people import ENTROPY, NOW, in_turn
from pitboss import messages, registers
from pitboss.db import Database
from pitboss.jurisdictions.model import Moment, Register
from pitboss.kernel.ids import IdempotencyKey, PlayerId, derived_id
from pitboss.kernel.shards import STAFF_SHARD, SYSTEM_SHARD, shard_of
from pitboss.messages import Turn
from pitboss.players import access, identity, terms, verification
from pitboss.players.access.model import LoginTry, SessionEnd, SessionId
from pitboss.players.terms.model import AcceptRequest, PublishRequest
from pitboss.players.verification.model import (
    CheckNews,
    CheckRequest,
    Decision,
    DecisionReason,
    DecisionRequest,
    NewsStatus,
    Requested,
)
from pitboss.registers.model import Answer, Pulse, Silence, Told


async def happen_to(database: Database, player_id: PlayerId) -> None:
    """Have the player checked, told of, decided on, and agree to new terms."""
    await in_turn(database, player_id, lambda turn: _verify(turn, player_id))
    await in_turn(database, player_id, lambda turn: _log_in(turn, player_id))
    await hear_registers(database, player_id)
    async with messages.turn(
        database, [STAFF_SHARD, shard_of(player_id)], now=NOW, actor="staff:ann", entropy=ENTROPY
    ) as turn:
        player = (await identity.find_players(turn.tx, [(shard_of(player_id), player_id)]))[
            player_id
        ]
        wish = PublishRequest(jurisdiction=player.jurisdiction, version="1", digest="ab" * 32)
        await terms.publish(turn, wish)
        await terms.accept(turn, AcceptRequest(player_id=player_id, version="1"))


async def hear_registers(database: Database, player_id: PlayerId) -> None:
    """Have a register fall silent about the player, come back, name them and let them go."""
    pulse = Pulse()
    for answer in (None, Answer.EXCLUDED, None, Answer.NOT_EXCLUDED):
        if answer is None:
            pulse.failed(Silence.NOT_CONNECTED, NOW)
        else:
            pulse.answered()
        async with messages.turn(
            database,
            [SYSTEM_SHARD, shard_of(player_id)],
            now=NOW,
            actor="registers",
            entropy=ENTROPY,
        ) as turn:
            await registers.note_pulse(turn, Register.GAMSTOP, pulse)
            if answer is None:
                await registers.record_silence(
                    turn,
                    Register.GAMSTOP,
                    [player_id],
                    moment=Moment.LOGIN,
                    reason=Silence.AWAY,
                )
            else:
                told = Told(player_id=player_id, answer=answer, reference="ref")
                await registers.record(
                    turn, Register.GAMSTOP, [told], moment=Moment.LOGIN, asked_at=turn.now
                )


async def _verify(turn: Turn, player_id: PlayerId) -> None:
    wish = CheckRequest(player_id=player_id, key=IdempotencyKey("check"))
    (answer,) = await verification.request(turn, [wish])
    assert isinstance(answer, Requested)
    news = [
        CheckNews(
            provider="sandbox",
            event_id=f"event.{status}",
            check_id=answer.check.id,
            reference="ref",
            status=status,
            documents=("passport",),
        )
        for status in (NewsStatus.DOCUMENTS_WANTED, NewsStatus.REFUSED, NewsStatus.VERIFIED)
    ]
    await verification.record_news(turn, news)
    decision = DecisionRequest(
        player_id=player_id,
        key=IdempotencyKey("decision"),
        decision=Decision.VERIFIED,
        reason=DecisionReason.DOCUMENTS_SEEN,
    )
    await verification.decide(turn, [decision])


async def _log_in(turn: Turn, player_id: PlayerId) -> None:
    """Be let in, fail, and go."""
    for number, right in enumerate((True, False)):
        attempt = LoginTry(
            player_id=player_id,
            right=right,
            session_id=SessionId(derived_id("session", player_id, str(number))),
        )
        await access.judge(turn, attempt, keys=KEYS)
    await access.end_sessions(turn, player_id, SessionEnd.ENDED_BY_STAFF)
