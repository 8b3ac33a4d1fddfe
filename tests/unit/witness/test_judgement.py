"""What a witness answers, by the published cases and by those that they leave out."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest

from pitboss.kernel.entropy import SeededEntropy
from pitboss.tlog import tree
from pitboss.tlog.checkpoints import Checkpoint, sign_checkpoint
from pitboss.tlog.cosignatures import CosignatureVerifier, cosign, verifier_of
from pitboss.tlog.keys import COSIGNATURE_ED25519, ED25519, SigningKey, VerifierKey
from pitboss.tlog.notes import NoteSigner, NoteVerifier, open_note
from pitboss.tlog.tiles import Frontier, TileNodes
from pitboss.tlog.tree import EMPTY_ROOT, leaf_hashes
from pitboss.tlog.writing import write_bytes
from pitboss.witness.judgement import REQUEST_BYTES_MAX, SIZE, Admitted, Refused, admit, judge
from unit.tlog.vectors import load, needs_vectors

ENTROPY = SeededEntropy("witness")
LOG = SigningKey.generate("log.example/mt", ENTROPY)
NEXT = SigningKey.generate("log.example/mt", ENTROPY)
WITNESS = SigningKey.generate("example.com/witness", ENTROPY, kind=COSIGNATURE_ED25519)
LOGS = {LOG.name: [NoteVerifier(LOG.verifier)]}
AT = datetime(2026, 11, 25, tzinfo=UTC)

CASES: dict[str, Any] = load("tlog-witness/add-checkpoint-cases.json")
FRONTIER, FILES = Frontier().grow(leaf_hashes(b"%d" % number for number in range(20)))


def checkpoint(size: int) -> Checkpoint:
    """Return the checkpoint of a small log."""
    root = tree.root_of(size, TileNodes(20, dict(FILES).__getitem__))
    return Checkpoint(origin=LOG.name, size=size, root=root)


def ask(
    old: int,
    new: Checkpoint,
    *,
    proof: list[bytes] | None = None,
    key: SigningKey = LOG,
    seen: Checkpoint | None = None,
) -> tuple[int, str]:
    """Return the status and the words that answer a request."""
    if proof is None:
        proof = tree.consistency_proof(old, new.size, TileNodes(20, dict(FILES).__getitem__))
    lines = [f"old {old}", *map(write_bytes, proof), ""]
    note = sign_checkpoint(new, [NoteSigner(key)])
    return answer("\n".join(lines).encode() + b"\n" + str(note).encode(), seen)


def answer(body: bytes, seen: Checkpoint | None = None) -> tuple[int, str]:
    """Return what a witness that watches our log answers to these bytes."""
    admitted = admit(body, LOGS)
    refused = judge(admitted, seen) if isinstance(admitted, Admitted) else admitted
    return (200, "") if refused is None else (refused.status, refused.body)


@needs_vectors
def test_the_published_cases_are_answered_in_order() -> None:
    public = bytes.fromhex(CASES["log_public_key_hex"])
    origin = CASES["log_origin_prefix"] + hashlib.sha256(public).hexdigest()
    log = VerifierKey(name=origin, kind=ED25519, public=public)
    seen: Checkpoint | None = None

    for case in CASES["cases"]:
        admitted = admit(case["request_body"].encode(), {origin: [verifier_of(log)]})
        refused = judge(admitted, seen) if isinstance(admitted, Admitted) else admitted
        if refused is None:
            assert isinstance(admitted, Admitted)
            seen = admitted.checkpoint
            line = cosign(admitted.note.text, WITNESS, at=AT).line
            refused = Refused(status=200, body=line)

        # The case is older than the status for a log that nobody watches.
        wanted = 404 if "unknown log" in case["want_body"] else case["want_status"]
        assert refused.status == wanted, refused
        predicate, _, words = case["want_body"].partition(" ")
        words = words[1:-1].replace("\\n", "\n")
        assert words == refused.body if predicate == "==" else words in refused.body
        assert refused.status != 409 or refused.content_type == SIZE


def test_a_log_that_grows_is_followed_from_its_beginning() -> None:
    seen: Checkpoint | None = None
    for size in (0, 0, 1, 1, 7, 8, 20, 20):
        new = checkpoint(size)
        assert ask(0 if seen is None else seen.size, new, seen=seen) == (200, "")
        seen = new


@pytest.mark.parametrize("seen", [None, 0])
def test_the_first_checkpoint_may_have_any_size(seen: int | None) -> None:
    before = None if seen is None else checkpoint(seen)

    assert ask(0, checkpoint(20), seen=before) == (200, "")


def test_another_history_is_refused_whatever_it_proves() -> None:
    fork = Checkpoint(origin=LOG.name, size=20, root=b"f" * 32)
    empty = Checkpoint(origin=LOG.name, size=0, root=b"f" * 32)

    assert ask(7, fork, seen=checkpoint(7))[0] == 422
    assert ask(20, fork, seen=checkpoint(20))[0] == 422
    assert ask(0, empty)[0] == 422
    assert ask(0, checkpoint(20), proof=[EMPTY_ROOT])[0] == 422
    assert ask(7, checkpoint(20), proof=[], seen=checkpoint(7))[0] == 422


def test_a_smaller_tree_is_never_cosigned() -> None:
    assert ask(8, checkpoint(8), seen=checkpoint(20)) == (409, "20\n")
    assert ask(0, checkpoint(8), seen=checkpoint(20)) == (409, "20\n")
    assert ask(20, checkpoint(8), proof=[], seen=checkpoint(20))[0] == 400


def test_a_log_that_nobody_watches_and_a_key_that_nobody_knows_are_told_apart() -> None:
    stranger = Checkpoint(origin="stranger.example", size=0, root=EMPTY_ROOT)

    assert ask(0, stranger) == (404, "unknown log: 'stranger.example'\n")
    assert ask(0, checkpoint(1), key=NEXT)[0] == 403


def test_a_key_that_replaces_another_is_believed_beside_it() -> None:
    both = {LOG.name: [NoteVerifier(LOG.verifier), NoteVerifier(NEXT.verifier)]}
    note = sign_checkpoint(checkpoint(3), [NoteSigner(NEXT), NoteSigner(WITNESS)])

    admitted = admit(f"old 0\n\n{note}".encode(), both)

    assert isinstance(admitted, Admitted)
    assert admitted.note.signatures == note.signatures[:1]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n",
        b"old 0\n\n",
        b"old 0\n\nlog.example/mt\n",
        b"new 0\n\nx\n1\nx\n\n\xe2\x80\x94 a AAAAAAA=\n",
        b"old 00\n\nx\n",
        b"old -1\n\nx\n",
        b"old 0\nAAAA\n\nx\n",
        b"old 0\n" + b"A" * 43 + b"=\n" + b"\xff\n\nx\n",
        b"old 0\n" + (b"A" * 43 + b"=\n") * 64 + b"\nx\n",
        b"old 0\n\n" + b"x" * REQUEST_BYTES_MAX,
    ],
)
def test_what_is_not_a_request_is_malformed(body: bytes) -> None:
    assert answer(body)[0] == 400


def test_a_cosignature_is_of_what_was_judged() -> None:
    note = sign_checkpoint(checkpoint(3), [NoteSigner(LOG)])
    admitted = admit(f"old 0\n\n{note}".encode(), LOGS)
    assert isinstance(admitted, Admitted)

    line = cosign(admitted.note.text, WITNESS, at=AT).line

    assert open_note(f"{note}{line}", [CosignatureVerifier(WITNESS.verifier)]).text == note.text
