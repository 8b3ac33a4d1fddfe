"""Bets and the books: weighed against the limits, taken, changed, released; in a turn."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from fractions import Fraction

from pitboss.db import Transaction
from pitboss.kernel.ids import BetId, PlayerId, SelectionId
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import Shard, partition_of
from pitboss.messages import Turn
from pitboss.sportsbook.trading import rules, store
from pitboss.sportsbook.trading.errors import RoomMoved
from pitboss.sportsbook.trading.model import (
    EVERYBODY,
    Answer,
    Factor,
    Line,
    Page,
    Place,
    Rise,
    Taking,
    TooMuch,
    Weighed,
    no_factor,
)
from pitboss.sportsbook.trading.operations.desk import Desk, Key


async def weigh(turn: Turn, desk: Desk, takings: Sequence[Taking], *, catalogue_no: int) -> Weighed:
    """Say of each bet, in order, whether it is within the limits; nothing is written yet.

    Each one sees what those before it would take.  What then is accepted, `take` writes, in the
    same turn.

    Args:
        desk: what this process remembers.
        catalogue_no: how often more than prices changed; the caller keeps it from changing.
    """
    await desk.refresh(turn.tx, catalogue_no)
    factors = await _factors(turn, takings)
    keys = [(partition_of(taking.shard), taking.currency) for taking in takings]
    answers, ledgers = await _with_room(
        turn.tx,
        desk,
        takings,
        keys,
        lambda ledgers: rules.decide(takings, ledgers, factors),
        lambda ledgers, answers: rules.needs_of(takings, ledgers, answers, factors),
    )
    taken = [rules.as_taken(one, answer) for one, answer in zip(takings, answers, strict=True)]
    return Weighed(takings=taken, answers=answers, ledgers=ledgers)


async def rise(
    turn: Turn, desk: Desk, rises: Sequence[Rise], *, catalogue_no: int
) -> tuple[list[Answer], list[Line]]:
    """Let bets that wait win more than was taken for them, where the limits allow that.

    What is more is written at once; it is given back to `change`, which writes the rest.  Nobody
    may have changed books in this transaction before: room may be moved in another one, which
    would wait for that.

    Args:
        desk: what this process remembers.
        rises: each with its bet as it was taken and as it would be accepted.
        catalogue_no: how often more than prices changed; the caller keeps it from changing.

    Raises:
        RoomMoved: room that was believed to be there is not; the whole turn must be done again.
    """
    await desk.refresh(turn.tx, catalogue_no)
    takings = [one.after for one in rises]
    factors = await _factors(turn, takings)
    keys = [(partition_of(taking.shard), taking.currency) for taking in takings]
    answers, ledgers = await _with_room(
        turn.tx,
        desk,
        takings,
        keys,
        lambda ledgers: rules.decide_rises(rises, ledgers, factors),
        lambda ledgers, answers: rules.needs_of_rises(rises, ledgers, answers),
    )
    lines = _lines_of(takings, ledgers)
    await _write(turn, desk, lines)
    return answers, lines


async def offer(
    turn: Turn, desk: Desk, takings: Sequence[Taking], *, catalogue_no: int
) -> list[TooMuch]:
    """Return the largest stake that the limits leave for each of these bets; nothing is taken.

    What is free in all partitions counts.  For bets that are refused for something else: what the
    others of their batch take is not seen.

    Args:
        desk: what this process remembers.
        catalogue_no: how often more than prices changed; the caller keeps it from changing.
    """
    await desk.refresh(turn.tx, catalogue_no)
    factors = await _factors(turn, takings)
    keys = [(partition_of(taking.shard), taking.currency) for taking in takings]
    ledgers = await _open(turn.tx, desk, takings, keys)
    for key, ledger in dict(zip(keys, ledgers, strict=True)).items():
        elsewhere = await desk.make_room(turn.tx, key, dict.fromkeys(ledger, (0, 0)))
        for one, left in elsewhere.items():
            ledger[one].room, ledger[one].elsewhere = desk.books(key)[one].room, left
    return [
        rules.stake_max(
            taking,
            rules.rooms_in_all(taking, ledger, {}),
            factors.get(taking.player_id, EVERYBODY),
        )
        for taking, ledger in zip(takings, ledgers, strict=True)
    ]


async def _with_room(
    tx: Transaction,
    desk: Desk,
    takings: Sequence[Taking],
    keys: Sequence[Key],
    decide: Callable[[Sequence[rules.Ledger]], list[Answer]],
    find_needs: Callable[
        [Sequence[rules.Ledger], Sequence[Answer]], dict[tuple[int, SelectionId], tuple[int, int]]
    ],
) -> tuple[list[Answer], list[rules.Ledger]]:
    """Decide with the room that is here; where it does not do, with what others can give."""
    ledgers = await _open(tx, desk, takings, keys)
    answers = decide(ledgers)
    short = find_needs(ledgers, answers)
    if not short:
        return answers, ledgers
    keys_of = {id(ledger): key for ledger, key in zip(ledgers, keys, strict=True)}
    needs: dict[Key, dict[SelectionId, tuple[int, int]]] = {}
    for (number, one), need in short.items():
        needs.setdefault(keys_of[number], {})[one] = need
    elsewhere = {key: await desk.make_room(tx, key, mine) for key, mine in sorted(needs.items())}
    # From the beginning, because who found no room may have kept it for somebody else.
    ledgers = await _open(tx, desk, takings, keys)
    for key, ledger in zip(keys, ledgers, strict=True):
        for one, left in elsewhere.get(key, {}).items():
            ledger[one].elsewhere = left
    return decide(ledgers), ledgers


async def take(turn: Turn, desk: Desk, weighed: Weighed, *, but: Collection[BetId] = ()) -> None:
    """Write what the weighed bets add to the books, in the turn that accepts them.

    Args:
        but: those that came to nothing after all.

    Raises:
        RoomMoved: room that was believed to be there is not; the whole turn must be done again.
    """
    if but:
        for taking, ledger in zip(weighed.takings, weighed.ledgers, strict=True):
            if taking.key in but:
                rules.take_back(taking, ledger)
    await _write(turn, desk, _lines_of(weighed.takings, weighed.ledgers))


def _lines_of(takings: Sequence[Taking], ledgers: Sequence[rules.Ledger]) -> list[Line]:
    """Return what the pages add to rows, each ledger once however many bets are in it."""
    lines: list[Line] = []
    seen: set[int] = set()
    for taking, ledger in zip(takings, ledgers, strict=True):
        if id(ledger) not in seen:
            seen.add(id(ledger))
            lines += rules.lines_of(ledger, partition_of(taking.shard), taking.currency)
    return lines


async def _write(turn: Turn, desk: Desk, lines: Sequence[Line]) -> None:
    if not lines:
        return
    if not await store.take(turn.tx, lines):
        desk.forget()
        raise RoomMoved
    for line in lines:
        book = desk.books((line.partition, line.currency)).get(line.selection_id)
        if book is not None:
            book.room -= line.winnings_micros


async def change(
    turn: Turn,
    before: Sequence[Taking],
    after: Sequence[Taking] = (),
    *,
    risen: Sequence[Line] = (),
) -> None:
    """Take out of the books what bets were, and put in what they are now.

    Without `after` they are released: settled, void or paid out.  What is put in is not asked
    about limits, because the bets were accepted once; `risen` is what `rise` has put in of it.
    """
    lines = rules.change_of(before, after, risen)
    if lines:
        ensure(await store.change(turn.tx, lines), "what is released was taken before")


async def _factors(turn: Turn, takings: Sequence[Taking]) -> dict[PlayerId, Fraction]:
    """Return the factors of those of the players who have one."""
    memories: dict[Shard, dict[str, Factor]] = {}
    factors: dict[PlayerId, Fraction] = {}
    missing: set[tuple[Shard, PlayerId]] = set()
    for one in takings:
        memory = memories.get(one.shard)
        if memory is None:
            memory = memories[one.shard] = turn.recall(one.shard, Factor)
        known = memory.get(one.player_id)
        if known is None:
            missing.add((one.shard, one.player_id))
        elif known.number:
            factors[one.player_id] = known.factor
    if missing:
        places = sorted(missing)
        found = await store.find_factors(turn.tx, places)
        for shard, player_id in places:
            factor = found.get(player_id) or no_factor(shard, player_id)
            memories[shard][player_id] = factor
            if factor.number:
                factors[player_id] = factor.factor
    return factors


async def _open(
    tx: Transaction, desk: Desk, takings: Sequence[Taking], keys: Sequence[Key]
) -> list[rules.Ledger]:
    """Return the ledger of each bet, with a fresh page for every leg."""
    missing: dict[Key, dict[SelectionId, Place]] = {}
    ledgers: dict[Key, rules.Ledger] = {key: {} for key in keys}
    for taking, key in zip(takings, keys, strict=True):
        ledger = ledgers[key]
        for leg in taking.legs:
            one = leg.selection_id
            if one not in ledger:
                book = desk.books(key).get(one)
                if book is None:
                    place = Place(market_id=leg.market_id, event_id=leg.event_id)
                    missing.setdefault(key, {})[one] = place
                else:
                    ledger[one] = Page.of(book)
    for key, places in sorted(missing.items()):
        await desk.read(tx, key, places)
        books = desk.books(key)
        for one in places:
            ledgers[key][one] = Page.of(books[one])
    return [ledgers[key] for key in keys]
