"""Personal data is there as long as no fact says that it was erased, and never after that."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pitboss.audit.reading.model import ReadFact
from pitboss.audit.rebuild.rules import Commitments
from pitboss.kernel.facts import Fact
from pitboss.kernel.folding import Told
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard
from pitboss.messages.model import SealedFact
from pitboss.players.identity.facts import PlayerRegistered
from pitboss.players.personal.facts import SubjectErased
from pitboss.players.personal.model import SubjectId

ANN = PlayerId("00000000-0000-7000-8000-00000000000a")
AT = datetime(2026, 8, 1, tzinfo=UTC)
REGISTERED = PlayerRegistered(
    player_id=ANN, jurisdiction="demo", currency="EUR", status="active", pd={"/email": "00" * 32}
)
ERASED = SubjectErased(subject_id=SubjectId(ANN), scope=("/email",), basis="gdpr_17_1_b")
KEPT: set[tuple[str, str]] = {(ANN, "/email")}


def compare(*facts: Fact, kept: set[tuple[str, str]], keyed: set[str]) -> list[str]:
    """Hold these facts against what is kept."""
    commitments = Commitments()
    for seq, fact in enumerate(facts, start=1):
        told = Told(
            shard=Shard(3),
            seq=seq,
            recorded_at=datetime(2026, 8, 1, tzinfo=UTC),
            cause=None,
            fact=fact,
        )
        sealed = SealedFact(shard=Shard(3), seq=seq, stream=ANN, version=seq, body=b"{}")
        commitments.take(ReadFact(told=told, previous="", sealed=sealed))
    return list(commitments.compare(kept, keyed))


def test_what_is_as_facts_have_it_is_no_oddity() -> None:
    assert compare(REGISTERED, kept=KEPT, keyed={ANN}) == []
    assert compare(REGISTERED, ERASED, kept=set(), keyed=set()) == []


@pytest.mark.parametrize(
    ("facts", "kept", "keyed", "why"),
    [
        ((REGISTERED,), set(), {ANN}, f"/email of subject {ANN} is missing"),
        ((REGISTERED,), KEPT, set(), f"the key of subject {ANN} is missing"),
        ((REGISTERED, ERASED), KEPT, set(), f"/email of subject {ANN} is there, and a fact"),
        ((REGISTERED, ERASED), set(), {ANN}, f"the key of subject {ANN} is there, and a fact"),
    ],
)
def test_what_vanished_or_came_back_is_named(
    facts: tuple[Fact, ...], kept: set[tuple[str, str]], keyed: set[str], why: str
) -> None:
    (told,) = compare(*facts, kept=kept, keyed=keyed)

    assert told.startswith(why)
