"""Nouns of notes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

from pitboss.kernel.ids import PlayerId
from pitboss.players.personal.model import Path, Purpose

NoteId = NewType("NoteId", str)

# A page; who has more to say attaches it elsewhere.
TEXT_LENGTH_MAX = 4_000
NOTES_MAX = 500


class Refusal(StrEnum):
    """Why nothing was written or read."""

    UNKNOWN_PLAYER = "unknown_player"
    SUBJECT_ERASED = "subject_erased"
    KEY_REUSED = "key_reused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """Write this down about a player; `case_id` is the case that it is about, if it is."""

    id: NoteId
    player_id: PlayerId
    author: str
    text: str = field(repr=False)
    case_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note; its text lies with `personal`, and is gone once the player was erased."""

    id: NoteId
    player_id: PlayerId
    author: str
    written_at: datetime
    case_id: str | None = None
    text: str | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Read what was written about a player, and say why; with `case_id`, about one case."""

    player_id: PlayerId
    purpose: Purpose
    case_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No, and why."""

    reason: Refusal


def path_of(note_id: NoteId) -> Path:
    """Return where the text of a note lies among the player's personal data."""
    return Path(f"/notes/{note_id}")
