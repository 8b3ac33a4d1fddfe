"""The Hub88 and Caleta wallet protocol, spoken from the provider's side."""

from __future__ import annotations

import base64
import json
import secrets
import uuid
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from pitboss.conformance.model import Account, Move, Protocols, Said, Wrong

_EACH = 100_000
_WRONG = {
    "RS_ERROR_INVALID_SIGNATURE": Wrong.SIGNATURE,
    "RS_ERROR_WRONG_SYNTAX": Wrong.REQUEST,
    "RS_ERROR_WRONG_TYPES": Wrong.REQUEST,
    "RS_ERROR_WRONG_CURRENCY": Wrong.CURRENCY,
    "RS_ERROR_NOT_ENOUGH_MONEY": Wrong.FUNDS,
    "RS_ERROR_BET_LIMIT_EXCEEDED": Wrong.LIMIT,
    "RS_ERROR_USER_DISABLED": Wrong.PLAYER,
    "RS_ERROR_DUPLICATE_TRANSACTION": Wrong.OTHER_FACTS,
    "RS_ERROR_TRANSACTION_ROLLED_BACK": Wrong.ROLLED_BACK,
    "RS_ERROR_TRANSACTION_DOES_NOT_EXIST": Wrong.NO_STAKE,
    "RS_ERROR_INVALID_TOKEN": Wrong.TOKEN,
    "RS_ERROR_TOKEN_EXPIRED": Wrong.TOKEN,
    "RS_ERROR_TIMEOUT": Wrong.BROKEN,
}


class Hub88Speaker:
    """Speaks to one wallet, with the provider's private key in PEM."""

    protocol = Protocols.HUB88
    finest = Decimal("0.00001")

    def __init__(self, client: httpx.AsyncClient, base: str, pem: bytes, game: str) -> None:
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (TypeError, UnsupportedAlgorithm) as error:
            # One that a password keeps, or a kind that nobody here knows.
            raise ValueError(str(error)) from None
        if not isinstance(key, rsa.RSAPrivateKey):
            raise ValueError("an RSA key is needed")
        self._key = key
        self._client = client
        self._base = base.rstrip("/")
        self._game = game

    async def balance(self, account: Account) -> Said:
        """Ask what a player has."""
        return await self._say("/wallet/balance", self._about(account))

    async def play(
        self, account: Account, round_id: str, *moves: Move, closes: bool = False, **about: Any
    ) -> Said:
        """Ask for steps, one after the other; the last one closes."""
        said: Said | None = None
        for number, move in enumerate(moves):
            path, body = self.written(account, round_id, move)
            last = number == len(moves) - 1
            said = await self._say(path, {**body, "round_closed": closes and last, **about})
            if not said.ok:
                break
        if said is None:
            raise ValueError("nothing is asked")
        return said

    async def look_up(self, account: Account, name: str) -> dict[str, Any] | None:
        """Have no such call."""
        return None

    async def finish(self, account: Account, round_id: str) -> Said:
        """Have no such call: a round is closed by its last step."""
        raise ValueError("the protocol has no such call")

    async def rotate(self, account: Account) -> Account | None:
        """Have the token swapped."""
        raw = json.dumps({"token": account.token, "request_uuid": _fresh()}).encode()
        answer = await self._post("/wallet/check", raw, self._sign(raw))
        token = answer.json().get("token") if answer.status_code == 200 else None
        return replace(account, token=token) if isinstance(token, str) else None

    def written(self, account: Account, round_id: str, move: Move) -> tuple[str, dict[str, Any]]:
        """Return the path and the body of a request."""
        body: dict[str, Any] = {
            **self._about(account),
            "transaction_uuid": move.id,
            "round": round_id,
            "round_closed": False,
            "is_free": move.free,
            "user": account.player,
        }
        if move.kind == "rollback":
            return "/wallet/rollback", {**body, "reference_transaction_uuid": move.original}
        body |= {"currency": account.currency, "amount": _scaled(move.amount)}
        if move.kind == "bet":
            return "/wallet/bet", body
        body["reference_transaction_uuid"] = move.original or "none"
        if move.jackpot:
            body["jackpot_win"] = _scaled(move.jackpot)
        return "/wallet/win", body

    def spoiled(self, body: dict[str, Any], amount: str) -> bytes | None:
        """Return a request whose amount is written so."""
        raw = json.dumps(body)
        # A whole number of thirty-nine digits is no amount either, so nothing here is a good one.
        return raw.replace(f'"amount": {body["amount"]}', f'"amount": {amount}').encode()

    async def send(
        self, path: str, body: bytes, *, signature: str | None = "", sign: bytes | None = None
    ) -> Said:
        """Send bytes as they are."""
        true = self._sign(body if sign is None else sign)
        answer = await self._post(path, body, None if signature is None else signature or true)
        return _said(answer)

    async def _say(self, path: str, body: dict[str, Any]) -> Said:
        return await self.send(path, json.dumps(body).encode())

    async def _post(self, path: str, raw: bytes, signature: str | None) -> httpx.Response:
        headers = {"content-type": "application/json"}
        if signature is not None:
            headers["x-auth-signature"] = signature
        return await self._client.post(self._base + path, content=raw, headers=headers)

    def _sign(self, body: bytes) -> str:
        signature = self._key.sign(body, padding.PKCS1v15(), hashes.SHA256())
        return base64.b64encode(signature).decode()

    def _about(self, account: Account) -> dict[str, Any]:
        return {
            "token": account.token,
            "request_uuid": _fresh(),
            "supplier_user": account.player,
            "game_code": self._game,
        }


def _fresh() -> str:
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


def _scaled(amount: Decimal | str) -> int:
    return int(Decimal(amount) * _EACH)


def _said(answer: httpx.Response) -> Said:
    try:
        body = answer.json()
    except ValueError:
        body = {}
    status = str(body.get("status", ""))
    balance = body.get("balance")
    ok = answer.status_code == 200 and status == "RS_OK"
    return Said(
        ok=ok,
        wrong=None if ok else _WRONG.get(status, Wrong.OTHER),
        code=status,
        balance=None if balance is None else Decimal(balance) / _EACH,
        status=answer.status_code,
        body=answer.content,
    )
