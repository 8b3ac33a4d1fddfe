"""What a process remembers of limits and of what is taken; where room is moved to partitions."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence

from pitboss.db import Database, Transaction
from pitboss.kernel.ids import MarketId, SelectionId
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import Partition
from pitboss.sportsbook import catalog
from pitboss.sportsbook.trading import rules, store
from pitboss.sportsbook.trading.model import Book, Ceiling, Place, Scope, Stand

# A desk with more books than this starts anew, so that its memory stays bounded.
BOOKS_MAX = 100_000

Key = tuple[Partition, str]


class Desk:
    """What a process remembers of limits and of what is taken: hints, which cost nothing if wrong.

    A bet that seems to fit is written with a condition that its row repeats, and one that seems
    not to fit is refused only after the rows were read again.  Limits are read again when the
    catalogue's seq has moved, because every change of a limit is a fact there.

    Args:
        database: where room is moved between partitions, in a transaction of its own that nobody
            waits for long; without one it is moved in the caller's.
    """

    def __init__(self, database: Database | None = None) -> None:
        self._database = database
        self._catalogue_no = -1
        self._no = -1
        self._limits: rules.Limits = {}
        self._books: dict[Key, dict[SelectionId, Book]] = {}

    def forget(self) -> None:
        """Remember nothing."""
        self._catalogue_no = self._no = -1
        self._books = {}

    def books(self, key: Key) -> dict[SelectionId, Book]:
        """Return the books of a partition in a currency, as far as they are remembered."""
        return self._books.setdefault(key, {})

    async def refresh(self, tx: Transaction, catalogue_no: int) -> None:
        """Read the limits again if one may have changed."""
        if sum(map(len, self._books.values())) > BOOKS_MAX:
            self._books = {}
        if catalogue_no == self._catalogue_no:
            return
        no = await store.find_newest_no(tx)
        if no != self._no:
            self._limits = rules.in_force(await store.find_limits(tx))
            self._books, self._no = {}, no
        self._catalogue_no = catalogue_no

    async def read(self, tx: Transaction, key: Key, places: Mapping[SelectionId, Place]) -> None:
        """Read the books of these selections, remembered or not."""
        partition, code = key
        stands = await store.find_stands(tx, code, places)
        ceilings = await self._ceilings(tx, code, places)
        uneven = {
            one: places[one]
            for one, mine in stands.items()
            if rules.is_uneven(ceilings[one].total_max, mine)
        }
        if uneven:
            await self._move(tx, key, uneven, {})
            stands |= await store.find_stands(tx, code, uneven)
        for one, place in places.items():
            blank = Book(place=place, ceiling=ceilings[one], share=0, room=0)
            self._keep(key, one, rules.book_of(blank, partition, stands.get(one, ())))

    async def make_room(
        self, tx: Transaction, key: Key, needs: Mapping[SelectionId, tuple[int, int]]
    ) -> dict[SelectionId, int]:
        """Get room from other partitions where it helps; return what they have left.

        Args:
            needs: what all bets of the batch need on a selection, and the one that needs least.
        """
        partition, code = key
        books = self.books(key)
        stands = await store.find_stands(tx, code, needs)
        moving = {
            one: books[one].place
            for one, (need, least) in needs.items()
            if _helps(books[one].ceiling.total_max, stands.get(one, ()), partition, need, least)
        }
        if moving:
            await self._move(tx, key, moving, {one: needs[one][0] for one in moving})
            stands |= await store.find_stands(tx, code, moving)
        elsewhere: dict[SelectionId, int] = {}
        for one in needs:
            mine = stands.get(one, ())
            self._keep(key, one, rules.book_of(books[one], partition, mine))
            rooms = rules.rooms_of(books[one].ceiling.total_max, mine)
            elsewhere[one] = sum(rooms.values()) - rooms[partition]
        return elsewhere

    async def _move(
        self,
        tx: Transaction,
        key: Key,
        places: Mapping[SelectionId, Place],
        needs: Mapping[SelectionId, int],
    ) -> None:
        partition, code = key
        ceilings = await self._ceilings(tx, code, places)
        async with self._aside(tx) as aside:
            stands = await store.lock_stands(aside, code, places)
            moves = {
                one: rules.move_room(
                    ceilings[one].total_max, stands[one], partition, needs.get(one, 0)
                )
                for one in places
            }
            for move in moves.values():
                ensure(sum(move.values()) == 0, "room is moved, and neither made nor lost")
            await store.move_room(aside, code, moves)

    @contextlib.asynccontextmanager
    async def _aside(self, tx: Transaction) -> AsyncIterator[Transaction]:
        if self._database is None:
            yield tx
            return
        async with self._database.transaction() as aside:
            yield aside

    async def _ceilings(
        self, tx: Transaction, code: str, places: Mapping[SelectionId, Place]
    ) -> dict[SelectionId, Ceiling]:
        kinds: dict[MarketId, str] = {}
        if any(scope is Scope.KIND for scope, _, _ in self._limits):
            wanted = sorted({place.market_id for place in places.values()})
            kinds = {market.id: market.kind for market in await catalog.find_markets(tx, wanted)}
        return {
            one: rules.ceiling_of(
                self._limits,
                selection_id=one,
                market_id=place.market_id,
                kind=kinds.get(place.market_id, ""),
                code=code,
            )
            for one, place in places.items()
        }

    def _keep(self, key: Key, selection_id: SelectionId, book: Book) -> None:
        self.books(key)[selection_id] = book


def _helps(
    total: int, stands: Sequence[Stand], partition: Partition, need: int, least: int
) -> bool:
    """Say whether a bet would be taken with the others' room that is not taken without it."""
    rooms = rules.rooms_of(total, stands)
    others = sum(room for one, room in rooms.items() if one != partition and room > 0)
    mine = rooms[partition]
    return need > mine and others > 0 and 0 < least <= mine + others
