"""Security keys, by the library of a maker of them: the two ceremonies of Web Authentication.

Attestation is not asked for: which make of key a player has is not ours to know.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Collection, Mapping

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from fido2 import cbor
from fido2.cose import CoseKey
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    AuthenticatorData,
    CollectedClientData,
    PublicKeyCredentialRpEntity,
    RegistrationResponse,
)

from pitboss.players.factors.model import ALGORITHMS, Assertion, NewKey

# What bytes of somebody else's may make a parser say.
_UNREADABLE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    InvalidSignature,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    UnsupportedAlgorithm,
    ValueError,
    struct.error,
)


class FidoAuthenticators:
    """Believes keys that were made for this site, and that were asked on one of its pages."""

    def __init__(self, *, site: str, origins: Collection[str]) -> None:
        """Serve a site, by its domain (`play.example`), whose pages are at these origins."""
        # Compared letter by letter: a page of a neighbour under the same domain is another one.
        allowed = frozenset(origins)
        self._server = Fido2Server(
            PublicKeyCredentialRpEntity(name=site, id=site), verify_origin=allowed.__contains__
        )

    def read_new(self, challenge: bytes, shown: NewKey) -> tuple[bytes, bytes, int] | None:
        """Return a new key's credential id, public key (COSE) and counter; None if it is not one.

        Source: Web Authentication Level 2, section 7.1.
        """
        try:
            attestation = AttestationObject(shown.attestation)
            made = attestation.auth_data.credential_data
            client = CollectedClientData(shown.client_data)
            if made is None or client.cross_origin:
                return None
            response = RegistrationResponse(
                raw_id=made.credential_id,
                response=AuthenticatorAttestationResponse(
                    client_data=client, attestation_object=attestation
                ),
            )
            read = self._server.register_complete(_state(challenge), response)
            if made.public_key.get(3) not in ALGORITHMS or not made.credential_id:
                return None
            _try(made.public_key)
            return made.credential_id, cbor.encode(dict(made.public_key)), read.counter
        except _UNREADABLE:
            return None

    def read_assertion(self, challenge: bytes, shown: Assertion, public_key: bytes) -> int | None:
        """Return the counter that a key signed with this challenge; None if it did not.

        Source: Web Authentication Level 2, section 7.2.
        """
        try:
            client = CollectedClientData(shown.client_data)
            if client.cross_origin:
                return None
            said = AuthenticatorData(shown.authenticator_data)
            stored = cbor.decode(public_key)
            if not isinstance(stored, Mapping):
                return None
            known = AttestedCredentialData.create(
                Aaguid.NONE, shown.credential_id, CoseKey.parse(stored)
            )
            response = AuthenticationResponse(
                raw_id=shown.credential_id,
                response=AuthenticatorAssertionResponse(
                    client_data=client, authenticator_data=said, signature=shown.signature
                ),
            )
            self._server.authenticate_complete(_state(challenge), [known], response)
            return said.counter
        except _UNREADABLE:
            return None


def _try(key: CoseKey) -> None:
    """Let a public key pass that can be reckoned with: one that was cut short verifies nothing.

    Raises:
        ValueError: it cannot.
    """
    with contextlib.suppress(InvalidSignature):
        key.verify(b"", b"")


def _state(challenge: bytes) -> dict[str, object]:
    # The library's own form of what it asked.  A password was shown, so a touch is enough.
    return {"challenge": websafe_encode(challenge), "user_verification": None}
