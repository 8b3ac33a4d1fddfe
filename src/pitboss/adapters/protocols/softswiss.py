"""The SoftSwiss Game Aggregator v2 wallet, as Beexar publishes it.

`X-REQUEST-SIGN` is the HMAC-SHA256 of the raw body, amounts are decimal text in main units, and
whatever is wrong is HTTP 400 or 500 with an `api_code`.
Source: beexar-games/public-api, openapi/providers/softswiss/wallet.yaml (v.2026.03.03).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pitboss.adapters.protocols.reading import (
    Misshapen,
    Unreadable,
    flag_of,
    list_of,
    maybe_text,
    micros_of_text,
    player_of,
    read_object,
    signed_with,
    text_of,
)
from pitboss.games.rounds.model import (
    STEPS_MAX,
    Bearer,
    Dialect,
    Done,
    Effect,
    Refused,
    Request,
    Reversal,
    Stake,
    Standing,
    Step,
    Win,
    WireRefusal,
)
from pitboss.games.rounds.ports import Call, Heard, Look, Outcome, Reply, Trouble
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.money import currency, format_micros

SIGNATURE_HEADER = "x-request-sign"
# Whoever asks for what is nobody's is answered as for somebody who is not there.
_NOBODY = PlayerId("00000000-0000-0000-0000-000000000000")

_SIGNATURE = re.compile(r"[0-9a-f]{64}")
_CURRENCY = re.compile(r"[A-Z][A-Z0-9_]{2,31}")
_encode = msgspec.json.Encoder().encode

_FUNDS, _PLAYER, _BET_LIMIT, _MAX_BET, _GAME = "100", "101", "105", "106", "107"
_DISABLED, _COUNTRY, _CURRENCY_CODE, _BAD, _UNSIGNED = "110", "153", "154", "400", "403"
_NOT_FOUND, _NO_GAME, _ROLLED_BACK, _UNKNOWN, _AWAY = "404", "405", "409", "500", "503"

_CODES = {
    WireRefusal.INSUFFICIENT_FUNDS: _FUNDS,
    WireRefusal.PROMOTION_EXHAUSTED: _FUNDS,
    WireRefusal.UNKNOWN_PLAYER: _PLAYER,
    WireRefusal.WRONG_CURRENCY: _CURRENCY_CODE,
    WireRefusal.OTHER_FACTS: _BAD,
    WireRefusal.ROUND_CLOSED: _BAD,
    WireRefusal.ROLLED_BACK: _ROLLED_BACK,
    "unknown_jurisdiction": _PLAYER,
    "stake_too_large": _MAX_BET,
    "stake_not_of_game": _MAX_BET,
    "stake_too_small": _BET_LIMIT,
    "above_single_stake_limit": _BET_LIMIT,
    "above_stake_limit": _BET_LIMIT,
    "above_loss_limit": _BET_LIMIT,
    "limit_closed": _BET_LIMIT,
    "limit_missing": _BET_LIMIT,
    "unknown_game": _NO_GAME,
    "game_suspended": _NO_GAME,
    "provider_suspended": _NO_GAME,
    "game_not_certified": _GAME,
    "game_certificate_expired": _GAME,
    "game_certificate_withdrawn": _GAME,
    "game_odds_not_told": _GAME,
    "game_too_fast": _GAME,
    "game_plays_by_itself": _GAME,
    "product_not_licensed": _COUNTRY,
    "location_not_shown": _COUNTRY,
    "location_expired": _COUNTRY,
    "location_blocked": _COUNTRY,
    "location_network_changed": _COUNTRY,
}
_MESSAGES = {
    _FUNDS: "Player has not enough funds to process an action",
    _PLAYER: "Player is invalid",
    _BET_LIMIT: "Player reached customized bet limit",
    _MAX_BET: "Bet exceeded max bet limit",
    _GAME: "Game is forbidden to the player",
    _DISABLED: "Player is disabled",
    _COUNTRY: "Game is not available in player's country",
    _CURRENCY_CODE: "Currency is not allowed for the player",
    _BAD: "Bad request",
    _UNSIGNED: "Forbidden",
    _NOT_FOUND: "Not found",
    _NO_GAME: "Game is not available",
    _ROLLED_BACK: "Transaction is already rolled back",
    _UNKNOWN: "Unknown error",
    _AWAY: "Service is unavailable",
}
_IN_VAIN = frozenset({Effect.TOMBSTONED, Effect.NOTHING})
_WITH_BALANCE = frozenset({_FUNDS, _BET_LIMIT, _MAX_BET})
# By the end of the path: providers put what they like before it.
_VERBS = {
    "/balance": "balance",
    ".player/balance": "balance",
    "/betwin": "betwin",
    "/rollback": "rollback",
    "/finish": "finish",
}


class SoftSwiss:
    """The protocol with a provider's secrets: the newest first, and those that still count."""

    def __init__(self, provider: str, secrets: Sequence[bytes], *, free_play: bool = False) -> None:
        if not secrets or not all(secrets):
            raise ValueError("a provider without a secret would be anybody")
        self._provider = provider
        self._secrets = tuple(secrets)
        self._dialect = Dialect(reverses_wins=True, replays_reversed=True, free_play=free_play)

    def hear(self, call: Call) -> Heard | Reply:
        """Verify and read a call."""
        signature = call.headers.get(SIGNATURE_HEADER, "")
        if not _SIGNATURE.fullmatch(signature) or not signed_with(
            self._secrets, call.body, signature
        ):
            return _error(_UNSIGNED)
        path = call.path.lower()
        verb = next((verb for end, verb in _VERBS.items() if path.endswith(end)), None)
        if verb is None or call.method != "POST":
            return _error(_NOT_FOUND)
        try:
            return self._read(verb, read_object(call.body))
        except (Unreadable, Misshapen):
            return _error(_BAD)

    def answer(self, heard: Heard, outcome: Outcome) -> Reply:
        """Word what came of a call."""
        verb, code = heard.context
        match outcome:
            case Standing():
                if code != outcome.currency:
                    return _error(_CURRENCY_CODE)
                return _reply({"balance": _money(outcome.balance_micros, code)})
            case Done():
                return _reply(_done(verb, outcome))
            case Refused():
                return _refused(outcome)
            case None:
                return _error(_PLAYER)
            case Trouble():
                return self.fail(outcome)
            case _:
                return _error(_UNKNOWN)

    def fail(self, trouble: Trouble) -> Reply:
        """Word that a call was not looked at: what may be asked again is HTTP 500."""
        match trouble:
            case Trouble.TOO_LARGE:
                return _error(_BAD)
            case Trouble.FROM_ELSEWHERE:
                return _error(_UNSIGNED)
            case Trouble.AWAY | Trouble.TOO_OFTEN:
                return _error(_AWAY, status=500)
            case Trouble.BROKEN:
                return _error(_UNKNOWN, status=500)

    def _read(self, verb: str, body: Mapping[str, Any]) -> Heard:
        account = text_of(body, "account_id")
        code = text_of(body, "currency")
        if not _CURRENCY.fullmatch(code):
            raise Misshapen("currency", "capital letters are needed")
        # Who says that a round is over does not say of which game.
        game = "" if verb == "finish" else text_of(body, "game_id")
        session_id = maybe_text(body, "session_id")
        bearer = None if session_id is None else Bearer(session_id=session_id)
        player_id = player_of(account) or _NOBODY
        if verb == "balance":
            return Heard(wish=Look(player_id=player_id, bearer=None), context=(verb, code))
        steps: tuple[Step, ...] = ()
        closes = verb == "finish"
        ref = text_of(body, "round_id_provider" if verb == "rollback" else "round_id")
        if verb == "betwin":
            steps = tuple(map(_play, list_of(body, "transactions", STEPS_MAX)))
            closes = flag_of(body, "finished", default=False)
        elif verb == "rollback":
            steps = tuple(map(_undo, list_of(body, "transactions", STEPS_MAX)))
            closes = flag_of(body, "finished")
        wish = Request(
            provider=self._provider,
            player_id=player_id,
            game=game,
            round_ref=ref,
            currency=code,
            steps=steps,
            dialect=self._dialect,
            closes=closes,
            bearer=bearer,
        )
        return Heard(wish=wish, context=(verb, code))


def _play(item: Mapping[str, Any]) -> Step:
    external_id, kind = text_of(item, "id_provider"), text_of(item, "type")
    micros = micros_of_text(item.get("amount"), "amount")
    if micros <= 0:
        raise Misshapen("amount", "more than nothing is needed")
    match kind:
        case "bet":
            return Stake(external_id=external_id, micros=micros)
        case "win":
            return Win(external_id=external_id, micros=micros)
        case _:
            raise Misshapen("type", "bet or win is needed")


def _undo(item: Mapping[str, Any]) -> Step:
    if text_of(item, "type") != "rollback":
        raise Misshapen("type", "rollback is needed")
    return Reversal(
        external_id=text_of(item, "id_provider"), original_id=text_of(item, "original_id_provider")
    )


def _done(verb: str, done: Done) -> dict[str, Any]:
    balance = _money(done.balance_micros, done.currency)
    if verb == "finish":
        return {"balance": balance}
    return {
        "balance": balance,
        "round_id": done.round_id or "",
        "transactions": [
            {"id_provider": step.external_id, "id": step.booking_id, "bonus_amount": "0.00"}
            if verb == "betwin"
            else {
                "id_provider": step.external_id,
                # What takes nothing back has no id of ours; anything but 200 is asked for ever.
                "id": "" if step.effect in _IN_VAIN else step.booking_id,
            }
            for step in done.steps
        ],
    }


def _refused(refused: Refused) -> Reply:
    code = _CODES.get(refused.reason, _DISABLED)
    balance = None
    if code in _WITH_BALANCE and refused.currency is not None:
        balance = _money(refused.balance_micros or 0, refused.currency)
    return _error(code, balance=balance)


def _money(micros: int, code: str) -> str:
    return format_micros(max(micros, 0), currency(code))


def _error(code: str, *, status: int = 400, balance: str | None = None) -> Reply:
    meta = {"api_code": code, "api_message": _MESSAGES[code]}
    if balance is not None:
        meta["balance"] = balance
    name = "internal" if status == 500 else "invalid_argument"
    return Reply(status=status, body=_encode({"code": name, "msg": _MESSAGES[code], "meta": meta}))


def _reply(body: Mapping[str, Any]) -> Reply:
    return Reply(status=200, body=_encode(body))
