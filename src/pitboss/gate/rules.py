"""What the gate looks at: a list of rules, of which the first that says no decides.

Pure.  A rule sees one case and returns a reason to refuse it, or None.  A new rule is a function
and a line in the list of those it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from pitboss.gate.model import (
    Answer,
    Case,
    Check,
    DepositCase,
    DepositCheck,
    Identified,
    Known,
    Located,
    Permit,
    Product,
    Refusal,
    Refused,
    WagerCase,
)
from pitboss.jurisdictions.model import Jurisdiction, LimitKind, SecondFactor, WhenReached
from pitboss.kernel.ids import PlayerId
from pitboss.location.model import Standing
from pitboss.players.identity.model import Player, PlayerStatus
from pitboss.players.verification.model import Verification, VerificationState
from pitboss.registers.model import Verdict
from pitboss.responsible.breaks.model import Pace, Planned
from pitboss.responsible.exclusion.model import Kind

NOTHING_MORE = Known()
WagerRule = Callable[[WagerCase], Refusal | None]
# What nearly every stake meets is compared and not looked up.
_NOWHERE, _UNVERIFIED = Standing.NOT_NEEDED, Identified.UNVERIFIED
_GOES_ON, _NOT_PLANNED, _UNREGISTERED = Pace.GOES_ON, Planned.NOT_NEEDED, Verdict.NOT_NEEDED
_ACTIVE, _GAMES, _VERIFIED = PlayerStatus.ACTIVE, Product.GAMES, Identified.VERIFIED
_REQUIRED, _LOGS_OUT = SecondFactor.REQUIRED, WhenReached.LOG_OUT


def decide_wagers(
    checks: Sequence[Check],
    players: Mapping[PlayerId, Player],
    jurisdictions: Mapping[str, Jurisdiction],
    known: Known = NOTHING_MORE,
    *,
    only: Sequence[WagerRule] | None = None,
) -> tuple[Answer, ...]:
    """Answer each check in order; what one is permitted is taken from the player's allowance.

    `only` are the rules that are looked at, if not all of them.  A stake that is permitted here and
    refused later, by the sportsbook or for want of money, has used the allowance for the rest of
    the batch: a limit is never passed, and a bet that was refused for it in the same instant may be
    asked for again.
    """
    permits = _permits(jurisdictions)
    answers: list[Answer] = []
    for number, check in enumerate(checks):
        found = _find(check.player_id, players, jurisdictions)
        if isinstance(found, Refusal):
            answers.append(_REFUSED[found])
            continue
        player, jurisdiction = found
        allowance = known.allowances.get(player.id)
        where = known.located.get(number)
        case = WagerCase(
            check=check,
            player=player,
            jurisdiction=jurisdiction,
            kept_away=known.kept_away.get(player.id),
            allowance=allowance,
            standing=_NOWHERE if where is None else where.standing,
            identified=known.identified.get(player.id, _UNVERIFIED),
            agreed=known.agreed.get(player.id, True),
            guarded=player.id in known.guarded,
            time_up=player.id in known.time_up,
            pace=known.paces.get(number, _GOES_ON),
            planned=known.plans.get(number, _NOT_PLANNED),
            age=known.ages.get(player.id),
            registered=known.registered.get(player.id, _UNREGISTERED),
        )
        refusal = _first_refusal(case, WAGER_RULES if only is None else only)
        if refusal is not None:
            answers.append(_LOGGED_OUT[refusal] if logs_out(case, refusal) else _REFUSED[refusal])
            continue
        permit = permits[player.jurisdiction]
        answers.append(permit if where is None else _resting_on(permit, where))
        if allowance is not None and not check.free:
            allowance.take_stake(check.stake_micros)
    return tuple(answers)


def decide_deposits(
    checks: Sequence[DepositCheck],
    players: Mapping[PlayerId, Player],
    jurisdictions: Mapping[str, Jurisdiction],
    known: Known = NOTHING_MORE,
) -> tuple[Answer, ...]:
    """Answer each check in order; what one is permitted is taken from the player's allowance.

    What is refused after it was counted goes back to it, for those behind in the batch.
    """
    permits, balance = _permits(jurisdictions), dict(known.balances)
    answers: list[Answer] = []
    for check in checks:
        found = _find(check.player_id, players, jurisdictions)
        if isinstance(found, Refusal):
            answers.append(_REFUSED[found])
            continue
        player, jurisdiction = found
        allowance, there = known.allowances.get(player.id), balance.get(player.id, 0)
        case = DepositCase(
            check=check,
            player=player,
            jurisdiction=jurisdiction,
            kept_away=known.kept_away.get(player.id),
            allowance=allowance,
            balance_micros=there,
            identified=known.identified.get(player.id, _UNVERIFIED),
            registered=known.registered.get(player.id, _UNREGISTERED),
        )
        refusals = (rule(case) for rule in DEPOSIT_RULES)
        refusal = next((reason for reason in refusals if reason is not None), None)
        answers.append(permits[player.jurisdiction] if refusal is None else _REFUSED[refusal])
        taken = check.more_micros if refusal is None else check.more_micros - check.micros
        if allowance is not None:
            allowance.take_deposit(taken)
            balance[player.id] = there + taken
    return tuple(answers)


def worse_of(
    registered: Mapping[PlayerId, Verdict], active: Mapping[PlayerId, Verdict]
) -> dict[PlayerId, Verdict]:
    """Return what registers say of each player, or if nothing bad, what the activity file does."""
    good = (Verdict.CLEAR, Verdict.NOT_NEEDED)
    heard = {
        player_id: verdict
        for player_id, verdict in active.items()
        if registered.get(player_id, Verdict.NOT_NEEDED) in good
    }
    return {**registered, **heard}


def identify(
    player: Player, jurisdiction: Jurisdiction, standing: Verification, *, now: datetime
) -> Identified:
    """Return how a player's identity stands at this moment."""
    if standing.state_at(now) is VerificationState.VERIFIED:
        return Identified.VERIFIED
    hours = jurisdiction.verification.hours_max
    overdue = hours is not None and now >= player.registered_at + timedelta(hours=hours)
    return Identified.OVERDUE if overdue else Identified.UNVERIFIED


def refuse_inactive(case: Case) -> Refusal | None:
    """Refuse players who are suspended or whose account is closed."""
    active = case.player.status is _ACTIVE
    return None if active else Refusal.PLAYER_NOT_ACTIVE


def refuse_kept_away(case: Case) -> Refusal | None:
    """Refuse players who are excluded or on a time-out, whatever they want to play.

    Source: AGCO 2.13(3), 2.14; PT 5.3.2(7) (deposits too); LCCP SR 3.5.3.
    """
    if case.kept_away is None:
        return None
    if case.kept_away.kind is Kind.TIME_OUT:
        return Refusal.PLAYER_ON_TIME_OUT
    return Refusal.PLAYER_EXCLUDED


def refuse_registered(case: Case) -> Refusal | None:
    """Refuse whom a national register names, and of whom it has not said that it does not.

    So it is with the file of who plays with which operator.  Where a register or that file is
    silent the licence says what holds.  Source: GlüStV 2021, § 6c and 6h;
    LCCP SR 3.5.5; BEK 67/2012, § 19 (DK); spelpaus.se; KSA, Cruks.
    """
    return None if case.registered is _UNREGISTERED else _REGISTERED[case.registered]


def refuse_unverified(case: Case) -> Refusal | None:
    """Refuse players whose identity is not verified, where the licence wants that first.

    Where the licence gives an account hours to be verified, who let them pass may not even pay in.
    Source: LCCP 17.1.1(1).
    """
    if case.identified is _VERIFIED:
        return None
    if case.identified is Identified.OVERDUE:
        return Refusal.PLAYER_NOT_VERIFIED
    verification = case.jurisdiction.verification
    deposits = isinstance(case, DepositCase)
    wanted = verification.before_deposit if deposits else verification.before_play
    return Refusal.PLAYER_NOT_VERIFIED if wanted else None


def refuse_without_second_factor(case: WagerCase) -> Refusal | None:
    """Refuse stakes of players without a second factor, where the licence wants one.

    They are let in with the password alone, to set one up and to take their money out.
    """
    required = case.jurisdiction.sessions.second_factor is _REQUIRED
    return Refusal.SECOND_FACTOR_MISSING if required and not case.guarded else None


def refuse_without_terms(case: WagerCase) -> Refusal | None:
    """Refuse stakes of players who have not accepted the terms that are in force.

    Source: PT Regulamento 903-B/2015, 5.1.1(2).
    """
    return None if case.agreed else Refusal.TERMS_NOT_ACCEPTED


def refuse_other_currency(case: Case) -> Refusal | None:
    """Refuse money in another currency than the player's own."""
    own = case.check.currency == case.player.currency
    return None if own else Refusal.WRONG_CURRENCY


def refuse_unlicensed_product(case: WagerCase) -> Refusal | None:
    """Refuse products that the licence does not cover."""
    licensed = case.check.product in case.jurisdiction.licence.products
    return None if licensed else Refusal.PRODUCT_NOT_LICENSED


def refuse_stake_out_of_range(case: WagerCase) -> Refusal | None:
    """Refuse stakes below the least or above the greatest that the licence allows."""
    allowed = case.jurisdiction.wagering(case.check.product)
    if case.check.stake_micros < allowed.stake_micros_min:
        return Refusal.STAKE_TOO_SMALL
    if case.check.stake_micros > allowed.stake_micros_max:
        return Refusal.STAKE_TOO_LARGE
    return None


def refuse_stake_above_cap(case: WagerCase) -> Refusal | None:
    """Refuse stakes in games above what the licence allows players of this age.

    The caps of every age hold for whoever's age is not known.  They hold for every game, because a
    stake does not say yet whether its game is a slot.
    Source: the licence's `games.stake_caps`; SI 2025/215, reg. 2 (GB); GlüStV § 22a (DE).
    """
    if case.check.product is not _GAMES:
        return None
    for cap in case.jurisdiction.games.stake_caps:
        meant = case.age is None or cap.is_for(case.age)
        if meant and case.check.currency == cap.currency and case.check.stake_micros > cap.micros:
            return Refusal.STAKE_TOO_LARGE
    return None


def refuse_without_limits(case: WagerCase) -> Refusal | None:
    """Refuse players who have not set the limits that the licence wants before any play.

    Source: GlüStV § 6c(1) (DE); Spelinspektionen (SE); KSA (NL); ROFUS guidance (DK).
    """
    return _missing(case, case.jurisdiction.limits.mandatory_before_play)


def refuse_deposit_without_limits(case: DepositCase) -> Refusal | None:
    """Refuse deposits of players who have not set the limits that come before them."""
    return _missing(case, case.jurisdiction.limits.mandatory_before_deposit)


def refuse_time_used_up(case: WagerCase) -> Refusal | None:
    """Refuse players who have been here for as long as their limit of time allows.

    Source: 58 Pa. Code § 814a.2 (from login to logoff; a round that runs may finish); NL
    `wok_player_limits` (login duration).
    """
    return Refusal.SESSION_TIME_USED_UP if case.time_up else None


def refuse_when_play_must_stop(case: WagerCase) -> Refusal | None:
    """Refuse stakes of a session that is over, on a mandatory break, or before a reality check
    that is due has been answered.

    Source: the licence's `sessions.minutes_max`, `breaks.mandatory_minutes` and
    `reality_check.answer_required`; 58 Pa. Code § 814a.1(e); PRD-03.
    """
    return None if case.pace is _GOES_ON else _STOPPED[case.pace]


def refuse_unplanned(case: WagerCase) -> Refusal | None:
    """Refuse stakes in games without a plan where the licence wants one, or beyond it.

    Source: DGOJ, monitoring model v3.3 (BOE-A-2024-12639), `PlanificacionSesion`; PRD-09.
    """
    if case.planned is _NOT_PLANNED or case.check.product is not _GAMES:
        return None
    return _UNPLANNED[case.planned]


def refuse_while_closed(case: WagerCase) -> Refusal | None:
    """Refuse any stake, one that was given too, when a limit is used up that closes its period.

    Source: 58 Pa. Code § 814a.2(2), (4) (no gaming until the period ends; rounds that run finish).
    """
    closed = case.allowance is not None and case.allowance.closed
    return Refusal.LIMIT_CLOSED if closed else None


def refuse_above_limits(case: WagerCase) -> Refusal | None:
    """Refuse stakes that would pass a limit; the lowest of several wins.  Source: RTS 12.

    A stake that was given to the player is none of theirs, and passes no limit.
    """
    if case.allowance is None or case.check.free:
        return None
    kind = case.allowance.refuses_stake(case.check.stake_micros)
    return None if kind is None else _ABOVE[kind]


def logs_out(case: WagerCase, refusal: Refusal) -> bool:
    """Say whether a limit is used up that made us refuse, where the licence logs players out then.

    It is used up when not even the least stake is left of it.  Who only asked for more than there
    is may go on with less.  Source: the licence's `limits.when_reached`.
    """
    if case.jurisdiction.limits.when_reached is not _LOGS_OUT:
        return False
    if refusal is Refusal.SESSION_TIME_USED_UP:
        return True
    least = case.jurisdiction.wagering(case.check.product).stake_micros_min
    return (
        case.allowance is not None
        and refusal in _USED_UP
        and case.allowance.refuses_stake(max(least, 1)) is not None
    )


def refuse_deposit_above_limits(case: DepositCase) -> Refusal | None:
    """Refuse deposits that would pass a limit, or bring more onto the account than it allows."""
    if case.allowance is None:
        return None
    most = case.allowance.balance
    there = case.balance_micros + case.check.awaited_micros
    if most is not None and there + case.check.more_micros > most:
        return Refusal.ABOVE_BALANCE_LIMIT
    kind = case.allowance.refuses_deposit(case.check.more_micros)
    return None if kind is None else _ABOVE[kind]


def refuse_without_permit(case: WagerCase) -> Refusal | None:
    """Refuse stakes of who has not shown, in this session and network, to be where they may play.

    Source: ME 16-633 ch. 62, s. 1 and 3.B; N.J.A.C. 13:69O-1.2(e); GEO-01, 02 and 05.
    """
    return None if case.standing is _NOWHERE else _UNLOCATED[case.standing]


_REGISTERED = {
    Verdict.NOT_NEEDED: None,
    Verdict.CLEAR: None,
    Verdict.EXCLUDED: Refusal.PLAYER_EXCLUDED,
    Verdict.ELSEWHERE: Refusal.ACTIVE_ELSEWHERE,
    Verdict.NOT_CHECKED: Refusal.REGISTER_NOT_CHECKED,
    Verdict.DOWN: Refusal.REGISTER_DOWN,
}

_UNLOCATED = {
    Standing.NOT_NEEDED: None,
    Standing.PERMITTED: None,
    Standing.NOT_SHOWN: Refusal.LOCATION_NOT_SHOWN,
    Standing.EXPIRED: Refusal.LOCATION_EXPIRED,
    Standing.BLOCKED: Refusal.LOCATION_BLOCKED,
    Standing.NETWORK_CHANGED: Refusal.LOCATION_NETWORK_CHANGED,
}

_STOPPED = {
    Pace.GOES_ON: None,
    Pace.SESSION_OVER: Refusal.SESSION_OVER,
    Pace.ON_BREAK: Refusal.MANDATORY_BREAK,
    Pace.CHECK_DUE: Refusal.REALITY_CHECK_DUE,
}

_UNPLANNED = {
    Planned.NOT_NEEDED: None,
    Planned.HOLDS: None,
    Planned.MISSING: Refusal.GAME_PLAN_MISSING,
    Planned.OVER: Refusal.GAME_PLAN_OVER,
}

# From what the player is to what the stake is: who may not play at all is told that first.
WAGER_RULES: tuple[WagerRule, ...] = (
    refuse_inactive,
    refuse_kept_away,
    refuse_registered,
    refuse_unverified,
    refuse_without_second_factor,
    refuse_without_terms,
    refuse_unlicensed_product,
    refuse_other_currency,
    refuse_stake_out_of_range,
    refuse_stake_above_cap,
    refuse_without_permit,
    refuse_without_limits,
    refuse_time_used_up,
    refuse_when_play_must_stop,
    refuse_unplanned,
    refuse_while_closed,
    refuse_above_limits,
)
# What of a stake's rules is about the player and the stake, and not about where, when and in which
# session it is asked for: that is asked when a reward is played.
REWARD_RULES: tuple[WagerRule, ...] = (
    refuse_inactive,
    refuse_kept_away,
    refuse_registered,
    refuse_unverified,
    refuse_unlicensed_product,
    refuse_other_currency,
    refuse_stake_out_of_range,
    refuse_stake_above_cap,
)
# A demonstration has neither a stake nor a session.
DEMONSTRATION_RULES: tuple[WagerRule, ...] = (
    refuse_inactive,
    refuse_kept_away,
    refuse_registered,
    refuse_unverified,
    refuse_unlicensed_product,
)
# Withdrawals have no list: money that is the player's is never kept by the gate.
DEPOSIT_RULES: tuple[Callable[[DepositCase], Refusal | None], ...] = (
    refuse_inactive,
    refuse_kept_away,
    refuse_registered,
    refuse_unverified,
    refuse_other_currency,
    refuse_deposit_without_limits,
    refuse_deposit_above_limits,
)

_ABOVE = {
    LimitKind.SINGLE_STAKE: Refusal.ABOVE_SINGLE_STAKE_LIMIT,
    LimitKind.STAKE: Refusal.ABOVE_STAKE_LIMIT,
    LimitKind.LOSS: Refusal.ABOVE_LOSS_LIMIT,
    LimitKind.DEPOSIT: Refusal.ABOVE_DEPOSIT_LIMIT,
    LimitKind.NET_DEPOSIT: Refusal.ABOVE_NET_DEPOSIT_LIMIT,
}
# Limits of what may be used in a period; one of a single stake is never used up.
_USED_UP = frozenset({Refusal.ABOVE_STAKE_LIMIT, Refusal.ABOVE_LOSS_LIMIT})
_REFUSED = {reason: Refused(reason=reason) for reason in Refusal}
_LOGGED_OUT = {reason: Refused(reason=reason, logs_out=True) for reason in Refusal}


def _first_refusal(case: WagerCase, rules: Sequence[WagerRule]) -> Refusal | None:
    # A plain loop, because a generator would cost every stake more than the rules do.
    for rule in rules:
        refusal = rule(case)
        if refusal is not None:
            return refusal
    return None


def _missing(case: Case, mandatory: Sequence[LimitKind]) -> Refusal | None:
    if not mandatory:
        return None
    chosen = frozenset[LimitKind]() if case.allowance is None else case.allowance.set_kinds
    return None if chosen.issuperset(mandatory) else Refusal.LIMIT_MISSING


def _find(
    player_id: PlayerId,
    players: Mapping[PlayerId, Player],
    jurisdictions: Mapping[str, Jurisdiction],
) -> tuple[Player, Jurisdiction] | Refusal:
    """Return whom a case is about and under which licence, or why there is no case."""
    player = players.get(player_id)
    if player is None:
        return Refusal.UNKNOWN_PLAYER
    jurisdiction = jurisdictions.get(player.jurisdiction)
    if jurisdiction is None:
        return Refusal.UNKNOWN_JURISDICTION
    return player, jurisdiction


def _resting_on(permit: Permit, where: Located) -> Permit:
    """Return a licence's permit with the check of location that this one rests on."""
    return msgspec.structs.replace(permit, check_id=where.check_id)


def _permits(jurisdictions: Mapping[str, Jurisdiction]) -> dict[str, Permit]:
    """Return the permit of each licence; it is the same for every stake of a batch."""
    return {
        code: Permit(jurisdiction=code, rules_version=jurisdiction.rules_version)
        for code, jurisdiction in jurisdictions.items()
    }
