"""The SQL of bets that wait for a trader."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import asyncpg

from pitboss.db import Transaction
from pitboss.kernel.ids import BetId
from pitboss.kernel.shards import Shard
from pitboss.sportsbook.betting.model import ReferredBet, Said, Word

_WANTED = (
    "SELECT referral.shard, referral.bet_id, earliest_at, stake_micros_max, winnings_micros,"
    " winnings_micros_max, takes_less, word, stake_micros, said_by, said_at, decide_at"
    " FROM bet_referral AS referral"
)
_PENDING = (
    " JOIN bet_pending AS pending"
    " ON pending.shard = referral.shard AND pending.bet_id = referral.bet_id"
)


async def find_referrals(
    tx: Transaction, places: Collection[tuple[Shard, BetId]]
) -> dict[BetId, ReferredBet]:
    """Return those of the bets that wait for a trader, or once did."""
    rows = await tx.fetch(
        f"{_WANTED} JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, bet_id)"
        " ON referral.shard = wanted.shard AND referral.bet_id = wanted.bet_id"
        f" LEFT{_PENDING}",
        [shard for shard, _ in places],
        [bet_id for _, bet_id in places],
    )
    return {found.bet_id: found for found in map(_referred, rows)}


async def find_unanswered(tx: Transaction, *, limit: int) -> list[ReferredBet]:
    """Return the bets that wait and that nobody has answered, those that wait longest first."""
    rows = await tx.fetch(
        f"{_WANTED}{_PENDING} WHERE waits AND word IS NULL"
        " ORDER BY decide_at, referral.bet_id LIMIT $1",
        limit,
    )
    return [_referred(row) for row in rows]


async def find_answered(tx: Transaction) -> list[tuple[Shard, datetime]]:
    """Return when the bets are decided that were answered and wait still, with their shards."""
    rows = await tx.fetch(
        f"SELECT referral.shard, decide_at FROM bet_referral AS referral{_PENDING}"
        " WHERE waits AND word IS NOT NULL"
    )
    return [(row["shard"], row["decide_at"]) for row in rows]


async def save_referrals(tx: Transaction, bets: Sequence[ReferredBet]) -> None:
    """Write which bets wait for a trader, and why."""
    if bets:
        await tx.copy_in(
            "bet_referral",
            (
                *("shard", "bet_id", "earliest_at", "stake_micros_max", "winnings_micros"),
                *("winnings_micros_max", "takes_less"),
            ),
            [
                (
                    *(bet.shard, bet.bet_id, bet.earliest_at, bet.stake_micros_max),
                    *(bet.winnings_micros, bet.winnings_micros_max, bet.takes_less),
                )
                for bet in bets
            ],
        )


async def save_word(tx: Transaction, bet: ReferredBet, said: Said, decide_at: datetime) -> None:
    """Write what a trader has said of a bet that waits, and when it is decided now."""
    await tx.execute(
        "UPDATE bet_referral SET word = $3, stake_micros = $4, said_by = $5, said_at = $6"
        " WHERE shard = $1 AND bet_id = $2",
        bet.shard,
        bet.bet_id,
        said.word.value,
        said.stake_micros,
        said.by,
        said.at,
    )
    await tx.execute(
        "UPDATE bet_pending SET decide_at = $3 WHERE shard = $1 AND bet_id = $2",
        bet.shard,
        bet.bet_id,
        decide_at,
    )


async def end_referrals(tx: Transaction, places: Sequence[tuple[Shard, BetId]]) -> None:
    """Write that these bets wait no more."""
    if places:
        await tx.execute(
            "UPDATE bet_referral AS referral SET waits = false"
            " FROM unnest($1::smallint[], $2::uuid[]) AS ended (shard, bet_id)"
            " WHERE referral.shard = ended.shard AND referral.bet_id = ended.bet_id",
            [shard for shard, _ in places],
            [bet_id for _, bet_id in places],
        )


def _referred(row: asyncpg.Record) -> ReferredBet:
    said = None
    if row["word"] is not None:
        said = Said(
            word=Word(row["word"]),
            stake_micros=row["stake_micros"],
            by=row["said_by"],
            at=row["said_at"],
        )
    return ReferredBet(
        shard=row["shard"],
        bet_id=BetId(str(row["bet_id"])),
        earliest_at=row["earliest_at"],
        stake_micros_max=row["stake_micros_max"],
        winnings_micros=row["winnings_micros"],
        winnings_micros_max=row["winnings_micros_max"],
        takes_less=row["takes_less"],
        decide_at=row["decide_at"],
        said=said,
    )
