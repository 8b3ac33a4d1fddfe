"""Games of the house over HTTP: rounds that a player begins, plays on and looks at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody, QueryParameter, SkipValidation

from pitboss.api import problems
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
    player_of,
)
from pitboss.api.generator import look_at, see_generator
from pitboss.api.house_views import (
    DrawRunsView,
    GamesFilesView,
    HouseGameView,
    HouseRoundsView,
    HouseRoundView,
    coins_of,
    show_count,
    show_draw_run,
    show_files,
    show_game,
    show_generator,
    show_round,
)
from pitboss.api.lanes import Lane
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body
from pitboss.games import dealing, house, registry, rounds
from pitboss.games.dealing.model import PROVIDER, Answer, Checked, Drawn, Kept, NotDealt, Play
from pitboss.games.house.errors import Unplayable
from pitboss.games.house.model import STAKE_MICROS_MAX, Action, House, RouletteBet
from pitboss.games.house.model import Round as State
from pitboss.games.rounds.ports import Trouble
from pitboss.kernel.errors import Fault, Malformed
from pitboss.kernel.ids import PlayerId, parse_id
from pitboss.kernel.money import Currency, currency, format_micros, parse_micros
from pitboss.kernel.shards import CATALOGUE_SHARD, SYSTEM_SHARD, shard_of
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.staff.agents.model import Permission

HOURS_MAX = 24 * 365
# One step follows the other: who asks for many at once holds up everybody at the tables.
WAITING_OF_ONE_MAX = 4

Id = Annotated[str, msgspec.Meta(min_length=36, max_length=36)]


class RouletteBetBody(Body, frozen=True, kw_only=True):
    """A stake on one place of the table, such as `"straight"` on `[17]`."""

    kind: Annotated[str, msgspec.Meta(max_length=20)]
    numbers: Annotated[
        tuple[Annotated[int, msgspec.Meta(ge=0, le=36)], ...], msgspec.Meta(max_length=18)
    ]
    stake: str


class HouseRoundBody(Body, frozen=True, kw_only=True):
    """A round to begin, under an id that you have made; it is spun or dealt at once."""

    round_id: Id
    session_id: Id
    stake: str


class RouletteRoundBody(Body, frozen=True, kw_only=True):
    """A round of roulette to begin, under an id that you have made; it is spun at once."""

    round_id: Id
    session_id: Id
    bets: Annotated[tuple[RouletteBetBody, ...], msgspec.Meta(max_length=200)]


class HouseStepBody(Body, frozen=True, kw_only=True):
    """The next step of a round; the first was number 1.  What costs something needs the session."""

    number: Annotated[int, msgspec.Meta(ge=1, le=100)]
    action: Action
    session_id: Id | None = None


class Table:
    """Where rounds of the house are dealt: those who wait beside each other in one turn."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._waiting: Counter[PlayerId] = Counter()
        self._lane: Lane[Play, Answer] = Lane(edge, f"provider:{PROVIDER}", self._deal)

    def __deepcopy__(self, memo: object) -> Table:
        """Stay one and the same when Litestar copies the routes that play here."""
        return self

    async def play(self, play: Play) -> HouseRoundView:
        """Take a step, and show the round after it.

        Raises:
            ProblemFound: it was not taken, and why.
        """
        if self._edge.house is None:
            raise ProblemFound(problem_of("unknown_provider"))
        if self._waiting[play.player_id] >= WAITING_OF_ONE_MAX:
            raise ProblemFound(problems.TOO_BUSY)
        self._waiting[play.player_id] += 1
        try:
            answer = await self._lane.submit(play)
        finally:
            self._waiting[play.player_id] -= 1
            if not self._waiting[play.player_id]:
                del self._waiting[play.player_id]
        if isinstance(answer, Trouble):
            raise ProblemFound(_problem(answer))
        if isinstance(answer, NotDealt):
            raise ProblemFound(problem_of(answer.reason))
        kept = Kept(
            round=answer.round, state=answer.state, steps=answer.steps, closed=answer.closed
        )
        return show_round(kept, balance_micros=answer.balance_micros)

    async def _deal(self, turn: Turn, plays: Sequence[Play]) -> Sequence[Answer]:
        if self._edge.house is None:
            raise ProblemFound(problem_of("unknown_provider"))
        return await dealing.play(turn, plays, self._edge.house)


TheTable = NamedDependency[SkipValidation[Table]]


def make_router(edge: Edge, doors: Doors) -> Router:
    """Return the routes about the house's games."""
    table = Table(edge)
    players = Router(
        "/",
        route_handlers=[spin_wheel, begin_round, take_step, show_open, show_one],
        guards=[doors.player],
        security=BEARER,
        tags=["games"],
    )
    public = Router("/", route_handlers=[show_rules], tags=["games"])
    staff = Router(
        "/v1/staff",
        route_handlers=[show_draws, see_generator, check_files],
        guards=[doors.staff],
        security=BEARER,
        tags=["staff"],
    )
    house = Router(
        "/v1/games/house",
        route_handlers=[players, public],
        dependencies={"table": Provide(lambda: table, sync_to_thread=False)},
    )
    return Router("/", route_handlers=[house, staff])


@post(
    "/roulette/rounds",
    dto=StrictJson[RouletteRoundBody],
    before_request=check_body,
    status_code=200,
    summary="Begin a round of roulette",
)
async def spin_wheel(
    request: Asked, edge: TheEdge, table: TheTable, data: JSONBody[RouletteRoundBody]
) -> HouseRoundView:
    """Stake on places of the table, and spin; the same again is answered as it stands."""
    player_id = player_of(request)
    wager = _laid(data.bets, await _currency(edge, player_id))
    return await table.play(_first(player_id, data, Action.SPIN, wager))


@post(
    "/{game:str}/rounds",
    dto=StrictJson[HouseRoundBody],
    before_request=check_body,
    status_code=200,
    summary="Begin a round of the slot, or of blackjack",
)
async def begin_round(
    request: Asked,
    edge: TheEdge,
    table: TheTable,
    game: FromPath[str],
    data: JSONBody[HouseRoundBody],
) -> HouseRoundView:
    """Stake, and spin or deal; the same again under the same id is answered as it stands."""
    player_id, kind = player_of(request), _game(game)
    wager = _staked(kind, data.stake, await _currency(edge, player_id))
    action = Action.SPIN if kind is House.SLOT else Action.DEAL
    return await table.play(_first(player_id, data, action, wager))


@post(
    "/rounds/{round_id:str}/steps",
    dto=StrictJson[HouseStepBody],
    before_request=check_body,
    status_code=200,
    summary="Play a round of the house on",
)
async def take_step(
    request: Asked, table: TheTable, round_id: FromPath[str], data: JSONBody[HouseStepBody]
) -> HouseRoundView:
    """Take the next step of a round; the same again is answered with the round as it is."""
    session_id = data.session_id
    return await table.play(
        Play(
            player_id=player_of(request),
            round_id=_id(round_id, "round_id"),
            number=data.number,
            action=data.action,
            session_id=None if session_id is None else _id(session_id, "session_id"),
        )
    )


@get("/rounds", summary="Your rounds of the house that go on")
async def show_open(request: Asked, edge: TheEdge) -> HouseRoundsView:
    """Show your rounds that are not over, the oldest first: they go on where they stood.

    One whose rules are not here any more goes on nowhere, and is not among them: it is ended as it
    was recorded.
    """
    player_id = player_of(request)
    async with edge.database.reading() as tx:
        found = await rounds.find_open_rounds(
            tx,
            before=edge.clock.now(),
            provider=PROVIDER,
            player_id=player_id,
            shards=[shard_of(player_id)],
        )
        kept = await dealing.find_kept(tx, [(player_id, item.ref) for item in found])
    return HouseRoundsView(rounds=tuple(show_round(one) for one in kept if one.state is not None))


@get("/rounds/{round_id:str}", summary="A round of the house")
async def show_one(request: Asked, edge: TheEdge, round_id: FromPath[str]) -> HouseRoundView:
    """Show one of your rounds as it stands; of cards, what you may see.

    It is shown for ever: where the rules of its version are not here any more, as recorded.
    """
    key = (player_of(request), _id(round_id, "round_id"))
    async with edge.database.reading() as tx:
        found = await dealing.find_kept(tx, [key])
    if not found:
        raise ProblemFound(problem_of("unknown_round"))
    return show_round(found[0])


@get("/{game:str}", summary="The rules of a game of the house")
async def show_rules(edge: TheEdge, game: FromPath[str]) -> HouseGameView:
    """Show what a game is, what it returns, and what its outcomes pay."""
    kind = _game(game)
    key = (PROVIDER, kind.value)
    async with edge.database.reading() as tx:
        offer = (await registry.find_offers(tx, {key})).get(key)
    return show_game(kind, None if offer is None else offer.version)


@get("/games/draws", opt=needs(Permission.SEE_GAMES), summary="What the generator drew, and gaps")
async def show_draws(
    edge: TheEdge, hours: Annotated[int, QueryParameter(ge=1, le=HOURS_MAX)] = 24
) -> DrawRunsView:
    """Show how many draws were dealt since so long ago, and which were dealt to nobody.

    One here and there is a step that broke off.  Many are somebody who draws and looks.  It looks
    at the newest 20,000 draws, and of the generator that runs at what the last count has not
    settled, to the last that it has drawn.
    """
    since = edge.clock.now() - timedelta(hours=hours)
    # Asked before the tables are looked at: what it has drawn until then may be dealt by now.
    drawn = await _drawn(edge)
    async with edge.database.reading() as tx:
        found = await dealing.find_draw_runs(tx, since)
        counts = await dealing.find_counts(tx)
        undealt = None if drawn is None else await dealing.find_undealt(tx, drawn)
    return DrawRunsView(
        runs=tuple(map(show_draw_run, found)),
        whole=sum(run.looked for run in found) < dealing.LOOKED_THROUGH_MAX,
        counts=tuple(map(show_count, counts)),
        running=None if drawn is None or undealt is None else show_generator(drawn, undealt),
    )


async def _drawn(edge: Edge) -> Drawn | None:
    """Return what the generator has drawn; None if there is none that answers."""
    if edge.house is None:
        return None
    try:
        return await edge.house.draws.drawn()
    except Fault:
        return None


@post(
    "/games/house/check",
    status_code=200,
    opt=needs(Permission.SUSPEND_GAMES),
    summary="Measure the files of the house's games, and the generator, now",
)
async def check_files(request: Asked, edge: TheEdge) -> GamesFilesView:
    """Have the process that answers compare its games' files with those that it started with, and
    with the certificates; what differs is stopped at once, everywhere.  The generator compares
    itself with its own certificate, and draws nothing from then on if it differs."""
    if edge.house is None:
        raise ProblemFound(problem_of("unknown_provider"))
    generator = await look_at(edge.house, check=True)
    measured = await edge.house.games.check()

    async def work(turn: Turn) -> Checked:
        # At once, and by whom: who starts the generator anew has nothing of it forgotten.
        dealing.tell_generator(turn, generator)
        return await dealing.check_files(turn, measured)

    shards = [CATALOGUE_SHARD, SYSTEM_SHARD]
    checked = await in_turn(edge, shards, actor_of(request), work)
    return show_files(checked, generator)


def _first(
    player_id: PlayerId, data: HouseRoundBody | RouletteRoundBody, action: Action, wager: State
) -> Play:
    return Play(
        player_id=player_id,
        round_id=_id(data.round_id, "round_id"),
        number=1,
        action=action,
        session_id=_id(data.session_id, "session_id"),
        wager=wager,
    )


def _problem(trouble: Trouble) -> problems.Problem:
    if trouble is Trouble.TOO_OFTEN:
        return problems.TOO_BUSY
    return problems.GAMES_AWAY if trouble is Trouble.AWAY else problems.INTERNAL


async def _currency(edge: Edge, player_id: PlayerId) -> Currency:
    async with edge.database.reading() as tx:
        found = await identity.find_players(tx, [(shard_of(player_id), player_id)])
    return currency(found[player_id].currency)


def _staked(game: House, stake: str, unit: Currency) -> State:
    micros, minor = _stake(stake, unit, "stake", coins_of(game)), unit.minor_unit_micros
    try:
        if game is House.SLOT:
            return house.begin_slot(micros, minor_micros=minor)
        return house.begin_blackjack(micros, minor_micros=minor)
    except Unplayable as error:
        raise ProblemFound(problems.malformed("stake", str(error))) from None


def _laid(bets: Sequence[RouletteBetBody], unit: Currency) -> State:
    laid = [_bet(bet, unit, f"bets[{place}]") for place, bet in enumerate(bets)]
    try:
        return house.begin_roulette(laid, minor_micros=unit.minor_unit_micros)
    except Unplayable as error:
        raise ProblemFound(problems.malformed("bets", str(error))) from None


def _bet(bet: RouletteBetBody, unit: Currency, field: str) -> RouletteBet:
    """Return a bet on a place of the table, or blame the part of it that cannot be."""
    places, numbers = house.roulette_table().get(bet.kind), tuple(sorted(bet.numbers))
    if places is None:
        raise ProblemFound(problems.malformed(f"{field}.kind", "there is no such bet"))
    if numbers not in places:
        raise ProblemFound(problems.malformed(f"{field}.numbers", "this is no place of such bets"))
    micros = _stake(bet.stake, unit, f"{field}.stake", coins_of(House.ROULETTE))
    return RouletteBet(kind=bet.kind, numbers=numbers, stake_micros=micros)


def _stake(text: str, unit: Currency, field: str, coins: int) -> int:
    """Return a stake in micros, or say in the player's own money why it can be none."""
    try:
        micros = parse_micros(text, unit, field=field)
    except Malformed as error:
        raise ProblemFound(problems.of_malformed(error)) from None
    least = coins * unit.minor_unit_micros
    if not micros or micros % least:
        said = f"a stake here is a multiple of {format_micros(least, unit)} {unit.code}"
        raise ProblemFound(problems.malformed(field, said))
    if micros > STAKE_MICROS_MAX:
        said = f"a stake is {format_micros(STAKE_MICROS_MAX, unit)} {unit.code} at most"
        raise ProblemFound(problems.malformed(field, said))
    return micros


def _game(text: str) -> House:
    try:
        return House(text)
    except ValueError:
        raise ProblemFound(problem_of("unknown_game")) from None


def _id(text: str, field: str) -> str:
    try:
        return parse_id(text, field=field)
    except Malformed as error:
        raise ProblemFound(problems.of_malformed(error)) from None
