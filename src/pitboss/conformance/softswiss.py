"""The SoftSwiss v2 wallet protocol, spoken from the provider's side."""

from __future__ import annotations

import hashlib
import hmac
import json
from decimal import Decimal
from typing import Any

import httpx

from pitboss.conformance.model import Account, Move, Protocols, Said, Wrong

_WRONG = {
    "100": Wrong.FUNDS,
    "101": Wrong.PLAYER,
    "105": Wrong.LIMIT,
    "106": Wrong.LIMIT,
    "110": Wrong.PLAYER,
    "154": Wrong.CURRENCY,
    "400": Wrong.REQUEST,
    "403": Wrong.SIGNATURE,
    "409": Wrong.ROLLED_BACK,
    "500": Wrong.BROKEN,
    "503": Wrong.BROKEN,
}


class SoftSwissSpeaker:
    """Speaks to one wallet, with the provider's secret."""

    protocol = Protocols.SOFTSWISS
    finest = Decimal("0.000001")

    def __init__(self, client: httpx.AsyncClient, base: str, secret: bytes, game: str) -> None:
        self._client = client
        self._base = base.rstrip("/")
        self._secret = secret
        self._game = game

    async def balance(self, account: Account) -> Said:
        """Ask what a player has."""
        return await self._say("/balance", self._about(account))

    async def play(
        self, account: Account, round_id: str, *moves: Move, closes: bool = False, **about: Any
    ) -> Said:
        """Ask for steps in one request."""
        path, body = self._written(account, round_id, moves)
        return await self._say(path, {**body, "finished": closes, **about})

    async def look_up(self, account: Account, name: str) -> dict[str, Any] | None:
        """Have no such call."""
        return None

    async def finish(self, account: Account, round_id: str) -> Said:
        """Say that a round is over; of which game is not said."""
        about = self._about(account)
        del about["game_id"]
        return await self._say("/finish", {**about, "round_id": round_id})

    async def rotate(self, account: Account) -> Account | None:
        """Have none."""
        return None

    def written(self, account: Account, round_id: str, move: Move) -> tuple[str, dict[str, Any]]:
        """Return the path and the body of a request."""
        return self._written(account, round_id, (move,))

    def spoiled(self, body: dict[str, Any], amount: str) -> bytes | None:
        """Return a request whose amount is written so."""
        raw = json.dumps(body)
        good = json.dumps(body["transactions"][0]["amount"])
        return raw.replace(f'"amount": {good}', f'"amount": {amount}').encode()

    async def send(
        self, path: str, body: bytes, *, signature: str | None = "", sign: bytes | None = None
    ) -> Said:
        """Send bytes as they are."""
        headers = {"content-type": "application/json"}
        if signature is not None:
            headers["x-request-sign"] = signature or self._sign(body if sign is None else sign)
        answer = await self._client.post(self._base + path, content=body, headers=headers)
        return _said(answer)

    async def _say(self, path: str, body: dict[str, Any]) -> Said:
        return await self.send(path, json.dumps(body).encode())

    def _sign(self, body: bytes) -> str:
        return hmac.new(self._secret, body, hashlib.sha256).hexdigest()

    def _about(self, account: Account) -> dict[str, Any]:
        about = {
            "account_id": account.player,
            "currency": account.currency,
            "game_id": self._game,
        }
        return about if account.token is None else {**about, "session_id": account.token}

    def _written(
        self, account: Account, round_id: str, moves: tuple[Move, ...]
    ) -> tuple[str, dict[str, Any]]:
        undoes = any(move.kind == "rollback" for move in moves)
        steps = [
            {"id_provider": move.id, "type": "rollback", "original_id_provider": move.original}
            if move.kind == "rollback"
            else {"id_provider": move.id, "type": move.kind, "amount": _text(move.amount)}
            for move in moves
        ]
        name = "round_id_provider" if undoes else "round_id"
        body = {**self._about(account), name: round_id, "finished": False, "transactions": steps}
        return "/rollback" if undoes else "/betwin", body


def _text(amount: Decimal | str) -> str:
    return amount if isinstance(amount, str) else f"{amount:f}"


def _said(answer: httpx.Response) -> Said:
    try:
        body = answer.json()
    except ValueError:
        body = {}
    if answer.status_code == 200:
        return Said(
            ok=True,
            wrong=None,
            code="",
            balance=Decimal(body["balance"]),
            status=200,
            body=answer.content,
            ids=tuple(item["id"] for item in body.get("transactions", ())),
        )
    meta = (body.get("meta") or {}) if isinstance(body, dict) else {}
    code = str(meta.get("api_code", ""))
    balance = meta.get("balance")
    return Said(
        ok=False,
        wrong=_WRONG.get(code, Wrong.OTHER),
        code=code,
        balance=None if balance is None else Decimal(balance),
        status=answer.status_code,
        body=answer.content,
    )
