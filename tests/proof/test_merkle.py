"""The tree against RFC 6962's own definition, written down a second time."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import Corrupt
from ledger.proof.merkle import EMPTY_ROOT, Tree, audit_path, leaf_hash, node_hash, root_from, root_of

LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
"""The leaves of tlog.md (and of Certificate Transparency's own tests)."""

PUBLISHED = [
    ("e3b0c442", "b855"),
    ("6e340b9cffb37a98", "afa01d"),
    ("fac54203e7cc696c", "e3c125"),
    ("aeb6bcfe274b70a1", "9e06e77"),
    ("d37ee418976dd957", "09614b7"),
    ("4e3bbb1f7b478dcf", "6264d4"),
    ("76e67dadbcdf1e10", "2087ef"),
    ("ddb89be403809e32", "a74c8c"),
    ("5dc9da79a70659a9", "604328"),
]
"""First and last digits of the roots of the first 0 to 8 leaves, as tlog.md prints them."""


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, word for word: k is the largest power of two strictly smaller than n."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


@pytest.mark.parametrize("size", range(9))
def test_the_published_roots_come_out(size):
    begin, end = PUBLISHED[size]
    root = root_of(LEAVES[:size])
    assert root == naive_root(LEAVES[:size])
    assert root.hex().startswith(begin) and root.hex().endswith(end)


def test_every_tree_up_to_130_leaves_has_the_root_of_the_definition():
    leaves = [f"entry {number}".encode() for number in range(130)]
    tree = Tree()
    for size in range(131):
        assert (tree.size, tree.root()) == (size, naive_root(leaves[:size]))
        if size < 130:
            tree.append(leaf_hash(leaves[size]))


@given(st.lists(st.binary(max_size=5), max_size=40))
def test_any_leaves_give_the_root_of_the_definition(leaves):
    assert root_of(leaves) == naive_root(leaves)


def test_the_empty_tree_has_the_hash_of_nothing():
    assert Tree().root() == EMPTY_ROOT == hashlib.sha256(b"").digest()


def test_a_leaf_is_no_node():
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert node_hash(left, right) != leaf_hash(left + right)
    assert root_of([b"a", b"b"]) != root_of([left + right])


@pytest.mark.parametrize("size", range(1, 34))
def test_a_copy_grows_alone(size):
    tree = Tree()
    for leaf in range(size):
        tree.append(leaf_hash(bytes([leaf])))
    before, copy = tree.root(), tree.copy()
    copy.append(leaf_hash(b"more"))
    assert (tree.size, tree.root()) == (size, before)
    tree.append(leaf_hash(b"other"))
    assert copy.root() == naive_root([*(bytes([leaf]) for leaf in range(size)), b"more"])


def test_reading_the_root_changes_nothing():
    tree = Tree()
    for leaf in LEAVES:
        tree.append(leaf_hash(leaf))
        assert tree.root() == tree.root()
    assert tree.root() == naive_root(LEAVES)


def test_any_leaf_changed_swapped_or_cut_changes_the_root():
    root = root_of(LEAVES)
    for at in range(8):
        assert root_of([*LEAVES[:at], b"other", *LEAVES[at + 1 :]]) != root
        assert root_of([*LEAVES[:at], *LEAVES[at + 1 :]]) != root
    assert root_of(LEAVES[::-1]) != root
    assert root_of([*LEAVES, LEAVES[-1]]) != root


@pytest.mark.parametrize(("edge", "size"), [([], 1), ([b"\x00" * 32], 0), ([b"\x00" * 31], 1), ([b"\x00" * 32], 3)])
def test_an_edge_that_does_not_fit_the_size_is_corrupt(edge, size):
    with pytest.raises(Corrupt):
        Tree(edge, size)


def test_every_leaf_of_every_tree_is_under_the_root_by_its_path_alone():
    leaves = [leaf_hash(bytes([number])) for number in range(70)]
    for size in range(1, len(leaves) + 1):
        tree = Tree()
        for leaf in leaves[:size]:
            tree.append(leaf)
        for index in range(size):
            path = audit_path(iter(leaves), index, size)
            hashes = [step.hash for step in path]
            assert root_from(leaves[index], index, size, hashes) == tree.root()
            assert root_from(leaves[index - 1], index, size, hashes) != tree.root() or size == 1
            climbed = leaves[index]
            for step in path:
                climbed = node_hash(step.hash, climbed) if step.left else node_hash(climbed, step.hash)
            assert climbed == tree.root()


def test_a_path_that_is_cut_or_too_long_or_of_no_leaf_is_corrupt():
    leaves = [leaf_hash(bytes([number])) for number in range(7)]
    hashes = [step.hash for step in audit_path(leaves, 4, 7)]
    for wrong in (hashes[:-1], [*hashes, hashes[0]], []):
        with pytest.raises(Corrupt):
            root_from(leaves[4], 4, 7, wrong)
    for index in (-1, 7):
        with pytest.raises(Corrupt):
            audit_path(leaves, index, 7)
    with pytest.raises(Corrupt):
        audit_path(leaves[:6], 4, 7)
