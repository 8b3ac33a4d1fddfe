"""The pick: a selection as a player of a season may pick it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from pitboss.kernel.ids import SelectionId

# Of a pick that is of no event of the season's file.
NO_EVENT = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A selection with all that is known of it beforehand.

    `event_no` is the place of its event in the programme, `kind` that of its market.
    """

    event_no: int
    kind: str
    code: str
    selection_id: SelectionId
    price: Fraction
