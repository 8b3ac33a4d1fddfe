"""The gate's verbs.  They change nothing; their answers hold as long as the turn does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from pitboss import jurisdictions, location, registers, wallet
from pitboss.gate.model import Answer, Check, DepositCheck, Identified, Located
from pitboss.jurisdictions.model import Jurisdiction, LocationKind, SecondFactor
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import shard_of
from pitboss.location.model import Place
from pitboss.messages import Turn
from pitboss.players import access, factors, identity, terms, verification
from pitboss.players.access.model import time_within
from pitboss.players.identity.model import Player
from pitboss.responsible import exclusion, limits
from pitboss.responsible.exclusion.model import Exclusion
from pitboss.responsible.limits.model import Allowance
from pitboss.wallet.model import player_account

from . import rules


async def check(turn: Turn, checks: Sequence[Check]) -> tuple[Answer, ...]:
    """Say for each stake whether this player may wager it on this product, here, now.

    The turn holds the players' shards, so nothing that an answer rests on can change before the
    stake is held in the same turn.  Only stakes are asked about: wins, rollbacks and settlements
    are money owed and pass no gate.
    """
    players, licences = await _look(turn, [check.player_id for check in checks])
    kept_away, allowances = await _standing(turn, players, licences)
    located = await _locate(turn, checks, players, licences)
    identified = await _identify(turn, players, licences)
    agreed = await terms.recall_agreed(
        turn, {player.id: player.jurisdiction for player in players.values()}
    )
    return rules.decide_wagers(
        checks,
        players,
        licences,
        kept_away,
        allowances,
        located,
        identified=identified,
        agreed=agreed,
        guarded=await _guarded(turn, players, licences),
        time_up=await _time_up(turn, allowances),
        registered=await registers.recall_verdicts(turn, players.values(), licences, for_play=True),
    )


async def check_deposits(turn: Turn, checks: Sequence[DepositCheck]) -> tuple[Answer, ...]:
    """Say for each deposit whether this player may pay in.  Withdrawals are never asked about."""
    players, licences = await _look(turn, [check.player_id for check in checks])
    kept_away, allowances = await _standing(turn, players, licences)
    balances = await _balances(turn, [players[player_id] for player_id in allowances])
    identified = await _identify(turn, players, licences)
    return rules.decide_deposits(
        checks,
        players,
        licences,
        kept_away,
        allowances,
        balances,
        identified=identified,
        registered=await registers.recall_verdicts(
            turn, players.values(), licences, for_play=False
        ),
    )


async def _standing(
    turn: Turn, players: Mapping[PlayerId, Player], licences: Mapping[str, Jurisdiction]
) -> tuple[dict[PlayerId, Exclusion], dict[PlayerId, Allowance]]:
    """Return what keeps players away, and what their limits leave; of the others, nothing."""
    licensed = {
        player.id: licences[player.jurisdiction]
        for player in players.values()
        if player.jurisdiction in licences
    }
    places = [(players[player_id].shard, player_id) for player_id in licensed]
    return (
        await exclusion.recall_exclusions(turn, places, licensed),
        await limits.recall_allowances(turn, places, licensed),
    )


async def _time_up(turn: Turn, allowances: Mapping[PlayerId, Allowance]) -> set[PlayerId]:
    """Return who has played for as long as a limit allows; of whom no such one holds, nothing is
    read."""
    limited = {player_id: found.times for player_id, found in allowances.items() if found.times}
    if not limited:
        return set()
    stays = await access.find_stays(
        turn.tx,
        [(shard_of(player_id), player_id) for player_id in limited],
        since=min(room.since for rooms in limited.values() for room in rooms),
        now=turn.now,
    )
    return {
        player_id
        for player_id, rooms in limited.items()
        for room in rooms
        if time_within(stays.get(player_id, ()), room.since) >= timedelta(minutes=room.minutes)
    }


async def _balances(turn: Turn, players: Sequence[Player]) -> dict[PlayerId, int]:
    """Return what is on the accounts of these players, held or not."""
    if not players:
        return {}
    owners = {player_account(player.id, player.currency): player.id for player in players}
    accounts = await wallet.find_balances(
        turn.tx, [(player.shard, player_account(player.id, player.currency)) for player in players]
    )
    return {owners[account.id]: account.posted for account in accounts}


async def _look(
    turn: Turn, player_ids: Sequence[PlayerId]
) -> tuple[Mapping[PlayerId, Player], Mapping[str, Jurisdiction]]:
    """Look at the players, each once, and at the licences that they play under."""
    places = [(shard_of(player_id), player_id) for player_id in dict.fromkeys(player_ids)]
    ensure(
        all(shard in turn.heads for shard, _ in places),
        "the gate is asked by who holds the players' turn",
    )
    players = await identity.recall_players(turn, places)
    codes = {player.jurisdiction for player in players.values()}
    found = {code: jurisdictions.find(code) for code in codes}
    return players, {code: licence for code, licence in found.items() if licence is not None}


async def _locate(
    turn: Turn,
    checks: Sequence[Check],
    players: Mapping[PlayerId, Player],
    licences: Mapping[str, Jurisdiction],
) -> dict[int, Located]:
    """Look at the permits of those whose licence wants to know where they are: often of nobody."""
    wanted = {
        code: licence.location
        for code, licence in licences.items()
        if licence.location.kind is not LocationKind.NONE
    }
    if not wanted:
        return {}
    asked = {
        number: (check, wanted[players[check.player_id].jurisdiction])
        for number, check in enumerate(checks)
        if check.player_id in players and players[check.player_id].jurisdiction in wanted
    }
    places = {
        number: Place(player_id=check.player_id, session_id=check.session_id)
        for number, (check, _) in asked.items()
        if check.session_id is not None
    }
    permits = await location.recall_permits(turn, list(places.values()))
    located: dict[int, Located] = {}
    for number, (check, licence) in asked.items():
        permit = permits.get(places[number]) if number in places else None
        located[number] = Located(
            standing=location.state_of(licence, permit, network=check.network, now=turn.now),
            check_id=None if permit is None else permit.check_id,
        )
    return located


async def _identify(
    turn: Turn, players: Mapping[PlayerId, Player], licences: Mapping[str, Jurisdiction]
) -> dict[PlayerId, Identified]:
    """Look at the verification of those whose licence asks for one: often of nobody."""
    wanted = {
        player.id: player
        for player in players.values()
        if player.jurisdiction in licences and _is_asked_for(licences[player.jurisdiction])
    }
    if not wanted:
        return {}
    standings = await verification.recall_verifications(turn, list(wanted))
    return {
        player_id: rules.identify(
            wanted[player_id], licences[wanted[player_id].jurisdiction], standing, now=turn.now
        )
        for player_id, standing in standings.items()
    }


async def _guarded(
    turn: Turn, players: Mapping[PlayerId, Player], licences: Mapping[str, Jurisdiction]
) -> set[PlayerId]:
    """Return who has a second factor, of those whose licence wants one: often of nobody."""
    wanted = {
        code
        for code, licence in licences.items()
        if licence.sessions.second_factor is SecondFactor.REQUIRED
    }
    asked = [player.id for player in players.values() if player.jurisdiction in wanted]
    return await factors.recall_guarded(turn, asked) if asked else set()


def _is_asked_for(licence: Jurisdiction) -> bool:
    asked = licence.verification
    return asked.before_play or asked.before_deposit or asked.hours_max is not None
