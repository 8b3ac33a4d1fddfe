"""What this room needs from outside: who reads tokens, who knows addresses, who has the maps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from pitboss.location.model import Address, AddressState, Evidence, Reason, Survey


class TokenReader(Protocol):
    """Reads the signed tokens of the providers that an operator trusts."""

    def read(self, text: str) -> Evidence | Reason:
        """Return what a token says, or why it cannot be believed; it never raises."""
        ...


class AddressBook(Protocol):
    """Knows where network addresses are."""

    def find(self, ip: str) -> Address:
        """Return what is known of an address; text that is none is unknown."""
        ...


class Boundaries(Protocol):
    """Knows the licensed areas."""

    def survey(self, area: str, latitude: float, longitude: float) -> Survey | None:
        """Return how a possible point lies in an area; None if there is no map of that."""
        ...


class NoTokens:
    """Trusts no provider."""

    def read(self, text: str) -> Evidence | Reason:
        """Say that no key is known."""
        return Reason.KEY_UNKNOWN


class NoAddresses:
    """Knows no address."""

    def find(self, ip: str) -> Address:
        """Say that nobody looked."""
        return Address(state=AddressState.NOT_LOOKED_UP)


class NoBoundaries:
    """Has no map."""

    def survey(self, area: str, latitude: float, longitude: float) -> Survey | None:
        """Say that there is no such area."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruments:
    """What a sighting is gathered with.  Without any of them nobody is permitted anywhere."""

    tokens: TokenReader = field(default_factory=NoTokens)
    addresses: AddressBook = field(default_factory=NoAddresses)
    boundaries: Boundaries = field(default_factory=NoBoundaries)
