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
    # Bets that are sold back.
    "another_request": _in_the_way("This key was used for something else."),
    "bet_not_open": _in_the_way("The bet is not open any more."),
    "cash_out_not_offered": _in_the_way("Such a bet is not bought back."),
    "cash_out_suspended": _in_the_way("A leg of the bet cannot be priced just now."),
    "cash_out_worthless": _in_the_way("What would be paid for it is nothing."),
    "cash_out_stake": _blamed("stake", "This is no part of the stake that the bet still has."),
    "quote_expired": _in_the_way("The quote is over; ask for another one."),
    "quote_stale": _in_the_way("A price, a result or the bet has changed since the quote."),
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
    "bet_limit": _blamed("stake", "One bet on this may not win so much."),
    "selection_limit": _blamed("stake", "Bets on this may not win so much more."),
    "referral_refused": _in_the_way("A trader did not take the bet."),
    "referral_unanswered": _in_the_way("No trader has answered in time."),
    "referral_stake": _blamed(
        "stake", "Less is a whole stake below the one asked for, and one that may be made."
    ),
    "referral_answered": _in_the_way("Another word about this bet is on record."),
    "referral_over": _in_the_way("The bet is decided, or its time is over."),
    "unknown_referral": _missing("No such bet waits for a trader, or ever did."),
    "wrong_number_of_legs": _blamed("legs", "A bet has between 1 and 20 legs."),
    "no_place_terms": _blamed("parts", "No place is paid on one of these selections."),
    "unknown_free_bet": _blamed("free_bet", "The player has no such free bet."),
    "unknown_boost": _blamed("boost", "The player has no such boost."),
    "boost_stake_too_large": _blamed("stake", "The stake is above what the boost is for."),
    "free_bet_other_stake": _blamed("stake", "The stake is not that of the free bet."),
    "unknown_combination": _blamed("combination", "There is no such combination."),
    "same_market": _blamed("parts", "Two selections answer the same question."),
    "several_events": _blamed("parts", "The selections are of several events."),
    "races_not_combined": _blamed("parts", "Runners of races are not combined."),
    "combination_too_short": _blamed("price", "One part alone has a longer price."),
    "combination_not_confirmed": _blamed("price", "A price so long must be confirmed."),
    "related_legs": _blamed("legs", "Two legs are about the same event."),
    "unreadable": _blamed("body", "The request could not be read."),
    "unknown_selection": _blamed("selection_id", "There is no such selection."),
    "unknown_market": _blamed("market_id", "There is no such market."),
    "unknown_version": _blamed("version", "There is no such result of this market."),
    "nothing_said": _blamed("results", "No selection is named."),
    "no_window": _blamed("until", "The window ends before it begins."),
    "from_the_future": _blamed("reported_at", "The time is ahead of the platform's."),
    "unknown_target": _blamed("target", "There is nothing that such a limit could be for."),
    "unknown_event": _blamed("event_id", "There is no such event."),
    "term_not_offered": _blamed("term", "The licence does not offer this term."),
    "value_out_of_range": _blamed("amount", "A limit cannot be so low, or so high."),
    "above_statutory_cap": _blamed("amount", "The limit is above what the law allows."),
    "cannot_work_cases": _blamed("to", "This agent may not work on cases."),
    "unknown_role": _blamed("roles", "There is no such role for a person."),
    "unchangeable_role": _blamed("role", "This role is never changed."),
    "reward_too_large": _blamed("count", "The stakes together are above what may be given."),
    "reward_over": _blamed("ends_at", "The reward would be over already."),
    "reward_reference_taken": _blamed("reference", "Another reward has this name."),
    "stake_not_of_game": _blamed("stake", "The game does not take such a stake."),
    # Who asks.
    "rewards_not_allowed": _not_allowed("The licence lets nobody have free stakes in games."),
    "free_bets_not_allowed": _not_allowed("The licence lets nobody have free bets."),
    "combinations_not_sold": _not_allowed("The licence lets nobody combine these legs."),
    "boosts_not_allowed": _not_allowed("The licence lets nobody have boosts."),
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
    "payout_not_offered": _not_allowed("The licence does not pay out wins by themselves."),
    "limit_missing": _not_allowed("The licence wants limits to be set before this."),
    "above_single_stake_limit": _not_allowed("The stake is above the player's limit for one."),
    "above_stake_limit": _not_allowed("The stake would pass the player's limit of stakes."),
    "above_loss_limit": _not_allowed("The stake could pass the player's limit of losses."),
    "limit_closed": _not_allowed("A limit is used up: there is no play until its period ends."),
    "above_deposit_limit": _not_allowed("The deposit would pass the player's limit."),
    "above_net_deposit_limit": _not_allowed("The deposit would pass the player's net limit."),
    "above_balance_limit": _not_allowed("The deposit would pass the limit of the balance."),
    "deposits_blocked": _not_allowed("Too many deposits failed; staff must look before the next."),
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
    "game_suspended": _not_allowed("The game is stopped."),
    "provider_suspended": _not_allowed("All games of this provider are stopped."),
    "game_not_certified": _not_allowed("The game is not certified for the player's licence."),
    "game_certificate_expired": _not_allowed(
        "The game's certificate for the player's licence has expired."
    ),
    "game_certificate_withdrawn": _not_allowed(
        "The game's certificate for the player's licence was withdrawn."
    ),
    "game_odds_not_told": _not_allowed("The game does not tell how likely its highest win is."),
    "game_too_fast": _not_allowed("The game is faster than the licence allows."),
    "game_build_not_certified": _not_allowed("What would deal is not what was certified."),
    "game_plays_by_itself": _not_allowed("The licence has no games that go on by themselves."),
    # What is not there.
    "unknown_game": _missing("There is no such game."),
    "unknown_provider": _missing("There is no such provider."),
    "unknown_certificate": _missing("The version has no such certificate for this licence."),
    "rewards_not_offered": _missing("The provider cannot be asked about rewards."),
    "unknown_reward": _missing("The player has no such reward."),
    "game_list_not_offered": _missing("The provider cannot be asked which games it has."),
    "demo_not_offered": _missing("The provider has no demonstrations here."),
    "unknown_round": _missing("There is no such round."),
    "round_not_shown": _missing("The provider does not show this round."),
    "unknown_game_session": _missing("There is no such session in a game."),
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
    "no_payout_sum": _missing("No sum is named above which wins are paid out."),
    "nothing_waits": _missing("No looser limit waits."),
    "interval_not_offered": _missing("The licence does not offer this interval."),
    "deposits_not_blocked": _missing("The player's deposits were never blocked."),
    "unknown_case": _missing("There is no such case."),
    # How things stand.
    "another_under_this_version": _in_the_way("This version is known as something else."),
    "another_certificate": _in_the_way(
        "The certificate of this number and day says something else."
    ),
    "round_closed": _in_the_way("The round is over."),
    "round_open": _in_the_way("A round of this game goes on; it is played to its end first."),
    "round_too_soon": _in_the_way("The game is not played so fast."),
    "other_step": _in_the_way("Another step was taken under this number, or one is left out."),
    "action_not_possible": _in_the_way("This cannot be done in the round now."),
    "round_untold": _in_the_way("The round does not follow from its steps; staff must look."),
    "game_version_changed": _in_the_way(
        "The rules that your round began with are not here; it is ended as it was recorded."
    ),
    "unknown_session": _in_the_way("There is no such session in this game."),
    "game_session_over": _in_the_way("The session in the game is over; open it anew."),
    "other_facts": _in_the_way("Something else was asked for under this id."),
    "reality_check_due": _in_the_way("A reality check waits for the player's answer."),
    "no_check_due": _in_the_way("No such reality check is due."),
    "answer_needed": _in_the_way("The licence wants an answer to a reality check."),
    "answered_otherwise": _in_the_way("This reality check was answered with something else."),
    "active_elsewhere": _in_the_way(
        "The player is active with another operator, or was a moment ago."
    ),
    "above_central_limit": _in_the_way(
        "The deposit is above what may be paid in over all operators this month."
    ),
    "central_file_down": _in_the_way(
        "The central limit file does not answer; nothing is paid in until it does."
    ),
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
    "duplicate_slip": _in_the_way("The same slip was taken a moment ago; say so to repeat it."),
    "in_play_not_offered": _not_allowed("The licence does not offer this market in play."),
    "market_interrupted": _in_the_way("The market was suspended before the delay was over."),
    "palpable_error": _in_the_way("The prices of the market cannot be meant; it is looked into."),
    "price_stale": _in_the_way("The price is too old to be taken in play."),
    "producer_down": _in_the_way("Whoever makes these prices is silent now."),
    "score_changed": _in_the_way("Something happened in the event before the delay was over."),
    "market_not_open": _in_the_way("The market takes no bets now."),
    "ended_otherwise": _in_the_way("Something else is known of how the event ended."),
    "status_goes_back": _in_the_way("The event has gone on from there, and does not go back."),
    "market_closed": _in_the_way("The market is closed for ever."),
    "push_overtaken": _in_the_way("The source has pushed later prices; `sequence` is its newest."),
    "push_reused": _in_the_way("The source has pushed other prices under this number."),
    "move_not_confirmed": _in_the_way("The price moves so far that it must be confirmed."),
    "event_started": _in_the_way("The event has started."),
    "reward_not_granted": _in_the_way("Nobody knows whether it was granted; that comes first."),
    "reward_not_unknown": _in_the_way("It is known how the reward stands, or it was played."),
    "free_bet_used": _in_the_way("The free bet is the stake of another bet."),
    "free_bet_expired": _in_the_way("The free bet is over."),
    "place_terms_changed": _in_the_way("The market pays its places by other terms by now."),
    "combination_not_open": _in_the_way("The combination is not on sale now."),
    "boost_used": _in_the_way("The boost is another bet's."),
    "boost_expired": _in_the_way("The boost is over."),
    "other_terms": _in_the_way("The market pays its places by other terms."),
    "another_under_this_id": _in_the_way("Something else is known under this id."),
    "term_not_over": _in_the_way("The term is not over, and nothing shortens it."),
    "too_early": _in_the_way("The looser limit has not waited long enough."),
    "lapsed": _in_the_way("The looser limit was not confirmed in time; ask for it again."),
    "contradicts_itself": _in_the_way("The source has said something else at the same time."),
    "not_as_shown": _in_the_way("Something has changed since this was shown; look again."),
    "debt_open": _in_the_way(
        "The player owes the house; nothing is paid out until that is settled."
    ),
    "began_too_early": _in_the_way(
        "That is more than a day before its time; if bets are to be void, correct its markets."
    ),
    "against_staff": _in_the_way("Staff have said that it ended otherwise, which holds."),
    "another_result": _in_the_way("Another result is recorded for this event."),
}


def problem_of(reason: str) -> Problem:
    """Return the problem that tells a refusal; `reason` is a member of a room's `Refusal`."""
    line = LINES[reason]
    errors = () if line.field is None else (FieldError(line.field, line.detail),)
    return Problem(
        status=line.status, slug=line.slug or str(reason), detail=line.detail, errors=errors
    )
