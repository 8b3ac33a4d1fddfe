"""Nouns of second factors: codes, security keys, challenges, what is shown and what of it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from pitboss.kernel.ids import PlayerId
from pitboss.kernel.totp import SEED_BYTES as SEED_BYTES
from pitboss.kernel.totp import STEP_SECONDS as STEP_SECONDS
from pitboss.players.personal.model import Path

# Where a player's TOTP seed lies among their personal data, which nobody is shown.
TOTP_SEED = Path("/secret/totp")
RECOVERY_CODES = 10
RECOVERY_CODE_BYTES = 10
# Source: Web Authentication Level 2, section 13.4.3 (16 bytes at least), section 15.1 (5 minutes).
CHALLENGE_BYTES = 32
CHALLENGE_LIFE = timedelta(minutes=5)
# ES256, EdDSA, RS256: what browsers' platforms and keys offer.  No SHA-1.
# Source: IANA, COSE Algorithms; Web Authentication Level 2, section 5.4 (`pubKeyCredParams`).
ALGORITHMS = (-7, -8, -257)
# A pocket, a drawer, a telephone and a laptop, twice over.
SECURITY_KEYS_MAX = 10


class Refusal(StrEnum):
    """Why nothing was changed."""

    FACTOR_ACTIVE = "factor_active"
    FACTOR_NOT_OFFERED = "factor_not_offered"
    WRONG_SECOND_FACTOR = "wrong_second_factor"
    WRONG_SECURITY_KEY = "wrong_security_key"
    SECURITY_KEY_KNOWN = "security_key_known"
    TOO_MANY_SECURITY_KEYS = "too_many_security_keys"


class FactorKind(StrEnum):
    """What a player may prove a second time with: an authenticator's codes, or security keys."""

    TOTP = "totp"
    WEBAUTHN = "webauthn"


class Ceremony(StrEnum):
    """What a challenge is for: to register a security key, or to show one that is known."""

    REGISTRATION = "registration"
    ASSERTION = "assertion"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewKey:
    """What a browser says of a security key that was just made.

    Source: Web Authentication Level 2, section 5.2.1 (`clientDataJSON`, `attestationObject`).
    """

    client_data: bytes = field(repr=False)
    attestation: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """What a security key signed.  Source: Web Authentication Level 2, section 5.2.2."""

    credential_id: bytes
    client_data: bytes = field(repr=False)
    authenticator_data: bytes = field(repr=False)
    signature: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityKey:
    """A registered security key; `counter` is the greatest that it has said, 0 if it counts not.

    `public_key` is in COSE (RFC 9052), `credential_id` the key's own name for itself.
    """

    player_id: PlayerId
    credential_id: bytes
    public_key: bytes = field(repr=False)
    counter: int
    added_at: datetime
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """Bytes that a security key signs, once, before `expires_at`; and the keys that are known."""

    content: bytes = field(repr=False)
    expires_at: datetime
    credential_ids: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is shown beside the password; all of it is looked at, and all that holds is used up."""

    code: str | None = field(default=None, repr=False)
    recovery_code: str | None = field(default=None, repr=False)
    assertion: Assertion | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is shown."""
        return self == NOTHING_SHOWN


NOTHING_SHOWN = Proof()


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A second factor; it does not show what it is proven with.

    `last_step` is the newest TOTP step that was used: a code works once.  `recovery` are digests of
    the codes that are left.  That of security keys is active while there is one.
    """

    player_id: PlayerId
    kind: FactorKind
    active: bool
    last_step: int = 0
    recovery: tuple[bytes, ...] = field(repr=False, default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What holds of what was shown beside the password: a step of TOTP, a recovery code that is
    left, a security key with the counter that it said now."""

    step: int | None = None
    recovery: bytes | None = None
    key: SecurityKey | None = None

    @property
    def holds(self) -> bool:
        """Whether anything was shown that had not been before."""
        return not (self.step is None and self.recovery is None and self.key is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No, and why."""

    reason: Refusal


ChallengeAnswer = Challenge | Refused
Factors = Mapping[FactorKind, Factor]


def is_guarded(factors: Factors) -> bool:
    """Say whether somebody with these factors proves a second time who they are."""
    return any(factor.active for factor in factors.values())
