"""Shards: the lanes of the platform, each written by one at a time."""

from __future__ import annotations

import zlib
from functools import lru_cache
from typing import NewType

from pitboss.kernel.ids import PlayerId

Shard = NewType("Shard", int)
Partition = NewType("Partition", int)
Section = NewType("Section", int)

# Sixty-four lanes of players are enough for sixty-four processors; a player never changes lane,
# so the number is fixed for the life of an installation.
PLAYER_SHARDS = 64
CATALOGUE_SHARD = Shard(64)
STAFF_SHARD = Shard(65)
SYSTEM_SHARD = Shard(66)
SHARDS_ALL = tuple(Shard(number) for number in range(67))

# Prices of one section of the catalogue may change while bets are decided on others.  A batch locks
# those of its bets, some hundred; so many sections that two events seldom share one.
SECTIONS = 65_536

# The command log has fewer lanes than the players, so that one group commit touches few heads.
PARTITIONS = 4
PARTITIONS_ALL = tuple(Partition(number) for number in range(PARTITIONS))


@lru_cache(maxsize=65_536)
def shard_of(player_id: PlayerId) -> Shard:
    """Return the lane in which everything about this player is written."""
    return Shard(zlib.crc32(player_id.encode()) % PLAYER_SHARDS)


def partition_of(shard: Shard) -> Partition:
    """Return the part of the command log that carries this lane's commands."""
    return Partition(shard * PARTITIONS // PLAYER_SHARDS)


@lru_cache(maxsize=65_536)
def section_of(stream: str) -> Section:
    """Return the section of the catalogue in which a stream lies, as that of a sporting event."""
    return Section(zlib.crc32(stream.encode()) % SECTIONS)


def shards_of(partition: Partition) -> tuple[Shard, ...]:
    """Return the lanes whose commands this part of the log carries: neighbours, in order."""
    width = PLAYER_SHARDS // PARTITIONS
    return tuple(Shard(number) for number in range(partition * width, (partition + 1) * width))
