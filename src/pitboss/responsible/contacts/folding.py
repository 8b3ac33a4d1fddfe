"""The tables of contacts, from facts alone."""

from __future__ import annotations

from pitboss.jurisdictions.model import ContactWhen
from pitboss.kernel.folding import Fold, Table, Told
from pitboss.responsible.contacts.facts import ContactDue, LimitsReviewed


class ContactsFold(Fold):
    """When players have looked at their limits, and of what use it was told when."""

    def __init__(self) -> None:
        self.reviews = Table(
            "limit_review", key=("player_id",), columns=("player_id", "reviewed_at")
        )
        self.tellings = Table(
            "contact_telling",
            key=("player_id", "kind", "period"),
            columns=("player_id", "kind", "period", "told_at"),
        )
        super().__init__(self.reviews, self.tellings)
        self.takes = {LimitsReviewed: self._review, ContactDue: self._tell}

    def _review(self, fact: LimitsReviewed, told: Told) -> None:
        self.reviews.add([fact.player_id, told.recorded_at])

    def _tell(self, fact: ContactDue, told: Told) -> None:
        if fact.when == ContactWhen.USED:
            self.tellings.add([fact.player_id, fact.kind, fact.period, told.recorded_at])
