"""The table of combinations, from facts alone."""

from __future__ import annotations

import msgspec

from pitboss.kernel.folding import Fold, Table, Told
from pitboss.sportsbook.combinations.facts import CombinationPriced

_encode_parts = msgspec.json.Encoder().encode
_PRICE, _TICK = 3, 4


class CombinationsFold(Fold):
    """What is sold together, and at which price."""

    def __init__(self) -> None:
        self.combinations = Table(
            "combination",
            key=("combination_id",),
            columns=(
                *("combination_id", "event_id", "parts", "price", "tick", "priced_at"),
                "priced_by",
            ),
            sharded=False,
        )
        super().__init__(self.combinations)
        self.takes = {CombinationPriced: self._price}

    def _price(self, fact: CombinationPriced, told: Told) -> None:
        before = self.combinations.rows.get(fact.combination_id)
        last = 0 if before is None else before[_TICK]
        confirms = before is not None and fact.tick == last and fact.price == before[_PRICE]
        if fact.tick != last + 1 and not confirms:
            self.odd(told, f"gives combination {fact.combination_id} the tick {fact.tick}")
        self.combinations.add(
            [
                *(fact.combination_id, fact.event_id, _encode_parts(fact.parts), fact.price),
                *(fact.tick, told.recorded_at, fact.by),
            ]
        )
