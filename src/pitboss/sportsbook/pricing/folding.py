"""The table of pricing, from facts alone."""

from __future__ import annotations

from pitboss.kernel.folding import Fold, Table, Told
from pitboss.sportsbook.pricing.facts import PricesPushed

_SEQUENCE = 1


class PricingFold(Fold):
    """The newest push of each source."""

    def __init__(self) -> None:
        self.sources = Table(
            "price_source",
            key=("source",),
            columns=("source", "sequence", "digest", "answers"),
            sharded=False,
        )
        super().__init__(self.sources)
        self.takes = {PricesPushed: self._push}

    def _push(self, fact: PricesPushed, told: Told) -> None:
        before = self.sources.rows.get(fact.source)
        if before is not None and fact.sequence <= before[_SEQUENCE]:
            self.odd(told, f"takes the source {fact.source} back to {fact.sequence}")
        self.sources.add([fact.source, fact.sequence, fact.digest, fact.answers])
