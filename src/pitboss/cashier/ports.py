"""What the cashier asks of the outside world."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from pitboss.cashier.model import Instruction, PaymentNews, SubmissionAnswer
from pitboss.kernel.ids import PaymentId


class PaymentProvider(Protocol):
    """Moves money between players' banks and ours."""

    @property
    def name(self) -> str:
        """What payments call this provider."""
        ...

    async def submit(self, instruction: Instruction) -> SubmissionAnswer:
        """Ask for a payment.  Asking again with the same payment id gives the first answer.

        One that is `own_only` is declined (`instrument_not_own`) if whoever holds the instrument is
        not the player: the provider answers for that, because we never see whose it is.
        One that is paid out `back_first` reaches the instruments that have paid in, up to what each
        has paid in and not got back, before any other: the provider shares it out.
        Source: GlüStV 2021, § 6b(4) (DE); N.J.A.C. 13:69O-1.3(f); PT Regulamento 903-B/2015,
        5.4.2(4).

        Raises:
            ProviderAway: no answer; whether the provider heard us is unknown.
            ProviderConfused: the provider knows another payment of this id, or does not know us.
        """
        ...

    async def ask(self, payment_id: PaymentId) -> PaymentNews | None:
        """Ask how a payment stands; None if the provider does not know it.

        Raises:
            ProviderAway: no answer.
            ProviderConfused: the provider does not know us.
        """
        ...


class NewsReader(Protocol):
    """Reads what a provider sends by itself."""

    def read_news(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> PaymentNews:
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
