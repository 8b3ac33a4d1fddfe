"""Corrections of markets over HTTP: shown before they are recorded, by two if large."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from pitboss import wallet
from pitboss.api.edge import Edge
from pitboss.api.furniture import (
    BEARER,
    Asked,
    Doors,
    StrictJson,
    TheEdge,
    actor_of,
    check_body,
    needs,
    staff_of,
)
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body
from pitboss.kernel.ids import MarketId, PlayerId, SelectionId, derived_id, parse_id
from pitboss.kernel.instants import parse_instant, write_instant
from pitboss.kernel.money import MICROS_PER_UNIT, currency, format_micros
from pitboss.kernel.price import parse_price, write_price
from pitboss.kernel.shards import CATALOGUE_SHARD, STAFF_SHARD, shard_of
from pitboss.messages import Turn
from pitboss.sportsbook import returns, settlement
from pitboss.sportsbook.registry.model import RUNNERS_MAX, WITHDRAWN_MAX
from pitboss.sportsbook.returns.model import Outcome, parse_share
from pitboss.sportsbook.settlement.model import (
    Answer,
    Authority,
    Finish,
    Preview,
    Refused,
    Result,
    RulingKind,
    Said,
    Withdrawn,
)
from pitboss.staff import approvals
from pitboss.staff.agents.model import Permission
from pitboss.staff.approvals.model import Answer as ApprovalAnswer
from pitboss.staff.approvals.model import (
    Answered,
    ApprovalId,
    Asking,
    MarketCorrection,
    Why,
)

SOURCE = "staff"
# A share, exact, as a decimal or a fraction.
_SHARE = r"^[0-9]{1,12}([./][0-9]{1,12})?(?![\s\S])"
PLAYERS_PAGE_MAX = 200
# More selections than any market has.
SELECTIONS_MAX = 500

Selections = Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=SELECTIONS_MAX)]
Pence = Annotated[int, msgspec.Meta(ge=0, le=100)]
Factor = Annotated[str, msgspec.Meta(pattern=_SHARE)]
Digest = Annotated[str, msgspec.Meta(max_length=64, pattern=r"^[0-9a-f]{64}(?![\s\S])")]
Version = Annotated[int, msgspec.Meta(ge=0, le=30_000)]


class FinishBody(Body, frozen=True, kw_only=True):
    """Where a runner came in, from 1, and with how many it did, itself included."""

    position: Annotated[int, msgspec.Meta(ge=1, le=RUNNERS_MAX)]
    tied: Annotated[int, msgspec.Meta(ge=1, le=RUNNERS_MAX)] = 1


class WithdrawnBody(Body, frozen=True, kw_only=True):
    """A runner that was taken out of the market at this instant, as in `POST /v1/staff/endings`."""

    at: str
    price: str | None = None
    deduction_pence: Pence | None = None
    factor: Factor | None = None


class EndingBody(Body, frozen=True, kw_only=True):
    """How a selection ended; the shares are exact (`"1/2"`).

    Of a runner in a race `finish` says where it came in, from which its place part ends by the
    terms of each bet; of one that finished nowhere that part won the share `place`.
    """

    selection_id: str
    won: bool
    void_share: str = "0"
    dead_heat: str = "1"
    finish: FinishBody | None = None
    place: str | None = None
    withdrawn: Annotated[tuple[WithdrawnBody, ...], msgspec.Meta(max_length=WITHDRAWN_MAX)] = ()


Endings = Annotated[tuple[EndingBody, ...], msgspec.Meta(min_length=1, max_length=SELECTIONS_MAX)]


class CorrectionBody(Body, frozen=True, kw_only=True):
    """What is to be said of a market, and why.

    `results` are of a `result`; `selections` (none: all) or one `version` of a `rollback`; the
    window of accepted bets of a `cancel` and a `cancel_rollback`, whose ends may be open.
    """

    market_id: str
    kind: RulingKind
    why: Why
    results: Endings = ()
    selections: Selections = ()
    version: Version | None = None
    from_at: str | None = None
    until: str | None = None


class CommitBody(CorrectionBody, frozen=True, kw_only=True):
    """A correction as it was shown: `shown` is the digest, `after` the version it was shown at."""

    shown: Digest
    after: Version


class WriteOffBody(Body, frozen=True, kw_only=True):
    """Whose debt in which currency the house shall bear, and why."""

    player_id: str
    currency: str
    why: Why


class SumView(msgspec.Struct, frozen=True, kw_only=True):
    """What players would gain and lose, in one currency."""

    currency: str
    bets: int
    gained: str
    lost: str


class PlayerSumView(SumView, frozen=True, kw_only=True):
    """What one player would gain and lose."""

    player_id: str


class ChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """What one bet would return instead; nothing while it is open."""

    bet_id: str
    player_id: str
    currency: str
    was: str | None
    returns: str | None
    voided: bool


class PreviewView(msgspec.Struct, frozen=True, kw_only=True):
    """Who would gain and lose; nothing was written.

    Of `bets` looked at, `opened` would be open again.  `needs_two`: another agent has to approve.
    `torn` are selections of which no result would count, because they cannot all be true.
    `players` are in order of their ids; the next page begins `players_after` the last one.
    """

    market_id: str
    digest: str
    version: int
    bets: int
    opened: int
    torn: tuple[str, ...]
    needs_two: bool
    sums: tuple[SumView, ...]
    largest: tuple[ChangeView, ...]
    players: tuple[PlayerSumView, ...]
    players_count: int


class CorrectionView(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: recorded, or waiting for another agent's approval."""

    recorded: bool
    changed: bool | None
    approval_id: str | None


class WordView(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was said of a market."""

    version: int
    said: dict[str, Any]
    recorded_at: str


class WordsView(msgspec.Struct, frozen=True, kw_only=True):
    """All that was said of a market, in the order of its arrival, and what it comes to.

    `results` count; those that are `torn` do not, because they cannot all be true: bets on them
    wait until somebody says otherwise.
    """

    words: tuple[WordView, ...]
    results: tuple[dict[str, Any], ...]
    torn: tuple[dict[str, Any], ...]


class DebtView(msgspec.Struct, frozen=True, kw_only=True):
    """What a player owes the house in a currency."""

    currency: str
    owed: str


class DebtsView(msgspec.Struct, frozen=True, kw_only=True):
    """What a player owes the house; empty if that is nothing."""

    debts: tuple[DebtView, ...]


class WrittenOffView(msgspec.Struct, frozen=True, kw_only=True):
    """How much the house bears now; nothing if nothing was owed."""

    amount: str


def make_router(doors: Doors) -> Router:
    """Return the routes about corrections and debts."""
    return Router(
        "/v1/staff",
        route_handlers=[show_words, preview, commit, show_debts, write_off],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
    )


@get(
    "/corrections/{market_id:str}",
    opt=needs(Permission.CORRECT_RESULTS),
    summary="What was said of a market",
)
async def show_words(edge: TheEdge, market_id: FromPath[str]) -> WordsView:
    """Show every report on a market, what it said, and what counts of it all."""
    wanted = MarketId(parse_id(market_id, field="market_id"))
    async with edge.database.reading() as tx:
        found = await settlement.find_versions(tx, wanted)
    effect = settlement.weigh(found)
    return WordsView(
        results=tuple(map(msgspec.to_builtins, effect.results)),
        torn=tuple(map(msgspec.to_builtins, effect.torn)),
        words=tuple(
            WordView(
                version=item.version,
                said=msgspec.to_builtins(item.said),
                recorded_at=write_instant(item.recorded_at),
            )
            for item in found
        ),
    )


@post(
    "/corrections/preview",
    dto=StrictJson[CorrectionBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.CORRECT_RESULTS),
    summary="Who would gain and lose by a correction",
)
async def preview(
    edge: TheEdge,
    data: JSONBody[CorrectionBody],
    players_after: FromQuery[str | None] = None,
) -> PreviewView:
    """Work a correction out and write nothing."""
    shown = await _preview(edge, _market(data), _said(data))
    after = "" if players_after is None else parse_id(players_after, field="players_after")
    return _view(edge, shown, after)


@post(
    "/corrections",
    dto=StrictJson[CommitBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.CORRECT_RESULTS),
    summary="Record a correction as it was shown",
)
async def commit(request: Asked, edge: TheEdge, data: JSONBody[CommitBody]) -> CorrectionView:
    """Record a correction, or ask another agent to if it is large; the same again changes nothing.

    It is refused (`not_as_shown`) if it would come to something else by now.
    """
    wish = MarketCorrection(
        market_id=_market(data), said=_said(data), version=data.after, digest=data.shown
    )
    shown = await find_as_shown(edge, wish)
    if shown is not None and _needs_two(edge, shown):
        return await _ask(request, edge, wish, data.why)

    async def work(turn: Turn) -> Answer:
        return await settlement.record_as_shown(
            turn, wish.market_id, wish.said, version=wish.version
        )

    answer = await in_turn(edge, [CATALOGUE_SHARD], actor_of(request), work)
    if isinstance(answer, Refused):
        raise ProblemFound(problem_of(answer.reason))
    return CorrectionView(recorded=True, changed=answer.changed, approval_id=None)


@get("/debts/{player_id:str}", opt=needs(Permission.CORRECT_RESULTS), summary="What a player owes")
async def show_debts(edge: TheEdge, player_id: FromPath[str]) -> DebtsView:
    """Show what a player owes the house for corrected bets."""
    wanted = PlayerId(parse_id(player_id, field="player_id"))
    async with edge.database.reading() as tx:
        found = await wallet.find_receivables(tx, [shard_of(wanted)], owner=wanted)
    return DebtsView(
        debts=tuple(
            DebtView(
                currency=account.currency,
                owed=format_micros(-account.posted, currency(account.currency)),
            )
            for account in found
        )
    )


@post(
    "/debts",
    dto=StrictJson[WriteOffBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.WRITE_OFF_DEBTS),
    summary="Have the house bear what a player owes",
)
async def write_off(request: Asked, edge: TheEdge, data: JSONBody[WriteOffBody]) -> WrittenOffView:
    """Write a player's debt off; a second time nothing is owed."""
    player_id, unit = PlayerId(parse_id(data.player_id, field="player_id")), currency(data.currency)

    async def work(turn: Turn) -> int:
        return await wallet.write_off(turn, player_id, currency=unit.code, reason=data.why)

    micros = await in_turn(edge, [shard_of(player_id)], actor_of(request), work)
    return WrittenOffView(amount=format_micros(micros, unit))


async def find_as_shown(edge: Edge, wish: MarketCorrection) -> Preview | None:
    """Return what a correction comes to now, if that is what was shown; None if it is recorded.

    Raises:
        ProblemFound: it comes to something else, or cannot be said.
    """
    async with edge.database.reading() as tx:
        if await settlement.was_recorded(tx, wish.market_id, wish.said, version=wish.version):
            return None
    shown = await _preview(edge, wish.market_id, wish.said)
    if (shown.digest, shown.version) != (wish.digest, wish.version):
        raise ProblemFound(problem_of("not_as_shown"))
    return shown


async def _preview(edge: Edge, market_id: MarketId, said: Said) -> Preview:
    async with edge.database.moment() as tx:
        shown = await settlement.preview(tx, market_id, said, now=edge.clock.now())
    if isinstance(shown, Refused):
        raise ProblemFound(problem_of(shown.reason))
    return shown


async def _ask(request: Asked, edge: Edge, wish: MarketCorrection, why: Why) -> CorrectionView:
    by = staff_of(request)
    approval_id = derived_id("staff.approval", by, wish.digest, str(wish.version))
    asking = Asking(id=ApprovalId(approval_id), wish=wish, why=why, asked_by=by)

    async def work(turn: Turn) -> ApprovalAnswer:
        return await approvals.ask(turn, asking, keys=edge.personal_keys)

    shards = [STAFF_SHARD, CATALOGUE_SHARD]
    answer = await in_turn(edge, shards, actor_of(request), work)
    if not isinstance(answer, Answered):
        raise ProblemFound(problem_of(answer.reason))
    return CorrectionView(recorded=False, changed=None, approval_id=answer.approval.id)


def _needs_two(edge: Edge, shown: Preview) -> bool:
    """Say whether a correction moves so much that another agent has to approve."""
    total = edge.correction_total * MICROS_PER_UNIT
    single = edge.correction_single * MICROS_PER_UNIT
    return any(
        item.gained_micros + item.lost_micros > total for item in shown.sums.values()
    ) or any(abs(change.delta_micros) > single for change in shown.largest)


def _market(data: CorrectionBody) -> MarketId:
    return MarketId(parse_id(data.market_id, field="market_id"))


def _said(data: CorrectionBody) -> Said:
    """Return what is to be said; it has no time before it is."""
    results = [_ending(item, f"results[{at}]") for at, item in enumerate(data.results)]
    return Said(
        kind=data.kind,
        source=SOURCE,
        authority=Authority.STAFF,
        results=tuple(result.told_of(key) for key, result in results),
        selections=tuple(
            SelectionId(parse_id(item, field=f"selections[{at}]"))
            for at, item in enumerate(data.selections)
        ),
        rolls_back=data.version,
        from_at=None if data.from_at is None else parse_instant(data.from_at, field="from_at"),
        until=None if data.until is None else parse_instant(data.until, field="until"),
        reason=data.why,
    )


def _ending(item: EndingBody, field: str) -> tuple[SelectionId, Result]:
    return SelectionId(parse_id(item.selection_id, field=f"{field}.selection_id")), Result(
        won=item.won,
        void_share=parse_share(item.void_share, field=f"{field}.void_share"),
        dead_heat=parse_share(item.dead_heat, field=f"{field}.dead_heat"),
        place=None
        if item.place is None
        else Outcome(won=parse_share(item.place, field=f"{field}.place")),
        finish=None
        if item.finish is None
        else Finish(position=item.finish.position, tied=item.finish.tied),
        withdrawn=tuple(
            _withdrawn(one, f"{field}.withdrawn[{at}]") for at, one in enumerate(item.withdrawn)
        ),
    )


def _withdrawn(body: WithdrawnBody, field: str) -> Withdrawn:
    returns.check_withdrawal(
        price=body.price, deduction_pence=body.deduction_pence, factor=body.factor, field=field
    )
    return Withdrawn(
        at=write_instant(parse_instant(body.at, field=f"{field}.at")),
        price=None if body.price is None else write_price(parse_price(body.price)),
        deduction_pence=body.deduction_pence,
        factor=body.factor,
    )


def _view(edge: Edge, shown: Preview, after: str) -> PreviewView:
    page = [place for place in shown.players if place[0] > after][:PLAYERS_PAGE_MAX]
    return PreviewView(
        market_id=shown.market_id,
        digest=shown.digest,
        version=shown.version,
        bets=shown.bets,
        opened=shown.opened,
        torn=tuple(item.selection_id for item in shown.torn),
        needs_two=_needs_two(edge, shown),
        sums=tuple(
            SumView(
                currency=code,
                bets=item.bets,
                gained=format_micros(item.gained_micros, currency(code)),
                lost=format_micros(item.lost_micros, currency(code)),
            )
            for code, item in sorted(shown.sums.items())
        ),
        largest=tuple(
            ChangeView(
                bet_id=item.bet_id,
                player_id=item.player_id,
                currency=item.currency,
                was=_amount(item.was_micros, item.currency),
                returns=_amount(item.returns_micros, item.currency),
                voided=item.voided,
            )
            for item in shown.largest
        ),
        players=tuple(
            PlayerSumView(
                player_id=player_id,
                currency=code,
                bets=shown.players[player_id, code].bets,
                gained=format_micros(shown.players[player_id, code].gained_micros, currency(code)),
                lost=format_micros(shown.players[player_id, code].lost_micros, currency(code)),
            )
            for player_id, code in page
        ),
        players_count=len(shown.players),
    )


def _amount(micros: int | None, code: str) -> str | None:
    return None if micros is None else format_micros(micros, currency(code))
