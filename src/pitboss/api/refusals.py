"""What a room's refusal is over HTTP: one table for all rooms."""

from __future__ import annotations

from dataclasses import dataclass

from pitboss.api.problems import FieldError, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """How one refusal is told.

    `field` is the part of the request that is to blame, `slug` the kind of problem if that is not
    the reason itself.
    """

    status: int
    detail: str
    field: str | None = None
    slug: str | None = None


def _blamed(field: str, detail: str) -> Line:
    """Return the line of a request that names something which can never be."""
    return Line(status=422, detail=detail, field=field)


def _not_allowed(detail: str) -> Line:
    return Line(status=403, detail=detail)


def _missing(detail: str) -> Line:
    return Line(status=404, detail=detail)


def _in_the_way(detail: str) -> Line:
    """Return the line of a request that does not fit how things stand just now."""
    return Line(status=409, detail=detail)


# It does not say why: who registers in somebody's name must not learn who is excluded.
_REGISTRATION_NOT_POSSIBLE = Line(
    status=403,
    detail="This person cannot become a player here now.",
    slug="registration_not_possible",
)

# A refusal means the same in every room that gives it.  Each has a line: a test sees to it.
LINES = {
    # What the request names.
    "unknown_jurisdiction": _blamed("jurisdiction", "There is no such licence here."),
    "currency_not_offered": _blamed("currency", "The licence does not offer this currency."),
    "wrong_currency": _blamed("currency", "The player's account is in another currency."),
    "under_age": _blamed("date_of_birth", "The licence does not let somebody of this age play."),
    "amount_out_of_range": _blamed("amount", "The amount is not one that can be moved."),
    "amount_not_whole": _blamed("amount", "The amount has a fraction of the minor unit."),
    "stake_too_small": _blamed("stake", "The stake is below the least that is allowed."),
    "stake_too_large": _blamed("stake", "The stake is above the greatest that is allowed."),
    "stake_not_whole": _blamed("stake", "The stake has a fraction of the minor unit."),
    "returns_too_large": _blamed("stake", "The bet could return more than is allowed."),
    "wrong_number_of_legs": _blamed("legs", "A bet has between 1 and 20 legs."),
    "related_legs": _blamed("legs", "Two legs are about the same event."),
    "unreadable": _blamed("body", "The request could not be read."),
    "unknown_selection": _blamed("selection_id", "There is no such selection."),
    "unknown_market": _blamed("market_id", "There is no such market."),
    "unknown_event": _blamed("event_id", "There is no such event."),
    "term_not_offered": _blamed("term", "The licence does not offer this term."),
    "value_out_of_range": _blamed("amount", "A limit cannot be so low, or so high."),
    "above_statutory_cap": _blamed("amount", "The limit is above what the law allows."),
    "cannot_work_cases": _blamed("to", "This agent may not work on cases."),
    "unknown_role": _blamed("roles", "There is no such role for a person."),
    "unchangeable_role": _blamed("role", "This role is never changed."),
    # Who asks.
    "jurisdiction_closed": _not_allowed("The licence takes no new players now."),
    "account_closed": _not_allowed("The player's account is closed."),
    "player_not_active": _not_allowed("The player may not play now."),
    "player_not_verified": _not_allowed("The player's identity is not verified yet."),
    "wrong_password": _not_allowed("This is not the player's password."),
    "login_locked": _not_allowed("The login is locked."),
    "second_factor_needed": _not_allowed("A code of the second factor is needed."),
    "wrong_second_factor": _not_allowed("The code is wrong, or was used before."),
    "second_factor_missing": _not_allowed("The licence wants a second factor before this."),
    "factor_required": _not_allowed("The licence wants a second factor; this is the last one."),
    "wrong_security_key": _not_allowed("The security key did not sign a challenge that is open."),
    "security_key_known": Line(status=409, detail="The player has this security key already."),
    "too_many_security_keys": Line(status=409, detail="The player has as many keys as may be."),
    "session_elsewhere": Line(status=409, detail="The player is logged in elsewhere."),
    "factor_active": Line(status=409, detail="There is a second factor."),
    "factor_not_offered": Line(status=409, detail="There is no second factor for this."),
    "terms_not_accepted": _not_allowed("The player has not accepted the terms in force."),
    "product_not_licensed": _not_allowed("The licence does not cover this product."),
    "account_not_closed": _not_allowed("The player's account must be closed first."),
    "player_excluded": _not_allowed("The player is excluded from play."),
    "held_by_register": _not_allowed("A national register keeps the player away; it ends there."),
    "held_by_staff": _not_allowed("This exclusion was not the player's wish; staff must end it."),
    "named_by_register": _REGISTRATION_NOT_POSSIBLE,
    "excluded_elsewhere": _REGISTRATION_NOT_POSSIBLE,
    "register_not_checked": _not_allowed("The national register must be asked before this."),
    "player_on_time_out": _not_allowed("The player is taking a time-out."),
    "never_lifted": _not_allowed("This exclusion is not lifted on request."),
    "limit_missing": _not_allowed("The licence wants limits to be set before this."),
    "above_single_stake_limit": _not_allowed("The stake is above the player's limit for one."),
    "above_stake_limit": _not_allowed("The stake would pass the player's limit of stakes."),
    "above_loss_limit": _not_allowed("The stake could pass the player's limit of losses."),
    "above_deposit_limit": _not_allowed("The deposit would pass the player's limit."),
    "above_net_deposit_limit": _not_allowed("The deposit would pass the player's net limit."),
    "above_balance_limit": _not_allowed("The deposit would pass the limit of the balance."),
    "session_time_used_up": _not_allowed("The player has played for as long as the limit allows."),
    "session_over": _not_allowed("The player's session is over, or none was named."),
    "mandatory_break": _not_allowed("The player must take a break before more play."),
    "game_plan_missing": _not_allowed("The licence wants a plan before a session of games."),
    "game_plan_over": _not_allowed("The player's plan for games is over, or would be passed."),
    "limit_is_mandatory": _not_allowed("The licence wants this limit; it can be changed."),
    "confirmed_by_staff_only": _not_allowed("A looser limit is confirmed by staff here."),
    "cap_not_liftable": _not_allowed("No check raises this cap under the licence."),
    "retention_not_over": _not_allowed("The licence wants the player's data kept for longer."),
    "location_not_shown": _not_allowed("The player has not shown where they are."),
    "location_expired": _not_allowed("The player must show again where they are."),
    "location_blocked": _not_allowed("The player has not shown to be where they may play."),
    "location_network_changed": _not_allowed(
        "The player's network has changed, so they must show again where they are."
    ),
    "invitation_unknown": _not_allowed("There is no such invitation, or it is too late."),
    "not_permitted": _not_allowed("None of your roles permits this."),
    "own_request": _not_allowed("Somebody else must decide about what you asked for."),
    "concerns_yourself": _not_allowed("This changes what you may do yourself."),
    "asker_not_permitted": _not_allowed("Whoever asked may not ask for it any more."),
    "needs_approval": _not_allowed("This takes two: ask for it at /v1/staff/approvals."),
    # What is not there.
    "unknown_approval": _missing("There is no such request, or it is not yours."),
    "unknown_agent": _missing("There is no such member of staff."),
    "unknown_player": _missing("There is no such player."),
    "unknown_account": _missing("There is no such account."),
    "unknown_subject": _missing("There is nobody whose data could be looked at."),
    "subject_erased": Line(status=410, detail="The player's data was erased."),
    "unknown_hold": _missing("There is no such hold."),
    "kind_not_offered": _missing("The licence does not offer this kind of limit."),
    "period_not_offered": _missing("The licence does not offer this limit over this period."),
    "not_excluded": _missing("Nothing keeps the player away."),
    "nothing_is_set": _missing("There is no such limit to take away."),
    "nothing_waits": _missing("No looser limit waits."),
    "interval_not_offered": _missing("The licence does not offer this interval."),
    "unknown_case": _missing("There is no such case."),
    # How things stand.
    "reality_check_due": _in_the_way("A reality check waits for the player's answer."),
    "no_check_due": _in_the_way("No such reality check is due."),
    "answer_needed": _in_the_way("The licence wants an answer to a reality check."),
    "answered_otherwise": _in_the_way("This reality check was answered with something else."),
    "register_down": _in_the_way(
        "The national register does not answer; nobody plays until it does."
    ),
    "case_closed": _in_the_way("The case is closed."),
    "location_not_needed": _in_the_way("The licence does not ask where players are."),
    "key_reused": Line(
        status=409,
        detail="This Idempotency-Key was used for another request.",
        field="Idempotency-Key",
        slug="idempotency_key_reused",
    ),
    "name_taken": Line(status=409, detail="Another agent has this name.", field="name"),
    "last_administrator": _in_the_way("Then nobody would be an administrator."),
    "already_decided": _in_the_way("Somebody has decided about this."),
    "approval_expired": _in_the_way("Nobody decided in time; ask for it again."),
    "not_suspended": _in_the_way("Nothing that staff began keeps the player out."),
    "enough_administrators": _in_the_way("From two administrators on, they add the others."),
    "email_taken": Line(status=409, detail="Another player has this e-mail.", field="email"),
    "insufficient_funds": _in_the_way("There is not enough money that is not spoken for."),
    "duplicate_player": _in_the_way("Somebody who looks like this person is a player."),
    "terms_not_current": _in_the_way("This version of the terms is not in force."),
    "check_open": _in_the_way("A check of the player's identity has not ended."),
    "already_verified": _in_the_way("The player's identity is verified."),
    "payment_open": _in_the_way("A payment of the player has not ended."),
    "money_held": _in_the_way("Money of the player is held, for a bet or a withdrawal."),
    "money_left": _in_the_way("There is money in the player's account."),
    "same_account": _in_the_way("Money moves between two accounts."),
    "hold_exhausted": _in_the_way("Nothing of this hold is left."),
    "price_changed": _in_the_way("The price is not the one that was shown."),
    "market_not_open": _in_the_way("The market takes no bets now."),
    "market_closed": _in_the_way("The market is closed for ever."),
    "event_started": _in_the_way("The event has started."),
    "another_under_this_id": _in_the_way("Something else is known under this id."),
    "term_not_over": _in_the_way("The term is not over, and nothing shortens it."),
    "too_early": _in_the_way("The looser limit has not waited long enough."),
    "lapsed": _in_the_way("The looser limit was not confirmed in time; ask for it again."),
    "another_result": _in_the_way("Another result is recorded for this event."),
}


def problem_of(reason: str) -> Problem:
    """Return the problem that tells a refusal; `reason` is a member of a room's `Refusal`."""
    line = LINES[reason]
    errors = () if line.field is None else (FieldError(line.field, line.detail),)
    return Problem(
        status=line.status, slug=line.slug or str(reason), detail=line.detail, errors=errors
    )
