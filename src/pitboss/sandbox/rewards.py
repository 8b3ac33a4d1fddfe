"""A provider's rewards that behave as is published: Caleta's Freebets API, for tests and demos.

Whoever asks is known by the signature over the raw body.  Asking twice for one reward grants two,
as nothing that is published says otherwise.  What becomes of the next calls is said by `fate`.
Source: Caleta System API 1.5, `/api/freebet/*`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from pitboss.kernel.ids import derived_id

PREFIX = "/api/freebet/"
SIGNATURE = "x-auth-signature"
BODY_BYTES_MAX = 64 * 1024

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Fate(StrEnum):
    """What becomes of a call: `mute` does what is asked and does not say so."""

    WELL = "well"
    DOWN = "down"
    MUTE = "mute"
    REFUSED = "refused"
    GARBLED = "garbled"


@dataclass(slots=True, kw_only=True)
class SandboxRewards:
    """The API as an ASGI application, with what it has granted.

    `prepaids` are by their ids, as they are told.  `fate` is by the call's name, such as
    `rewards/create`; others go well.  `claimed` rewards are not cancelled.
    """

    key: rsa.RSAPublicKey
    operator: str
    prepaids: dict[str, dict[str, Any]] = field(default_factory=dict)
    fate: dict[str, Fate] = field(default_factory=dict)
    rewards: dict[str, dict[str, Any]] = field(default_factory=dict)
    cancelled: set[str] = field(default_factory=set)
    claimed: set[str] = field(default_factory=set)
    campaigns: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Every call that was heard, in order: its name, and what it said.
    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def add_prepaid(self, name: str, *, game: str, currency: str, **values: int) -> str:
        """Offer a prepaid for a game, with a `bet_value` and a `bet_count` or without."""
        ref = derived_id("sandbox prepaid", name)
        self.prepaids[ref] = {"prepaid_uuid": ref, "game": game, "currency": currency, **values}
        return ref

    def add_campaign(self, name: str, *, prepaid: str, **values: int) -> str:
        """Make a campaign of a prepaid, with a `bet_value` and a `bet_count` or without."""
        _, made = self._create_campaign({"name": name, "prepaid_uuid": prepaid, **values})
        return str(made["campaign_uuid"])

    def calls(self, name: str) -> list[dict[str, Any]]:
        """Return what was said in the calls of this name, in order."""
        return [body for called, body in self.heard if called == name]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        body, more = bytearray(), True
        while more and len(body) <= BODY_BYTES_MAX:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        status, said = self._answer(scope["path"].removeprefix(PREFIX), headers, bytes(body))
        await send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [(b"content-type", b"application/json")],
            }
        )
        await send({"type": "http.response.body", "body": said})

    def _answer(self, name: str, headers: Mapping[str, str], raw: bytes) -> tuple[int, bytes]:
        if not self._is_signed(headers.get(SIGNATURE, ""), raw):
            return _told(401, {"error": "the signature is wrong"})
        try:
            body = msgspec.json.decode(raw, type=dict[str, Any])
        except msgspec.DecodeError:
            return _told(400, {"error": "the request cannot be read"})
        self.heard.append((name, body))
        fate = self.fate.get(name, Fate.WELL)
        if fate is Fate.DOWN:
            return _told(503, {"error": "nothing is done"})
        if fate is Fate.REFUSED:
            return _told(400, {"error": "the provider does not want to"})
        status, said = self._do(name, body)
        if fate is Fate.MUTE:
            return _told(504, {"error": "it takes too long"})
        return _told(status, "done" if fate is Fate.GARBLED else said)

    def _do(self, name: str, body: dict[str, Any]) -> tuple[int, Any]:
        match name:
            case "prepaids/list":
                return 200, self._list_prepaids(body)
            case "rewards/create":
                return self._create(body)
            case "rewards/cancel":
                return self._cancel(body)
            case "campaigns/list":
                return 200, list(self.campaigns.values())
            case "campaigns/create":
                return self._create_campaign(body)
            case _:
                return 404, {"error": "there is nothing here"}

    def _list_prepaids(self, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        wanted = {"game": body.get("game_code"), "currency": body.get("currency")}
        found = [
            item
            for item in self.prepaids.values()
            if all(said is None or item[name] == said for name, said in wanted.items())
        ]
        return [{"game_id": 1} | {k: v for k, v in item.items() if k != "game"} for item in found]

    def _create(self, body: Mapping[str, Any]) -> tuple[int, Any]:
        prepaid = self.prepaids.get(body.get("prepaid_uuid", ""))
        if prepaid is None or not body.get("user") or not body.get("sub_partner_id"):
            return 400, {"error": "prepaid_uuid, sub_partner_id and user are needed"}
        campaign = self.campaigns.get(body.get("campaign_uuid", ""), {})
        if "campaign_uuid" in body and not campaign:
            return 400, {"error": "there is no such campaign"}
        # What the prepaid says wins, and what the campaign says before that.
        values = {**body, **prepaid, **campaign}
        ref = derived_id("sandbox reward", str(len(self.rewards)))
        self.rewards[ref] = {
            "reward_uuid": ref,
            "user": body["user"],
            "prepaid_uuid": values["prepaid_uuid"],
            "game_id": 1,
            "currency": prepaid["currency"],
            "bet_value": values.get("bet_value"),
            "bet_count": values.get("bet_count"),
            "start_time": body.get("start_time"),
            "end_time": body.get("end_time"),
        }
        return 200, self.rewards[ref]

    def _cancel(self, body: Mapping[str, Any]) -> tuple[int, Any]:
        reward = self.rewards.get(body.get("reward_uuid", ""))
        if reward is None:
            return 404, {"error": "there is no such reward"}
        if reward["reward_uuid"] in self.claimed:
            return 400, {"error": "the reward is claimed"}
        self.cancelled.add(reward["reward_uuid"])
        return 200, reward

    def _create_campaign(self, body: Mapping[str, Any]) -> tuple[int, Any]:
        if body.get("prepaid_uuid") not in self.prepaids or not body.get("name"):
            return 400, {"error": "name and prepaid_uuid are needed"}
        ref = derived_id("sandbox campaign", str(len(self.campaigns)))
        said = {name: body[name] for name in ("currency", "bet_value", "bet_count") if name in body}
        self.campaigns[ref] = {
            "campaign_uuid": ref,
            "name": body["name"],
            "prepaid_uuid": body["prepaid_uuid"],
            "game_id": 1,
            **said,
        }
        return 200, self.campaigns[ref]

    def _is_signed(self, said: str, raw: bytes) -> bool:
        try:
            signature = base64.b64decode(said, validate=True)
            self.key.verify(signature, raw, padding.PKCS1v15(), hashes.SHA256())
        except (binascii.Error, ValueError, InvalidSignature):
            return False
        return True


def _told(status: int, said: Any) -> tuple[int, bytes]:
    return status, msgspec.json.encode(said)
