"""Replays one bet: with all that its settlement rests on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from pitboss import order
from pitboss.audit import reading
from pitboss.audit.reading.model import Reader, ReadFact
from pitboss.audit.replay import rules
from pitboss.audit.replay.errors import BetMissing, NotSettled
from pitboss.audit.replay.model import (
    BetReplay,
    Input,
    Paid,
    Replayed,
)
from pitboss.audit.replay.queries.hearing import (
    heard_of,
    take_market,
    worked_out,
)
from pitboss.db import Transaction
from pitboss.kernel.ids import BetId, PlayerId
from pitboss.kernel.shards import CATALOGUE_SHARD, Shard, shard_of
from pitboss.messages.model import SealedFact
from pitboss.responsible.exclusion.facts import PlayerExcluded
from pitboss.sportsbook.betting.facts import BetAccepted, BetRefused
from pitboss.sportsbook.cash_out.facts import BetBoughtBack
from pitboss.sportsbook.catalog.facts import EventChanged, EventOpened
from pitboss.sportsbook.settlement.facts import BetResettled, BetSettled, MarketRuled
from pitboss.sportsbook.settlement.folding import RULE_BOOK
from pitboss.sportsbook.settlement.model import RuleBook
from pitboss.sportsbook.voiding.facts import BetVoided

Place = tuple[Shard, int]


async def replay_bet(
    tx: Transaction,
    bet_id: BetId,
    *,
    player_id: PlayerId | None = None,
    reader: Reader | None = None,
    book: RuleBook = RULE_BOOK,
) -> BetReplay:
    """Work one settlement out again, and show each fact that it rests on.

    A bet that became void before its results is worked out from the exclusion and the starts.

    Args:
        tx: one moment of the database.
        bet_id: the bet.
        player_id: whose bet it is, whose facts alone are read then; who does not know reads all.
        reader: reads the facts.
        book: every version of the rules.

    Raises:
        BetMissing: no fact decided on such a bet.
        NotSettled: it was refused, or waits for results.
        FactUnreadable: one of its facts cannot be read.
    """
    async with reading.naming(tx):
        return await _replay_bet(tx, bet_id, player_id, reader or Reader(), book)


async def _replay_bet(
    tx: Transaction, bet_id: BetId, player_id: PlayerId | None, reader: Reader, book: RuleBook
) -> BetReplay:
    found = await _facts_of(tx, bet_id, player_id)
    read = [reader.read(fact) for fact in found]
    mine = [fact for fact in read if getattr(fact.told.fact, "bet_id", None) == bet_id]
    accepted = _first(mine, BetAccepted)
    settled = _first(mine, BetSettled)
    voided = _first(mine, BetVoided)
    corrected = [fact for fact in mine if isinstance(fact.told.fact, BetResettled)]
    if accepted is not None:
        accepted, sold = _what_is_left(accepted, mine)
        if sold is not None:
            return await _replay_sale(tx, accepted, sold, reader, book)
    if accepted is not None and settled is None and voided is not None:
        return await _replay_void(tx, accepted, voided, reader, book)
    if accepted is None or settled is None:
        raise _nothing_to_replay(bet_id, mine)
    terms, said = accepted.told.fact, settled.told.fact
    assert isinstance(terms, BetAccepted)  # noqa: S101 - it was looked for as such
    assert isinstance(said, BetSettled)  # noqa: S101 - it was looked for as such

    events = {leg.event_id for leg in terms.legs}
    markets, used = rules.Markets(book), list[ReadFact]()
    doubts: list[str] = []

    nos = {*said.result_nos}
    for fact in corrected:
        nos |= {*getattr(fact.told.fact, "result_nos", ()), getattr(fact.told.fact, "result_no", 0)}

    def take(fact: ReadFact) -> None:
        why = take_market(markets, fact)
        if _is_used(fact, nos):
            used.append(fact)
            doubts.extend([] if why is None else [why])

    reader.feed(await reading.read_streams(tx, CATALOGUE_SHARD, events), take)
    replayed = rules.replay(
        terms,
        said,
        markets.known,
        book,
        accepted_at=accepted.told.recorded_at,
        settled_at=settled.told.recorded_at,
    )
    named = [("terms", accepted), *(("result", fact) for fact in used), ("settlement", settled)]
    named += [("correction", fact) for fact in corrected]
    paid, corrections = Paid.by(said), list[tuple[BetResettled, Replayed]]()
    for fact in corrected:
        item = fact.told.fact
        assert isinstance(item, BetResettled)  # noqa: S101 - it was looked for as such
        corrections.append((item, worked_out(accepted.told, paid, fact.told, item, markets, book)))
        paid = Paid.by(item)
    return BetReplay(
        accepted=terms,
        settled=said,
        inputs=await _inputs(tx, named),
        replayed=replace(replayed, disagreements=(*replayed.disagreements, *doubts)),
        corrections=tuple(corrections),
    )


def _what_is_left(
    accepted: ReadFact, facts: Iterable[ReadFact]
) -> tuple[ReadFact, ReadFact | None]:
    """Return the terms with the stake that is left after sales, and the sale that left nothing."""
    for read in facts:
        terms, sold = accepted.told.fact, read.told.fact
        if isinstance(sold, BetBoughtBack) and isinstance(terms, BetAccepted):
            left = rules.left_of(terms, sold)
            if left is None:
                return accepted, read
            told = msgspec.structs.replace(accepted.told, fact=left)
            accepted = replace(accepted, told=told)
    return accepted, None


async def _replay_sale(
    tx: Transaction, accepted: ReadFact, sold: ReadFact, reader: Reader, book: RuleBook
) -> BetReplay:
    """Replay a bet of which the last that was left was bought back."""
    terms, said = accepted.told.fact, sold.told.fact
    assert isinstance(terms, BetAccepted)  # noqa: S101 - it was looked for as such
    assert isinstance(said, BetBoughtBack)  # noqa: S101 - it was looked for as such
    markets, used = rules.Markets(book), list[ReadFact]()
    named_results = {item.result_no for item in said.seen}

    def take(fact: ReadFact) -> None:
        take_market(markets, fact)
        result = fact.told.fact
        if isinstance(result, MarketRuled) and result.no in named_results:
            used.append(fact)

    events = {leg.event_id for leg in terms.legs}
    reader.feed(await reading.read_streams(tx, CATALOGUE_SHARD, events), take)
    named = [("terms", accepted), *(("result", fact) for fact in used), ("cash_out", sold)]
    return BetReplay(
        accepted=terms,
        settled=said,
        inputs=await _inputs(tx, named),
        replayed=rules.replay_sale(
            terms, said, markets.known, accepted_at=accepted.told.recorded_at
        ),
    )


async def _replay_void(
    tx: Transaction, accepted: ReadFact, voided: ReadFact, reader: Reader, book: RuleBook
) -> BetReplay:
    """Replay a bet that became void before its results."""
    terms, said = accepted.told.fact, voided.told.fact
    assert isinstance(terms, BetAccepted)  # noqa: S101 - it was looked for as such
    assert isinstance(said, BetVoided)  # noqa: S101 - it was looked for as such
    shard = voided.sealed.shard
    around = await reading.read_streams(tx, shard, [terms.player_id], word=said.exclusion)
    excluded = [
        read
        for read in map(reader.read, around)
        if read.told.cause == said.exclusion
        and isinstance(read.told.fact, PlayerExcluded)
        and read.sealed.seq < voided.sealed.seq
    ]
    markets, opened = rules.Markets(book), list[ReadFact]()

    def take(fact: ReadFact) -> None:
        take_market(markets, fact)
        if isinstance(fact.told.fact, EventOpened | EventChanged):
            opened.append(fact)

    events = {leg.event_id for leg in terms.legs}
    reader.feed(await reading.read_streams(tx, CATALOGUE_SHARD, events), take)
    named = [
        ("terms", accepted),
        *(("event", fact) for fact in opened),
        *(("exclusion", fact) for fact in excluded[:1]),
        ("voiding", voided),
    ]
    heard = heard_of(excluded[0].told) if excluded else None
    return BetReplay(
        accepted=terms,
        settled=said,
        inputs=await _inputs(tx, named),
        replayed=rules.replay_void(terms, said, heard, markets, voided_at=voided.told.recorded_at),
    )


async def _facts_of(
    tx: Transaction, bet_id: BetId, player_id: PlayerId | None
) -> Sequence[SealedFact]:
    """Return the facts that name a bet, which stand in its player's stream."""
    found: Sequence[SealedFact] = ()
    if player_id is not None:
        found = await reading.read_streams(tx, shard_of(player_id), [player_id], word=bet_id)
    # Whoever told whose bet it is asked a table, which may be wrong.
    return found or await reading.read_mentions(tx, [bet_id])


def _is_used(read: ReadFact, nos: Collection[int]) -> bool:
    fact = read.told.fact
    return isinstance(fact, MarketRuled) and fact.no in nos


def _first(facts: Iterable[ReadFact], kind: type) -> ReadFact | None:
    return next((fact for fact in facts if isinstance(fact.told.fact, kind)), None)


def _nothing_to_replay(bet_id: BetId, facts: Sequence[ReadFact]) -> BetMissing | NotSettled:
    for fact in (read.told.fact for read in facts):
        if isinstance(fact, BetRefused):
            return NotSettled(f"bet {bet_id} was refused: {fact.reason}")
        if isinstance(fact, BetAccepted):
            return NotSettled(f"bet {bet_id} is accepted and waits for results")
    return BetMissing(f"no fact decided on a bet {bet_id}")


async def _inputs(tx: Transaction, named: Sequence[tuple[str, ReadFact]]) -> tuple[Input, ...]:
    positions = await order.find_positions(tx, [_place(fact) for _, fact in named])
    return tuple(
        Input.of(what, fact, positions.get(_place(fact)), _said(fact)) for what, fact in named
    )


def _place(read: ReadFact) -> Place:
    return read.sealed.shard, read.sealed.seq


def _said(read: ReadFact) -> dict[str, Any]:
    """Return what the stored bytes say, word for word."""
    data: dict[str, Any] = msgspec.json.decode(read.sealed.body)["data"]
    return data
