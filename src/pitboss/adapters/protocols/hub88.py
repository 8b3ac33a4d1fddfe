"""The wallet of Hub88 and Caleta: amounts are whole hundred-thousandths, statuses are `RS_…`.

Each side signs the raw body with RSA (PKCS #1 v1.5, SHA-256), in base64; whatever a wallet says is
HTTP 200 with a status.
Source: docs.hub88.io, operator API reference; Caleta System API 1.5 (valkyrie-fnd/valkyrie).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from pitboss.adapters.protocols.places import region_of
from pitboss.adapters.protocols.reading import (
    Misshapen,
    Unreadable,
    flag_of,
    maybe_text,
    player_of,
    read_object,
    scaled_of,
    text_of,
    told_text,
)
from pitboss.games.rewards.model import StakeRefusal
from pitboss.games.rounds.model import (
    Bearer,
    Dialect,
    Done,
    Refused,
    Request,
    Reversal,
    Stake,
    Standing,
    Step,
    Win,
    WinNeeds,
    WireRefusal,
    digest_of,
    shard_of_token,
)
from pitboss.games.rounds.ports import (
    Call,
    Heard,
    Look,
    OfToken,
    Outcome,
    Reply,
    Swap,
    Swapped,
    Trouble,
)
from pitboss.kernel.ids import PlayerId

SIGNATURE_HEADERS = ("x-hub88-signature", "x-auth-signature")
# An amount is so many times the unit: ten micros each.
MICROS_EACH = 10
KEY_BITS_MIN = 2_048

_encode = msgspec.json.Encoder().encode
_NOBODY = PlayerId("00000000-0000-0000-0000-000000000000")

OK = "RS_OK"
_UNKNOWN, _SYNTAX, _TYPES = "RS_ERROR_UNKNOWN", "RS_ERROR_WRONG_SYNTAX", "RS_ERROR_WRONG_TYPES"
_TOKEN, _EXPIRED = "RS_ERROR_INVALID_TOKEN", "RS_ERROR_TOKEN_EXPIRED"
_GAME, _CURRENCY = "RS_ERROR_INVALID_GAME", "RS_ERROR_WRONG_CURRENCY"
_FUNDS, _DISABLED = "RS_ERROR_NOT_ENOUGH_MONEY", "RS_ERROR_USER_DISABLED"
_SIGNATURE, _DUPLICATE = "RS_ERROR_INVALID_SIGNATURE", "RS_ERROR_DUPLICATE_TRANSACTION"
_NO_STAKE = "RS_ERROR_TRANSACTION_DOES_NOT_EXIST"
_ROLLED_BACK, _LIMIT = "RS_ERROR_TRANSACTION_ROLLED_BACK", "RS_ERROR_BET_LIMIT_EXCEEDED"
_TIMEOUT = "RS_ERROR_TIMEOUT"

_STATUSES: dict[str, str] = {
    WireRefusal.UNKNOWN_PLAYER: _TOKEN,
    WireRefusal.UNKNOWN_SESSION: _TOKEN,
    WireRefusal.SESSION_EXPIRED: _EXPIRED,
    WireRefusal.SESSION_OVER: _EXPIRED,
    WireRefusal.WRONG_CURRENCY: _CURRENCY,
    WireRefusal.OTHER_FACTS: _DUPLICATE,
    WireRefusal.ROLLED_BACK: _ROLLED_BACK,
    WireRefusal.UNKNOWN_STAKE: _NO_STAKE,
    WireRefusal.NOT_A_STAKE: _NO_STAKE,
    WireRefusal.INSUFFICIENT_FUNDS: _FUNDS,
    WireRefusal.PROMOTION_EXHAUSTED: _FUNDS,
    # The reward has no such stake to give, whoever says so.
    **dict.fromkeys(StakeRefusal, _FUNDS),
    # There is no word for it; this one is rolled back, and that finds nothing.
    WireRefusal.ROUND_CLOSED: _UNKNOWN,
    "stake_too_large": _LIMIT,
    "stake_too_small": _LIMIT,
    "stake_not_of_game": _LIMIT,
    "above_single_stake_limit": _LIMIT,
    "above_stake_limit": _LIMIT,
    "above_loss_limit": _LIMIT,
    "limit_closed": _LIMIT,
    "limit_missing": _LIMIT,
    "unknown_game": _GAME,
    "game_suspended": _GAME,
    "provider_suspended": _GAME,
    "game_not_certified": _GAME,
    "game_certificate_expired": _GAME,
    "game_certificate_withdrawn": _GAME,
    "game_odds_not_told": _GAME,
    "game_too_fast": _GAME,
    "game_plays_by_itself": _GAME,
}
_REWARD = ("reward_uuid", "campaign_uuid")
# By the end of the path, as Caleta and as Hub88 name it.
_VERBS = {
    "/wallet/check": "check",
    "/user/info": "info",
    "/wallet/balance": "balance",
    "/user/balance": "balance",
    "/wallet/bet": "bet",
    "/transaction/bet": "bet",
    "/wallet/win": "win",
    "/transaction/win": "win",
    "/wallet/rollback": "rollback",
    "/transaction/rollback": "rollback",
}


def read_public_key(pem: bytes) -> rsa.RSAPublicKey:
    """Return an RSA key of 2048 bits at least.

    Raises:
        ValueError: it is something else.
    """
    try:
        key = serialization.load_pem_public_key(pem)
    except UnsupportedAlgorithm as error:
        raise ValueError(str(error)) from None
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < KEY_BITS_MIN:
        raise ValueError(f"an RSA key of {KEY_BITS_MIN} bits at least is needed")
    return key


def read_private_key(pem: bytes) -> rsa.RSAPrivateKey:
    """Return an RSA key of 2048 bits at least, which no password keeps.

    Raises:
        ValueError: it is something else.
    """
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (TypeError, UnsupportedAlgorithm) as error:
        # The first is one that a password keeps.
        raise ValueError(str(error)) from None
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < KEY_BITS_MIN:
        raise ValueError(f"an RSA key of {KEY_BITS_MIN} bits at least is needed")
    return key


class Hub88:
    """The protocol with a provider's public keys: the newest first, and those that still count."""

    def __init__(self, provider: str, keys: Sequence[bytes], *, free_play: bool = False) -> None:
        if not keys:
            raise ValueError("a provider without a key would be anybody")
        self._provider = provider
        self._keys = tuple(map(read_public_key, keys))
        self._dialect = Dialect(ids_of_provider=True, win_needs=WinNeeds.STAKE, free_play=free_play)

    def hear(self, call: Call) -> Heard | Reply:
        """Verify and read a call."""
        if not self._is_signed(call):
            return _reply(_SIGNATURE, None)
        verb = next((verb for end, verb in _VERBS.items() if call.path.lower().endswith(end)), None)
        if verb is None or call.method != "POST":
            return _reply(_UNKNOWN, None)
        try:
            body = read_object(call.body)
        except Unreadable:
            return _reply(_SYNTAX, None)
        echo = None
        try:
            # Said again in the answer, so it is looked at before anything is done.
            echo = maybe_text(body, "request_uuid")
            return self._read(verb, body, echo)
        except Misshapen:
            return _reply(_TYPES, echo)

    def answer(self, heard: Heard, outcome: Outcome) -> Reply:
        """Word what came of a call."""
        echo, user = heard.context
        match outcome:
            case Swapped():
                return Reply(status=200, body=_encode({"status": OK, "token": outcome.token}))
            case Standing() if outcome.session is None:
                # Only who is asked about by name, and not by what is shown, is looked at so.
                return _reply(OK, echo, user, country=region_of(outcome.jurisdiction))
            case Standing():
                # A token that was replaced is good for looking, as it is for paying.
                return _reply(OK, echo, user, outcome.balance_micros, outcome.currency)
            case Done():
                return _reply(OK, echo, user, outcome.balance_now, outcome.currency)
            case Refused():
                status = _STATUSES.get(outcome.reason, _DISABLED)
                return _reply(status, echo, user, outcome.balance_micros, outcome.currency)
            case Trouble.AWAY:
                return _reply(_TIMEOUT, echo)
            case None:
                return _reply(_TOKEN, echo)
            case _:
                return _reply(_UNKNOWN, echo)

    def fail(self, trouble: Trouble) -> Reply:
        """Word that a call was not looked at."""
        match trouble:
            case Trouble.TOO_LARGE:
                return _reply(_SYNTAX, None)
            case Trouble.FROM_ELSEWHERE:
                return _reply(_SIGNATURE, None)
            case Trouble.AWAY | Trouble.TOO_OFTEN:
                return _reply(_TIMEOUT, None)
            case Trouble.BROKEN:
                return _reply(_UNKNOWN, None)

    def _is_signed(self, call: Call) -> bool:
        said = next((call.headers[name] for name in SIGNATURE_HEADERS if name in call.headers), "")
        try:
            signature = base64.b64decode(said.encode("ascii"), validate=True)
        except (binascii.Error, ValueError):
            return False
        for key in self._keys:
            try:
                key.verify(signature, call.body, padding.PKCS1v15(), hashes.SHA256())
            except InvalidSignature:
                continue
            return True
        return False

    def _read(self, verb: str, body: Mapping[str, Any], echo: str | None) -> Heard | Reply:
        # `supplier_user` is Caleta's name for ours; where both are said, it is the supplier's own.
        user = maybe_text(body, "user") or maybe_text(body, "supplier_user")
        player_id = _NOBODY if user is None else player_of(user) or _NOBODY
        if verb == "info":
            if user is None or echo is None:
                raise Misshapen("user", "it is needed, and so is request_uuid")
            return Heard(wish=Look(player_id=player_id, bearer=None), context=(echo, user))
        token = text_of(body, "token")
        shard = shard_of_token(token)
        if shard is None:
            return _reply(_TOKEN, echo)
        digest = digest_of(token)
        if verb == "check":
            return Heard(wish=Swap(digest=digest, shard=shard), context=(echo, None))
        if echo is None:
            raise Misshapen("request_uuid", "it is needed")
        bearer = Bearer(digest=digest)
        # A rollback need not name the player: then the token says who it is.
        if verb != "rollback" and user is None:
            raise Misshapen("supplier_user", "it is needed")
        game = text_of(body, "game_code")
        if verb == "balance":
            return Heard(wish=Look(player_id=player_id, bearer=bearer), context=(echo, user))
        external_id = text_of(body, "transaction_uuid")
        wish = Request(
            provider=self._provider,
            player_id=player_id,
            game=game,
            round_ref=text_of(body, "round"),
            currency=None if verb == "rollback" else text_of(body, "currency"),
            steps=(_step(verb, external_id, body),),
            dialect=self._dialect,
            closes=flag_of(body, "round_closed"),
            bearer=bearer,
            strict=True,
        )
        if user is None:
            return Heard(wish=OfToken(request=wish, shard=shard), context=(echo, user))
        return Heard(wish=wish, context=(echo, user))


def _step(verb: str, external_id: str, body: Mapping[str, Any]) -> Step:
    if verb == "rollback":
        original_id = text_of(body, "reference_transaction_uuid")
        return Reversal(external_id=external_id, original_id=original_id)
    micros = scaled_of(body.get("amount"), "amount", MICROS_EACH)
    free, said = flag_of(body, "is_free"), _reward_of(body)
    if verb == "bet":
        reward = told_text(body, "reward_uuid") if free else None
        return Stake(external_id=external_id, micros=micros, free=free, said=said, reward=reward)
    jackpot = scaled_of(body.get("jackpot_win") or 0, "jackpot_win", MICROS_EACH)
    if jackpot > micros:
        raise Misshapen("jackpot_win", "it is a part of the amount")
    return Win(
        external_id=external_id,
        micros=micros,
        jackpot_micros=jackpot,
        stake_id=text_of(body, "reference_transaction_uuid"),
        free=free,
        said=said,
    )


def _reward_of(body: Mapping[str, Any]) -> str | None:
    """Return which reward of which campaign a free bet is of, as far as it is said."""
    found = {name: text for name in _REWARD if (text := told_text(body, name)) is not None}
    return _encode(found).decode() if found else None


def _reply(
    status: str,
    echo: str | None,
    user: str | None = None,
    micros: int | None = None,
    currency: str | None = None,
    country: str | None = None,
) -> Reply:
    said: dict[str, Any] = {"status": status}
    if country is not None:
        said["country"] = country[:2]
    if echo is not None:
        said["request_uuid"] = echo
    if user is not None:
        said["user"] = user
    if currency is not None:
        said["currency"] = currency
        said["balance"] = max(micros or 0, 0) // MICROS_EACH
    return Reply(status=200, body=_encode(said))
