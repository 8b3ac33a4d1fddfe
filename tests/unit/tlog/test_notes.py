"""Notes, keys, checkpoints and cosignatures: who is believed, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pitboss.kernel.entropy import SeededEntropy
from pitboss.tlog.checkpoints import Checkpoint, open_checkpoint, parse_checkpoint, sign_checkpoint
from pitboss.tlog.cosignatures import CosignatureVerifier, cosign, cosigned_at, verifier_of
from pitboss.tlog.errors import BadSignature, Unreadable, Unsigned
from pitboss.tlog.keys import (
    COSIGNATURE_ED25519,
    SigningKey,
    VerifierKey,
    parse_signing_key,
    parse_verifier_key,
)
from pitboss.tlog.notes import (
    NOTE_BYTES_MAX,
    NoteSigner,
    NoteVerifier,
    add_signatures,
    open_note,
    parse_note,
    sign_note,
)
from pitboss.tlog.tree import EMPTY_ROOT

ENTROPY = SeededEntropy("notes")
KEY = SigningKey.generate("log.example/mt", ENTROPY)
NEXT = SigningKey.generate("log.example/mt", ENTROPY)
WITNESS = SigningKey.generate("witness.example", ENTROPY, kind=COSIGNATURE_ED25519)
AT = datetime(2026, 11, 25, 12, 0, 0, 999_999, tzinfo=UTC)
TEXT = "one\ntwo\n"


def test_a_note_is_opened_by_the_key_that_signed_it() -> None:
    note = sign_note(TEXT, [NoteSigner(KEY)])

    opened = open_note(str(note), [NoteVerifier(KEY.verifier)])

    assert opened.text == TEXT
    assert opened.signed_by(KEY.verifier) == note.signatures[0]
    assert opened.signed_by(NEXT.verifier) is None


def test_keys_that_overlap_are_both_checked_and_strangers_ignored() -> None:
    note = sign_note(TEXT, [NoteSigner(NEXT), NoteSigner(KEY)])

    assert len(open_note(note, [NoteVerifier(KEY.verifier)]).signatures) == 1
    both = open_note(note, map(verifier_of, (KEY.verifier, NEXT.verifier)))
    assert both.signatures == note.signatures


def test_a_note_that_no_known_key_signed_is_not_opened() -> None:
    note = sign_note(TEXT, [NoteSigner(KEY)])

    with pytest.raises(Unsigned, match=f"not by log.example/mt.{NEXT.verifier.id.hex()}"):
        open_note(note, [NoteVerifier(NEXT.verifier)])


def test_a_bad_signature_of_a_known_key_spoils_good_ones() -> None:
    note = sign_note(TEXT, [NoteSigner(KEY), NoteSigner(NEXT)])
    forged = str(note).replace("two", "six")

    with pytest.raises(BadSignature, match=r"invalid signature: log\.example/mt"):
        open_note(forged, [NoteVerifier(KEY.verifier)])
    swapped = add_signatures(
        sign_note(TEXT, [NoteSigner(KEY)]), sign_note("x\n", [NoteSigner(NEXT)]).signatures
    )
    with pytest.raises(BadSignature):
        open_note(swapped, map(NoteVerifier, (KEY.verifier, NEXT.verifier)))


@pytest.mark.parametrize(
    "note",
    [
        "",
        "no signature\n",
        "text\n\n",
        "text\n\n— a AAAAAAA=",
        "text\n\n- a AAAAAAA=\n",
        "text\n\n— a\n",
        "text\n\n—  AAAAAAA=\n",
        "text\n\n— a AAAAAAA=\n\n— a AAAAAAA=\nrest\n",
        "text\n\n— a+b AAAAAAA=\n",
        "text\n\n— a AAAAAA==\n",
        "text\n\n— a %%%%%%%%\n",
        "text\n\n— a AAAAAAA= \n",
        "te\rxt\n\n— a AAAAAAA=\n",
        "\ud800\n\n— a AAAAAAA=\n",
        b"\xff\n\n\xe2\x80\x94 a AAAAAAA=\n",
        "text\n\n" + "— a AAAAAAA=\n" * 101,
        "x" * NOTE_BYTES_MAX + "\n\n— a AAAAAAA=\n",
    ],
)
def test_what_is_not_a_note_is_refused(note: str | bytes) -> None:
    with pytest.raises(Unreadable):
        parse_note(note)


def test_a_text_may_have_empty_lines() -> None:
    note = sign_note("a\n\n— b AAAAAAA=\n\nc\n", [NoteSigner(KEY)])

    assert open_note(str(note), [NoteVerifier(KEY.verifier)]).text == note.text
    with pytest.raises(Unreadable):
        sign_note("no end", [NoteSigner(KEY)])


def test_a_key_is_read_as_it_was_written_and_shows_no_secret() -> None:
    line = KEY.write()

    assert parse_signing_key(line) == KEY
    assert parse_verifier_key(str(KEY.verifier)) == KEY.verifier
    assert "seed" not in repr(KEY)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "a+00000000",
        "a+00000000+AQ==",
        "a+zzzzzzzz+AAAA",
        "a b+00000000+AAAA",
        "a+0000000+AAAA",
        f"{KEY.verifier}=",
        str(KEY.verifier).replace("log", "cat"),
        str(KEY.verifier).upper(),
        f"{KEY.verifier}\n",
        "a\ud800+00000000+AAAA",
    ],
)
def test_what_is_not_a_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_verifier_key(text)


def test_what_is_not_a_signing_key_is_refused_without_telling_it() -> None:
    line = KEY.write()
    secret = line.rpartition("+")[2]

    for text in (str(KEY.verifier), line[:-1], line.replace("+log", "+cat"), line[:-3] + "!!="):
        with pytest.raises(Unreadable) as caught:
            parse_signing_key(text)
        assert secret[:12] not in str(caught.value)


def test_a_key_of_an_unknown_type_is_read_and_never_used() -> None:
    key = VerifierKey(name="log.example/mt", kind=6, public=b"x" * 1312)

    assert parse_verifier_key(str(key)) == key
    with pytest.raises(Unreadable, match="type 6"):
        verifier_of(key)


def test_a_checkpoint_is_read_as_it_was_signed() -> None:
    checkpoint = Checkpoint(origin=KEY.name, size=3, root=b"r" * 32)

    note = sign_checkpoint(checkpoint, [NoteSigner(KEY)])

    opened = open_checkpoint(str(note).encode(), [NoteVerifier(KEY.verifier)])
    assert opened.checkpoint == checkpoint
    assert parse_checkpoint("o\n1\n" + "A" * 43 + "=\nmore\n").extensions == ("more",)


@pytest.mark.parametrize(
    "text",
    [
        "o\n1\n",
        "\n1\n" + "A" * 43 + "=\n",
        "o\n01\n" + "A" * 43 + "=\n",
        "o\n+1\n" + "A" * 43 + "=\n",
        "o\n-1\n" + "A" * 43 + "=\n",
        "o\n\u0661\n" + "A" * 43 + "=\n",
        "o\n9223372036854775808\n" + "A" * 43 + "=\n",
        "o\n1\n" + "A" * 42 + "B=\n",
        "o\n1\n" + "A" * 44 + "\n",
        "o\n1\n" + "A" * 43 + "=",
        "o\n1\n" + "A" * 43 + "=\n\n",
    ],
)
def test_what_is_not_a_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="checkpoint"):
        parse_checkpoint(text)


def test_a_witness_says_when_it_saw_a_checkpoint() -> None:
    checkpoint = Checkpoint(origin=KEY.name, size=0, root=EMPTY_ROOT)
    note = sign_checkpoint(checkpoint, [NoteSigner(KEY)])

    seen = add_signatures(note, [cosign(checkpoint.text, WITNESS, at=AT)])
    opened = open_checkpoint(str(seen), map(verifier_of, (KEY.verifier, WITNESS.verifier)))

    assert cosigned_at(opened.signatures[1]) == AT.replace(microsecond=0)
    assert len(opened.signatures) == 2
    assert add_signatures(seen, seen.signatures) == seen


def test_a_cosignature_is_of_its_time_and_text_alone() -> None:
    value = cosign("text\n", WITNESS, at=AT).value
    verifier = CosignatureVerifier(WITNESS.verifier)

    assert verifier.verify("text\n", value)
    assert not verifier.verify("test\n", value)
    assert not verifier.verify("text\n", value[:7] + b"\x00" + value[8:])
    assert not verifier.verify("text\n", b"\xff" * 72)
    assert not verifier.verify("text\n", b"")


def test_the_key_of_a_log_does_not_cosign() -> None:
    with pytest.raises(Unreadable, match="does not cosign"):
        cosign("text\n", KEY, at=AT)
