"""What location publishes.  Coordinates and addresses leave the room as salted commitments only."""

from __future__ import annotations

from collections.abc import Mapping

from pitboss.kernel.facts import Fact
from pitboss.kernel.ids import PlayerId


class LocationChecked(Fact, frozen=True, kw_only=True, tag="location.checked"):
    """A check of where a player is, whatever it came to.

    `pd` commits to the fix and to the request's address, by path.  `device` and `network` are tags
    that tell a change and not what changed.  `evidence` is the SHA-256 of vendor and token id, and
    is left out unless the token was used up by this check.  `boundary` and `boundary_version` say
    which map decided.  `expires_at` is the permit's end; `ends_permit` says that an earlier one is
    over; `failures` counts the checks in a row that did not pass.
    """

    check_id: str
    player_id: PlayerId
    session_id: str
    jurisdiction: str
    rules_version: str
    decision: str
    failures: int
    ends_permit: bool
    near_border: bool
    network: str
    device: str | None = None
    vendor: str | None = None
    key_id: str | None = None
    token_sha256: str | None = None
    evidence: str | None = None
    sources: tuple[str, ...] = ()
    accuracy_metres: int | None = None
    boundary: str | None = None
    boundary_version: str | None = None
    reasons: tuple[str, ...] = ()
    fraud_flags: tuple[str, ...] = ()
    token_issued_at: str | None = None
    expires_at: str | None = None
    pd: Mapping[str, str] = {}


# Every type of this room, for who reads facts.
FACTS = (LocationChecked,)
