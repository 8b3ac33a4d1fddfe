"""What a feed needs of the outside world."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from pitboss.sportsbook.feeds.model import AnyMessage, FeedName, Fixture, ForeignEvent, ProducerId


class Reader(Protocol):
    """Reads a supplier's messages."""

    @property
    def feed(self) -> FeedName:
        """The feed whose messages these are."""
        ...

    def read(self, body: bytes) -> AnyMessage:
        """Return what a message says.

        Raises:
            Unreadable: it says nothing we understand.
        """
        ...


class Source(Protocol):
    """Where messages come from, in the order in which the supplier sent them.

    Every message is given at least once; those that were not `done` come again, or are covered by
    a recovery.
    """

    async def connect(self) -> None:
        """Be connected, if it is not.

        Raises:
            FeedAway: there is nobody to connect to.
        """
        ...

    async def take(self, limit: int, *, seconds_max: float) -> Sequence[bytes]:
        """Return the messages that wait, at most `limit`; wait so long for a first one.

        Raises:
            FeedAway: the connection is gone, and with it what had been sent.
        """
        ...

    async def done(self) -> None:
        """Say that everything taken so far has had its effect, durably.

        Raises:
            FeedAway: the connection is gone.
        """
        ...

    async def close(self) -> None:
        """Be disconnected."""
        ...


class Supplier(Protocol):
    """What a supplier can be asked."""

    async def ask_recovery(
        self, producer: ProducerId, *, request_no: int, after_ms: int | None
    ) -> None:
        """Have everything since then sent again, ending with a `RecoveryDone` of this number.

        Raises:
            FeedAway: it was not asked, or does not want to.
        """
        ...

    async def find_fixture(self, event: ForeignEvent) -> Fixture | None:
        """Return what the supplier knows of an event; None if nothing.

        Raises:
            FeedAway: it does not answer.
        """
        ...
