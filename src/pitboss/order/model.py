"""Nouns of the one order."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from pitboss.kernel.shards import Shard


class PlacedFact(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A fact with its position in the one order of all facts, from 0."""

    position: int
    shard: Shard
    seq: int
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What a shard has committed since it was last sequenced: facts `seq` to `seq + facts - 1`."""

    shard: Shard
    seq: int
    facts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Neighbouring facts of one shard that have the positions from `position` on."""

    position: int
    shard: Shard
    seq: int
    facts: int
