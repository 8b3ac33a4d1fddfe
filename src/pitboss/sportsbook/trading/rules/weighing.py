"""How much may be won, and how what may be is divided among those who decide.  Pure.

A bet's liability is counted on each of its selections.  What a line over several legs adds to one
of them is what a single of the line's stake at that leg's price would: when the leg wins, the line
is worth that much more, because its other legs are still worth what they cost; when it loses, its
stake is won.  Winnings are rounded up and stakes down, to the micro.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from msgspec import structs

from pitboss.kernel.ids import MarketId, PlayerId, SelectionId
from pitboss.kernel.money import currency
from pitboss.kernel.price import ratio_of
from pitboss.kernel.shards import PARTITIONS, PARTITIONS_ALL, Partition, partition_of
from pitboss.sportsbook.trading.model import (
    EVERYBODY,
    EVERYTHING,
    TAKEN,
    UNLIMITED,
    Answer,
    Book,
    Bound,
    Ceiling,
    LegLike,
    Limit,
    Line,
    OnBook,
    Page,
    Place,
    Referred,
    Risk,
    Scope,
    SheetLine,
    Stand,
    Taken,
    Taking,
    TooMuch,
)

Ledger = dict[SelectionId, Page]
Limits = Mapping[tuple[Scope, str, str], Limit]


def risks_of(taking: Taking) -> list[Risk]:
    """Return what a bet adds to each of its selections, as the module says."""
    risks: list[Risk] = []
    for leg, on in _ridden(taking):
        top, bottom = ratio_of(leg.price)
        riding = taking.stake_micros * on
        risks.append(
            Risk(
                selection_id=leg.selection_id,
                market_id=leg.market_id,
                event_id=leg.event_id,
                stake_micros=riding // taking.lines_all,
                winnings_micros=-(-riding * (top - bottom) // (bottom * taking.lines_all)),
            )
        )
    return risks


def decide(
    takings: Sequence[Taking],
    ledgers: Sequence[Ledger],
    factors: Mapping[PlayerId, Fraction],
) -> list[Answer]:
    """Answer each bet in order; each one sees what those before it took.

    Args:
        ledgers: the pages of each bet's partition and currency, which what is taken is added to;
            they have a page for every leg.
        factors: those of the players who have one.
    """
    answers: list[Answer] = []
    for taking, ledger in zip(takings, ledgers, strict=True):
        # One leg on one line is nearly every bet, and worth not making a list for.
        if len(taking.legs) == 1 and taking.lines is None:
            leg = taking.legs[0]
            page = ledger[leg.selection_id]
            top, bottom = ratio_of(leg.price)
            winnings = -(-taking.stake_micros * (top - bottom) // bottom)
            if winnings <= page.room and (
                winnings <= page.book.ceiling.bet_max and taking.player_id not in factors
            ):
                page.room -= winnings
                page.bets += 1
                page.stake_micros += taking.stake_micros
                page.winnings_micros += winnings
                answers.append(TAKEN)
                continue
        answers.append(_decide_one(taking, ledger, factors.get(taking.player_id, EVERYBODY)))
    return answers


def take_back(taking: Taking, ledger: Ledger) -> None:
    """Take out of the pages what a bet has added: it came to nothing after all."""
    for risk in risks_of(taking):
        _add(ledger[risk.selection_id], risk, -1)


def stake_max(
    taking: Taking, rooms: Mapping[SelectionId, tuple[int, int]], factor: Fraction
) -> TooMuch:
    """Return the largest stake for such a bet, in whole minor units, and which limit says so.

    Args:
        rooms: for each selection, what one bet may win before the factor, and what is left of the
            winnings of all.  A bet that no limit is for may be `UNLIMITED`.
    """
    most, bound = UNLIMITED, Bound.BET
    for leg, on in _ridden(taking):
        if not on:
            # No stake rides on a leg that is on no line, so nothing limits it.
            continue
        top, bottom = ratio_of(leg.price)
        bet_max, room = rooms[leg.selection_id]
        for limit, kind in ((floor_of(bet_max, factor), Bound.BET), (room, Bound.SELECTION)):
            # Winnings rounded up are within a whole number if and only if the exact ones are.
            stake = max(limit, 0) * bottom * taking.lines_all // (on * (top - bottom))
            if stake < most:
                most, bound = stake, kind
    unit = currency(taking.currency).minor_unit_micros
    return TooMuch(bound=bound, stake_micros_max=most // unit * unit)


def rooms_in_all(
    taking: Taking, ledger: Ledger, had: Mapping[SelectionId, int]
) -> dict[SelectionId, tuple[int, int]]:
    """Return what a bet may win on each of its selections, with all that others could give.

    Args:
        taking: the bet.
        ledger: with a page for each of its legs.
        had: what it has taken of the room already.
    """
    pages = {leg.selection_id: ledger[leg.selection_id] for leg in taking.legs}
    return {
        one: (page.book.ceiling.bet_max, page.room + page.elsewhere + had.get(one, 0))
        for one, page in pages.items()
    }


def floor_of(amount: int, factor: Fraction) -> int:
    """Return what a player with this factor may win where everybody may win the amount."""
    if amount >= UNLIMITED:
        return UNLIMITED
    return amount * factor.numerator // factor.denominator


def is_short(answer: Answer) -> bool:
    """Say whether a bet found less than it wanted."""
    return isinstance(answer, TooMuch) or (
        isinstance(answer, Taken) and answer.stake_micros is not None
    )


def needs_of(
    takings: Sequence[Taking],
    ledgers: Sequence[Ledger],
    answers: Sequence[Answer],
    factors: Mapping[PlayerId, Fraction],
) -> dict[tuple[int, SelectionId], tuple[int, int]]:
    """Return the pages on which bets found no room, by the ledger's identity and the selection.

    For each, what all bets of the batch would win there together, and what the smallest of those
    that found no room would.  Who is above another limit does not count; both are 0 if none is
    left.
    """
    needs: dict[tuple[int, SelectionId], tuple[int, int]] = {}
    for taking, ledger, answer in zip(takings, ledgers, answers, strict=True):
        if answer is not TAKEN and is_short(answer):
            for risk in risks_of(taking):
                if risk.winnings_micros > ledger[risk.selection_id].room:
                    needs[id(ledger), risk.selection_id] = 0, 0
    if not needs:
        return {}
    for taking, ledger, answer in zip(takings, ledgers, answers, strict=True):
        if not any((id(ledger), leg.selection_id) in needs for leg in taking.legs):
            continue
        for risk in risks_of(taking):
            key, page = (id(ledger), risk.selection_id), ledger[risk.selection_id]
            factor = factors.get(taking.player_id, EVERYBODY)
            ceiling = page.book.ceiling
            one_max = ceiling.ever_max if taking.waits else ceiling.bet_max
            most = min(ceiling.total_max, floor_of(one_max, factor))
            wins = risk.winnings_micros
            if taking.stake_micros_min is not None:
                wins = min(wins, most)
            if key in needs and 0 < wins <= most:
                total, least = needs[key]
                if is_short(answer):
                    # Whoever takes less takes whatever there is.
                    enough = wins if taking.stake_micros_min is None else 1
                    least = min(least or enough, enough)
                needs[key] = total + wins, least
    return needs


def in_force(limits: Iterable[Limit]) -> dict[tuple[Scope, str, str], Limit]:
    """Return the newest limit for each scope, target and currency."""
    newest: dict[tuple[Scope, str, str], Limit] = {}
    for limit in sorted(limits, key=lambda one: one.no):
        newest[limit.scope, limit.target, limit.currency] = limit
    return newest


def ceiling_of(
    limits: Limits, *, selection_id: SelectionId, market_id: MarketId, kind: str, code: str
) -> Ceiling:
    """Return what a selection is limited to: each amount by the narrowest scope that says it.

    Args:
        kind: of its market.
        code: the currency.
    """
    bet_max = total_max = referral_max = None
    for scope, target in (
        (Scope.SELECTION, selection_id),
        (Scope.MARKET, market_id),
        (Scope.KIND, kind),
        (Scope.ALL, EVERYTHING),
    ):
        limit = limits.get((scope, target, code))
        if limit is not None:
            bet_max = limit.bet_winnings_max if bet_max is None else bet_max
            total_max = limit.winnings_max if total_max is None else total_max
            if referral_max is None:
                referral_max = limit.referral_winnings_max
    return Ceiling(
        bet_max=UNLIMITED if bet_max is None else bet_max,
        total_max=UNLIMITED if total_max is None else total_max,
        referral_max=referral_max or 0,
    )


def lines_of(ledger: Ledger, partition: Partition, code: str) -> list[Line]:
    """Return what the pages add to a partition's rows; nothing where nobody has taken anything."""
    return [
        Line(
            selection_id=one,
            currency=code,
            partition=partition,
            place=page.book.place,
            bets=page.bets,
            stake_micros=page.stake_micros,
            winnings_micros=page.winnings_micros,
            share_micros=None if page.book.ceiling.total_max >= UNLIMITED else page.book.share,
        )
        for one, page in ledger.items()
        if page.bets or page.winnings_micros
    ]


def change_of(
    before: Sequence[Taking], after: Sequence[Taking], risen: Sequence[Line] = ()
) -> list[Line]:
    """Return what rows lack, or have too much, now that bets changed; `risen` is there already."""
    sums: dict[tuple[SelectionId, str, Partition], tuple[Risk, list[int]]] = {}
    for times, takings in ((-1, before), (1, after)):
        for taking in takings:
            partition = partition_of(taking.shard)
            for risk in risks_of(taking):
                key = (risk.selection_id, taking.currency, partition)
                _, amounts = sums.setdefault(key, (risk, [0, 0, 0]))
                amounts[0] += times
                amounts[1] += times * risk.stake_micros
                amounts[2] += times * risk.winnings_micros
    for line in risen:
        sums[line.selection_id, line.currency, line.partition][1][2] -= line.winnings_micros
    return [
        Line(
            selection_id=one,
            currency=code,
            partition=partition,
            place=Place(market_id=risk.market_id, event_id=risk.event_id),
            bets=amounts[0],
            stake_micros=amounts[1],
            winnings_micros=amounts[2],
        )
        for (one, code, partition), (risk, amounts) in sums.items()
        if any(amounts)
    ]


def sheet_of(books: Sequence[OnBook], ceilings: Mapping[OnBook, Ceiling]) -> list[SheetLine]:
    """Return the field sheet of markets: what remains of their stakes, for each who may win."""
    stakes: dict[tuple[MarketId, str], int] = {}
    for book in books:
        key = (book.market_id, book.currency)
        stakes[key] = stakes.get(key, 0) + book.stake_micros
    return [
        SheetLine(
            taken=book,
            net_micros=stakes[book.market_id, book.currency]
            - book.stake_micros
            - book.winnings_micros,
            ceiling=ceilings[book],
        )
        for book in books
    ]


def share_of(total: int, partition: Partition) -> int:
    """Return a partition's own share of a limit; those of all partitions add up to it."""
    return total * (partition + 1) // PARTITIONS - total * partition // PARTITIONS


def book_of(book: Book, partition: Partition, stands: Sequence[Stand]) -> Book:
    """Return a book with the share and the room that a partition has by these rows."""
    share = share_of(book.ceiling.total_max, partition)
    mine = next((stand for stand in stands if stand.partition == partition), None)
    room = share if mine is None else share + mine.moved_micros - mine.winnings_micros
    return Book(place=book.place, ceiling=book.ceiling, share=share, room=room)


def rooms_of(total: int, stands: Sequence[Stand]) -> dict[Partition, int]:
    """Return what each partition may still take by itself; less than nothing if it has too much."""
    rooms = {partition: share_of(total, partition) for partition in PARTITIONS_ALL}
    for stand in stands:
        rooms[stand.partition] += stand.moved_micros - stand.winnings_micros
    return rooms


def is_uneven(total: int, stands: Sequence[Stand]) -> bool:
    """Say whether a partition has more than it may, while another could still take some.

    So it is when a limit was lowered: what one has too much must be taken from the others' room.
    """
    rooms = rooms_of(total, stands).values()
    return min(rooms) < 0 < max(rooms)


def move_room(
    total: int, stands: Sequence[Stand], partition: Partition, need: int
) -> dict[Partition, int]:
    """Return what is moved to each partition, less than nothing for whom it is taken from.

    What one has too much is made good by the others first.  Then the partition is given half of
    what the others have, or what it needs if that is more: so a limit is moved some dozen times
    until it is used up, and not at every bet.  Together it is nothing.
    """
    rooms = rooms_of(total, stands)
    before = dict(rooms)
    _even_out(rooms)
    others = sum(room for one, room in rooms.items() if one != partition and room > 0)
    missing = need - rooms[partition]
    if missing > 0 and others > 0:
        _take(rooms, partition, min(others, max(missing, others // 2)))
    return {one: rooms[one] - before[one] for one in rooms if rooms[one] != before[one]}


def _even_out(rooms: dict[Partition, int]) -> None:
    """Make good what some have too much, out of what the others have left."""
    for one in sorted(rooms):
        if rooms[one] < 0:
            left = sum(room for room in rooms.values() if room > 0)
            _take(rooms, one, min(left, -rooms[one]))


def _take(rooms: dict[Partition, int], partition: Partition, amount: int) -> None:
    """Move an amount to a partition: from each of the others by what it has, which is enough."""
    givers = sorted(one for one in rooms if one != partition and rooms[one] > 0)
    left, having = amount, sum(rooms[one] for one in givers)
    for one in givers:
        # The last one has what is left: rounded up, nobody gives more than they have.
        given = min(-(-left * rooms[one] // having), left) if having else 0
        having -= rooms[one]
        rooms[one] -= given
        left -= given
    rooms[partition] += amount - left


def _decide_one(taking: Taking, ledger: Ledger, factor: Fraction) -> Answer:
    risks = risks_of(taking)
    for risk in risks:
        page = ledger[risk.selection_id]
        if risk.winnings_micros > page.room or risk.winnings_micros > floor_of(
            page.book.ceiling.bet_max, factor
        ):
            offer = stake_max(taking, rooms_in_all(taking, ledger, {}), factor)
            referred = _refer(taking, risks, ledger, factor, offer)
            return referred or _reduce(taking, ledger, factor) or offer
    for risk in risks:
        _add(ledger[risk.selection_id], risk, 1)
    return TAKEN


def _refer(
    taking: Taking,
    risks: Sequence[Risk],
    ledger: Ledger,
    factor: Fraction,
    offer: TooMuch,
) -> Referred | None:
    """Take room for a bet that a trader may take, if that is all it lacks, and its player waits."""
    if not taking.waits:
        return None
    worst, above = risks[0], -UNLIMITED
    for risk in risks:
        page = ledger[risk.selection_id]
        wins = risk.winnings_micros
        if wins > page.room or wins > floor_of(page.book.ceiling.ever_max, factor):
            return None
        if wins - floor_of(page.book.ceiling.bet_max, factor) > above:
            worst, above = risk, wins - floor_of(page.book.ceiling.bet_max, factor)
    for risk in risks:
        _add(ledger[risk.selection_id], risk, 1)
    return Referred(
        stake_micros_max=offer.stake_micros_max,
        winnings_micros=worst.winnings_micros,
        winnings_micros_max=worst.winnings_micros - above,
    )


def _reduce(taking: Taking, ledger: Ledger, factor: Fraction) -> Taken | None:
    """Take as much of a bet as there is room for here, if its player wants that."""
    if taking.stake_micros_min is None:
        return None
    pages = {leg.selection_id: ledger[leg.selection_id] for leg in taking.legs}
    rooms = {one: (page.book.ceiling.bet_max, page.room) for one, page in pages.items()}
    stake = stake_max(taking, rooms, factor).stake_micros_max
    if stake < max(taking.stake_micros_min, 1):
        return None
    for risk in risks_of(structs.replace(taking, stake_micros=stake)):
        _add(pages[risk.selection_id], risk, 1)
    return Taken(stake_micros=stake)


def as_taken(taking: Taking, answer: Answer) -> Taking:
    """Return a bet with the stake that is taken."""
    # Nearly every bet; to ask for a type that it is not of takes longer than all else here.
    if answer is TAKEN or not isinstance(answer, Taken) or answer.stake_micros is None:
        return taking
    return structs.replace(taking, stake_micros=answer.stake_micros)


def _ridden(taking: Taking) -> list[tuple[LegLike, int]]:
    """Return the legs with the number of lines that each is on; a selection stands there once."""
    if taking.lines is None:
        return [(leg, 1) for leg in taking.legs]
    ridden: dict[SelectionId, tuple[LegLike, int]] = {}
    for leg, on in zip(taking.legs, taking.lines, strict=True):
        known, lines = ridden.get(leg.selection_id, (leg, 0))
        # Struck twice, it counts at the longer price.
        longer = max(known, leg, key=lambda one: Fraction(*ratio_of(one.price)))
        ridden[leg.selection_id] = (longer, lines + on)
    return list(ridden.values())


def _add(page: Page, risk: Risk, times: int) -> None:
    page.room -= times * risk.winnings_micros
    page.bets += times
    page.stake_micros += times * risk.stake_micros
    page.winnings_micros += times * risk.winnings_micros
