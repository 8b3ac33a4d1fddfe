"""What is told of notes: that there is one, by whom, and a commitment to its text."""

from __future__ import annotations

from collections.abc import Mapping

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import PlayerId


class NoteWritten(Fact, frozen=True, kw_only=True, tag="note.written"):
    """Somebody wrote something down about a player; `pd` commits to the text."""

    note_id: str
    player_id: PlayerId
    author: str
    pd: Mapping[str, str]
    case_id: str | None = None


# Every type of this room, for who reads facts.
FACTS = (NoteWritten,)
