"""Whether a player is who they say: checks by a provider or by staff, and what came of them."""

from pitboss.players.verification.operations import (
    decide,
    give_up,
    postpone,
    record_news,
    record_submissions,
    request,
    tell_documents,
)
from pitboss.players.verification.queries import (
    find_check,
    find_due,
    find_shards,
    find_verification,
    read_person,
    recall_verifications,
)

__all__ = [
    "decide",
    "find_check",
    "find_due",
    "find_shards",
    "find_verification",
    "give_up",
    "postpone",
    "read_person",
    "recall_verifications",
    "record_news",
    "record_submissions",
    "request",
    "tell_documents",
]
