"""The tree of RFC 6962, pure: hashes, roots, proofs and how to check them.

The tree is read through ``node(level, index)``: the hash of the whole subtree of ``2**level`` leaves that begins at
leaf ``index * 2**level`` (level 0: a leaf). A proof asks for some ``2 * log2(size)`` of them at most.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

Node = Callable[[int, int], bytes]

EMPTY = hashlib.sha256(b"").digest()
"""Root of a log without any leaf."""


def leaf_hash(body: bytes) -> bytes:
    """SHA-256 of 0x00 and the leaf."""
    return hashlib.sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of 0x01 and both children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(node: Node, size: int) -> bytes:
    """Root of the first ``size`` leaves."""
    return EMPTY if size == 0 else _subtree(node, 0, size)


def inclusion(node: Node, index: int, size: int) -> list[bytes]:
    """Audit path of a leaf in the tree of ``size`` leaves (RFC 6962, 2.1.1). Raises ValueError out of 0..size-1."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} of {size}")
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_subtree(node, middle, end))
            end = middle
        else:
            path.append(_subtree(node, start, middle))
            start = middle
    return path[::-1]


def consistency(node: Node, old: int, new: int) -> list[bytes]:
    """That the tree of ``new`` leaves extends the one of ``old`` (RFC 6962, 2.1.2); empty for 0 or the same size.

    Raises ValueError unless ``0 <= old <= new``.
    """
    if not 0 <= old <= new:
        raise ValueError(f"from {old} to {new}")
    if old in (0, new):
        return []
    path = []
    start, end = 0, new
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_subtree(node, middle, end))
            end = middle
        else:
            path.append(_subtree(node, start, middle))
            start = middle
    if start > 0:
        path.append(_subtree(node, start, end))
    return path[::-1]


def inclusion_holds(leaf: bytes, index: int, size: int, path: Sequence[bytes], expected: bytes) -> bool:
    """Is the leaf with this hash at ``index`` of the tree of ``size`` leaves whose root is ``expected``?"""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for beside in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node_hash(beside, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, beside)
        at, last = at >> 1, last >> 1
    return last == 0 and found == expected


def consistency_holds(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Does the tree (``new``, ``new_root``) extend (``old``, ``old_root``)?"""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY
    steps = list(path)
    if old & (old - 1) == 0:
        steps.insert(0, old_root)  # the old tree is a whole subtree of the new one: its root is not repeated
    if not steps:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    before = after = steps[0]
    for beside in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            before, after = node_hash(beside, before), node_hash(beside, after)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            after = node_hash(after, beside)
        at, last = at >> 1, last >> 1
    return last == 0 and before == old_root and after == new_root


def completed(seq: int) -> Iterator[tuple[int, int]]:
    """Subtrees (level, index) that the leaf ``seq`` completes, lowest first."""
    level, count = 1, seq + 1
    while count % 2 == 0:
        count //= 2
        yield level, count - 1
        level += 1


def in_memory(leaves: Sequence[bytes]) -> Node:
    """The nodes of a tree whose leaf hashes are at hand, each computed once."""
    kept: dict[tuple[int, int], bytes] = {}

    def node(level: int, index: int) -> bytes:
        if level == 0:
            return leaves[index]
        if (level, index) not in kept:
            kept[level, index] = node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))
        return kept[level, index]

    return node


def _split(size: int) -> int:
    """The largest power of two below ``size`` (2 or more)."""
    return 1 << (size - 1).bit_length() - 1


def _subtree(node: Node, start: int, end: int) -> bytes:
    """Hash of leaves start..end-1; ``start`` is a multiple of the largest power of two within."""
    size = end - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node(level, start >> level)
    middle = start + _split(size)
    return node_hash(node(_split(size).bit_length() - 1, start // _split(size)), _subtree(node, middle, end))
