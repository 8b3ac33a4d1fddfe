"""What a room's refusal is over HTTP: one table for all rooms."""

from __future__ import annotations

from pitboss.api.problems import FieldError, Problem

# A refusal means the same in every room that gives it.  Who names a field blames the request;
# the status is 422 then.  Everything else is a conflict with how things stand (409), something
# that is not there (404), or not allowed to this player (403).
_FIELDS = {
    "unknown_jurisdiction": "jurisdiction",
    "currency_not_offered": "currency",
    "under_age": "date_of_birth",
    "wrong_currency": "currency",
    "amount_out_of_range": "amount",
    "amount_not_whole": "amount",
    "stake_too_small": "stake",
    "stake_too_large": "stake",
    "stake_not_whole": "stake",
    "unknown_selection": "selection_id",
    "unknown_market": "market_id",
    "unknown_event": "event_id",
    "wrong_number_of_legs": "legs",
    "related_legs": "legs",
    "returns_too_large": "stake",
}
_FORBIDDEN = frozenset(
    ("jurisdiction_closed", "player_not_active", "player_not_verified", "product_not_licensed")
)
_MISSING = frozenset(("unknown_player", "unknown_account", "unknown_hold", "unknown_payment"))
_SLUGS = {"key_reused": "idempotency_key_reused"}
_DETAILS = {
    "key_reused": "This Idempotency-Key was used for another request.",
    "email_taken": "Another player has this e-mail.",
    "under_age": "The licence does not let somebody of this age play.",
    "insufficient_funds": "There is not enough money that is not spoken for.",
    "wrong_currency": "The player's account is in another currency.",
    "another_under_this_id": "Something else is known under this id.",
    "another_result": "Another result is recorded for this event.",
}


def problem_of(reason: str) -> Problem:
    """Return the problem that tells a refusal; `reason` is a member of a room's `Refusal`."""
    reason = str(reason)
    detail = _DETAILS.get(reason, reason.replace("_", " ").capitalize() + ".")
    field = _FIELDS.get(reason)
    if field is not None:
        return Problem(status=422, slug=reason, detail=detail, errors=(FieldError(field, detail),))
    status = 403 if reason in _FORBIDDEN else 404 if reason in _MISSING else 409
    errors = (FieldError("Idempotency-Key", detail),) if reason == "key_reused" else ()
    return Problem(status=status, slug=_SLUGS.get(reason, reason), detail=detail, errors=errors)
