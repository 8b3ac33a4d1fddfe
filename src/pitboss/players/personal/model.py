"""Nouns of personal data: whose it is, what is kept, who asks for it and why."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

from pitboss.kernel.ids import PlayerId
from pitboss.kernel.invariant import ensure
from pitboss.kernel.shards import Shard

# Whose data it is: a player, whose id is random and names nobody.
SubjectId = NewType("SubjectId", PlayerId)
# Where the value would stand in the fact that carries its commitment, as in JSON Pointer: `/email`.
# Source: RFC 6901.
Path = NewType("Path", str)
# Text; a date as RFC 3339 writes it.  A number or a list has had no reason to be personal so far.
Value = str

# What stands under this path is a secret between a player and us: nobody is shown it.
SECRETS = "/secret/"

# The SHA-256 of a salt of this size cannot be found by guessing the value alone.
SALT_BYTES = 32
# AES-256; the nonce is the one that GCM is made for.  Source: NIST SP 800-38D, section 5.2.1.1.
KEY_BYTES = 32
NONCE_BYTES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalKeys:
    """The house's own two keys, which lie in files and never in the database.

    Under `master` the key of each subject is encrypted.  Under `index` digests are made of what
    must be found or compared without being readable.  Whoever loses them has erased everybody.
    """

    master: bytes = field(repr=False)
    index: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Take only keys that are as long as they must be, and different ones."""
        ensure(len(self.master) == len(self.index) == KEY_BYTES, "a key has 32 bytes")
        ensure(self.master != self.index, "one key serves one purpose")

    def digest(self, purpose: str, content: bytes) -> bytes:
        """Return 32 bytes that always belong to this content, and tell nobody without the key what.

        HMAC-SHA-256.  Different purposes give different bytes, so that they cannot be joined.
        """
        return hmac.digest(self.index, purpose.encode() + b"\x00" + content, "sha256")


class Purpose(StrEnum):
    """Why personal data is looked at; a closed set, so that nothing personal slips in."""

    SUPPORT = "support"
    VERIFICATION = "verification"
    PAYMENT_CHECK = "payment_check"
    SAFER_GAMBLING = "safer_gambling"
    DISPUTE = "dispute"
    REGULATOR_REQUEST = "regulator_request"
    SUBJECT_ACCESS = "subject_access"
    AUTHENTICATION = "authentication"
    SELF_EXCLUSION = "self_exclusion"


class LegalBasis(StrEnum):
    """Why personal data is erased.  Source: GDPR, article 17(1), points a to e."""

    NO_LONGER_NEEDED = "gdpr_17_1_a"
    CONSENT_WITHDRAWN = "gdpr_17_1_b"
    OBJECTED = "gdpr_17_1_c"
    UNLAWFUL = "gdpr_17_1_d"
    LEGAL_OBLIGATION = "gdpr_17_1_e"


class Refusal(StrEnum):
    """Why there is no personal data to work with."""

    UNKNOWN_SUBJECT = "unknown_subject"
    SUBJECT_ERASED = "subject_erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Somebody whose data is kept; without a key it was erased, at `erased_at`."""

    shard: Shard
    id: SubjectId
    wrapped_key: bytes | None = field(repr=False)
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedValue:
    """A value as it is stored: nonce, and salt and value encrypted under the subject's key."""

    subject_id: SubjectId
    path: Path
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedValue:
    """A value with the salt that its commitment was made with: what a dispute needs."""

    path: Path
    salt: bytes = field(repr=False)
    value: Value = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepRequest:
    """Keep these values of a subject."""

    subject_id: SubjectId
    values: Mapping[Path, Value] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Yes; these commitments, hexadecimal, are what a fact may carry instead of the values."""

    commitments: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRequest:
    """Look at these values of a subject, and say why; no paths are all there are."""

    subject_id: SubjectId
    purpose: Purpose
    paths: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkRead:
    """The same values of many subjects, still sealed: they are opened once their turn is over.

    Who was erased, or never known, is not in it.
    """

    paths: tuple[Path, ...]
    subjects: tuple[Subject, ...]
    sealed: Mapping[SubjectId, tuple[SealedValue, ...]] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Yes; these are the values that there are, by path."""

    values: Mapping[Path, Value] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosed:
    """Yes; with each of these anybody can check its commitment, in a fact or in a proof of one."""

    opened: tuple[OpenedValue, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EraseRequest:
    """Forget everything of a subject."""

    subject_id: SubjectId
    basis: LegalBasis


@dataclass(frozen=True, slots=True, kw_only=True)
class Erased:
    """Yes; `at` is when it was first done."""

    subject_id: SubjectId
    at: datetime
    repeated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No, and why."""

    reason: Refusal


KeepAnswer = Kept | Refused
ReadAnswer = Found | Refused
DiscloseAnswer = Disclosed | Refused
EraseAnswer = Erased | Refused
