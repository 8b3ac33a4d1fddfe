"""Reads of the house's rounds."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from pitboss.db import Transaction
from pitboss.games import house
from pitboss.games.dealing import rules, store
from pitboss.games.dealing.model import DrawRun, Kept, RoundKey, Step

GAPS_SHOWN_MAX = 20


async def find_draw_runs(tx: Transaction, since: datetime) -> list[DrawRun]:
    """Return what was dealt of each start of the generator since a time, the newest first.

    Of gaps the first twenty are named.  Source: GLI-19, 3.3 (no outcome may be chosen among
    several that were drawn).
    """
    return await store.find_draw_runs(tx, since, gaps_max=GAPS_SHOWN_MAX)


async def find_kept(tx: Transaction, keys: Collection[RoundKey]) -> list[Kept]:
    """Return those of the rounds that there are, as they stand.

    Raises:
        DrawUntold: one does not follow from its steps.
    """
    steps: dict[RoundKey, list[Step]] = {}
    for step in await store.find_steps(tx, keys):
        steps.setdefault((step.player_id, step.round_id), []).append(step)
    kept: list[Kept] = []
    for round_ in await store.find_rounds(tx, keys):
        taken = steps.get((round_.player_id, round_.id), [])
        playable = round_.version == house.versions()[round_.game]
        state = rules.state_of(round_, taken) if playable else None
        kept.append(Kept(round=round_, state=state, steps=len(taken)))
    return kept
