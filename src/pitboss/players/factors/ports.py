"""What second factors need from outside: somebody who can read what security keys sign."""

from __future__ import annotations

from typing import Protocol

from pitboss.players.factors.model import Assertion, NewKey


class Authenticators(Protocol):
    """Verifies the two ceremonies of Web Authentication for one relying party.

    Both are pure: they look at nothing but what they are given.
    """

    def read_new(self, challenge: bytes, shown: NewKey) -> tuple[bytes, bytes, int] | None:
        """Return a new key's credential id, public key (COSE) and counter; None if it is not one.

        Source: Web Authentication Level 2, section 7.1.
        """
        ...

    def read_assertion(self, challenge: bytes, shown: Assertion, public_key: bytes) -> int | None:
        """Return the counter that a key signed with this challenge; None if it did not.

        Source: Web Authentication Level 2, section 7.2.
        """
        ...


class NoAuthenticators:
    """Where security keys are not set up: none is believed."""

    def read_new(self, challenge: bytes, shown: NewKey) -> tuple[bytes, bytes, int] | None:
        """Believe nothing."""
        return None

    def read_assertion(self, challenge: bytes, shown: Assertion, public_key: bytes) -> int | None:
        """Believe nothing."""
        return None
