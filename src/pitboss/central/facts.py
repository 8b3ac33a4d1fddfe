"""What central files publish: how deposits and players stand there, and whether they answer."""

from __future__ import annotations

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import PaymentId, PlayerId


class CentralDepositMoved(Fact, frozen=True, kw_only=True, tag="central.deposit_moved"):
    """A deposit stands so with the limit file from here on; see `DepositState`."""

    deposit_id: PaymentId
    player_id: PlayerId
    micros: int
    currency: str
    state: str
    reference: str | None = None


class CentralLimitMoved(Fact, frozen=True, kw_only=True, tag="central.limit_moved"):
    """The limit file is to be told of a player's own limit from here on, or was.

    `micros` is what it was told last, as the player's `number`-th limit if `state` is `told`; None:
    no limit.  `counts_from` is when a looser one will count.
    """

    player_id: PlayerId
    number: int
    state: str
    micros: int | None = None
    counts_from: str | None = None


class CentralActivityMoved(Fact, frozen=True, kw_only=True, tag="central.activity_moved"):
    """A player stands so with the activity file from here on; see `ActivityState`."""

    activity_id: str
    player_id: PlayerId
    session_id: str
    state: str
    reference: str | None = None


class CentralFilesDown(Fact, frozen=True, kw_only=True, tag="central.files_down"):
    """The central files do not answer; what then holds is the licence's rule."""

    reason: str


class CentralFilesUp(Fact, frozen=True, kw_only=True, tag="central.files_up"):
    """The central files answer, for the first time or again."""


# Every type of this room, for who reads facts.
FACTS = (
    CentralDepositMoved,
    CentralLimitMoved,
    CentralActivityMoved,
    CentralFilesDown,
    CentralFilesUp,
)
