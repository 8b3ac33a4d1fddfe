"""What is looked at before a step is taken: the round, the registry, who plays."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from msgspec import structs

from pitboss import jurisdictions
from pitboss.games import house, registry, rounds
from pitboss.games.dealing import rules, store
from pitboss.games.dealing.model import (
    PROVIDER,
    Builds,
    HouseRound,
    Play,
    Refusal,
    RoundKey,
    Step,
    book_id,
    game_of,
)
from pitboss.games.dealing.ports import Equipment
from pitboss.games.house.model import House
from pitboss.games.house.model import Round as State
from pitboss.games.registry.model import Filed, Offer, Version, VersionKey
from pitboss.games.rounds.model import Round, WireRefusal
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players import identity
from pitboss.players.identity.model import Player


@dataclass(slots=True, kw_only=True)
class Deal:
    """A step on its way, from what was asked for to what came of it.

    `turn` is what the rules allow, `after` the state that it leads to, `draw` the record behind
    it, by one of the `builds` that were looked at; a `refusal` ends it.
    """

    play: Play
    player: Player | None = None
    round: HouseRound | None = None
    turn: rules.Turn | None = None
    after: State | None = None
    builds: Builds | None = None
    draw: str | None = None
    steps: int = 0
    repeated: bool = False
    closed: bool = False
    refusal: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shelf:
    """What there is of all plays of a batch."""

    players: Mapping[PlayerId, Player]
    rounds: Mapping[RoundKey, HouseRound]
    steps: Mapping[RoundKey, Sequence[Step]]
    newest: Mapping[tuple[PlayerId, House], HouseRound]
    booked: Mapping[str, Round]
    offers: Mapping[House, Offer]
    filed: Mapping[VersionKey, Sequence[Filed]]
    builds: Builds


async def judge(turn: Turn, plays: Sequence[Play], builds: Builds) -> list[Deal]:
    """Return each play as far as the rules allow it; `builds` are what would deal.

    Raises:
        DrawUntold: a kept round does not follow from its steps.
    """
    shelf = await _look(turn, plays, builds)
    return [_judge(turn, item, shelf) for item in plays]


async def refuse_opening(
    turn: Turn, player_id: PlayerId, code: str, equipment: Equipment
) -> Refusal | None:
    """Return why a game of the house is not opened for a player, who may be known or not.

    The files that would deal must be those that a laboratory has certified for the player's
    licence; whether the game may be played at all, the registry says.

    Raises:
        Fault: the generator does not say which build it is.
    """
    try:
        game = House(code)
    except ValueError:
        return None
    found = await registry.find_offers(turn.tx, {(PROVIDER, game.value)})
    offer = found.get((PROVIDER, game.value))
    players = await identity.recall_players(turn, [(shard_of(player_id), player_id)])
    player = players.get(player_id)
    if offer is None or player is None:
        return None
    filed = await registry.find_certificates(turn.tx, [offer.version])
    builds = await builds_of(equipment)
    licence = jurisdictions.find(player.jurisdiction)
    own = (
        []
        if licence is None
        else registry.counting(filed.get(offer.version.key, ()), licence, turn.now)
    )
    begun = house.versions()[game]
    certified = rules.is_certified(offer, own, builds, begun, licence=licence)
    return None if certified else Refusal.ANOTHER_BUILD


async def builds_of(equipment: Equipment) -> Builds:
    """Return what would deal: the digests of the generator's files and the games' own, and what
    the generator is certified for.

    Raises:
        Fault: the generator does not say which build it is, or the games' files changed.
    """
    draws = equipment.draws
    return Builds(
        digests=frozenset({await equipment.games.build(), await draws.build()}),
        licences=await draws.licences(),
    )


def _judge(turn: Turn, play: Play, shelf: _Shelf) -> Deal:
    player = shelf.players.get(play.player_id)
    if player is None:
        return Deal(play=play, refusal=WireRefusal.UNKNOWN_PLAYER)
    key = (play.player_id, play.round_id)
    round_, steps = shelf.rounds.get(key), shelf.steps.get(key, ())
    game = _game(play, round_)
    newest = None if game is None else shelf.newest.get((player.id, game))
    offer = None if game is None else shelf.offers.get(game)
    filed = shelf.filed.get(_version(round_, offer), ())
    licence = jurisdictions.find(player.jurisdiction)
    known = rules.Known(
        now=turn.now,
        round=round_,
        steps=steps,
        closed=not _is_open(round_, shelf),
        newest=newest,
        newest_open=_is_open(newest, shelf),
        offer=offer,
        certificates=[] if licence is None else registry.counting(filed, licence, turn.now),
        seen=[
            item.certificate for item in filed if item.certificate.licence == player.jurisdiction
        ],
        licence=licence,
        builds=shelf.builds,
    )
    deal = Deal(play=play, player=player, round=round_, steps=len(steps), builds=shelf.builds)
    match rules.judge(play, known):
        case Refusal() as refusal:
            deal.refusal = refusal
        case rules.Again(state=state):
            deal.after, deal.repeated, deal.closed = state, True, known.closed
        case rules.Turn() as allowed:
            deal.turn = allowed
    return deal


async def _look(turn: Turn, plays: Sequence[Play], builds: Builds) -> _Shelf:
    places = [(shard_of(item.player_id), item.player_id) for item in plays]
    keys = [(item.player_id, item.round_id) for item in plays]
    kept = {(item.player_id, item.id): item for item in await store.find_rounds(turn.tx, keys)}
    steps: dict[RoundKey, list[Step]] = {}
    for step in await store.find_steps(turn.tx, keys):
        steps.setdefault((step.player_id, step.round_id), []).append(step)
    begins = {(item.player_id, game_of(item.wager)) for item in plays if item.wager is not None}
    newest = {
        (item.player_id, item.game): item for item in await store.find_newest(turn.tx, begins)
    }
    games = {game for _, game in begins} | {item.game for item in kept.values()}
    offers = await registry.find_offers(turn.tx, {(PROVIDER, game.value) for game in games})
    return _Shelf(
        players=await identity.recall_players(turn, list(dict.fromkeys(places))),
        rounds=kept,
        steps=steps,
        newest=newest,
        booked=await _booked(turn, [*kept.values(), *newest.values()]),
        offers={House(code): offer for (_, code), offer in offers.items()},
        filed=await registry.find_certificates(turn.tx, _versions(offers.values(), kept.values())),
        builds=builds,
    )


def _versions(offers: Collection[Offer], begun: Collection[HouseRound]) -> list[Version]:
    """Return the versions that are offered now, and those that rounds began with."""
    offered = {item.version.code: item.version for item in offers}
    wanted = {item.key: item for item in offered.values()}
    for round_ in begun:
        listed = offered.get(round_.game)
        if listed is not None:
            earlier = structs.replace(listed, version=round_.version)
            wanted.setdefault(earlier.key, earlier)
    return list(wanted.values())


def _version(round_: HouseRound | None, offer: Offer | None) -> VersionKey:
    """Return what a round is of, or would be."""
    if round_ is not None:
        return PROVIDER, round_.game, round_.version
    return ("", "", "") if offer is None else offer.version.key


async def _booked(turn: Turn, kept: Iterable[HouseRound]) -> dict[str, Round]:
    """Return what the books say of rounds, by the house's id of them and their player."""
    found: dict[str, Round] = {}
    wanted = {(item.shard, book_id(item)) for item in kept}
    for item in await rounds.find_rounds_by_id(turn.tx, wanted):
        found[item.id] = item
    return found


def _is_open(round_: HouseRound | None, shelf: _Shelf) -> bool:
    booked = None if round_ is None else shelf.booked.get(book_id(round_))
    return booked is not None and booked.closed_at is None


def _game(play: Play, round_: HouseRound | None) -> House | None:
    if round_ is not None:
        return round_.game
    return None if play.wager is None else game_of(play.wager)
