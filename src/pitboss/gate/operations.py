"""The gate's verbs.  They change nothing; their answers hold as long as the turn does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from pitboss import central, jurisdictions, location, registers, wallet
from pitboss.gate.model import Answer, Check, DepositCheck, Identified, Known, Located, Product
from pitboss.jurisdictions.model import Jurisdiction, LocationKind, SecondFactor
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import shard_of
from pitboss.location.model import Place
from pitboss.messages import Turn
from pitboss.players import access, factors, identity, terms, verification
from pitboss.players.access.model import SessionId, Stay, time_within
from pitboss.players.identity.model import Player
from pitboss.registers.model import Verdict
from pitboss.responsible import breaks, exclusion, limits
from pitboss.responsible.breaks.model import Clock, Pace, Planned
from pitboss.responsible.breaks.model import Place as SessionPlace
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
    ages = await _ages(turn, players, licences)
    kept_away, allowances = await _standing(turn, players, licences, ages)
    stays = await _stays(turn, players, licences, allowances)
    known = Known(
        kept_away=kept_away,
        allowances=allowances,
        located=await _locate(turn, checks, players, licences),
        identified=await _identify(turn, players, licences),
        agreed=await terms.recall_agreed(
            turn, {player.id: player.jurisdiction for player in players.values()}
        ),
        guarded=await _guarded(turn, players, licences),
        time_up=_time_up(stays, allowances),
        paces=await _paces(turn, checks, players, licences, stays),
        plans=_plans(turn, checks, players, licences),
        ages=ages,
        registered=await _registered(turn, players, licences),
    )
    return rules.decide_wagers(checks, players, licences, known)


async def check_deposits(turn: Turn, checks: Sequence[DepositCheck]) -> tuple[Answer, ...]:
    """Say for each deposit whether this player may pay in.  Withdrawals are never asked about."""
    players, licences = await _look(turn, [check.player_id for check in checks])
    ages = await _ages(turn, players, licences)
    kept_away, allowances = await _standing(turn, players, licences, ages)
    known = Known(
        kept_away=kept_away,
        allowances=allowances,
        balances=await _balances(turn, [players[player_id] for player_id in allowances]),
        identified=await _identify(turn, players, licences),
        registered=await registers.recall_verdicts(
            turn, players.values(), licences, for_play=False
        ),
    )
    return rules.decide_deposits(checks, players, licences, known)


async def check_rewards(turn: Turn, checks: Sequence[Check]) -> tuple[Answer, ...]:
    """Say for each free stake that is to be given whether this player may be given one.

    A reward is an inducement to play: who may not play is given none.  It is given to the player
    and not to a session, so nothing is asked that belongs to one: place, time, second factor.
    """
    return await _check_players(turn, checks, only=rules.REWARD_RULES)


async def check_demonstrations(turn: Turn, checks: Sequence[Check]) -> tuple[Answer, ...]:
    """Say for each game that is to be shown without money whether this player may be shown one.

    Whoever may not play is shown none, and whose age must be verified before play, only then; what
    the check says of a stake is not looked at.  Source: Gambling Commission, free-to-play games
    being available through gambling affiliates (1 July 2019; LCCP as changed on 7 May 2019).
    """
    return await _check_players(turn, checks, only=rules.DEMONSTRATION_RULES)


async def _check_players(
    turn: Turn, checks: Sequence[Check], *, only: Sequence[rules.WagerRule]
) -> tuple[Answer, ...]:
    """Answer by these rules, none of which is about a session, a place or a limit."""
    players, licences = await _look(turn, [check.player_id for check in checks])
    licensed = {
        player.id: licences[player.jurisdiction]
        for player in players.values()
        if player.jurisdiction in licences
    }
    places = [(players[player_id].shard, player_id) for player_id in licensed]
    known = Known(
        kept_away=await exclusion.recall_exclusions(turn, places, licensed),
        identified=await _identify(turn, players, licences),
        ages=await _ages(turn, players, licences),
        registered=await _registered(turn, players, licences),
    )
    return rules.decide_wagers(checks, players, licences, known, only=only)


async def _registered(
    turn: Turn, players: Mapping[PlayerId, Player], licences: Mapping[str, Jurisdiction]
) -> dict[PlayerId, Verdict]:
    """Return what national registers, and central files of who plays where, mean for stakes."""
    return rules.worse_of(
        await registers.recall_verdicts(turn, players.values(), licences, for_play=True),
        await central.recall_activity(turn, players.values(), licences),
    )


async def _ages(
    turn: Turn, players: Mapping[PlayerId, Player], licences: Mapping[str, Jurisdiction]
) -> dict[PlayerId, int]:
    """Return how old those are whose licence has rules by age: often nobody is asked for."""
    return await identity.recall_ages(
        turn,
        {
            player.id: licences[player.jurisdiction]
            for player in players.values()
            if player.jurisdiction in licences
        },
    )


async def _standing(
    turn: Turn,
    players: Mapping[PlayerId, Player],
    licences: Mapping[str, Jurisdiction],
    ages: Mapping[PlayerId, int],
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
        await limits.recall_allowances(turn, places, licensed, ages),
    )


async def _stays(
    turn: Turn,
    players: Mapping[PlayerId, Player],
    licences: Mapping[str, Jurisdiction],
    allowances: Mapping[PlayerId, Allowance],
) -> dict[PlayerId, list[Stay]]:
    """Return when those players were with us whose limits or licence count that: often of nobody.

    One statement for the whole batch.
    """
    since = {
        player_id: [room.since for room in found.times]
        for player_id, found in allowances.items()
        if found.times
    }
    paused = {code for code, licence in licences.items() if breaks.wants_breaks(licence)}
    for player in players.values() if paused else ():
        if player.jurisdiction in paused:
            since.setdefault(player.id, []).append(breaks.stays_since(turn.now))
    if not since:
        return {}
    return await access.find_stays(
        turn.tx,
        [(shard_of(player_id), player_id) for player_id in since],
        since=min(moment for moments in since.values() for moment in moments),
        now=turn.now,
    )


def _time_up(
    stays: Mapping[PlayerId, Sequence[Stay]], allowances: Mapping[PlayerId, Allowance]
) -> set[PlayerId]:
    """Return who has played for as long as a limit allows."""
    return {
        player_id
        for player_id, found in allowances.items()
        for room in found.times
        if time_within(stays.get(player_id, ()), room.since) >= timedelta(minutes=room.minutes)
    }


async def _paces(
    turn: Turn,
    checks: Sequence[Check],
    players: Mapping[PlayerId, Player],
    licences: Mapping[str, Jurisdiction],
    stays: Mapping[PlayerId, Sequence[Stay]],
) -> dict[int, Pace]:
    """Return whether play may go on in the sessions of those whose licence wants to know.

    Under such a licence a stake of no session, or of somebody else's, is one of a session that is
    over.
    """
    paces = _pauses(checks, players, licences, stays, turn.now)
    watched = {code: one for code, one in licences.items() if breaks.is_watched(one)}
    if not watched:
        return paces
    asked = {
        number: licence
        for number, check in enumerate(checks)
        if number not in paces and (licence := _licence_of(check, players, watched)) is not None
    }
    sessions = await access.recall_sessions(
        turn,
        [
            (shard_of(checks[number].player_id), SessionId(session_id))
            for number in asked
            if (session_id := checks[number].session_id) is not None
        ],
    )
    stretches = await access.recall_stretches(turn, list(sessions.values()))
    clocks: dict[SessionPlace, Clock] = {}
    wanted: dict[SessionPlace, Jurisdiction] = {}
    of_check: dict[int, SessionPlace] = {}
    for number, licence in asked.items():
        check = checks[number]
        session = sessions.get(SessionId(check.session_id or ""))
        if session is None or session.player_id != check.player_id:
            paces[number] = Pace.SESSION_OVER
            continue
        place = of_check[number] = (session.player_id, session.id)
        clocks[place] = Clock(
            session_id=session.id,
            player_id=session.player_id,
            opened_at=session.opened_at,
            ends_at=session.ends_at,
            since=stretches[session.id].since,
            before=stretches[session.id].before,
        )
        wanted[place] = licence
    found = await breaks.recall_paces(turn, clocks, wanted)
    return paces | {number: found[place] for number, place in of_check.items()}


def _pauses(
    checks: Sequence[Check],
    players: Mapping[PlayerId, Player],
    licences: Mapping[str, Jurisdiction],
    stays: Mapping[PlayerId, Sequence[Stay]],
    now: datetime,
) -> dict[int, Pace]:
    """Return which stakes fall into a mandatory break."""
    paces: dict[int, Pace] = {}
    if not stays:
        return paces
    for number, check in enumerate(checks):
        licence = _licence_of(check, players, licences)
        if licence is not None and check.player_id in stays:
            pause = breaks.break_now(stays[check.player_id], licence, now)
            if pause is not None and now >= pause.starts_at:
                paces[number] = Pace.ON_BREAK
    return paces


def _plans(
    turn: Turn,
    checks: Sequence[Check],
    players: Mapping[PlayerId, Player],
    licences: Mapping[str, Jurisdiction],
) -> dict[int, Planned]:
    """Return how the plans stand of those stakes that are in games.

    Plans are made where games are, and there are none yet: whoever needs one has none.
    """
    planning = {code: one for code, one in licences.items() if one.games.session_planned}
    if not planning:
        return {}
    return {
        number: breaks.planned(None, licence, check.stake_micros, now=turn.now)
        for number, check in enumerate(checks)
        if check.product is Product.GAMES
        and (licence := _licence_of(check, players, planning)) is not None
    }


def _licence_of(
    check: Check, players: Mapping[PlayerId, Player], licences: Mapping[str, Jurisdiction]
) -> Jurisdiction | None:
    player = players.get(check.player_id)
    return None if player is None else licences.get(player.jurisdiction)


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
