"""What the facts say of a walk: nobody who was kept away staked or paid in."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import msgspec

from pitboss import messages
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.instants import parse_instant
from pitboss.kernel.shards import shard_of
from scenario.walking import Person, Walk

TAKEN = ("bet.accepted", "deposit.requested")


async def is_told_the_same_by_the_record(walk: Walk) -> None:
    """Read everybody's facts, and hold what was taken against when they were kept away."""
    with walk.step("was never taken anything from while she was kept away, the record says"):
        seen: Counter[str] = Counter()
        for person in walk.met:
            facts = await _facts_of(walk, person)
            away = [
                (_read(fact["rec"]), _read(fact["data"].get("ends_at")))
                for fact in facts
                if fact["data"]["type"] == "player.excluded"
            ]
            for fact in facts:
                seen[fact["data"]["type"]] += 1
                if fact["data"]["type"] in TAKEN:
                    at = _read(fact["rec"])
                    assert at is not None
                    assert not any(_is_within(at, term) for term in away), fact
        assert seen["player.excluded"] >= 2
        assert all(seen[what] for what in TAKEN)


def _is_within(at: datetime, term: tuple[datetime | None, datetime | None]) -> bool:
    """Say whether a moment lies in a term; one without an end is left to its own step."""
    start, end = term
    return start is not None and end is not None and start <= at < end


async def _facts_of(walk: Walk, person: Person) -> list[dict[str, Any]]:
    player_id, found = PlayerId(person.player_id), []
    after = 0
    async with walk.desk.database.reading() as tx:
        while facts := await messages.read_facts(tx, shard_of(player_id), after_seq=after):
            after = facts[-1].seq
            bodies = (msgspec.json.decode(fact.body) for fact in facts)
            found += [body for body in bodies if body["data"].get("player_id") == player_id]
    return found


def _read(text: str | None) -> datetime | None:
    return None if text is None else parse_instant(text, field="rec")
