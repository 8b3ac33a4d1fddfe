"""What the gate looks at: a list of rules, of which the first that says no decides.

Pure.  A rule sees one case and returns a reason to refuse it, or None.  A new rule is a function
and a line in the list of those it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pitboss.gate.model import (
    Answer,
    Case,
    Check,
    DepositCase,
    DepositCheck,
    Permit,
    Refusal,
    Refused,
    WagerCase,
)
from pitboss.jurisdictions.model import Jurisdiction
from pitboss.kernel.ids import PlayerId
from pitboss.players.identity.model import Player, PlayerStatus


def decide_wagers(
    checks: Sequence[Check],
    players: Mapping[PlayerId, Player],
    jurisdictions: Mapping[str, Jurisdiction],
) -> tuple[Answer, ...]:
    """Answer each check in order."""
    permits = _permits(jurisdictions)
    answers: list[Answer] = []
    for check in checks:
        found = _find(check.player_id, players, jurisdictions)
        if isinstance(found, Refusal):
            answers.append(_REFUSED[found])
            continue
        player, jurisdiction = found
        case = WagerCase(check=check, player=player, jurisdiction=jurisdiction)
        for rule in WAGER_RULES:
            refusal = rule(case)
            if refusal is not None:
                answers.append(_REFUSED[refusal])
                break
        else:
            answers.append(permits[player.jurisdiction])
    return tuple(answers)


def decide_deposits(
    checks: Sequence[DepositCheck],
    players: Mapping[PlayerId, Player],
    jurisdictions: Mapping[str, Jurisdiction],
) -> tuple[Answer, ...]:
    """Answer each check in order."""
    permits = _permits(jurisdictions)
    answers: list[Answer] = []
    for check in checks:
        found = _find(check.player_id, players, jurisdictions)
        if isinstance(found, Refusal):
            answers.append(_REFUSED[found])
            continue
        player, jurisdiction = found
        case = DepositCase(check=check, player=player, jurisdiction=jurisdiction)
        refusals = (rule(case) for rule in DEPOSIT_RULES)
        refusal = next((reason for reason in refusals if reason is not None), None)
        answers.append(permits[player.jurisdiction] if refusal is None else _REFUSED[refusal])
    return tuple(answers)


def refuse_inactive(case: Case) -> Refusal | None:
    """Refuse players who are suspended or whose account is closed."""
    active = case.player.status is PlayerStatus.ACTIVE
    return None if active else Refusal.PLAYER_NOT_ACTIVE


def refuse_unverified(case: Case) -> Refusal | None:
    """Refuse players whose identity is not verified, where the licence wants that first.

    Nobody can be verified yet, so such a licence refuses everybody.  Source: LCCP 17.1.1(1).
    """
    # A permit that rests on a check nobody made would be worse than no permit.
    verification = case.jurisdiction.verification
    deposits = isinstance(case, DepositCase)
    wanted = verification.before_deposit if deposits else verification.before_play
    return Refusal.PLAYER_NOT_VERIFIED if wanted else None


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


# From what the player is to what the stake is: who may not play at all is told that first.
WAGER_RULES: tuple[Callable[[WagerCase], Refusal | None], ...] = (
    refuse_inactive,
    refuse_unverified,
    refuse_unlicensed_product,
    refuse_other_currency,
    refuse_stake_out_of_range,
)
# Withdrawals have no list: money that is the player's is never kept by the gate.
DEPOSIT_RULES: tuple[Callable[[DepositCase], Refusal | None], ...] = (
    refuse_inactive,
    refuse_unverified,
    refuse_other_currency,
)

_REFUSED = {reason: Refused(reason=reason) for reason in Refusal}


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


def _permits(jurisdictions: Mapping[str, Jurisdiction]) -> dict[str, Permit]:
    """Return the permit of each licence; it is the same for every stake of a batch."""
    return {
        code: Permit(jurisdiction=code, rules_version=jurisdiction.rules_version)
        for code, jurisdiction in jurisdictions.items()
    }
