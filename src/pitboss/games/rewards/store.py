"""The SQL of rewards."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import asyncpg

from pitboss.db import Transaction
from pitboss.games.rewards.model import (
    By,
    Ending,
    Named,
    Place,
    Reward,
    RewardState,
    StakePlace,
    Use,
    Waiting,
)
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import SHARDS_ALL, Shard, shard_of

_TERMS = (
    *("shard", "reward_id", "player_id", "provider", "game", "prepaid", "campaign", "currency"),
    *("stake_micros", "stakes_max", "ends_at"),
)
_STANDING = ("state", "ref", "word", "used", "used_micros", "changed_at", "named_by")
_REWARD = (*_TERMS, *_STANDING, "requested_at", "attempts")
_READ = ", ".join(f"reward.{name}" for name in _REWARD)
_WRITTEN = (*_TERMS, *_STANDING, "requested_at")
_FIRST = "00000000-0000-0000-0000-000000000000"
_USE = (
    *("shard", "provider", "stake_id", "player_id", "reward_id", "micros", "given_back"),
    "used_at",
)


async def find_rewards(tx: Transaction, places: Collection[Place]) -> dict[str, Reward]:
    """Return those of these rewards that there are."""
    rows = await tx.fetch(
        f"SELECT {_READ} FROM game_reward AS reward"
        " JOIN unnest($1::smallint[], $2::uuid[]) AS wanted (shard, id)"
        " ON reward.shard = wanted.shard AND reward.reward_id = wanted.id",
        [shard for shard, _ in places],
        [reward for _, reward in places],
    )
    return {item.id: item for item in map(_reward, rows)}


async def find_named(tx: Transaction, names: Collection[Named]) -> list[Reward]:
    """Return the rewards that providers call so, whoever's they are."""
    # Every shard is named, so that each part of the index is used.
    rows = await tx.fetch(
        f"SELECT {_READ} FROM unnest($2::text[], $3::text[]) AS wanted (provider, ref)"
        " JOIN game_reward AS reward ON reward.shard = ANY($1::smallint[])"
        " AND reward.provider = wanted.provider AND reward.ref = wanted.ref",
        list(SHARDS_ALL),
        [provider for provider, _ in names],
        [ref for _, ref in names],
    )
    return list(map(_reward, rows))


async def find_of_player(tx: Transaction, player_id: PlayerId, *, limit: int) -> list[Reward]:
    """Return a player's rewards, the newest first."""
    rows = await tx.fetch(
        f"SELECT {_READ} FROM game_reward AS reward WHERE shard = $1 AND player_id = $2"
        " ORDER BY requested_at DESC, reward_id DESC LIMIT $3",
        shard_of(player_id),
        player_id,
        limit,
    )
    return list(map(_reward, rows))


async def find_waiting(
    tx: Transaction,
    providers: Collection[str],
    *,
    busy: Collection[str],
    at: datetime,
    limit: int,
) -> list[Reward]:
    """Return rewards that are to be looked at now and of nobody busy, the longest due first.

    What was sent is among them whoever can be asked: of it nobody is asked any more.
    """
    rows = await tx.fetch(
        f"SELECT {_READ} FROM game_reward AS reward"
        " WHERE shard = ANY($1::smallint[]) AND try_at <= $3"
        " AND state IN ('requested', 'sent', 'cancelling')"
        " AND (provider = ANY($2::text[]) OR state = 'sent') AND provider <> ALL($5::text[])"
        " ORDER BY try_at, requested_at, reward_id LIMIT $4",
        list(SHARDS_ALL),
        list(providers),
        at,
        limit,
        list(busy),
    )
    return list(map(_reward, rows))


async def find_unknown(tx: Transaction, *, after: Place | None, limit: int) -> list[Reward]:
    """Return rewards of which nobody knows whether they were granted, page by page."""
    rows = await tx.fetch(
        f"SELECT {_READ} FROM game_reward AS reward"
        " WHERE state = 'unknown' AND (shard, reward_id) > ($1::smallint, $2::uuid)"
        " ORDER BY shard, reward_id LIMIT $3",
        *(after or (-1, _FIRST)),
        limit,
    )
    return list(map(_reward, rows))


async def find_playable(tx: Transaction, *, after: Ending, limit: int) -> list[Reward]:
    """Return rewards that may be played or sent and end after this, in that order, page by page."""
    rows = await tx.fetch(
        f"SELECT {_READ} FROM game_reward AS reward WHERE state IN ('requested', 'granted')"
        " AND (ends_at, shard, reward_id) > ($1::timestamptz, $2::smallint, $3::uuid)"
        " ORDER BY ends_at, shard, reward_id LIMIT $4",
        *after,
        limit,
    )
    return list(map(_reward, rows))


async def save_rewards(tx: Transaction, rewards: Sequence[Reward]) -> None:
    """Write new rewards, which are looked at as soon as may be."""
    if rewards:
        await tx.copy_in("game_reward", _WRITTEN, list(map(_row, rewards)))


async def change_rewards(tx: Transaction, rewards: Sequence[Reward]) -> None:
    """Write how rewards stand now; what they wait for is looked at as soon as may be."""
    await tx.execute(
        "UPDATE game_reward AS reward SET state = batch.state, ref = batch.ref,"
        " word = batch.word, used = batch.used, used_micros = batch.used_micros,"
        " changed_at = batch.changed_at, named_by = batch.named_by, attempts = 0,"
        " try_at = '-infinity'"
        " FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::text[], $5::text[],"
        "   $6::integer[], $7::bigint[], $8::timestamptz[], $9::text[])"
        "   AS batch (shard, id, state, ref, word, used, used_micros, changed_at, named_by)"
        " WHERE reward.shard = batch.shard AND reward.reward_id = batch.id",
        [item.place[0] for item in rewards],
        [item.id for item in rewards],
        *([getattr(item, name) for item in rewards] for name in _STANDING),
    )


async def count_uses(tx: Transaction, rewards: Sequence[Reward]) -> None:
    """Write how much of rewards is used; when they are looked at stays as it is."""
    await tx.execute(
        "UPDATE game_reward AS reward SET used = batch.used, used_micros = batch.used_micros"
        " FROM unnest($1::smallint[], $2::uuid[], $3::integer[], $4::bigint[])"
        "   AS batch (shard, id, used, used_micros)"
        " WHERE reward.shard = batch.shard AND reward.reward_id = batch.id",
        [item.place[0] for item in rewards],
        [item.id for item in rewards],
        [item.used for item in rewards],
        [item.used_micros for item in rewards],
    )


async def postpone(tx: Transaction, waiting: Sequence[Waiting]) -> None:
    """Write when rewards are looked at again."""
    await tx.execute(
        "UPDATE game_reward AS reward SET attempts = batch.attempts, try_at = batch.try_at"
        " FROM unnest($1::smallint[], $2::uuid[], $3::integer[], $4::timestamptz[])"
        "   AS batch (shard, id, attempts, try_at)"
        " WHERE reward.shard = batch.shard AND reward.reward_id = batch.id",
        [item.place[0] for item in waiting],
        [item.place[1] for item in waiting],
        [item.attempts for item in waiting],
        [item.try_at for item in waiting],
    )


async def find_taken(tx: Transaction, stakes: Collection[StakePlace]) -> list[Use]:
    """Return what these stakes have taken on rewards and not given back."""
    found = await _find_uses(tx, {place[:3] for place in stakes})
    return [item for item in found if item.stake in stakes and not item.given_back]


async def _find_uses(tx: Transaction, wanted: Collection[tuple[Shard, str, str]]) -> list[Use]:
    """Return what was taken on rewards under these (shard, provider, id of a stake)."""
    rows = await tx.fetch(
        "SELECT used.* FROM unnest($1::smallint[], $2::text[], $3::text[])"
        " AS wanted (shard, provider, stake_id)"
        " JOIN game_reward_use AS used ON used.shard = wanted.shard"
        " AND used.provider = wanted.provider AND used.stake_id = wanted.stake_id",
        [place[0] for place in wanted],
        [place[1] for place in wanted],
        [place[2] for place in wanted],
    )
    return [
        Use(
            shard=row["shard"],
            provider=row["provider"],
            player_id=PlayerId(str(row["player_id"])),
            stake_id=row["stake_id"],
            reward=str(row["reward_id"]),
            micros=row["micros"],
            given_back=row["given_back"],
        )
        for row in rows
    ]


async def save_uses(tx: Transaction, uses: Sequence[Use], at: datetime) -> None:
    """Write what was taken on rewards."""
    rows = [
        (use.shard, use.provider, use.stake_id, use.player_id, use.reward, use.micros, False, at)
        for use in uses
    ]
    await tx.copy_in("game_reward_use", _USE, rows)


async def give_back(tx: Transaction, uses: Sequence[Use]) -> None:
    """Write that these were given back."""
    await tx.execute(
        "UPDATE game_reward_use AS used SET given_back = true"
        " FROM unnest($1::smallint[], $2::text[], $3::text[], $4::uuid[])"
        "   AS batch (shard, provider, stake_id, player_id)"
        " WHERE used.shard = batch.shard AND used.provider = batch.provider"
        " AND used.stake_id = batch.stake_id AND used.player_id = batch.player_id",
        [use.shard for use in uses],
        [use.provider for use in uses],
        [use.stake_id for use in uses],
        [use.player_id for use in uses],
    )


def _row(item: Reward) -> tuple[object, ...]:
    terms = [item.prepaid, item.campaign, item.currency, item.stake_micros, item.stakes_max]
    standing = [getattr(item, name) for name in _STANDING]
    head = [item.place[0], item.id, item.player_id, item.provider, item.game]
    return (*head, *terms, item.ends_at, *standing, item.requested_at)


def _reward(row: asyncpg.Record) -> Reward:
    return Reward(
        id=str(row["reward_id"]),
        player_id=PlayerId(str(row["player_id"])),
        provider=row["provider"],
        game=row["game"],
        prepaid=row["prepaid"],
        campaign=row["campaign"],
        currency=row["currency"],
        stake_micros=row["stake_micros"],
        stakes_max=row["stakes_max"],
        ends_at=row["ends_at"],
        state=RewardState(row["state"]),
        ref=row["ref"],
        named_by=None if row["named_by"] is None else By(row["named_by"]),
        word=row["word"],
        used=row["used"],
        used_micros=row["used_micros"],
        requested_at=row["requested_at"],
        changed_at=row["changed_at"],
        attempts=row["attempts"],
    )
