"""Which of the facts that are seen at one moment comes first."""

from __future__ import annotations

from collections.abc import Iterable

from pitboss.kernel.shards import CATALOGUE_SHARD, Shard
from pitboss.order.model import Run, Stretch


def place(stretches: Iterable[Stretch], position: int) -> list[Run]:
    """Give what was seen at one moment the positions from here on, each shard in its own order.

    What players do rests on the catalogue, on staff and on the system, so these come first: of two
    facts that are seen at once, the one that the other rests on has the lower position.
    """
    runs: list[Run] = []
    for stretch in sorted(stretches, key=_rank):
        runs.append(
            Run(position=position, shard=stretch.shard, seq=stretch.seq, facts=stretch.facts)
        )
        position += stretch.facts
    return runs


def _rank(stretch: Stretch) -> tuple[bool, Shard]:
    return stretch.shard < CATALOGUE_SHARD, stretch.shard
