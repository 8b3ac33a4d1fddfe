"""A location provider that signs as real ones do: a device's place, its flags, and until when.

Whoever asks may say where a device is: it is for demos and tests.  `POST /location/tokens` signs,
`GET /location/keys` shows the public key as a JWK set.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from pitboss.kernel.clock import Clock, SystemClock
from pitboss.kernel.entropy import Entropy, SystemEntropy
from pitboss.kernel.ids import new_id

VENDOR = "sandbox"
TOKENS_PATH = "/location/tokens"
KEYS_PATH = "/location/keys"
ALGORITHM = "ES256"
TOKEN_LIFE = timedelta(minutes=20)
BODY_BYTES_MAX = 16 * 1024
_COORDINATE_BYTES = 32
# The order of P-256.  Source: NIST SP 800-186, section 3.2.1.3.
_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class Sighted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a device is to be, and what is to be wrong with it.

    Without coordinates it could not be located.  `fraud` are flags that are up, `failures` the
    provider's own reasons to say no; `age_seconds` is how old the fix is.
    """

    player_id: str
    session_id: str
    device_id: str = "sandbox-device"
    latitude: float | None = None
    longitude: float | None = None
    accuracy_metres: float = 15.0
    sources: tuple[str, ...] = ("gps", "wifi")
    stopped: bool = True
    ip: str | None = None
    fraud: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    age_seconds: Annotated[float, msgspec.Meta(ge=0, le=86_400)] = 0.0


class SandboxLocator:
    """The provider: its key, and an ASGI application around it."""

    def __init__(
        self,
        secret: bytes,
        *,
        wall: Clock | None = None,
        entropy: Entropy | None = None,
        life: timedelta = TOKEN_LIFE,
    ) -> None:
        """Take the key that this secret stands for: the same one in every process that has it."""
        number = int.from_bytes(hashlib.sha512(b"sandbox location" + secret).digest(), "big")
        self._key = ec.derive_private_key(number % (_ORDER - 1) + 1, ec.SECP256R1())
        self._wall = wall or SystemClock()
        self._entropy = entropy or SystemEntropy()
        self._life = life

    @property
    def key_id(self) -> str:
        """The id of the key."""
        return f"sandbox-{hashlib.sha256(self._coordinates()[0]).hexdigest()[:8]}"

    def keys(self) -> dict[str, object]:
        """Return the public key as a JWK set.  Source: RFC 7517, section 5."""
        x, y = self._coordinates()
        key = {"kty": "EC", "crv": "P-256", "x": _base64(x), "y": _base64(y)}
        return {"keys": [{**key, "use": "sig", "alg": ALGORITHM, "kid": self.key_id}]}

    def claims(self, seen: Sighted) -> dict[str, Any]:
        """Return what a token about this device says now."""
        now = self._wall.now()
        located = seen.latitude is not None and seen.longitude is not None
        failures = seen.failures or (() if located else ("could_not_be_determined",))
        return {
            "jti": new_id(now, self._entropy),
            "iss": VENDOR,
            "sub": seen.player_id,
            "sid": seen.session_id,
            "iat": now.timestamp(),
            "nbf": now.timestamp(),
            "exp": (now + self._life).timestamp(),
            "device": {"id": seen.device_id},
            "ip": seen.ip,
            "passed": not (failures or seen.fraud),
            "failures": failures,
            "fraud": dict.fromkeys(seen.fraud, True),
            "location": self._location(seen, now) if located else None,
        }

    def _location(self, seen: Sighted, now: datetime) -> dict[str, Any]:
        return {
            "latitude": seen.latitude,
            "longitude": seen.longitude,
            "accuracy": seen.accuracy_metres,
            "at": (now - timedelta(seconds=seen.age_seconds)).timestamp(),
            "source": seen.sources,
            "stopped": seen.stopped,
        }

    def token(self, seen: Sighted) -> str:
        """Sign what is so of this device now."""
        return self.sign(self.claims(seen))

    def sign(
        self, claims: Mapping[str, Any] | bytes, header: Mapping[str, Any] | None = None
    ) -> str:
        """Sign these claims, or these very bytes, whatever they say.

        Args:
            header: changes what the token says of itself.

        Source: RFC 7515, section 7.1.
        """
        said = {"alg": ALGORITHM, "kid": self.key_id, "typ": "JWT", **(header or {})}
        content = claims if isinstance(claims, bytes) else msgspec.json.encode(claims)
        signed = f"{_base64(msgspec.json.encode(said))}.{_base64(content)}"
        r, s = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        mark = r.to_bytes(_COORDINATE_BYTES, "big") + s.to_bytes(_COORDINATE_BYTES, "big")
        return f"{signed}.{_base64(mark)}"

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request."""
        status, body = await self._answer(scope, receive)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": msgspec.json.encode(body)})

    async def _answer(self, scope: Message, receive: Receive) -> tuple[int, object]:
        match scope["method"], scope["path"]:
            case "GET", path if path == KEYS_PATH:
                return 200, self.keys()
            case "POST", path if path == TOKENS_PATH:
                body = await _read(receive)
                if body is None:
                    return 413, {"error": "too large"}
                try:
                    seen = msgspec.json.decode(body, type=Sighted)
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    return 422, {"error": str(error)}
                return 200, {"token": self.token(seen)}
            case _:
                return 404, {"error": "there is nothing here"}

    def _coordinates(self) -> tuple[bytes, bytes]:
        numbers = self._key.public_key().public_numbers()
        return (
            numbers.x.to_bytes(_COORDINATE_BYTES, "big"),
            numbers.y.to_bytes(_COORDINATE_BYTES, "big"),
        )


def beside(app: App, locator: SandboxLocator) -> App:
    """Return an application in which the locator answers what is its own, and `app` all else."""

    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        own = scope["type"] == "http" and scope["path"] in {TOKENS_PATH, KEYS_PATH}
        await (locator if own else app)(scope, receive, send)

    return serve


async def _read(receive: Receive) -> bytes | None:
    """Return the body, or None if it is too large."""
    body, more = b"", True
    while more and len(body) <= BODY_BYTES_MAX:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return None if len(body) > BODY_BYTES_MAX else body


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
