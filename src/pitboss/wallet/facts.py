"""What the wallet publishes by itself; movements travel in the facts of whoever caused them."""

from __future__ import annotations

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import AccountId


class AccountOpened(Fact, frozen=True, kw_only=True, tag="account.opened"):
    """An account was opened, empty."""

    account_id: AccountId
    kind: str
    owner: str
    currency: str
    may_overdraw: bool


# Every type of this room, for who reads facts.
FACTS = (AccountOpened,)
