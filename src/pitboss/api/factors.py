"""Second factors over HTTP: an authenticator's codes, security keys, and what is shown of them.

What security keys sign and say travels in base64url without padding, as in the JSON forms of Web
Authentication, flat: `client_data` is `clientDataJSON`, and so on.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import msgspec
from litestar import Router, get, post
from litestar.params import FromPath, JSONBody

from pitboss.api import problems
from pitboss.api.edge import Edge
from pitboss.api.furniture import (
    BEARER,
    Asked,
    Doors,
    StrictJson,
    TheEdge,
    check_body,
    player_of,
)
from pitboss.api.problems import ProblemFound
from pitboss.api.refusals import problem_of
from pitboss.api.turns import in_turn
from pitboss.api.wire import Body
from pitboss.kernel.errors import Malformed
from pitboss.kernel.ids import PlayerId
from pitboss.kernel.instants import write_instant
from pitboss.kernel.shards import shard_of
from pitboss.messages import Turn
from pitboss.players import access, factors
from pitboss.players.access.model import Refused as NotShown
from pitboss.players.factors.model import (
    ALGORITHMS,
    CHALLENGE_LIFE,
    NOTHING_SHOWN,
    Assertion,
    Ceremony,
    Challenge,
    FactorKind,
    NewKey,
    Proof,
    Refused,
)

T = TypeVar("T")

# The ends are said in a way that Python and JavaScript read alike.
Code = Annotated[str, msgspec.Meta(max_length=32, pattern=r"^[0-9A-Za-z -]+(?![\s\S])")]
# A credential id has 1,023 bytes at most; attestations with certificates have a few thousand.
# Source: Web Authentication Level 2, section 4 (credential ID).
KeyName = Annotated[
    str, msgspec.Meta(min_length=1, max_length=1_364, pattern=r"^[0-9A-Za-z_-]+(?![\s\S])")
]
Base64 = Annotated[
    str, msgspec.Meta(min_length=1, max_length=16_384, pattern=r"^[0-9A-Za-z_-]+(?![\s\S])")
]


class AssertionBody(Body, frozen=True, kw_only=True):
    """What a security key signed of a challenge, and which key."""

    credential: KeyName
    client_data: Base64
    authenticator_data: Base64
    signature: Base64

    def read(self) -> Assertion:
        """Return it as bytes.

        Raises:
            ProblemFound: a field is not base64url.
        """
        return Assertion(
            credential_id=_bytes(self.credential, "assertion.credential"),
            client_data=_bytes(self.client_data, "assertion.client_data"),
            authenticator_data=_bytes(self.authenticator_data, "assertion.authenticator_data"),
            signature=_bytes(self.signature, "assertion.signature"),
        )


class ProofBody(Body, frozen=True, kw_only=True):
    """A second factor: a code, a recovery code, or what a security key signed."""

    code: Code | None = None
    recovery_code: Code | None = None
    assertion: AssertionBody | None = None

    def read(self) -> Proof:
        """Return it as the room reads it."""
        return Proof(
            code=self.code,
            recovery_code=self.recovery_code,
            assertion=None if self.assertion is None else self.assertion.read(),
        )

    def read_shown(self) -> Proof:
        """Return it where one must be shown.

        Raises:
            Malformed: nothing is shown.
        """
        if self.code is None and self.recovery_code is None and self.assertion is None:
            raise Malformed("code", "a code, a recovery code or an assertion is needed")
        return self.read()


class ConfirmationBody(Body, frozen=True, kw_only=True):
    """A code that the player's authenticator shows; and another factor, if there is one."""

    code: Code
    proof: ProofBody | None = None


class CeremonyBody(Body, frozen=True, kw_only=True):
    """What a challenge is for."""

    ceremony: Ceremony


class NewKeyBody(Body, frozen=True, kw_only=True):
    """What a browser says of a security key that was just made; and a factor, if there is one."""

    client_data: Base64
    attestation: Base64
    proof: ProofBody | None = None


class SeedView(msgspec.Struct, frozen=True, kw_only=True):
    """What an authenticator is set up with; it is shown this once."""

    secret: str
    uri: str


class RecoveryView(msgspec.Struct, frozen=True, kw_only=True):
    """Codes that each work once, instead of any other second factor; they are shown this once.

    There are none with a security key that is not the first.
    """

    recovery_codes: tuple[str, ...]


class ChallengeView(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask a security key: for `site`, within `timeout_ms`, to sign `challenge`.

    `credentials` are the keys that the player has: to choose from, or to leave out when another
    is made.  `user_handle` and `algorithms` (COSE) are for a new key.
    """

    ceremony: str
    site: str
    challenge: str
    expires_at: str
    timeout_ms: int
    credentials: tuple[str, ...]
    user_handle: str
    algorithms: tuple[int, ...]


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A security key of the player."""

    credential: str
    added_at: str
    used_at: str | None


class KeysView(msgspec.Struct, frozen=True, kw_only=True):
    """The player's security keys, the oldest first."""

    security_keys: tuple[KeyView, ...]


def make_router(doors: Doors) -> Router:
    """Return the routes about second factors."""
    return Router(
        "/v1/me",
        route_handlers=[offer, confirm, remove, challenge, show_keys, add_key, remove_key],
        guards=[doors.player],
        security=BEARER,
        tags=["players"],
    )


@post("/second-factor", status_code=200, summary="Set up a second factor")
async def offer(request: Asked, edge: TheEdge) -> SeedView:
    """Draw what an authenticator is set up with; it counts once a code of it was confirmed."""
    player_id = player_of(request)

    async def work(turn: Turn) -> str | Refused:
        return await factors.offer_factor(turn, player_id, keys=edge.personal_keys)

    secret = await _done(edge, player_id, work)
    # Source: the format that authenticators read (otpauth), with the defaults of RFC 6238.
    uri = f"otpauth://totp/pitboss:{player_id}?secret={secret}&issuer=pitboss"
    return SeedView(secret=secret, uri=uri)


@post(
    "/second-factor/confirmation",
    dto=StrictJson[ConfirmationBody],
    before_request=check_body,
    status_code=200,
    summary="Confirm your second factor",
)
async def confirm(request: Asked, edge: TheEdge, data: JSONBody[ConfirmationBody]) -> RecoveryView:
    """Show a code of the authenticator: from now on a login takes one, or another factor."""
    player_id, proof = player_of(request), _read(data.proof)

    async def work(turn: Turn) -> tuple[str, ...] | Refused | NotShown:
        refused = await _show(edge, turn, player_id, proof)
        if refused is not None:
            return refused
        return await factors.confirm_factor(turn, player_id, data.code, keys=edge.personal_keys)

    return RecoveryView(recovery_codes=await _done(edge, player_id, work))


@post(
    "/second-factor/removal",
    dto=StrictJson[ProofBody],
    before_request=check_body,
    status_code=204,
    summary="Do without your authenticator",
)
async def remove(request: Asked, edge: TheEdge, data: JSONBody[ProofBody]) -> None:
    """Remove the authenticator, with a second factor; a wrong one counts as at a login."""
    player_id, proof = player_of(request), data.read_shown()

    async def work(turn: Turn) -> Refused | NotShown | None:
        refused = await _show(edge, turn, player_id, proof, gives_up=FactorKind.TOTP)
        if refused is not None:
            return refused
        return await factors.remove_factor(turn, player_id)

    await _done(edge, player_id, work)


@post(
    "/security-keys/challenges",
    dto=StrictJson[CeremonyBody],
    before_request=check_body,
    status_code=200,
    summary="What a security key must sign",
)
async def challenge(request: Asked, edge: TheEdge, data: JSONBody[CeremonyBody]) -> ChallengeView:
    """Draw what a key must sign, once: to be registered, or to be shown; the one before is void."""
    player_id = player_of(request)

    async def work(turn: Turn) -> Challenge | Refused:
        return await factors.challenge(turn, player_id, data.ceremony)

    drawn = await _done(edge, player_id, work)
    return challenge_view(edge, player_id, data.ceremony, drawn)


@get("/security-keys", summary="Your security keys")
async def show_keys(request: Asked, edge: TheEdge) -> KeysView:
    """Show the player's security keys."""
    async with edge.database.reading() as tx:
        found = await factors.find_keys(tx, player_of(request))
    return KeysView(
        security_keys=tuple(
            KeyView(
                credential=_text(key.credential_id),
                added_at=write_instant(key.added_at),
                used_at=None if key.used_at is None else write_instant(key.used_at),
            )
            for key in found
        )
    )


@post(
    "/security-keys",
    dto=StrictJson[NewKeyBody],
    before_request=check_body,
    status_code=201,
    summary="Add a security key",
)
async def add_key(request: Asked, edge: TheEdge, data: JSONBody[NewKeyBody]) -> RecoveryView:
    """Register a security key that signed the newest challenge: from now on a login takes one."""
    player_id, proof = player_of(request), _read(data.proof)
    shown = NewKey(
        client_data=_bytes(data.client_data, "client_data"),
        attestation=_bytes(data.attestation, "attestation"),
    )

    async def work(turn: Turn) -> tuple[str, ...] | Refused | NotShown:
        refused = await _show(edge, turn, player_id, proof)
        if refused is not None:
            return refused
        return await factors.add_key(
            turn,
            player_id,
            shown,
            keys=edge.personal_keys,
            authenticators=edge.authenticators,
        )

    return RecoveryView(recovery_codes=await _done(edge, player_id, work))


@post(
    "/security-keys/{credential:str}/removal",
    dto=StrictJson[ProofBody],
    before_request=check_body,
    status_code=204,
    summary="Do without a security key",
)
async def remove_key(
    request: Asked, edge: TheEdge, credential: FromPath[str], data: JSONBody[ProofBody]
) -> None:
    """Remove a security key, perhaps a lost one, with any second factor."""
    player_id, proof = player_of(request), data.read_shown()
    wanted = _bytes(credential, "credential")

    async def work(turn: Turn) -> Refused | NotShown | None:
        refused = await _show(edge, turn, player_id, proof, gives_up=FactorKind.WEBAUTHN)
        if refused is not None:
            return refused
        return await factors.remove_key(turn, player_id, wanted)

    await _done(edge, player_id, work)


def challenge_view(
    edge: Edge, player_id: PlayerId, ceremony: Ceremony, drawn: Challenge
) -> ChallengeView:
    """Return what a client asks a security key for."""
    return ChallengeView(
        ceremony=ceremony,
        site=edge.site,
        challenge=_text(drawn.content),
        expires_at=write_instant(drawn.expires_at),
        timeout_ms=int(CHALLENGE_LIFE.total_seconds() * 1_000),
        credentials=tuple(_text(item) for item in drawn.credential_ids),
        # Names nobody.  Source: Web Authentication Level 2, section 14.6.1.
        user_handle=_text(player_id.encode()),
        algorithms=ALGORITHMS,
    )


async def _show(
    edge: Edge,
    turn: Turn,
    player_id: PlayerId,
    proof: Proof,
    *,
    gives_up: FactorKind | None = None,
) -> NotShown | None:
    return await access.show(
        turn,
        player_id,
        proof,
        keys=edge.personal_keys,
        authenticators=edge.authenticators,
        gives_up=gives_up,
    )


async def _done(
    edge: Edge,
    player_id: PlayerId,
    work: Callable[[Turn], Awaitable[T | Refused | NotShown]],
) -> T:
    """Do this in a turn of the player's, and tell a refusal as a problem."""
    answer = await in_turn(edge, [shard_of(player_id)], "player", work)
    if isinstance(answer, Refused | NotShown):
        raise ProblemFound(problem_of(answer.reason))
    return answer


def _read(proof: ProofBody | None) -> Proof:
    return NOTHING_SHOWN if proof is None else proof.read()


def _bytes(text: str, field: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ProblemFound(problems.malformed(field, "it is not base64url")) from None


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")
