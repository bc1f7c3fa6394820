"""Merkle trees of RFC 6962 section 2.1 (RFC 9162 section 2.1) over SHA-256, grown a leaf at a time.

``MTH([]) = SHA-256("")``; a leaf is ``SHA-256(0x00 || d)``; a node is ``SHA-256(0x01 || left || right)``.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from ledger.errors import Corrupt

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """RFC 6962 section 2.1: the hash of one entry's bytes, 32 bytes."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962 section 2.1: the hash of two subtrees, 32 bytes."""
    return sha256(b"\x01" + left + right).digest()


class Tree:
    """The right edge of a growing tree: the roots of its perfect subtrees, largest first (at most 64 of them)."""

    __slots__ = ("_edge", "size")

    def __init__(self, edge: Iterable[bytes] = (), size: int = 0) -> None:
        self._edge = list(edge)
        self.size = size
        if len(self._edge) != size.bit_count() or any(len(node) != 32 for node in self._edge):
            raise Corrupt(f"a tree of {size} leaves has {size.bit_count()} perfect subtrees, found {len(self._edge)}")

    def copy(self) -> Tree:
        """An independent tree with the same leaves."""
        twin = Tree()
        twin._edge, twin.size = self._edge.copy(), self.size  # checked when this one was made
        return twin

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash (32 bytes) on the right."""
        edge, size = self._edge, self.size
        while size & 1:
            leaf = sha256(b"\x01" + edge.pop() + leaf).digest()
            size >>= 1
        edge.append(leaf)
        self.size += 1

    @property
    def edge(self) -> tuple[bytes, ...]:
        """The roots of its perfect subtrees, largest first: with ``size`` they make it again."""
        return tuple(self._edge)

    def root(self) -> bytes:
        """The Merkle tree hash of all leaves, 32 bytes."""
        if not self._edge:
            return EMPTY_ROOT
        root = self._edge[-1]
        for node in reversed(self._edge[:-1]):
            root = node_hash(node, root)
        return root


def root_of(entries: Iterable[bytes]) -> bytes:
    """The Merkle tree hash of whole entries, 32 bytes."""
    tree = Tree()
    for entry in entries:
        tree.append(leaf_hash(entry))
    return tree.root()


class Sibling(NamedTuple):
    """One step from a leaf up to the root: the hash that stands beside, and on which side."""

    hash: bytes
    left: bool


def _ranges(index: int, size: int) -> list[tuple[int, int]]:
    """The ranges ``[lo, hi)`` of leaves whose roots stand beside the way from a leaf up (RFC 6962 section 2.1.1)."""
    if not 0 <= index < size:
        raise Corrupt(f"a tree of {size} leaves has no leaf {index}")
    ranges, low, high = [], 0, size
    while high - low > 1:
        middle = low + (1 << (high - low - 1).bit_length() - 1)
        if index < middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    return ranges[::-1]


def audit_path(leaves: Iterable[bytes], index: int, size: int) -> tuple[Sibling, ...]:
    """The Merkle audit path of leaf ``index`` in the tree of the first ``size`` leaf hashes; each is read once."""
    ranges = _ranges(index, size)
    trees = {bounds: Tree() for bounds in ranges}
    following = sorted(ranges)
    for place, leaf in enumerate(leaves):
        while following and place >= following[0][1]:
            following.pop(0)
        if following and place >= following[0][0]:
            trees[following[0]].append(leaf)
    if any(tree.size != high - low for (low, high), tree in trees.items()):
        raise Corrupt(f"there are fewer than {size} leaves")
    return tuple(Sibling(trees[low, high].root(), low < index) for low, high in ranges)


def root_from(leaf: bytes, index: int, size: int, path: Iterable[bytes]) -> bytes:
    """The root that a leaf hash and its audit path give; the sides follow from the leaf's place (RFC 9162, 2.1.3.2)."""
    ranges, hashes = _ranges(index, size), tuple(path)
    if len(hashes) != len(ranges):
        raise Corrupt(f"the path of leaf {index} of {size} has {len(ranges)} hashes, found {len(hashes)}")
    for (low, _), other in zip(ranges, hashes, strict=True):
        leaf = node_hash(other, leaf) if low < index else node_hash(leaf, other)
    return leaf
