"""Asks an authority when a checkpoint was there at the latest, and checks what it has said.

Source: RFC 3161.  Any authority will do; a qualified one gives legal time in the European Union.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import httpx
from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    PKIStatus,
    TimestampRequestBuilder,
    TimeStampResponse,
    Verifier,
    VerifierBuilder,
    decode_timestamp_response,
)

from pitboss.adapters.bounded import NoAnswer, post
from pitboss.kernel.errors import Fault, PlatformError
from pitboss.tlog.errors import Untrusted

# Our end waits for it; one that has not answered by then is asked again.
ANSWER_SECONDS_MAX = 5.0
# A token is about a thousand bytes, and some thousands with the certificates of its authority.
ANSWER_BYTES_MAX = 64 * 1024

_QUESTION_TYPE = "application/timestamp-query"


class AuthorityFailed(Fault):
    """The authority cannot be reached, or gave no token that answers our question."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retryable=True)


class CertificatesUnusable(PlatformError):
    """The file holds no certificates to check timestamps with."""


@dataclass(frozen=True, slots=True)
class HttpAuthority:
    """An authority that is asked over HTTP (RFC 3161, section 3.4)."""

    client: httpx.AsyncClient
    url: str
    answer_seconds_max: float = ANSWER_SECONDS_MAX

    async def stamp(self, data: bytes) -> bytes:
        """Return the authority's answer, in DER, with a token over these bytes.

        It answers this very question; whether its signer is to be trusted is checked by who has
        the certificates.

        Raises:
            AuthorityFailed: there is no such answer; asking again may help.
        """
        question = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).build()
        try:
            answer = await post(
                self.client,
                self.url,
                question.as_bytes(),
                headers={"Content-Type": _QUESTION_TYPE},
                seconds_max=self.answer_seconds_max,
                bytes_max=ANSWER_BYTES_MAX,
            )
        except NoAnswer as error:
            raise AuthorityFailed(str(error)) from error
        if answer.status != httpx.codes.OK:
            raise AuthorityFailed(
                f"{self.url} answered {answer.status} and {len(answer.content)} bytes"
            )
        try:
            imprint, nonce = _read_answer(answer.content)
        except Untrusted as error:
            raise AuthorityFailed(f"{self.url} gave no token: {error}") from error
        if imprint != hashlib.sha256(data).digest() or nonce != question.nonce:
            raise AuthorityFailed(f"{self.url} answered another question")
        return answer.content


class TokenVerifier:
    """Checks tokens against the certificates that are trusted, as of the time that each says.

    So a token stays good when the certificate of its signer has expired since.
    """

    def __init__(self, certificates: bytes) -> None:
        """Take the chain of the authority, up to its root.

        Args:
            certificates: in PEM, one after the other; or a single one in DER.

        Raises:
            CertificatesUnusable: they are not.
        """
        try:
            if b"-----BEGIN" in certificates:
                self._chain = x509.load_pem_x509_certificates(certificates)
            else:
                self._chain = [x509.load_der_x509_certificate(certificates)]
        except ValueError as error:
            raise CertificatesUnusable(f"these are no certificates: {error}") from error

    def check(self, token: bytes, data: bytes) -> datetime:
        """Return when these bytes were there at the latest.

        Raises:
            Untrusted: the token is not one over these bytes by a signer of this chain.
        """
        answer = _read_token(token)
        with _doubting("a timestamp is not believed"):
            self._verifier(answer).verify_message(answer, data)
            return answer.tst_info.gen_time

    def _verifier(self, answer: TimeStampResponse) -> Verifier:
        builder = VerifierBuilder(roots=list(self._chain))
        signers = {(by.issuer, by.serial_number) for by in answer.signed_data.signer_infos}
        for certificate in self._chain:
            if (certificate.issuer, certificate.serial_number) in signers:
                # It stands in for one that the token does not carry.  And the signature is checked
                # with this one, what it is good for with the token's: they must be the same.
                builder = builder.tsa_certificate(certificate)
                break
        return builder.build()


def _read_answer(answer: bytes) -> tuple[bytes, int]:
    """Return what a token is over, and which question it answers."""
    read = _read_token(answer)
    with _doubting("a timestamp cannot be read"):
        return read.tst_info.message_imprint.message, read.tst_info.nonce


def _read_token(answer: bytes) -> TimeStampResponse:
    with _doubting("a timestamp cannot be read"):
        read = decode_timestamp_response(answer)
        status = PKIStatus(read.status)
    if status is not PKIStatus.GRANTED:
        raise Untrusted(f"a timestamp was not granted: {status.name}, {read.status_string}")
    return read


@contextlib.contextmanager
def _doubting(what: str) -> Iterator[None]:
    """Say of a token that it is not believed, however the libraries put it.

    Its bytes may be anybody's, and of the libraries below each has errors of many kinds for that.
    """
    try:
        yield
    except Exception as error:
        # Without the places in OpenSSL's source that follow.
        reason = str(error).partition(": ErrorStack")[0]
        raise Untrusted(f"{what}: {reason}") from error
