"""Reads of the house's rounds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from pitboss.db import Transaction
from pitboss.games import house, rounds
from pitboss.games.dealing import rules, store
from pitboss.games.dealing.errors import DrawUntold
from pitboss.games.dealing.model import (
    DrawCount,
    Drawn,
    DrawRun,
    HouseRound,
    Kept,
    Refusal,
    Replayed,
    RoundKey,
    Step,
    Undealt,
    book_id,
)
from pitboss.games.rounds.model import Round

GAPS_SHOWN_MAX = 20
COUNTS_MAX = 100
REPLAYED_AT_ONCE = 500
# A fraction of a second each; more than what is not settled while draws are counted.
LOOKED_THROUGH_MAX = 20_000


async def find_draw_runs(tx: Transaction, since: datetime) -> list[DrawRun]:
    """Return what was dealt of each start of the generator since a time, the newest first.

    It looks at the newest of them, `LOOKED_THROUGH_MAX` at most.  Of gaps the first twenty are
    named.  Source: GLI-19, 3.3 (no outcome may be chosen among several that were drawn).
    """
    return await store.find_draw_runs(
        tx, since, draws_max=LOOKED_THROUGH_MAX, gaps_max=GAPS_SHOWN_MAX
    )


async def find_undealt(tx: Transaction, drawn: Drawn, behind: Undealt | None = None) -> Undealt:
    """Return what a start of the generator has drawn, and nobody was dealt by now.

    What the last count has settled is taken from there, or else what is `behind`; of the draws
    after that `LOOKED_THROUGH_MAX` are looked through at most, and `until` says how far that is.
    A turn that goes on has drawn and not committed yet: what is missing now may be there in a
    moment.  Source: GLI-19, 3.3.
    """
    if behind is None:
        count = await store.find_count(tx, drawn.instance)
        settled, lost = (0, 0) if count is None else (count.settled, count.lost)
        behind = Undealt(missing=lost, first=(), until=settled)
    until = max(behind.until, min(drawn.draws, behind.until + LOOKED_THROUGH_MAX))
    found = await store.find_undealt(
        tx, drawn.instance, after=behind.until, until=until, first_max=GAPS_SHOWN_MAX
    )
    return Undealt(
        missing=behind.missing + found.missing,
        first=(*behind.first, *found.first)[:GAPS_SHOWN_MAX],
        until=until,
    )


async def find_counts(tx: Transaction) -> list[DrawCount]:
    """Return the last counts of starts of the generator, the newest first, a hundred at most."""
    return await store.find_counts(tx, limit=COUNTS_MAX)


async def find_kept(tx: Transaction, keys: Collection[RoundKey]) -> list[Kept]:
    """Return those of the rounds that there are, as they stand.

    One whose rules are not here any more, or from which it does not follow, is there all the same:
    as it was recorded, and why.  Source: GLI-11 and GLI-19 (recall of past games).
    """
    steps: dict[RoundKey, list[Step]] = {}
    for step in await store.find_steps(tx, keys):
        steps.setdefault((step.player_id, step.round_id), []).append(step)
    found = await store.find_rounds(tx, keys)
    booked = await rounds.find_rounds_by_id(tx, {(item.shard, book_id(item)) for item in found})
    books = {item.id: item for item in booked}
    return [
        _kept(item, steps.get((item.player_id, item.id), []), books.get(book_id(item)))
        for item in found
    ]


async def replay_all(tx: Transaction) -> Replayed:
    """Play every round of the house again, and hold each against its records and the books."""
    rounds_played, after = 0, None
    gone: Counter[tuple[str, str]] = Counter()
    found: list[str] = []
    while page := await store.find_page(tx, after=after, limit=REPLAYED_AT_ONCE):
        for kept in await find_kept(tx, page):
            round_ = kept.round
            name = f"round {round_.id} of player {round_.player_id}"
            found += [f"{name}: {why}" for why in rules.compare(kept)]
            if kept.why is Refusal.GAME_CHANGED:
                gone[round_.game.value, round_.version] += 1
        rounds_played, after = rounds_played + len(page), page[-1]
    return Replayed(rounds=rounds_played, gone=dict(gone), disagreements=tuple(found))


def find_disagreements(kept: Kept) -> tuple[str, ...]:
    """Return where a round's records contradict each other, or the books; nothing if all agree."""
    return rules.compare(kept)


def _kept(round_: HouseRound, steps: list[Step], booked: Round | None) -> Kept:
    state, why = None, None
    if round_.version not in house.editions()[round_.game]:
        why = Refusal.GAME_CHANGED
    else:
        try:
            state = rules.state_of(round_, steps)
        except DrawUntold:
            why = Refusal.UNTOLD
    return Kept(
        round=round_,
        state=state,
        steps=len(steps),
        closed=booked is None or booked.closed_at is not None,
        why=why,
        taken=tuple(steps),
        staked_micros=0 if booked is None else booked.staked_micros,
        won_micros=0 if booked is None else booked.won_micros,
    )
