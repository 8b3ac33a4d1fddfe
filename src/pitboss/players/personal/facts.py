"""What is told of personal data: that it was looked at or erased, and never what it was."""

from __future__ import annotations

from pitboss.kernel.facts import Fact
from pitboss.players.personal.model import SubjectId


class PersonalRead(Fact, frozen=True, kw_only=True, tag="personal.read"):
    """Somebody looked at these values; the fact's actor is who."""

    subject_id: SubjectId
    paths: tuple[str, ...]
    purpose: str


class PersonalReadInBulk(Fact, frozen=True, kw_only=True, tag="personal.read_in_bulk"):
    """Somebody looked at the same values of all these subjects, for one purpose."""

    subject_ids: tuple[SubjectId, ...]
    paths: tuple[str, ...]
    purpose: str


class PersonalDisclosed(Fact, frozen=True, kw_only=True, tag="personal.disclosed"):
    """Somebody took these values with their salts, to prove to a third party what they were."""

    subject_id: SubjectId
    paths: tuple[str, ...]
    purpose: str


class SubjectErased(Fact, frozen=True, kw_only=True, tag="subject.erased"):
    """Everything personal of a subject was erased: the values at these paths, their salts, the key.

    Commitments in older facts stay as they are, and can never be opened again.
    """

    subject_id: SubjectId
    scope: tuple[str, ...]
    basis: str


# Every type of this room, for who reads facts.
FACTS = (PersonalRead, PersonalReadInBulk, PersonalDisclosed, SubjectErased)
