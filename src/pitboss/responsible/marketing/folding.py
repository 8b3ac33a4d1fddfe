"""The table of marketing, from facts alone."""

from __future__ import annotations

from pitboss.kernel.folding import Fold, Table, Told
from pitboss.responsible.marketing.facts import MarketingChanged


class MarketingFold(Fold):
    """What players have said of each channel."""

    def __init__(self) -> None:
        self.consents = Table(
            "player_marketing",
            key=("player_id", "channel"),
            columns=("player_id", "channel", "given", "changed_at", "heeded"),
        )
        super().__init__(self.consents)
        self.takes = {MarketingChanged: self._change}

    def _change(self, fact: MarketingChanged, told: Told) -> None:
        self.consents.add([fact.player_id, fact.channel, fact.given, told.recorded_at, fact.heeded])
