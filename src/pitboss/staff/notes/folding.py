"""The table of notes, from facts alone; what they say is in none."""

from __future__ import annotations

from pitboss.kernel.folding import Fold, Table, Told
from pitboss.staff.notes.facts import NoteWritten


class NotesFold(Fold):
    """Which notes there are about the players of one shard."""

    def __init__(self) -> None:
        self.notes = Table(
            "staff_note",
            key=("note_id",),
            columns=("note_id", "player_id", "author", "case_id", "written_at"),
        )
        super().__init__(self.notes)
        self.takes = {NoteWritten: self._write}

    def _write(self, fact: NoteWritten, told: Told) -> None:
        row = [fact.note_id, fact.player_id, fact.author, fact.case_id, told.recorded_at]
        self.add_row(self.notes, row, told)
