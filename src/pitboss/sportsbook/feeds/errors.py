"""What goes wrong with a feed."""

from __future__ import annotations

from pitboss.kernel.errors import Fault, PlatformError


class FeedAway(Fault):
    """The supplier cannot be reached, or does not do what it was asked to; ask again later."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class LeaseLost(Fault):
    """Somebody else reads this feed now, or found us silent and took its producers down."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class Unreadable(PlatformError):
    """A message that says nothing we understand.  `reason` is one of few words, for staff.

    `detail` says what is wrong, and never repeats more of the message than a few characters.
    `producer` and `event` are whose it is and what it is about, as far as that could be read;
    `owed` says that it is about results, so that money may hang on it.
    """

    def __init__(
        self,
        reason: str,
        detail: str,
        *,
        producer: str | None = None,
        event: str | None = None,
        owed: bool = False,
    ) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.producer = producer
        self.event = event
        self.owed = owed
