"""Why something that claims to be part of a log is not believed."""

from __future__ import annotations

from pitboss.kernel.errors import PlatformError


class Untrusted(PlatformError):
    """What was given is not what a log may say; the message names what is wrong."""


class Unreadable(Untrusted):
    """A note, key, path, tile, bundle, proof or policy does not have the form it must have.

    `what` names the thing that cannot be read, so that the edge can say so.
    """

    def __init__(self, what: str, message: str) -> None:
        super().__init__(f"{what}: {message}")
        self.what = what


class Unsigned(Untrusted):
    """No known key has signed a note."""


class BadSignature(Untrusted):
    """A signature that names a known key was not made by it; the whole note is spoilt."""


class Unproven(Untrusted):
    """A proof does not lead to the root that was signed."""


class QuorumMissed(Untrusted):
    """Too few of the witnesses that a policy asks for have cosigned."""
