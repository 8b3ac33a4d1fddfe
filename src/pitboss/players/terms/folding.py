"""The tables of terms, from facts alone."""

from __future__ import annotations

from pitboss.kernel.folding import Fold, Table, Told
from pitboss.players.terms.facts import TermsAccepted, TermsPublished


class TermsFold(Fold):
    """Versions of terms in the staff's shard, and what one shard's players have accepted."""

    def __init__(self) -> None:
        self.versions = Table(
            "terms_version",
            key=("jurisdiction", "number"),
            columns=("jurisdiction", "number", "version", "digest", "published_at"),
        )
        self.accepted = Table(
            "player_terms", key=("player_id",), columns=("player_id", "number", "accepted_at")
        )
        super().__init__(self.versions, self.accepted)
        self.takes = {TermsPublished: self._publish, TermsAccepted: self._accept}

    def _publish(self, fact: TermsPublished, told: Told) -> None:
        row = [fact.jurisdiction, fact.number, fact.version, fact.digest, told.recorded_at]
        self.add_row(self.versions, row, told)

    def _accept(self, fact: TermsAccepted, told: Told) -> None:
        self.accepted.add([fact.player_id, fact.number, told.recorded_at])
