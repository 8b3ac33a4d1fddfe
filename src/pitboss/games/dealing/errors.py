"""What goes wrong between a round of the house and what it is drawn from."""

from __future__ import annotations

from pitboss.kernel.errors import Fault, PlatformError


class DrawUntold(PlatformError):
    """A kept round does not follow from its steps: nobody plays on, and somebody must look."""


class HouseClosed(Fault):
    """Nothing of the house is dealt now, because of what it is dealt with, whatever that is."""


class GamesChanged(HouseClosed):
    """The files of the house's games are not those any more that run here."""

    def __init__(self) -> None:
        super().__init__("the files of the house's games changed: start anew", retryable=False)
