"""The tree: the published roots, every proof of small trees, and nothing wrong that passes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from affouage.journal import tree

# The test vectors of Certificate Transparency (RFC 6962): leaves, and the root after each.
LEAVES = [
    bytes.fromhex(one)
    for one in (
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
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# Certificate Transparency's published paths: (leaf, size) and (old, new).
INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
MOST = 40
HASHES = [tree.leaf_hash(bytes([one])) for one in range(MOST)]
NODE = tree.in_memory(HASHES)
TREES = [tree.root(NODE, size) for size in range(MOST + 1)]


def _published() -> tree.Node:
    return tree.in_memory([tree.leaf_hash(one) for one in LEAVES])


def test_the_published_roots() -> None:
    assert [tree.root(_published(), size).hex() for size in range(9)] == ROOTS


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_the_published_inclusion_proofs(index: int, size: int) -> None:
    path = tree.inclusion(_published(), index, size)
    assert [one.hex() for one in path] == INCLUSION[index, size]


@pytest.mark.parametrize(("old", "new"), CONSISTENCY)
def test_the_published_consistency_proofs(old: int, new: int) -> None:
    path = tree.consistency(_published(), old, new)
    assert [one.hex() for one in path] == CONSISTENCY[old, new]


def test_every_inclusion_proof_holds_there_alone() -> None:
    for size in range(1, MOST + 1):
        for index in range(size):
            path = tree.inclusion(NODE, index, size)
            for other in range(-1, size + 1):
                right = other == index
                assert tree.inclusion_holds(HASHES[index], other, size, path, TREES[size]) == right


def test_every_consistency_proof_holds() -> None:
    for new in range(MOST + 1):
        for old in range(new + 1):
            path = tree.consistency(NODE, old, new)
            assert tree.consistency_holds(old, new, TREES[old], TREES[new], path)
            assert len(path) <= 2 * max(1, new.bit_length())


SIZES = st.integers(1, MOST).flatmap(lambda new: st.tuples(st.integers(1, new), st.just(new)))
"""Old and new; from 1 on, for every log extends the empty one."""


def _spoilt(path: list[bytes], at: int, how: int) -> list[bytes]:
    """A path with something wrong in it."""
    if how == 0:
        return [*path, bytes(32)]
    if not path:
        return [bytes(32)]
    at %= len(path)
    if how == 1:
        return path[:at] + path[at + 1 :]
    if how == 2 and len(path) > 1:
        return [*path[1:], path[0]]
    return [*path[:at], bytes([path[at][0] ^ 1]) + path[at][1:], *path[at + 1 :]]


@given(SIZES, st.integers(0, 40), st.integers(0, 3))
def test_no_wrong_consistency_proof_holds(sizes: tuple[int, int], at: int, how: int) -> None:
    old, new = sizes
    path = _spoilt(tree.consistency(NODE, old, new), at, how)
    assert not tree.consistency_holds(old, new, TREES[old], TREES[new], path)


@given(SIZES, st.integers(0, 255), st.booleans())
def test_no_proof_holds_for_another_root(sizes: tuple[int, int], bit: int, first: bool) -> None:
    old, new = sizes
    wrong = [TREES[old], TREES[new]]
    place = 0 if first else 1
    number = int.from_bytes(wrong[place], "big") ^ 1 << bit
    wrong[place] = number.to_bytes(32, "big")
    assert not tree.consistency_holds(old, new, wrong[0], wrong[1], tree.consistency(NODE, old, new))
    if old < new:
        path = tree.inclusion(NODE, old, new)
        assert not tree.inclusion_holds(HASHES[old], old, new, path, wrong[1]) or first
        assert not tree.inclusion_holds(wrong[0], old, new, path, TREES[new])


@given(SIZES, st.integers(0, 40), st.integers(0, 3))
def test_no_wrong_inclusion_proof_holds(sizes: tuple[int, int], at: int, how: int) -> None:
    old, new = sizes
    index = min(old, new - 1)
    path = _spoilt(tree.inclusion(NODE, index, new), at, how)
    assert not tree.inclusion_holds(HASHES[index], index, new, path, TREES[new])


@given(st.lists(st.binary(max_size=40), max_size=70))
def test_subtrees_are_completed_one_by_one(leaves: list[bytes]) -> None:
    """What `completed` names as leaves come is all that a root and every proof ever ask for."""
    hashes = [tree.leaf_hash(one) for one in leaves]
    kept: dict[tuple[int, int], bytes] = {}
    for seq, digest in enumerate(hashes):
        kept[0, seq] = digest
        for level, index in tree.completed(seq):
            kept[level, index] = tree.node_hash(kept[level - 1, 2 * index], kept[level - 1, 2 * index + 1])

    def node(level: int, index: int) -> bytes:
        return kept[level, index]

    size = len(leaves)
    assert tree.root(node, size) == tree.root(tree.in_memory(hashes), size)
    for old in range(size):
        tree.inclusion(node, old, size)
        tree.consistency(node, old, size)


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_no_proof_of_what_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="leaf"):
        tree.inclusion(NODE, index, size)
    assert not tree.inclusion_holds(HASHES[0], index, size, [], TREES[0])


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (4, 3)])
def test_no_proof_of_a_log_that_shrinks(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="from"):
        tree.consistency(NODE, old, new)
    assert not tree.consistency_holds(old, new, TREES[0], TREES[3], [])
