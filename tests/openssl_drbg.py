"""OpenSSL's HMAC-DRBG through `ctypes`: an implementation that shares nothing with ours.

Its parent is OpenSSL's own TEST-RAND, which gives out the entropy and the nonce that it is told.
"""

from __future__ import annotations

import ctypes
import ctypes.util
from typing import Any


class OpenSslMissing(Exception):
    """There is no libcrypto of OpenSSL 3 here."""


class _Param(ctypes.Structure):
    """OSSL_PARAM."""

    _fields_ = (
        ("key", ctypes.c_char_p),
        ("data_type", ctypes.c_uint),
        ("data", ctypes.c_void_p),
        ("data_size", ctypes.c_size_t),
        ("return_size", ctypes.c_size_t),
    )


_UNSIGNED, _TEXT, _OCTETS = 2, 4, 5


def _library() -> ctypes.CDLL:
    try:
        library = ctypes.CDLL("libcrypto.so.3")
        library.EVP_RAND_fetch.restype = ctypes.c_void_p
    except (OSError, AttributeError) as error:
        raise OpenSslMissing(str(error)) from error
    library.EVP_RAND_CTX_new.restype = ctypes.c_void_p
    return library


def _params(members: dict[str, int | str | bytes]) -> tuple[Any, list[Any]]:
    """Return an array of OSSL_PARAM, and what must live as long as it."""
    array = (_Param * (len(members) + 1))()
    kept: list[Any] = []
    for param, (name, value) in zip(array, members.items(), strict=False):
        param.key = name.encode()
        if isinstance(value, int):
            data: Any = ctypes.c_uint(value)
            param.data_type, param.data_size = _UNSIGNED, ctypes.sizeof(data)
        else:
            octets = value.encode() if isinstance(value, str) else value
            data = ctypes.create_string_buffer(octets, len(octets) + 1)
            param.data_type = _TEXT if isinstance(value, str) else _OCTETS
            param.data_size = len(octets)
        kept.append(data)
        param.data = ctypes.cast(ctypes.pointer(data), ctypes.c_void_p)
    return array, kept


class OpenSslHmacDrbg:
    """One HMAC-DRBG with SHA-256, seeded with what it is told."""

    def __init__(self, entropy: bytes, nonce: bytes, personalization: bytes = b"") -> None:
        self._lib = _library()
        test = self._lib.EVP_RAND_fetch(None, b"TEST-RAND", None)
        kind = self._lib.EVP_RAND_fetch(None, b"HMAC-DRBG", None)
        if not test or not kind:
            raise OpenSslMissing("this OpenSSL has no TEST-RAND or no HMAC-DRBG")
        self._parent = ctypes.c_void_p(
            self._lib.EVP_RAND_CTX_new(ctypes.c_void_p(test), ctypes.c_void_p(None))
        )
        self._tell({"strength": 256})
        self._rand = ctypes.c_void_p(
            self._lib.EVP_RAND_CTX_new(ctypes.c_void_p(kind), self._parent)
        )
        self._tell({"test_entropy": entropy, "test_nonce": nonce})
        self._must(
            self._lib.EVP_RAND_instantiate(self._parent, 256, 0, None, ctypes.c_size_t(0), None)
        )
        params, kept = _params({"digest": "SHA256", "mac": "HMAC"})
        self._must(
            self._lib.EVP_RAND_instantiate(
                self._rand,
                256,
                0,
                personalization,
                ctypes.c_size_t(len(personalization)),
                params,
            )
        )
        del kept

    def reseed(self, entropy: bytes, additional: bytes = b"") -> None:
        """Reseed from the parent, which is told this entropy before."""
        self._tell({"test_entropy": entropy})
        self._must(
            self._lib.EVP_RAND_reseed(
                self._rand,
                0,
                None,
                ctypes.c_size_t(0),
                additional,
                ctypes.c_size_t(len(additional)),
            )
        )

    def generate(self, count: int, additional: bytes = b"", *, fresh: bytes | None = None) -> bytes:
        """Generate; with `fresh` entropy as with prediction resistance."""
        if fresh is not None:
            self._tell({"test_entropy": fresh})
        output = ctypes.create_string_buffer(max(count, 1))
        self._must(
            self._lib.EVP_RAND_generate(
                self._rand,
                output,
                ctypes.c_size_t(count),
                256,
                int(fresh is not None),
                additional or None,
                ctypes.c_size_t(len(additional)),
            )
        )
        return output.raw[:count]

    def close(self) -> None:
        """Give the memory back."""
        self._lib.EVP_RAND_CTX_free(self._rand)
        self._lib.EVP_RAND_CTX_free(self._parent)

    def _tell(self, members: dict[str, int | str | bytes]) -> None:
        params, kept = _params(members)
        self._must(self._lib.EVP_RAND_CTX_set_params(self._parent, params))
        del kept

    def _must(self, done: int) -> None:
        assert done == 1, "OpenSSL says no"
