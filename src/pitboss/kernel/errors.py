"""The base of every exception that pitboss raises."""

from __future__ import annotations


class PlatformError(Exception):
    """Anything that pitboss itself raises."""


class Fault(PlatformError):
    """The world failed us: a database away, a peer silent, a lock lost.

    The caller's transaction is rolled back.  `retryable` says whether the same work may
    simply be done again.
    """

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable


class PeerAway(Fault):
    """Somebody else whom we asked does not answer, or refuses; they may be asked again.

    `said` is the beginning of what they answered, for logs and for whoever stands at a terminal.
    """

    def __init__(self, message: str, *, said: str = "") -> None:
        super().__init__(message, retryable=True)
        self.said = said


class InvariantBroken(PlatformError):
    """Our own code is wrong; nobody below the edge may catch this."""


class Malformed(PlatformError):
    """A value from outside does not have the form it must have.

    `field` names the part that is wrong, as the sender wrote it, so that the edge can say so.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message
