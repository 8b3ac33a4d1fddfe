"""What the traders of the house push: prices, in the order of each source.  For staff."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence as Several
from dataclasses import replace
from functools import partial
from typing import Annotated

import msgspec
from litestar import Router, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody, SkipValidation

from pitboss.api import problems
from pitboss.api.edge import Edge
from pitboss.api.furniture import (
    BEARER,
    Asked,
    Doors,
    StrictJson,
    actor_of,
    check_body,
    needs,
)
from pitboss.api.gathering import Broken, Gathering, TooManyWait
from pitboss.api.problems import ProblemFound, malformed
from pitboss.api.refusals import problem_of
from pitboss.api.staff import AnswersView, AnswerView, read_price
from pitboss.api.turns import in_turn
from pitboss.api.wire import BATCH_BODY_BYTES_MAX, Body
from pitboss.kernel.ids import SelectionId, parse_id
from pitboss.kernel.price import write_price
from pitboss.kernel.shards import CATALOGUE_SHARD, Section
from pitboss.messages import Turn
from pitboss.sportsbook import catalog, pricing
from pitboss.sportsbook.catalog.model import Done, PriceChange
from pitboss.sportsbook.pricing.model import (
    SEQUENCE_MAX,
    Numbered,
    PriceAnswer,
    Push,
    PushAnswer,
    PushedPrice,
    PushRefused,
)
from pitboss.staff.agents.model import Permission

CHANGES_MAX = 1_000
# What one turn of the catalogue changes at most, but for a push that is larger by itself.
PRICES_AT_ONCE_MAX = 2_000
# A second of a feed in full flight; who comes later is better served by asking again.
WAITING_MAX = 200

# Names of programs and desks; the end is said in a way that Python and JavaScript read alike.
Source = Annotated[
    str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+(?![\s\S])")
]
Sequence = Annotated[int, msgspec.Meta(ge=1, le=SEQUENCE_MAX)]


class PriceBody(Body, frozen=True, kw_only=True):
    """A new price; a move as far as the limit must be `confirmed`."""

    selection_id: str
    price: str
    confirmed: bool = False


class PricesBody(Body, frozen=True, kw_only=True):
    """New prices, of a source that numbers what it pushes, or of nobody in particular."""

    source: Source | None = None
    sequence: Sequence | None = None
    changes: Annotated[tuple[PriceBody, ...], msgspec.Meta(min_length=1, max_length=CHANGES_MAX)]


class Pushes:
    """What is pushed: those that wait beside each other are one turn of the catalogue.

    Whoever decides bets waits for that turn, and it for them: many small ones are all waiting.  A
    turn is of one member of staff, because its facts say who it was.
    """

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._places = catalog.Places()
        self._by_actor: dict[str, Gathering[Push, PushAnswer]] = {}

    def __deepcopy__(self, memo: object) -> Pushes:
        """Stay one and the same when Litestar copies the routes that push here."""
        return self

    async def push(self, push: Push, actor: str) -> PushAnswer:
        """Have a push taken, or not, in its order.

        Raises:
            ProblemFound: it could not be done now, or its outcome is unknown.
        """
        gathering = self._by_actor.get(actor)
        if gathering is None:
            gathering = self._by_actor[actor] = Gathering(
                partial(self._do, actor),
                batch_max=PRICES_AT_ONCE_MAX,
                waiting_max=WAITING_MAX,
                weight=lambda one: len(one.prices),
            )
        try:
            return await gathering.submit(push)
        except TooManyWait:
            raise ProblemFound(problems.TOO_BUSY) from None
        except Broken:
            raise ProblemFound(problems.INTERNAL) from None

    async def _do(self, actor: str, pushes: Several[Push]) -> list[PushAnswer]:
        async def work(turn: Turn) -> list[PushAnswer]:
            move_max = self._edge.price_move_max
            return [await pricing.push(turn, one, move_max=move_max) for one in pushes]

        async def find_sections() -> frozenset[Section] | None:
            async with self._edge.database.reading() as tx:
                return await pricing.find_sections(tx, pushes, self._places)

        return await in_turn(
            self._edge, [CATALOGUE_SHARD], actor, work, find_sections=find_sections
        )


ThePushes = NamedDependency[SkipValidation[Pushes]]


def make_router(edge: Edge, doors: Doors) -> Router:
    """Return the routes of pushed prices."""
    pushes = Pushes(edge)
    return Router(
        "/v1/staff/prices",
        dependencies={"pushes": Provide(lambda: pushes, sync_to_thread=False)},
        route_handlers=[push_prices],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
        request_max_body_size=BATCH_BODY_BYTES_MAX,
    )


@post(
    "/",
    dto=StrictJson[PricesBody],
    before_request=check_body,
    status_code=200,
    opt=needs(Permission.CHANGE_PRICES),
    summary="Push prices",
)
async def push_prices(request: Asked, pushes: ThePushes, data: JSONBody[PricesBody]) -> AnswersView:
    """Give selections new prices; each change moves the selection's tick on by one.

    With a `source` its pushes are taken in the order of their `sequence`: an older one is refused
    as a whole, and the newest one again is answered as it was and changes nothing.  A price that
    moves too far is refused by itself unless it is `confirmed`.
    """
    answer = await pushes.push(_read_push(data), actor_of(request))
    if isinstance(answer, PushRefused):
        problem = problem_of(answer.reason)
        raise ProblemFound(replace(problem, more={"sequence": answer.sequence}))
    return AnswersView(
        answers=tuple(
            _view(item.selection_id, said)
            for item, said in zip(data.changes, answer.answers, strict=True)
        )
    )


def _read_push(body: PricesBody) -> Push:
    prices = tuple(
        PushedPrice(
            change=PriceChange(
                selection_id=SelectionId(
                    parse_id(item.selection_id, field=f"changes[{at}].selection_id")
                ),
                price=read_price(item.price, f"changes[{at}].price"),
            ),
            confirmed=item.confirmed,
        )
        for at, item in enumerate(body.changes)
    )
    if body.source is None and body.sequence is None:
        return Push(number=None, prices=prices)
    if body.source is None or body.sequence is None:
        name = "source" if body.source is None else "sequence"
        raise ProblemFound(malformed(name, "a source numbers what it pushes: both are needed"))
    number = Numbered(source=body.source, sequence=body.sequence, digest=_digest(prices))
    return Push(number=number, prices=prices)


def _digest(prices: tuple[PushedPrice, ...]) -> str:
    said = (
        f"{item.change.selection_id} {write_price(item.change.price)} {item.confirmed:d}"
        for item in prices
    )
    return hashlib.sha256("\n".join(said).encode()).hexdigest()


def _view(selection_id: str, answer: PriceAnswer) -> AnswerView:
    if isinstance(answer, Done):
        return AnswerView(selection_id=selection_id, changed=answer.changed)
    return AnswerView(selection_id=selection_id, refusal=answer.reason)
