"""The Merkle tree: its hashes, its right edge, and proofs of inclusion and of consistency.

A tree of n leaves splits at the largest power of two below n; a subtree whose leaves are a power
of two, and begin at a multiple of it, never changes and is a `Node`.  Everything else is worked out
from nodes.  Source: RFC 6962, 2.1; RFC 9162, 2.1.3 and 2.1.4.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

from pitboss.kernel.invariant import ensure
from pitboss.tlog.errors import Unproven, Unreadable
from pitboss.tlog.writing import HASH_BYTES

EMPTY_ROOT = hashlib.sha256(b"").digest()
# A tree of fewer than 2^63 leaves is at most so high.
PATH_HASHES_MAX = 63

_PAIR_BYTES = 2 * HASH_BYTES
_read_pairs = struct.Struct(f"{_PAIR_BYTES}s").iter_unpack

# A copy of a state that has seen the prefix is made a third faster than a state is begun.
_leaf_state = hashlib.sha256(b"\x00").copy
_node_state = hashlib.sha256(b"\x01").copy


@dataclass(frozen=True, slots=True)
class Node:
    """A complete subtree: `2**level` leaves, the first of which is `index * 2**level`."""

    level: int
    index: int


# Gives the hash of a node that is complete in the tree which is read.
ReadNode = Callable[[Node], bytes]


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry."""
    state = _leaf_state()
    state.update(entry)
    return state.digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """Return the hash of each entry, in order."""
    hashes: list[bytes] = []
    for entry in entries:
        # A call of `leaf_hash` would cost a tenth more, and every fact pays it.
        state = _leaf_state()
        state.update(entry)
        hashes.append(state.digest())
    return hashes


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a tree from those of its two subtrees."""
    return pair_up(left + right)


def pair_up(row: bytes) -> bytes:
    """Return the joined parents of an even number of neighbours, which are joined too."""
    parents: list[bytes] = []
    for (pair,) in _read_pairs(row):
        state = _node_state()
        state.update(pair)
        parents.append(state.digest())
    return b"".join(parents)


def split_odd(row: bytes) -> tuple[bytes, list[bytes]]:
    """Return the joined hashes that have a neighbour each, and the last one if it has none."""
    paired = len(row) - len(row) % _PAIR_BYTES
    return row[:paired], [row[paired:]] if row[paired:] else []


@dataclass(frozen=True, slots=True, kw_only=True)
class RightEdge:
    """All that is needed of a tree to make it grow: a hash for each binary digit of its size.

    `hashes` has the largest complete subtree first.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        ensure(len(self.hashes) == self.size.bit_count(), "an edge has a hash for each digit")

    @property
    def root(self) -> bytes:
        """The hash of the whole tree."""
        if not self.hashes:
            return EMPTY_ROOT
        return reduce(lambda right, left: node_hash(left, right), reversed(self.hashes))

    def grow(self, leaves: Sequence[bytes]) -> RightEdge:
        """Return the edge after these leaf hashes are appended."""
        size, rest = self.size + len(leaves), list(self.hashes)
        edge: list[bytes] = []
        level, row = 0, b"".join(leaves)
        while row or rest:
            if self.size >> level & 1:
                row = rest.pop() + row
            row, odd = split_odd(row)
            edge += odd
            row = pair_up(row)
            level += 1
        return RightEdge(size=size, hashes=tuple(reversed(edge)))


def root_of(size: int, read: ReadNode) -> bytes:
    """Return the root of the first `size` leaves of the tree that is read."""
    return _hash_span(range(size), read)


def inclusion_nodes(index: int, size: int) -> list[Node]:
    """Return the nodes that `inclusion_proof` reads, so that they can be fetched before."""
    return [node for span in _inclusion_path(index, size) for node in nodes_of(span)]


def inclusion_proof(index: int, size: int, read: ReadNode) -> list[bytes]:
    """Return the hashes that prove a leaf to be in the tree of this size, the deepest first."""
    return [_hash_span(span, read) for span in _inclusion_path(index, size)]


def consistency_nodes(old: int, new: int) -> list[Node]:
    """Return the nodes that `consistency_proof` reads, so that they can be fetched before."""
    return [node for span in _consistency_path(old, new) for node in nodes_of(span)]


def consistency_proof(old: int, new: int, read: ReadNode) -> list[bytes]:
    """Return the hashes that prove the tree of size `new` to begin with that of size `old`.

    None are needed where `old` is 0 or equal to `new`.
    """
    return [_hash_span(span, read) for span in _consistency_path(old, new)]


def nodes_of(span: range) -> list[Node]:
    """Return the complete subtrees of a stretch of leaves, from the left.

    The stretch is one that a proof is made of: it begins at a multiple of every subtree in it.
    """
    nodes, start = [], span.start
    while start < span.stop:
        level = (span.stop - start).bit_length() - 1
        nodes.append(Node(level, start >> level))
        start += 1 << level
    return nodes


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that a leaf hash is the one at an index of the tree with this size and root.

    Raises:
        Unproven: the proof does not lead from the leaf to the root.
        Unreadable: a hash is not one, or there are more than any tree needs.
    """
    _check_hashes([leaf, root], proof)
    if not 0 <= index < size:
        raise Unproven(f"there is no entry {index} in a tree of {size}")
    place, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise Unproven(f"the proof of entry {index} is too long for a tree of {size}")
        if place % 2 or place == last:
            found = node_hash(sibling, found)
            place, last = _climb_as_right_child(place, last)
        else:
            found = node_hash(found, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise Unproven(f"the proof of entry {index} is too short for a tree of {size}")
    if found != root:
        raise Unproven(
            f"the proof of entry {index} leads to {found.hex()}, and the root is {root.hex()}"
        )


def verify_consistency(
    old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the tree of size `new` begins with that of size `old`.

    Raises:
        Unproven: it does not, or the proof does not show it.
        Unreadable: a hash is not one, or there are more than any tree needs.
    """
    _check_hashes([old_root, new_root], proof)
    if not 0 <= old <= new:
        raise Unproven(f"a tree of {new} cannot have grown from one of {old}")
    if old in (0, new):
        _verify_unmoved(old, old_root, new_root, proof, grown=old != new)
        return
    steps = list(proof)
    if old & (old - 1) == 0:
        # A complete subtree: its hash is its root, which nobody needs to send.
        steps.insert(0, old_root)
    if not steps:
        raise Unproven(f"the proof from {old} to {new} is empty")
    before, after = _retrace(old, new, steps)
    if before != old_root:
        raise Unproven(
            f"the proof gives {before.hex()} for size {old}, and its root was {old_root.hex()}"
        )
    if after != new_root:
        raise Unproven(
            f"the proof gives {after.hex()} for size {new}, and its root is {new_root.hex()}"
        )


def _verify_unmoved(
    old: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes], *, grown: bool
) -> None:
    """Check what needs no proof: a tree and itself, the empty tree and any other."""
    if proof:
        raise Unproven(f"nothing is to be proven about size {old}, and there is a proof")
    expected = EMPTY_ROOT if grown else new_root
    if old_root != expected:
        raise Unproven(
            f"two roots for size {old}: {old_root.hex()} and {expected.hex()}; the log has forked"
        )


def _retrace(old: int, new: int, steps: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Return the roots of both trees that the hashes of a consistency proof lead to."""
    place, last = old - 1, new - 1
    while place % 2:
        place, last = place >> 1, last >> 1
    before = after = steps[0]
    for step in steps[1:]:
        if last == 0:
            raise Unproven(f"the proof from {old} to {new} is too long")
        if place % 2 or place == last:
            before, after = node_hash(step, before), node_hash(step, after)
            place, last = _climb_as_right_child(place, last)
        else:
            after = node_hash(after, step)
        place, last = place >> 1, last >> 1
    if last:
        raise Unproven(f"the proof from {old} to {new} is too short")
    return before, after


def _climb_as_right_child(place: int, last: int) -> tuple[int, int]:
    """Pass the levels on which the last node has no sibling, and is its own parent."""
    while place and place % 2 == 0:
        place, last = place >> 1, last >> 1
    return place, last


def _check_hashes(ends: Sequence[bytes], proof: Sequence[bytes]) -> None:
    if len(proof) > PATH_HASHES_MAX:
        raise Unreadable("proof", f"{len(proof)} hashes; no tree needs over {PATH_HASHES_MAX}")
    for value in (*ends, *proof):
        if len(value) != HASH_BYTES:
            raise Unreadable("proof", f"a hash has {HASH_BYTES} bytes, and not {len(value)}")


def _hash_span(span: range, read: ReadNode) -> bytes:
    hashes = [read(node) for node in nodes_of(span)]
    return RightEdge(size=len(span), hashes=tuple(hashes)).root


def _inclusion_path(index: int, size: int) -> list[range]:
    """Return the stretches of leaves beside the way from a leaf to the root, the deepest first."""
    ensure(0 <= index < size, "only what is in the tree can be proven to be")
    path, start, stop = [], 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(range(middle, stop))
            stop = middle
        else:
            path.append(range(start, middle))
            start = middle
    return path[::-1]


def _consistency_path(old: int, new: int) -> list[range]:
    """Return the stretches that the old and the new tree are made of, the deepest first."""
    ensure(0 <= old <= new, "a tree only grows")
    path: list[range] = []
    if old in (0, new):
        return path
    start, stop = 0, new
    while stop != old:
        middle = start + _split(stop - start)
        if old <= middle:
            path.append(range(middle, stop))
            stop = middle
        else:
            path.append(range(start, middle))
            start = middle
    if start:
        # Not the old root itself, which whoever verifies has.
        path.append(range(start, stop))
    return path[::-1]


def _split(size: int) -> int:
    """Return the largest power of two below a size of two or more.  Source: RFC 6962, 2.1."""
    return 1 << (size - 1).bit_length() - 1
