"""A proof file stands for itself; a policy says whose word is enough."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pitboss.kernel.entropy import SeededEntropy
from pitboss.tlog import tree
from pitboss.tlog.checkpoints import Checkpoint, sign_checkpoint
from pitboss.tlog.cosignatures import cosign
from pitboss.tlog.errors import QuorumMissed, Unproven, Unreadable, Unsigned
from pitboss.tlog.keys import COSIGNATURE_ED25519, SigningKey
from pitboss.tlog.notes import Note, NoteSigner, NoteVerifier, add_signatures
from pitboss.tlog.policy import parse_policy
from pitboss.tlog.proofs import LogProof, parse_proof, verify_proof
from pitboss.tlog.tiles import Frontier, TileNodes

ENTROPY = SeededEntropy("proofs")
LOG = SigningKey.generate("log.example/mt", ENTROPY)
OTHER = SigningKey.generate("other.example", ENTROPY)
X, Y, Z = (
    SigningKey.generate(f"{name}.example", ENTROPY, kind=COSIGNATURE_ED25519) for name in "xyz"
)
AT = datetime(2026, 11, 25, tzinfo=UTC)
ENTRIES = [f"entry {number}".encode() for number in range(300)]
WITNESSES = f"log {LOG.verifier}\nwitness x {X.verifier}\nwitness y {Y.verifier} https://y\n"


def signed() -> tuple[Checkpoint, Note, TileNodes]:
    """Return a small log: its checkpoint, signed, and its nodes."""
    frontier, files = Frontier().grow(tree.leaf_hashes(ENTRIES))
    checkpoint = Checkpoint(origin=LOG.name, size=300, root=frontier.root)
    note = sign_checkpoint(checkpoint, [NoteSigner(LOG)])
    return checkpoint, note, TileNodes(300, dict(files).__getitem__)


def proof_of(index: int, *, extra: bytes | None) -> LogProof:
    """Return the proof of an entry."""
    _, note, read = signed()
    path = tuple(tree.inclusion_proof(index, 300, read))
    return LogProof(index=index, path=path, note=note, extra=extra)


def test_a_proof_file_needs_nothing_but_the_key() -> None:
    text = str(proof_of(277, extra=ENTRIES[277]))

    checkpoint = verify_proof(parse_proof(text.encode()), [NoteVerifier(LOG.verifier)])

    assert checkpoint == signed()[0]
    assert str(parse_proof(text)) == text


def test_a_proof_without_its_entry_asks_for_it() -> None:
    proof = parse_proof(str(proof_of(3, extra=None)))

    assert verify_proof(proof, [NoteVerifier(LOG.verifier)], entry=ENTRIES[3]).size == 300
    with pytest.raises(Unreadable, match="does not carry the entry"):
        verify_proof(proof, [NoteVerifier(LOG.verifier)])


def test_a_proof_of_another_entry_place_or_signer_is_refused() -> None:
    known = [NoteVerifier(LOG.verifier)]

    with pytest.raises(Unproven):
        verify_proof(proof_of(3, extra=ENTRIES[4]), known)
    moved = str(proof_of(3, extra=ENTRIES[3])).replace("index 3\n", "index 2\n")
    with pytest.raises(Unproven):
        verify_proof(parse_proof(moved), known)
    with pytest.raises(Unsigned):
        verify_proof(proof_of(3, extra=ENTRIES[3]), [NoteVerifier(OTHER.verifier)])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("@v1", "@v2"),
        ("index 3", "index 03"),
        ("index 3", "index -3"),
        ("index 3\n", ""),
        ("extra ", "extra  "),
        ("extra ", "extra !"),
        ("\n\nlog", "\nlog"),
        ("index 3\n", "index 3\n" + "A" * 42 + "==\n"),
        ("index 3\n", "index 3\n" + ("A" * 43 + "=\n") * 60),
        ("— ", ""),
    ],
)
def test_what_is_not_a_proof_is_refused(old: str, new: str) -> None:
    text = str(proof_of(3, extra=ENTRIES[3]))
    assert old in text

    with pytest.raises(Unreadable):
        parse_proof(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("rule", "cosigners", "is_met"),
    [
        ("quorum none", "", True),
        ("quorum x", "", False),
        ("quorum x", "x", True),
        ("quorum x", "y", False),
        ("group g any x y\nquorum g", "y", True),
        ("group g all x y\nquorum g", "y", False),
        ("group g all x y\nquorum g", "xy", True),
        ("group g 2 x y\nquorum g", "xy", True),
        ("group g 1 x\ngroup h all g y\nquorum h", "x", False),
        ("group g 1 x\n\n # why\n\tgroup  h all g y \nquorum h", "xy", True),
    ],
)
def test_a_quorum_is_what_the_policy_says(rule: str, cosigners: str, is_met: bool) -> None:
    policy = parse_policy(f"{WITNESSES}{rule}\n")
    checkpoint, note, _ = signed()
    keys = {"x": X, "y": Y}
    note = add_signatures(note, [cosign(checkpoint.text, keys[c], at=AT) for c in cosigners])

    assert policy.is_met(set(cosigners)) is is_met
    if is_met:
        assert policy.open(str(note)).checkpoint == checkpoint
    else:
        with pytest.raises(QuorumMissed):
            policy.open(note)


def test_a_checkpoint_is_believed_only_from_the_log_whose_origin_it_has() -> None:
    policy = parse_policy(f"{WITNESSES}log {OTHER.verifier}\nquorum none\n")
    checkpoint, _, _ = signed()

    with pytest.raises(Unsigned, match=r"as 'log\.example/mt'"):
        policy.open(sign_checkpoint(checkpoint, [NoteSigner(OTHER)]))
    with pytest.raises(Unsigned):
        policy.open(Note(text=checkpoint.text, signatures=(cosign(checkpoint.text, X, at=AT),)))


def test_a_policy_says_where_peers_are() -> None:
    policy = parse_policy(f"{WITNESSES}quorum none\n".encode())

    assert policy.witnesses["y"].url == "https://y"
    assert policy.witnesses["x"].url is None
    assert [log.key for log in policy.logs] == [LOG.verifier]


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("", "no quorum"),
        ("quorum none\nquorum none", "line 5: there is a quorum already"),
        ("quorum z", "'z' is not defined above"),
        ("group g any\nquorum none", "is not a line of a policy"),
        ("group g any x x\nquorum none", "a member twice"),
        ("group g 3 x y\nquorum none", "3 of 2 members"),
        ("group g 0 x y\nquorum none", "0 of 2 members"),
        ("group g 02 x y\nquorum none", "not a decimal number"),
        ("group g any none\nquorum none", "'none' is not defined"),
        ("group none any x\nquorum none", "'none' is taken"),
        ("group x any y\nquorum none", "'x' is taken"),
        ("group g any g\nquorum none", "'g' is not defined above"),
        (f"witness x2 {X.verifier}\nquorum none", "another witness has the same key"),
        (f"log {LOG.verifier}\nquorum none", "another log has the same key"),
        (f"log {Z.verifier}\nquorum none", "of type 4, and not 1"),
        (f"witness z {OTHER.verifier}\nquorum none", "of type 1, and not 4"),
        ("log nonsense\nquorum none", "policy line 4: verifier key"),
        ("quorum none\r", "control characters"),
        ("quorums none", "is not a line"),
    ],
)
def test_what_is_not_a_policy_is_refused_with_its_line(rule: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        parse_policy(f"{WITNESSES}{rule}\n")
