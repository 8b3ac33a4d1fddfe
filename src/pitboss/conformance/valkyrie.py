"""The Valkyrie PAM API, spoken from the aggregator's side."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx

from pitboss.conformance.model import Account, Move, Protocols, Said, Wrong

# Whose games are played, unless somebody else is named.
VENDOR = "kit"
_MARKED = re.compile(r'"<(-?[0-9.]+)>"')
_WRONG = {
    "API_TOKEN": Wrong.SIGNATURE,
    "UNDEFINED": Wrong.REQUEST,
    "TRANS_CURRENCY": Wrong.CURRENCY,
    "NEGATIVE_STAKE": Wrong.REQUEST,
    "CASH_OVERDRAFT": Wrong.FUNDS,
    "PROMO_OVERDRAFT": Wrong.PROMOTION,
    "BONUS_OVERDRAFT": Wrong.PROMOTION,
    "BET_NOT_ALLOWED": Wrong.LIMIT,
    "DUPLICATE_TRANS": Wrong.OTHER_FACTS,
    "TRANS_ALREADY_CANCELLED": Wrong.ROLLED_BACK,
    "TRANS_ALREADY_SETTLED": Wrong.SETTLED,
    "TRANS_NOT_FOUND": Wrong.NO_STAKE,
    "CANCEL_NOT_FOUND": Wrong.NOT_FOUND,
    "SESSION_NOT_FOUND": Wrong.TOKEN,
    "SESSION_EXPIRED": Wrong.TOKEN,
    "TIMEOUT": Wrong.BROKEN,
}


class ValkyrieSpeaker:
    """Speaks to one wallet, with the aggregator's API key."""

    protocol = Protocols.VALKYRIE
    finest = Decimal("0.000001")

    def __init__(
        self,
        client: httpx.AsyncClient,
        base: str,
        key: bytes,
        game: str,
        *,
        vendor: str = VENDOR,
    ) -> None:
        self._client = client
        self._vendor = vendor
        self._base = base.rstrip("/")
        self._key = key.decode()
        self._game = game
        self._token = ""

    async def balance(self, account: Account) -> Said:
        """Ask what a player has."""
        path = f"/players/{account.player}/balance"
        return _said(await self._ask("GET", path, None, self._key, account.token))

    async def play(
        self, account: Account, round_id: str, *moves: Move, closes: bool = False, **about: Any
    ) -> Said:
        """Ask for steps, one after the other; the last one closes."""
        said: Said | None = None
        for number, move in enumerate(moves):
            path, body = self._written(account, round_id, move)
            last = number == len(moves) - 1
            raw = _write({**body, "isGameOver": closes and last, **about})
            said = _said(await self._ask("POST", path, raw, self._key, account.token))
            if not said.ok:
                break
        if said is None:
            raise ValueError("nothing is asked")
        return said

    async def look_up(self, account: Account, name: str) -> dict[str, Any] | None:
        """Ask about a transaction by its id; of none, and of several, nothing is told."""
        path = f"/players/{account.player}/transactions"
        query = {"providerTransactionId": name}
        answer = await self._ask("GET", path, None, self._key, account.token, **query)
        try:
            found = json.loads(answer.content, parse_float=Decimal).get("transactions", [])
        except (ValueError, AttributeError):
            found = []
        return found[0] if len(found) == 1 and isinstance(found[0], dict) else {}

    async def finish(self, account: Account, round_id: str) -> Said:
        """Have no such call: a round is closed by its last step."""
        raise ValueError("the protocol has no such call")

    async def rotate(self, account: Account) -> Account | None:
        """Have the session's token replaced."""
        answer = await self._ask("PUT", "/players/session", b"null", self._key, account.token)
        if answer.status_code != 200:
            return None
        return replace(account, token=answer.json()["session"]["token"])

    def written(self, account: Account, round_id: str, move: Move) -> tuple[str, dict[str, Any]]:
        """Return the path and the body of a request."""
        path, body = self._written(account, round_id, move)
        return path, _plain(body)

    def _written(self, account: Account, round_id: str, move: Move) -> tuple[str, dict[str, Any]]:
        self._token = account.token or ""
        amount = Decimal(move.amount)
        kinds = {"bet": "WITHDRAW", "win": "DEPOSIT", "rollback": "CANCEL"}
        body: dict[str, Any] = {
            "currency": account.currency,
            "provider": self._vendor,
            "transactionType": ("PROMO" if move.free else "") + kinds[move.kind],
            "cashAmount": Decimal(0) if move.free else amount,
            "bonusAmount": Decimal(0),
            "promoAmount": amount if move.free else Decimal(0),
            "transactionDateTime": "2026-01-01T00:00:00Z",
            "providerTransactionId": move.id,
            "providerBetRef": move.original if move.original else f"ref-{move.id}",
            "providerGameId": self._game,
            "providerRoundId": round_id,
        }
        if move.original and move.kind != "bet":
            body["providerBetRef"] = f"ref-{move.original}"
        if move.jackpot:
            body["jackpots"] = [{"jackpotId": "grand", "jackpotAmount": move.jackpot}]
        return f"/players/{account.player}/transactions", body

    def spoiled(self, body: dict[str, Any], amount: str) -> bytes | None:
        """Return a request whose amount is written so."""
        raw = json.dumps(body)
        good = json.dumps(body["cashAmount"])
        return raw.replace(f'"cashAmount": {good}', f'"cashAmount": {amount}').encode()

    async def send(
        self, path: str, body: bytes, *, signature: str | None = "", sign: bytes | None = None
    ) -> Said:
        """Send bytes as they are, with a key in the place of a signature."""
        key = self._key if signature == "" else signature
        return _said(await self._ask("POST", path, body, key, self._token))

    async def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None,
        key: str | None,
        token: str | None,
        **query: str,
    ) -> httpx.Response:
        headers = {
            "content-type": "application/json",
            "x-player-token": token or "",
            "x-correlation-id": "-",
        }
        if key is not None:
            headers["authorization"] = f"Bearer {key}"
        return await self._client.request(
            method,
            self._base + path,
            params={"provider": self._vendor, **query},
            content=body,
            headers=headers,
        )


def _plain(value: Any) -> Any:
    """Return a body with its amounts as numbers, for who writes them in a way of their own."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _write(body: dict[str, Any]) -> bytes:
    """Write a body whose amounts have six decimals, and no exponent."""
    raw = json.dumps(body, default=lambda exact: f"<{exact:.6f}>")
    return _MARKED.sub(r"\1", raw).encode()


def _said(answer: httpx.Response) -> Said:
    if "content-length" not in answer.headers:
        # The client takes a chunked answer for an empty one.
        raise ValueError("the answer has no length")
    try:
        body = json.loads(answer.content, parse_float=Decimal)
    except ValueError:
        body = {}
    ok = answer.status_code == 200 and body.get("status") == "OK"
    # A member that is null is none.
    code = str((body.get("error") or {}).get("code", "")).removeprefix("PAM_ERR_")
    result = body.get("transactionResult") or {}
    balance = (result.get("balance") or body.get("balance") or {}).get("cashAmount")
    return Said(
        ok=ok,
        wrong=None if ok else _WRONG.get(code, Wrong.OTHER),
        code=code,
        balance=None if balance is None else Decimal(balance),
        status=answer.status_code,
        body=answer.content,
        ids=(result["transactionId"],) if "transactionId" in result else (),
    )
