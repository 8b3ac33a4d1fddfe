"""HMAC_DRBG with SHA-256 at a security strength of 256 bits.

The steps and their names are the standard's.  This file knows no source of entropy: whoever
instantiates and reseeds brings it, so that published vectors can be run through it as they are.
Source: NIST SP 800-90A Rev. 1, 9.1 to 9.4 and 10.1.2; FIPS 198-1 for HMAC.
"""

from __future__ import annotations

import hashlib

from .errors import Failed, Malformed

OUTPUT_BYTES = 32
BLOCK_BYTES = 64
# SP 800-90A Rev. 1, table 2: entropy of at least the strength, a nonce of at least half of it.
ENTROPY_BYTES_MIN = 32
NONCE_BYTES_MIN = 16
# The table allows 2**35 bits of input; nothing here needs more than this.
INPUT_BYTES_MAX = 4096
# 2**19 bits, as in the table.
REQUEST_BYTES_MAX = 1 << 16
# The table allows 2**48.
RESEED_INTERVAL = 10_000

_INNER = bytes(number ^ 0x36 for number in range(256))
_OUTER = bytes(number ^ 0x5C for number in range(256))


class ReseedRequired(Failed):
    """So much was generated since the last entropy that there must be more before the rest."""


class HmacDrbg:
    """One instantiation.  After `uninstantiate` it generates nothing."""

    def __init__(self, entropy: bytes, nonce: bytes, personalization: bytes = b"") -> None:
        """Instantiate. Source: SP 800-90A Rev. 1, 10.1.2.3.

        Raises:
            Malformed: an input is shorter than the strength wants, or too long.
        """
        _check("entropy", entropy, ENTROPY_BYTES_MIN)
        _check("nonce", nonce, NONCE_BYTES_MIN)
        _check("personalization", personalization, 0)
        self._value = b"\x01" * OUTPUT_BYTES
        self._set_key(bytes(OUTPUT_BYTES))
        self._live = True
        self._update(entropy + nonce + personalization)
        self.reseed_counter = 1

    def reseed(self, entropy: bytes, additional: bytes = b"") -> None:
        """Bring in fresh entropy. Source: SP 800-90A Rev. 1, 10.1.2.4.

        Raises:
            Failed: it was uninstantiated.
            Malformed: an input is shorter than the strength wants, or too long.
        """
        self._check_live()
        _check("entropy", entropy, ENTROPY_BYTES_MIN)
        _check("additional input", additional, 0)
        self._update(entropy + additional)
        self.reseed_counter = 1

    def generate(self, count: int, additional: bytes = b"") -> bytes:
        """Return this many pseudorandom bytes. Source: SP 800-90A Rev. 1, 10.1.2.5.

        Raises:
            ReseedRequired: the reseed interval is over.
            Failed: it was uninstantiated, or its output is stuck.
            Malformed: more is asked for than one request may have, or the input is too long.
        """
        self._check_live()
        if not 0 <= count <= REQUEST_BYTES_MAX:
            raise Malformed(f"{count} bytes: a request has 0 to {REQUEST_BYTES_MAX}")
        if self.reseed_counter > RESEED_INTERVAL:
            raise ReseedRequired(f"{RESEED_INTERVAL} requests since the last entropy")
        if additional:
            _check("additional input", additional, 0)
            self._update(additional)
        value, blocks = self._value, []
        for _ in range(0, count, OUTPUT_BYTES):
            before, value = value, self._hmac(value)
            # By chance this happens once in 2**256; a generator that stands still does it always.
            if value == before:
                self.uninstantiate()
                raise Failed("the output is stuck")
            blocks.append(value)
        self._value = value
        self._update(additional)
        self.reseed_counter += 1
        return b"".join(blocks)[:count]

    def uninstantiate(self) -> None:
        """Forget the working state. Source: SP 800-90A Rev. 1, 9.4."""
        self._live = False
        self._value = bytes(OUTPUT_BYTES)
        self._set_key(bytes(OUTPUT_BYTES))

    def _update(self, data: bytes) -> None:
        """HMAC_DRBG_Update. Source: SP 800-90A Rev. 1, 10.1.2.2."""
        self._set_key(self._hmac(self._value + b"\x00" + data))
        self._value = self._hmac(self._value)
        if data:
            self._set_key(self._hmac(self._value + b"\x01" + data))
            self._value = self._hmac(self._value)

    def _set_key(self, key: bytes) -> None:
        # The hash of a padded key is begun once for all that is hashed with that key.
        padded = key.ljust(BLOCK_BYTES, b"\x00")
        self._inner = hashlib.sha256(padded.translate(_INNER))
        self._outer = hashlib.sha256(padded.translate(_OUTER))

    def _hmac(self, data: bytes) -> bytes:
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(data)
        outer.update(inner.digest())
        return outer.digest()

    def _check_live(self) -> None:
        if not self._live:
            raise Failed("the generator was uninstantiated")


def _check(what: str, data: bytes, bytes_min: int) -> None:
    if not bytes_min <= len(data) <= INPUT_BYTES_MAX:
        raise Malformed(f"{len(data)} bytes of {what}: {bytes_min} to {INPUT_BYTES_MAX}")
