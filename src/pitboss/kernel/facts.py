"""`Fact`, the base of everything that rooms publish, and the movements of money in it.

They are not tracked by the collector, because they can be in no ring.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import msgspec

from pitboss.kernel.ids import AccountId, PlayerId

# From the decoded `data` of one schema version to that of the next; it changes nothing it is given.
Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


class Movement(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, cache_hash=True
):
    """One change to the wallet's books, as the fact that caused it records it.

    `kind` is `hold`, `post`, `void` or `transfer`.  `key` names the hold (for `hold` and `void`)
    or the transfer (for `post` and `transfer`); `hold` names the hold that a `post` takes from.
    A `post` or a `void` takes all that its hold still has, unless it is a `part`: then its request
    named the amount.  `void_key` is the key of a void's own request, where that is not the hold's.
    With the movements of all facts every account can be rebuilt, whatever the facts are.
    """

    kind: str
    key: str
    micros: int
    currency: str
    account: AccountId | None = None
    debit: AccountId | None = None
    credit: AccountId | None = None
    hold: str | None = None
    part: bool = False
    void_key: str | None = None


class Play(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a fact says of a player's play, in micros: what limits are measured by.

    `staked` was held for a stake, `settled` is what of stakes was decided (won, lost or void),
    `returned` came back for it.  `deposited` was asked for; less than nothing where it has failed.
    `withdrawn` was paid out.  `at`: when it counts, if not when the fact was recorded.
    """

    player_id: PlayerId
    staked: int = 0
    settled: int = 0
    returned: int = 0
    deposited: int = 0
    withdrawn: int = 0
    at: str | None = None

    @property
    def amounts(self) -> tuple[int, int, int, int, int]:
        """All of them, in the order in which they stand here."""
        return self.staked, self.settled, self.returned, self.deposited, self.withdrawn


class Win(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a player has won, in micros; less than nothing where a win was taken back."""

    player_id: PlayerId
    micros: int


class Fact(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", omit_defaults=True, gc=False
):
    """Something that happened.  Subclasses name their `tag` (`"bet.accepted"`) and their fields.

    Fields are text, whole numbers below 2^53, booleans, lists and nested structs: never floats.
    Money is in micros, a price is `"num/den"`, an instant is RFC 3339 in UTC.  Personal data
    does not belong in a fact, only commitments to it, under `pd`.  `movements` are the changes to
    the wallet's books that happened with it; an optional field that has its default is left out of
    the bytes.

    `upcasters` lead from version 1 to `schema_version`, a step each; see `kernel.upcasting`.
    """

    schema_version: ClassVar[int] = 1
    upcasters: ClassVar[tuple[Upcaster, ...]] = ()

    movements: tuple[Movement, ...] = ()

    @property
    def plays(self) -> tuple[Play, ...]:
        """What a player did by this; nearly every fact says nothing of that."""
        return ()

    @property
    def wins(self) -> tuple[Win, ...]:
        """What a player has won by this, which is no stake that came back."""
        return ()
