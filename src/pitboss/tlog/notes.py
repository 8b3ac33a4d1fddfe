"""Signed notes: a text, and lines that say who signed it.

A signature by a known key that is wrong spoils the whole note; those of unknown keys are ignored,
so that a log may add signatures that older verifiers do not understand.
Source: C2SP signed-note.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pitboss.kernel.invariant import ensure
from pitboss.tlog.errors import BadSignature, Unreadable, Unsigned
from pitboss.tlog.keys import KEY_ID_BYTES, SigningKey, VerifierKey, check_name
from pitboss.tlog.writing import decode_text, parse_loose_bytes, show, write_bytes

# A checkpoint with forty post-quantum signatures fits.
NOTE_BYTES_MAX = 256 * 1024
SIGNATURES_MAX = 100

_DASH = "— "
_SPLIT = "\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One line below a note: who signed, with which key, and the signature itself."""

    name: str
    key_id: bytes
    value: bytes

    @property
    def line(self) -> str:
        """The line, with the newline that ends it."""
        return f"{_DASH}{self.name} {write_bytes(self.key_id + self.value)}\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A text that ends with a newline, and its signatures, of which none has been checked."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return f"{self.text}\n{''.join(signature.line for signature in self.signatures)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedNote:
    """A note that at least one known key has signed; `signatures` are those that were checked."""

    text: str
    signatures: tuple[Signature, ...]

    def signed_by(self, key: VerifierKey) -> Signature | None:
        """Return the signature that this key has made, if it has made one."""
        for signature in self.signatures:
            if (signature.name, signature.key_id) == (key.name, key.id):
                return signature
        return None


class Verifier(Protocol):
    """Checks the signatures of one key over the texts of notes."""

    @property
    def key(self) -> VerifierKey:
        """The key, which says whose signatures these are."""
        ...

    def verify(self, text: str, signature: bytes) -> bool:
        """Say whether the key has made this signature for this text."""
        ...


class Signer(Protocol):
    """Signs the texts of notes; its key may be in a device that does not give it away."""

    @property
    def key(self) -> VerifierKey:
        """The public half of its key."""
        ...

    def sign(self, text: str) -> bytes:
        """Return the signature of this text."""
        ...


@dataclass(frozen=True, slots=True)
class NoteVerifier:
    """Checks plain Ed25519 signatures, of type 0x01."""

    key: VerifierKey

    def verify(self, text: str, signature: bytes) -> bool:
        """Say whether the key has signed this text."""
        return self.key.verifies(text.encode(), signature)


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """Makes plain Ed25519 signatures, of type 0x01, with a key that is at hand."""

    _key: SigningKey

    @property
    def key(self) -> VerifierKey:
        """The public half of its key."""
        return self._key.verifier

    def sign(self, text: str) -> bytes:
        """Return the signature of this text."""
        return self._key.sign(text.encode())


def sign_note(text: str, signers: Sequence[Signer]) -> Note:
    """Sign a text with each of these keys, in order.

    Raises:
        Unreadable: the text does not end with a newline, or has control characters.
    """
    _check_text(text)
    return Note(text=text, signatures=tuple(sign_text(text, signer) for signer in signers))


def sign_text(text: str, signer: Signer) -> Signature:
    """Return one signature of the text of a note."""
    key = signer.key
    return Signature(name=key.name, key_id=key.id, value=signer.sign(text))


def parse_note(note: str | bytes) -> Note:
    """Read a note; nothing of it is checked but its form.

    Raises:
        Unreadable: it is none, is over 256 KiB, or has over 100 signatures.
    """
    whole = decode_text(note, what="note", bytes_max=NOTE_BYTES_MAX)
    text, split, lines = whole.rpartition(_SPLIT)
    if not split or not lines:
        raise Unreadable("note", "there is no empty line with signatures below it")
    if not lines.endswith("\n"):
        raise Unreadable("note", "its last line has no end")
    text += "\n"
    _check_text(text)
    return Note(text=text, signatures=parse_signatures(lines))


def parse_signatures(lines: str) -> tuple[Signature, ...]:
    """Read signature lines, as they stand below a note and as witnesses answer.

    Raises:
        Unreadable: a line is not one, or there are over 100.
    """
    found = lines.removesuffix("\n").split("\n")
    if len(found) > SIGNATURES_MAX:
        raise Unreadable("note", f"{len(found)} signatures; at most {SIGNATURES_MAX} are read")
    return tuple(map(_parse_signature, found))


def open_note(note: str | bytes | Note, verifiers: Iterable[Verifier]) -> OpenedNote:
    """Check every signature of a known key, and return the text with those.

    Raises:
        BadSignature: a signature that names a known key is not its.
        Unsigned: no known key has signed.
        Unreadable: it is no note.
    """
    read = note if isinstance(note, Note) else parse_note(note)
    known = {(verifier.key.name, verifier.key.id): verifier for verifier in verifiers}
    checked: dict[tuple[str, bytes], Signature] = {}
    for signature in read.signatures:
        place = (signature.name, signature.key_id)
        verifier = known.get(place)
        # A second one by the same key says nothing new.
        if verifier is None or place in checked:
            continue
        if not verifier.verify(read.text, signature.value):
            raise BadSignature(f"invalid signature: {signature.name} did not sign this text")
        checked[place] = signature
    if not checked:
        raise Unsigned(_who_signed(read, known))
    return OpenedNote(text=read.text, signatures=tuple(checked.values()))


def add_signatures(note: Note, signatures: Iterable[Signature]) -> Note:
    """Return the note with more signatures below those it has, each once."""
    together = dict.fromkeys((*note.signatures, *signatures))
    ensure(len(together) <= SIGNATURES_MAX, "a note keeps to the signatures that are read")
    return Note(text=note.text, signatures=tuple(together))


def _check_text(text: str) -> None:
    if not text.endswith("\n"):
        raise Unreadable("note", "the text does not end with a newline")
    if any(letter < " " and letter != "\n" for letter in text):
        raise Unreadable("note", "the text has control characters")


def _parse_signature(line: str) -> Signature:
    name, _, value = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not value:
        raise Unreadable("note", f"{show(line)} is not a signature line")
    check_name(name)
    data = parse_loose_bytes(value, what=f"signature of {name}")
    if len(data) <= KEY_ID_BYTES:
        raise Unreadable("note", f"the signature of {name} is too short")
    return Signature(name=name, key_id=data[:KEY_ID_BYTES], value=data[KEY_ID_BYTES:])


def _who_signed(note: Note, known: Iterable[tuple[str, bytes]]) -> str:
    """Say who was expected, so that a wrong key is not taken for a wrong log."""
    signed = ", ".join(f"{line.name}+{line.key_id.hex()}" for line in note.signatures[:5])
    expected = ", ".join(f"{name}+{key_id.hex()}" for name, key_id in known) or "nobody"
    return f"signed by {signed}, and not by {expected}"
