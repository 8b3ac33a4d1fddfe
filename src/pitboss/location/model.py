"""Nouns of location: fixes, evidence, checks, permits.

Structs, because the gate looks at one permit for every stake and thousands of checks come a second.
"""

from __future__ import annotations

import ipaddress
from datetime import datetime
from enum import StrEnum
from functools import lru_cache

import msgspec

from pitboss.kernel.ids import PlayerId
from pitboss.kernel.shards import Shard, shard_of
from pitboss.players.personal.model import PersonalKeys


class Decision(StrEnum):
    """What a check came to; only the first one is a permit."""

    PASS = "pass"  # noqa: S105 - a decision
    FAIL = "fail"
    INDETERMINATE = "indeterminate"


class Source(StrEnum):
    """What a device knew its place from."""

    GPS = "gps"
    WIFI = "wifi"
    CELL = "cell"
    IP = "ip"


class Flag(StrEnum):
    """What a provider found wrong with a device; `other` is a word that we do not know."""

    VPN = "vpn"
    PROXY = "proxy"
    MOCKED = "mocked"
    ROOTED = "rooted"
    REMOTE_DESKTOP = "remote_desktop"
    VIRTUAL_MACHINE = "virtual_machine"
    JUMPED = "jumped"
    SHARING = "sharing"
    TAMPERED = "tampered"
    BLOCKED = "blocked"
    OTHER = "other"


class Reason(StrEnum):
    """Why a check did not pass.  Those of `UNPROVEN` say nothing of where the player is."""

    # The token cannot be believed.
    TOKEN_MISSING = "token_missing"  # noqa: S105 - a reason
    TOKEN_UNREADABLE = "token_unreadable"  # noqa: S105 - a reason
    ALGORITHM_REFUSED = "algorithm_refused"
    KEY_UNKNOWN = "key_unknown"
    SIGNATURE_WRONG = "signature_wrong"
    # It is somebody else's, or of another moment.
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a reason
    TOKEN_NOT_YET_VALID = "token_not_yet_valid"  # noqa: S105 - a reason
    TOKEN_FROM_THE_FUTURE = "token_from_the_future"  # noqa: S105 - a reason
    TOKEN_REPLAYED = "token_replayed"  # noqa: S105 - a reason
    OTHER_PLAYER = "other_player"
    OTHER_SESSION = "other_session"
    OTHER_DEVICE = "other_device"
    OTHER_ADDRESS = "other_address"
    # It says nothing that could be judged.
    FIX_MISSING = "fix_missing"
    FIX_STALE = "fix_stale"
    COORDINATES_IMPOSSIBLE = "coordinates_impossible"
    ACCURACY_IMPOSSIBLE = "accuracy_impossible"
    INACCURATE = "inaccurate"
    ADDRESS_ALONE = "address_alone"
    BOUNDARY_MISSING = "boundary_missing"
    ADDRESS_UNKNOWN = "address_unknown"
    ADDRESSES_MISSING = "addresses_missing"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    # The player is where nobody may play, or perhaps is.
    OUTSIDE = "outside"
    BORDER_TOO_NEAR = "border_too_near"
    IN_EXCLUSION_ZONE = "in_exclusion_zone"
    EXCLUSION_ZONE_TOO_NEAR = "exclusion_zone_too_near"
    IMPOSSIBLE_TRAVEL = "impossible_travel"
    PROVIDER_REFUSED = "provider_refused"
    ADDRESS_ELSEWHERE = "address_elsewhere"
    ADDRESS_VPN = "address_vpn"
    ADDRESS_PROXY = "address_proxy"
    ADDRESS_RESIDENTIAL_PROXY = "address_residential_proxy"
    ADDRESS_TOR = "address_tor"
    ADDRESS_HOSTING = "address_hosting"
    ADDRESS_ANONYMOUS = "address_anonymous"
    # The device is not to be believed: each of the provider's flags by itself.
    FRAUD_VPN = "fraud_vpn"
    FRAUD_PROXY = "fraud_proxy"
    FRAUD_MOCKED = "fraud_mocked"
    FRAUD_ROOTED = "fraud_rooted"
    FRAUD_REMOTE_DESKTOP = "fraud_remote_desktop"
    FRAUD_VIRTUAL_MACHINE = "fraud_virtual_machine"
    FRAUD_JUMPED = "fraud_jumped"
    FRAUD_SHARING = "fraud_sharing"
    FRAUD_TAMPERED = "fraud_tampered"
    FRAUD_BLOCKED = "fraud_blocked"
    FRAUD_OTHER = "fraud_other"


UNPROVEN = frozenset(
    {
        Reason.TOKEN_MISSING,
        Reason.TOKEN_UNREADABLE,
        Reason.ALGORITHM_REFUSED,
        Reason.KEY_UNKNOWN,
        Reason.SIGNATURE_WRONG,
        Reason.TOKEN_EXPIRED,
        Reason.TOKEN_NOT_YET_VALID,
        Reason.TOKEN_FROM_THE_FUTURE,
        Reason.TOKEN_REPLAYED,
        Reason.OTHER_PLAYER,
        Reason.OTHER_SESSION,
        Reason.OTHER_DEVICE,
        Reason.OTHER_ADDRESS,
        Reason.FIX_MISSING,
        Reason.FIX_STALE,
        Reason.COORDINATES_IMPOSSIBLE,
        Reason.ACCURACY_IMPOSSIBLE,
        Reason.INACCURATE,
        Reason.ADDRESS_ALONE,
        Reason.BOUNDARY_MISSING,
        Reason.ADDRESS_UNKNOWN,
        Reason.ADDRESSES_MISSING,
        Reason.TOO_MANY_ATTEMPTS,
    }
)


class Refusal(StrEnum):
    """Why there was no check at all."""

    LOCATION_NOT_NEEDED = "location_not_needed"
    KEY_REUSED = "key_reused"


class Fix(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of where a device is.

    Degrees on WGS 84; `accuracy_metres` is the radius of a circle around it.  A device that has
    `stopped` is not on its way to the border.
    """

    latitude: float
    longitude: float
    accuracy_metres: float
    taken_at: datetime
    stopped: bool = False


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider signed, of whom and when; whether it may be believed is not decided yet.

    `address` is the one that the provider saw; `refused` says that the provider itself says no.
    """

    vendor: str
    key_id: str
    token_id: str
    player_id: str
    session_id: str
    device_id: str
    issued_at: datetime
    valid_from: datetime
    valid_until: datetime
    fix: Fix | None = None
    sources: tuple[Source, ...] = ()
    address: str | None = None
    refused: bool = False
    flags: tuple[Flag, ...] = ()


class AddressState(StrEnum):
    """What was found out about an address."""

    FOUND = "found"
    UNKNOWN = "unknown"
    NOT_LOOKED_UP = "not_looked_up"


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a network address: ISO 3166 codes (`US`, `NJ`), and what it hides behind."""

    state: AddressState
    country: str | None = None
    subdivision: str | None = None
    reasons: tuple[Reason, ...] = ()


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """How a point lies in a licensed area, in metres.

    `border_metres` is the way to the area's border, below zero outside; `zone_metres` the way to
    the nearest exclusion zone, below zero inside one.  Neither is above `reach_metres`, from where
    on nobody measures.  `version` changes with every byte of the boundary's files.
    """

    boundary: str
    version: str
    border_metres: float
    zone_metres: float
    reach_metres: float


class Sighting(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was gathered for one check: nothing of it is decided.

    `evidence` is a reason if the token could not be read as one that we trust, and None if there
    was no token.  `asked_at` is in the machine's time, as tokens are.
    """

    asked_at: datetime
    ip: str
    address: Address
    token_sha256: bytes | None = None
    evidence: Evidence | Reason | None = None
    survey: Survey | None = None


class CheckRequest(msgspec.Struct, frozen=True, kw_only=True):
    """May this player play where this session is?  The same `check_id` asks the same again.

    `device_id` is what the client calls its device, if it says so.  `jurisdiction` is the player's.
    """

    check_id: str
    player_id: PlayerId
    session_id: str
    jurisdiction: str
    sighting: Sighting
    device_id: str | None = None


class LastFix(msgspec.Struct, frozen=True, kw_only=True):
    """Where a player was last seen, in hundredths of a degree: about a kilometre."""

    player_id: PlayerId
    latitude_centi: int
    longitude_centi: int
    taken_at: datetime


class Permit(msgspec.Struct, frozen=True, kw_only=True):
    """What a session's checks came to: the permit, if one was given, and what failed since.

    It is good for stakes until `expires_at`, exclusive, from the same session and network.
    `device` and `network` are tags, see `rules.tag`.  `failures` did not pass, one after another,
    the last of them at `failed_at`.
    """

    player_id: PlayerId
    session_id: str
    check_id: str | None = None
    device: str | None = None
    network: str | None = None
    expires_at: datetime | None = None
    failures: int = 0
    failed_at: datetime | None = None

    @property
    def shard(self) -> Shard:
        """The lane it lies in."""
        return shard_of(self.player_id)


class Standing(StrEnum):
    """How a session stands, for who wants to stake from it."""

    NOT_NEEDED = "not_needed"
    NOT_SHOWN = "not_shown"
    PERMITTED = "permitted"
    EXPIRED = "expired"
    BLOCKED = "blocked"
    NETWORK_CHANGED = "network_changed"


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Whose permit is asked for: a player's, in a session."""

    player_id: PlayerId
    session_id: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules say of a sighting.

    With a permit there is a `life_seconds`; `ends_permit` says that an earlier one is over.
    `consumed`: the token was the player's own, so it is good for this one check only.
    """

    decision: Decision
    reasons: tuple[Reason, ...] = ()
    life_seconds: float | None = None
    near_border: bool = False
    ends_permit: bool = False
    failures: int = 0
    consumed: bool = False
    seen: bool = False


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What a check came to, now or when it was first asked for."""

    check_id: str
    decision: Decision
    reasons: tuple[Reason, ...]
    expires_at: datetime | None


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """No check, and why."""

    reason: Refusal


CheckAnswer = Checked | Refused


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A check as it is kept: what it was asked with, and what it came to."""

    check_id: str
    player_id: PlayerId
    session_id: str
    token_sha256: bytes | None
    evidence: bytes | None
    decision: Decision
    reasons: tuple[Reason, ...]
    expires_at: datetime | None
    checked_at: datetime


class Alert(StrEnum):
    """What staff should look at."""

    REPEATED_FAILURES = "repeated_failures"
    SHARED_DEVICE = "shared_device"


class Sharer(msgspec.Struct, frozen=True, kw_only=True):
    """Another player on a device of this one; the newest time that they were located on it."""

    player_id: PlayerId
    seen_at: datetime


class History(msgspec.Struct, frozen=True, kw_only=True):
    """A player's newest checks, and who else was located on the same devices.

    `failures` did not pass, one after another, the last of all checks among them.
    """

    checks: tuple[Kept, ...]
    failures: int
    sharers: tuple[Sharer, ...]
    alerts: tuple[Alert, ...]


# So many checks in a row that do not pass are no mistake any more.
FAILURES_WARNED = 3
HISTORY_MAX = 50
SHARERS_MAX = 20

# Sixteen bits.  A change goes unnoticed once in 65,536 times, and as many addresses of the old
# Internet share each tag, so that nobody finds the one, not even with the house's key.
_TAG_BYTES = 2


@lru_cache(maxsize=16_384)
def network_tag(keys: PersonalKeys, player_id: PlayerId, ip: str) -> str:
    """Return what tells that a player's address has changed, and not what it is.

    One player's tags cannot be compared with another's.
    """
    return _tag(keys, "location.network", player_id, canonical_ip(ip))


def device_tag(keys: PersonalKeys, player_id: PlayerId, device_id: str) -> str:
    """Return what tells that a player's device is another one, and not which it is."""
    return _tag(keys, "location.device", player_id, device_id)


@lru_cache(maxsize=16_384)
def canonical_ip(text: str) -> str:
    """Return an address in its one spelling, an old one that is wrapped in a new one unwrapped.

    Text that is no address comes back as it is.
    """
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def device_digest(keys: PersonalKeys, vendor: str, device_id: str) -> bytes:
    """Return by what a device is found again, whoever holds it; it goes when a player is erased."""
    return keys.digest("location.shared_device", f"{vendor}\x00{device_id}".encode())


def _tag(keys: PersonalKeys, kind: str, player_id: PlayerId, value: str) -> str:
    return keys.digest(kind, f"{player_id}\x00{value}".encode())[:_TAG_BYTES].hex()
