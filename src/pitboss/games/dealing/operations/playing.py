"""Rounds of the house's games, dealt for money: inside the caller's turn, safe to repeat."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from msgspec import structs

from pitboss import wallet
from pitboss.games import house, rounds
from pitboss.games.dealing import rules, store
from pitboss.games.dealing.facts import HouseRoundBegun, HouseRoundEnded, HouseStepTaken
from pitboss.games.dealing.model import (
    DIALECT,
    PROVIDER,
    Answer,
    Builds,
    Dealt,
    HouseRound,
    NotDealt,
    Play,
    Step,
    draw_id_of,
    game_of,
    purpose_of,
    step_id,
    write_draw,
)
from pitboss.games.dealing.operations.looking import Deal, builds_of, judge
from pitboss.games.dealing.ports import Equipment
from pitboss.games.rounds.model import (
    Bearer,
    Done,
    Request,
    Session,
    Stake,
    Win,
    WireRefusal,
)
from pitboss.kernel.errors import InvariantBroken
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players.identity.model import Player
from pitboss.wallet.model import player_account

# Who may not double now may do it when they can: this step has no other number.
_PLAYED_ON = structs.replace(DIALECT, keeps_refusals=False)


async def play(turn: Turn, plays: Sequence[Play], equipment: Equipment) -> list[Answer]:
    """Take each player's next step in a round of the house, with its stake, draw and win.

    All of a step is one commit: what was staked was drawn for and paid, or nothing of it was.  A
    stake goes through the gate and the registry as that of any provider; steps that cost nothing
    are taken whatever the player's state is.  A step that was taken before changes nothing and is
    answered with the round as it is.  Nothing is dealt by files other than those that a laboratory
    has certified for the player's licence, nor faster than the version says.

    Raises:
        Fault: the generator does not answer, or draws nothing: nobody's step is taken.
        DrawUntold: a kept round does not follow from its steps.

    Source: design, "Every command carries an idempotency key, forever"; UKGC RTS 14 (pace).
    """
    ensure(
        all(shard_of(item.player_id) in turn.heads for item in plays),
        "rounds are dealt by who holds the players' turn",
    )
    answers: dict[int, Answer] = {}
    builds = await builds_of(equipment)
    for wave in _waves(plays):
        found = await _play(turn, [plays[place] for place in wave], equipment, builds)
        answers.update(zip(wave, found, strict=True))
    return [answers[place] for place in range(len(plays))]


def _waves(plays: Sequence[Play]) -> Iterator[list[int]]:
    """Yield the places of plays in waves in which each player is once, in their order."""
    left = list(range(len(plays)))
    while left:
        wave: dict[PlayerId, int] = {}
        for place in left:
            wave.setdefault(plays[place].player_id, place)
        yield list(wave.values())
        left = [place for place in left if wave[plays[place].player_id] != place]


async def _play(
    turn: Turn, plays: Sequence[Play], equipment: Equipment, builds: Builds
) -> list[Answer]:
    deals = await judge(turn, plays, builds)
    await _stake(turn, _going(deals))
    await _deal(_going(deals), equipment)
    await _pay(turn, _going(deals))
    await _keep(turn, _going(deals))
    balances = await _balances(turn, [item.player for item in deals if item.player is not None])
    return [_answer(item, balances) for item in deals]


def _going(deals: Sequence[Deal]) -> list[Deal]:
    return [item for item in deals if item.turn is not None and item.refusal is None]


async def _stake(turn: Turn, deals: Sequence[Deal]) -> None:
    """Take what steps cost, of who may stake in a session of this very game."""
    paying = [deal for deal in deals if _cost(deal)]
    sessions = await rounds.recall_sessions(
        turn,
        [
            (shard_of(deal.play.player_id), deal.play.session_id)
            for deal in paying
            if deal.play.session_id is not None
        ],
    )
    for deal in paying:
        if not _is_seat(deal, sessions.get(deal.play.session_id or "")):
            deal.refusal = WireRefusal.UNKNOWN_SESSION
    paying = _going(paying)
    requests = [
        _request(
            deal,
            Stake(external_id=step_id(deal.play.round_id, deal.play.number), micros=_cost(deal)),
        )
        for deal in paying
    ]
    for deal, answer in zip(paying, await rounds.play(turn, requests), strict=True):
        if not isinstance(answer, Done):
            deal.refusal = answer.reason


def _cost(deal: Deal) -> int:
    return 0 if deal.turn is None else deal.turn.cost_micros


def _is_seat(deal: Deal, session: Session | None) -> bool:
    """Say whether the session that was named is one of this player in this game."""
    return (
        session is not None
        and deal.turn is not None
        and (session.player_id, session.provider, session.game)
        == (deal.play.player_id, PROVIDER, game_of(deal.turn.state).value)
    )


async def _deal(deals: Sequence[Deal], equipment: Equipment) -> None:
    """Draw for each step what it needs, and take it."""
    for deal in deals:
        if deal.turn is None:
            continue
        draw = None
        if deal.turn.mapping is not None:
            item, game = deal.play, game_of(deal.turn.state)
            record = await equipment.draws.draw(
                draw_id=draw_id_of(item.player_id, item.round_id, item.number, game, item.action),
                round_id=item.round_id,
                purpose=purpose_of(game, item.action),
                mapping=deal.turn.mapping,
            )
            known = deal.builds is not None and record.code_hash in deal.builds.digests
            ensure(known, "the build that was asked about has drawn")
            deal.draw = write_draw(record)
            draw = rules.as_draw(record)
        deal.after = house.step(deal.turn.state, deal.play.action, draw)
        deal.steps = deal.play.number


async def _pay(turn: Turn, deals: Sequence[Deal]) -> None:
    """End the rounds that are over, and pay what they have won."""
    over = [deal for deal in deals if deal.after is not None and deal.after.over]
    requests = [_ending(deal) for deal in over]
    for answer in await rounds.play(turn, requests):
        if not isinstance(answer, Done):
            raise InvariantBroken(f"a round that is over is paid, and not {answer.reason}")


def _ending(deal: Deal) -> Request:
    won = 0 if deal.after is None else deal.after.win_micros
    name = step_id(deal.play.round_id, deal.play.number)
    first = step_id(deal.play.round_id, 1)
    steps = (Win(external_id=name, micros=won, stake_id=first),) if won else ()
    return structs.replace(_request(deal, *steps), closes=True)


def _request(deal: Deal, *steps: Stake | Win) -> Request:
    if deal.turn is None:
        raise InvariantBroken("what is booked was allowed before")
    return Request(
        provider=PROVIDER,
        player_id=deal.play.player_id,
        game=game_of(deal.turn.state).value,
        round_ref=deal.play.round_id,
        currency=None if deal.player is None else deal.player.currency,
        steps=steps,
        dialect=DIALECT if deal.play.number == 1 else _PLAYED_ON,
        bearer=Bearer(session_id=deal.play.session_id),
    )


async def _keep(turn: Turn, deals: Sequence[Deal]) -> None:
    """Write what was done, and tell it; draws are shown when there is nothing left to be seen."""
    begun: list[HouseRound] = []
    taken: list[Step] = []
    for deal in deals:
        if deal.round is None:
            deal.round = _begin(turn, deal)
            begun.append(deal.round)
        step = Step(
            shard=deal.round.shard,
            player_id=deal.round.player_id,
            round_id=deal.round.id,
            number=deal.play.number,
            action=deal.play.action,
            staked_micros=_cost(deal),
            played_at=turn.now,
            draw=deal.draw,
            won_micros=None if deal.after is None else deal.after.win_micros,
        )
        taken.append(step)
        digest = step.draw_digest
        fact = HouseStepTaken(
            player_id=step.player_id,
            round_id=step.round_id,
            number=step.number,
            action=step.action,
            staked_micros=step.staked_micros,
            draw_digest=None if digest is None else digest.hex(),
            won_micros=step.won_micros,
        )
        turn.publish(step.shard, step.player_id, fact)
    await store.save_rounds(turn.tx, begun)
    await store.save_steps(turn.tx, taken)
    await _tell_ends(turn, deals)


def _begin(turn: Turn, deal: Deal) -> HouseRound:
    if deal.turn is None or deal.player is None:
        raise InvariantBroken("what is kept was allowed before")
    state = deal.turn.state
    round_ = HouseRound(
        shard=deal.player.shard,
        player_id=deal.player.id,
        id=deal.play.round_id,
        session_id=deal.play.session_id or "",
        game=game_of(state),
        version=state.version,
        currency=deal.player.currency,
        wager=house.store_form(state).decode(),
        opened_at=turn.now,
    )
    fact = HouseRoundBegun(
        player_id=round_.player_id,
        round_id=round_.id,
        session_id=round_.session_id,
        game=round_.game,
        version=round_.version,
        currency=round_.currency,
        wager=round_.wager,
    )
    turn.publish(round_.shard, round_.player_id, fact)
    return round_


async def _tell_ends(turn: Turn, deals: Sequence[Deal]) -> None:
    over = [deal for deal in deals if deal.after is not None and deal.after.over]
    draws: dict[tuple[str, str], list[str]] = {}
    keys = [(deal.play.player_id, deal.play.round_id) for deal in over]
    for step in await store.find_steps(turn.tx, keys):
        if step.draw is not None:
            draws.setdefault((step.player_id, step.round_id), []).append(step.draw)
    for deal, key in zip(over, keys, strict=True):
        if deal.after is not None:
            fact = HouseRoundEnded(
                player_id=key[0],
                round_id=key[1],
                win_micros=deal.after.win_micros,
                draws=tuple(draws.get(key, ())),
            )
            turn.publish(shard_of(key[0]), key[0], fact)


async def _balances(turn: Turn, players: Collection[Player]) -> dict[PlayerId, int]:
    """Return what is available to each of these players, after all of it."""
    places = {player_account(item.id, item.currency): item for item in players}
    found = await wallet.find_balances(
        turn.tx, {(item.shard, account) for account, item in places.items()}
    )
    balances = {item.id: 0 for item in players}
    return balances | {places[item.id].id: max(item.available, 0) for item in found}


def _answer(deal: Deal, balances: dict[PlayerId, int]) -> Answer:
    if deal.refusal is not None:
        return NotDealt(reason=deal.refusal)
    if deal.round is None or deal.after is None:
        raise InvariantBroken("a step is refused, or it is taken")
    return Dealt(
        round=deal.round,
        state=deal.after,
        steps=deal.steps,
        balance_micros=balances[deal.play.player_id],
        repeated=deal.repeated,
        closed=deal.closed,
    )
