"""What stops the generator, and what it does not take."""

from __future__ import annotations


class RngError(Exception):
    """Anything that this room raises."""


class Failed(RngError):
    """The generator is in its error state: nothing is drawn until the process is started anew."""


class Uncertified(RngError):
    """What runs is not what was certified, or it cannot be shown that it is."""


class Malformed(RngError):
    """A request, a mapping or a document does not have the form it must have."""
