"""Reads of verification."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from pitboss.db import Transaction
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import SYSTEM_SHARD, Shard, shard_of
from pitboss.messages import Turn
from pitboss.players import personal
from pitboss.players.identity.model import ADDRESS, BORN_ON, FAMILY_NAME, GIVEN_NAME, POSTCODE
from pitboss.players.personal.model import (
    Found,
    PersonalKeys,
    Purpose,
    ReadRequest,
    SubjectId,
)
from pitboss.players.verification.model import (
    Check,
    CheckId,
    CheckNews,
    Person,
    Verification,
    VerificationState,
)

from . import store


async def recall_verifications(
    turn: Turn, player_ids: Sequence[PlayerId]
) -> dict[PlayerId, Verification]:
    """Return how each of these players stands; whom the turn remembers is not fetched.

    The turn holds their shards, so it is the last word.  Who was never looked at is unverified.
    """
    ensure(
        all(shard_of(player_id) in turn.heads for player_id in player_ids),
        "a player's verification is recalled by who holds their shard's turn",
    )
    missing = [
        player_id
        for player_id in dict.fromkeys(player_ids)
        if player_id not in turn.recall(shard_of(player_id), Verification)
    ]
    if missing:
        found = await store.find_verifications(turn.tx, missing)
        for player_id in missing:
            standing = found.get(player_id) or _unverified(player_id)
            turn.recall(shard_of(player_id), Verification)[player_id] = standing
    return {
        player_id: turn.recall(shard_of(player_id), Verification)[player_id]
        for player_id in player_ids
    }


async def find_verification(tx: Transaction, player_id: PlayerId) -> Verification:
    """Return how a player stands; outside the player's turn it may be late."""
    found = await store.find_verifications(tx, [player_id])
    return found.get(player_id) or _unverified(player_id)


async def find_check(tx: Transaction, player_id: PlayerId, check_id: CheckId) -> Check | None:
    """Return one of a player's checks; somebody else's is not there."""
    check = (await store.find_checks(tx, [(shard_of(player_id), check_id)])).get(check_id)
    return check if check is not None and check.player_id == player_id else None


async def find_shards(tx: Transaction, news: Sequence[CheckNews]) -> set[Shard]:
    """Return the shards whose turn it takes to record this news.

    News of a check that is not known here belongs to the system's shard.
    """
    known = await store.find_shards(tx, {item.check_id for item in news})
    return {known.get(item.check_id, SYSTEM_SHARD) for item in news}


async def find_due(
    tx: Transaction, shards: Sequence[Shard], provider: str, *, at: datetime, limit: int
) -> list[Check]:
    """Return at most `limit` open checks of a provider that it is time to look at.

    `at` is by the machine's clock.
    """
    return await store.find_due(tx, shards, provider, at=at, limit=limit)


async def read_person(turn: Turn, check: Check, *, keys: PersonalKeys) -> Person | None:
    """Return who a provider is to be asked about; a fact says that it was read.

    None if the player was forgotten meanwhile.

    Raises:
        WrongKey: the house's keys are not those that the values were sealed with.
    """
    wish = ReadRequest(
        subject_id=SubjectId(check.player_id),
        purpose=Purpose.VERIFICATION,
        paths=(GIVEN_NAME, FAMILY_NAME, BORN_ON, ADDRESS, POSTCODE),
    )
    (answer,) = await personal.read(turn, [wish], keys=keys)
    if not isinstance(answer, Found):
        return None
    return Person(
        check_id=check.id,
        given_name=answer.values[GIVEN_NAME],
        family_name=answer.values[FAMILY_NAME],
        born_on=answer.values[BORN_ON],
        address=answer.values.get(ADDRESS),
        postcode=answer.values.get(POSTCODE),
    )


def _unverified(player_id: PlayerId) -> Verification:
    return Verification(player_id=player_id, state=VerificationState.UNVERIFIED)
