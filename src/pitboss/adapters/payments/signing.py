"""Who signed a webhook, and when: HMAC-SHA256 over the time and the raw bytes.

A header reads `t=<seconds since 1970>,v1=<hex>`.  What is signed is the time, a point and the
body as it came; a reader that parses first has already trusted what it parses.  There may be
several `v1`, while the sender changes its secret, and parts of later schemes, which are ignored.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import datetime

from pitboss.cashier.errors import SignatureRefused

# Longer than clocks differ and queues stand, too short to use what was overheard.
TOLERANCE_SECONDS = 300
HEADER_LENGTH_MAX = 1_024
# One for the old secret and one for the new; more would only be guesses.
SIGNATURES_MAX = 4

_SECONDS = re.compile(r"[0-9]{1,12}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def check_signature(
    header: str | None, body: bytes, secrets: Sequence[bytes], *, now: datetime
) -> None:
    """Let these bytes pass only if one of our secrets signed them just now.

    Args:
        header: as it came; None if there was none.
        body: as it came.
        secrets: the current one, and the one before while it is being changed.
        now: by the machine's clock.

    Raises:
        SignatureRefused: none of them did, or too long ago, or too far ahead.
    """
    if header is None or len(header) > HEADER_LENGTH_MAX:
        raise SignatureRefused("the signature is missing or too long")
    seconds, signatures = _parse(header)
    if abs(now.timestamp() - int(seconds)) > TOLERANCE_SECONDS:
        raise SignatureRefused("the signature is too old, or from the future")

    signed = seconds.encode() + b"." + body
    expected = [hmac.new(secret, signed, hashlib.sha256).digest() for secret in secrets]
    # Every pair is compared, so that the time taken tells nothing.
    matches = [
        hmac.compare_digest(one, bytes.fromhex(other)) for one in expected for other in signatures
    ]
    if not any(matches):
        raise SignatureRefused("the signature is not one of ours")


def _parse(header: str) -> tuple[str, list[str]]:
    parts = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in parts if name == "t"]
    signatures = [value for name, _, value in parts if name == "v1"]
    if len(times) != 1 or not _SECONDS.fullmatch(times[0]):
        raise SignatureRefused("the signature does not say when it was made")
    readable = [text for text in signatures if _DIGEST.fullmatch(text)]
    if not readable or len(signatures) > SIGNATURES_MAX:
        raise SignatureRefused("the signature cannot be read")
    return times[0], readable
