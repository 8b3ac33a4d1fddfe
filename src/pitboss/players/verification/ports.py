"""What verification asks of the outside world."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from pitboss.players.verification.model import CheckId, CheckNews, Person


class VerificationProvider(Protocol):
    """Says whether there is such a person."""

    @property
    def name(self) -> str:
        """What checks call this provider."""
        ...

    async def submit(self, person: Person) -> tuple[str, CheckNews | None]:
        """Ask for a check; return the provider's reference, and the outcome if it is known at once.

        Asking again with the same check id gives the same check.

        Raises:
            ProviderAway: no answer; whether the provider heard us is unknown.
            ProviderConfused: the provider does not know us, or another check has this id.
        """
        ...

    async def ask(self, check_id: CheckId) -> CheckNews | None:
        """Ask how a check stands; None while nothing has come of it.

        Raises:
            ProviderAway: no answer.
            ProviderConfused: the provider does not know us.
        """
        ...


class CheckNewsReader(Protocol):
    """Reads what a provider sends by itself."""

    def read_news(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> CheckNews:
        """Check who signed these bytes, then translate them.

        Args:
            headers: of the request, with names in lower case.
            body: as it came, because that is what was signed.
            now: by the machine's clock.

        Raises:
            SignatureRefused: the provider did not sign this, or too long ago.
            Malformed: it did, but it cannot be read.
        """
        ...
