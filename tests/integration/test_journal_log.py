"""Appending, proving, signing and forgetting, on a real database."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert

from affouage.assembly.accounts import Accounts
from affouage.assembly.member import Role
from affouage.errors import BadRequest, NotFound
from affouage.journal import canonical, checkpoints, log, tree
from affouage.journal.public_log import open_log
from affouage.journal.verify import problems
from affouage.storage.tables import journal_leaf, journal_node
from tests.databases import place, remains
from tests.integration.journal_home import START_MS, Home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home")
    yield made
    made.close()


def _holds(home: Home) -> bool:
    return home.db.read_now(lambda c: list(problems(c, key=home.log.key))) == []


def test_entries_are_numbered_from_0_and_read_back(home: Home) -> None:
    assert home.db.read_now(log.size) == 0
    assert home.db.read_now(log.root) == tree.EMPTY
    seq = home.db.write_now(lambda c: log.append(c, "rule", {"area": "hours", "version": 1}, START_MS))
    assert seq == 0
    leaf = home.db.read_now(lambda c: log.leaf(c, 0))
    assert (leaf.kind, leaf.created_ms, leaf.public) == ("rule", START_MS, {"area": "hours", "version": 1})
    assert leaf.body == f'{{"at_ms":{START_MS},"kind":"rule","public":{{"area":"hours","version":1}},"seq":0,"v":1}}'
    assert leaf.leaf_hash == hashlib.sha256(b"\0" + leaf.body.encode()).digest()
    assert home.db.read_now(log.root) == leaf.leaf_hash
    with pytest.raises(NotFound):
        home.db.read_now(lambda c: log.leaf(c, 1))


def test_every_proof_of_a_growing_log(home: Home) -> None:
    home.append(25)

    def look(connection: Connection) -> None:
        hashes = [one.leaf_hash for one in log.leaves(connection)]
        roots = [log.root(connection, size) for size in range(26)]
        assert roots == [tree.root(tree.in_memory(hashes), size) for size in range(26)]
        for size in range(1, 26):
            for seq in range(size):
                path = log.inclusion(connection, seq, size)
                assert tree.inclusion_holds(hashes[seq], seq, size, path, roots[size])
            for old in range(size + 1):
                path = log.consistency(connection, old, size)
                assert tree.consistency_holds(old, size, roots[old], roots[size], path)

    home.db.read_now(look)


@pytest.mark.parametrize(("seq", "size"), [(-1, 3), (3, 3), (0, 4), (0, -1), (7, None)])
def test_no_proof_of_what_is_not_there(home: Home, seq: int, size: int | None) -> None:
    home.append(3)
    with pytest.raises(BadRequest):
        home.db.read_now(lambda c: log.inclusion(c, seq, size))


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (3, 2), (0, 4), (9, None)])
def test_no_proof_of_another_size(home: Home, old: int, new: int | None) -> None:
    home.append(3)
    with pytest.raises(BadRequest):
        home.db.read_now(lambda c: log.consistency(c, old, new))


@pytest.mark.parametrize("kind", ["", "Rule", "a b", "é", "x" * 41, "1a", "a\n"])
def test_a_kind_is_a_plain_word(home: Home, kind: str) -> None:
    with pytest.raises(BadRequest):
        home.db.write_now(lambda c: log.append(c, kind, {}, START_MS))


def test_what_has_no_canonical_text_is_not_written(home: Home) -> None:
    with pytest.raises(canonical.NotCanonical):
        home.db.write_now(lambda c: log.append(c, "rule", {"x": float("nan")}, START_MS, private={"a": 1}))
    assert home.db.read_now(log.size) == 0
    assert home.db.read_now(lambda c: log.opened(c, 0)) is None, "nothing is left of it"


def test_what_is_undone_leaves_no_gap(home: Home) -> None:
    def fails(connection: Connection) -> None:
        log.append(connection, "rule", {}, START_MS)
        raise RuntimeError

    home.append(2)
    with pytest.raises(RuntimeError):
        home.db.write_now(fails)
    home.append(1)
    home.sign()
    assert _holds(home)


def test_many_at_once_are_one_log(home: Home) -> None:
    """Other programs too: a command writes while the server does."""
    second = open_log(home.db, home.clock, home.path)
    script = (
        "import sys; from affouage.journal import log\n"
        "from tests.databases import opened\n"
        "db = opened(sys.argv[1])\n"
        "for i in range(20): db.write_now(lambda c: log.append(c, 'other', {'i': i}, 1))\n"
        "db.close()"
    )
    other = subprocess.Popen([sys.executable, "-c", script, place(home.path / "affouage.db")])
    threads = [threading.Thread(target=home.append, args=(1,)) for _ in range(30)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
        second.sign_now()
    assert other.wait(timeout=60) == 0
    home.sign()
    named = home.db.read_now(lambda c: len(list(log.of_kind(c, checkpoints.KIND))))
    assert home.db.read_now(log.size) == 30 + 20 + 1 + named
    assert _holds(home)


# -- forgetting ------------------------------------------------------------------------------------------------------


def test_a_person_is_forgotten_and_the_log_holds(home: Home) -> None:
    home.append(1)
    record = {"member": "m1", "vote": "yes"}
    seq = home.db.write_now(lambda c: log.append(c, "report", {"n": 1}, START_MS, private=record, persons=["m1", "m2"]))
    other = home.db.write_now(lambda c: log.append(c, "report", {"n": 2}, START_MS, private=record, persons=["m2"]))
    home.sign()
    held = home.db.read_now(lambda c: log.opened(c, seq))
    assert held is not None
    assert (held.private, held.persons, len(held.salt)) == (record, ("m1", "m2"), 32)
    body = canonical.read(home.db.read_now(lambda c: log.leaf(c, seq)).body)
    assert body["commitment"] == hashlib.sha256(held.salt + held.record.encode()).hexdigest()
    before = home.db.read_now(log.root)
    assert home.db.write_now(lambda c: log.forget(c, "m1")) == 1
    assert home.db.read_now(lambda c: log.opened(c, seq)) is None
    assert home.db.read_now(lambda c: log.opened(c, other)) is not None
    assert home.db.read_now(log.root) == before
    assert home.db.write_now(lambda c: log.forget(c, "m1")) == 0
    assert _holds(home)


def test_without_its_salt_a_commitment_says_nothing(home: Home) -> None:
    """Few guesses find an unsalted digest of a vote; none finds this one once the salt is gone."""
    guesses = [{"member": "m1", "vote": vote} for vote in ("yes", "no", "blank")]
    seq = home.db.write_now(lambda c: log.append(c, "report", {}, START_MS, private=guesses[1], persons=["m1"]))
    said = canonical.read(home.db.read_now(lambda c: log.leaf(c, seq)).body)["commitment"]
    texts = [log.record_of(guess, ["m1"]) for guess in guesses]
    held = home.db.read_now(lambda c: log.opened(c, seq))
    assert held is not None
    assert [log.commitment(held.salt, text) == said for text in texts] == [False, True, False]
    home.db.write_now(lambda c: log.forget(c, "m1"))
    assert said not in {hashlib.sha256(text.encode()).hexdigest() for text in texts}
    again = home.db.write_now(lambda c: log.append(c, "report", {}, START_MS, private=guesses[1], persons=["m1"]))
    assert canonical.read(home.db.read_now(lambda c: log.leaf(c, again)).body)["commitment"] != said


def test_nothing_of_what_was_forgotten_is_left_in_the_file(home: Home) -> None:
    home.db.write_now(lambda c: log.append(c, "report", {}, START_MS, private={"word": "mirabelle-7"}, persons=["m1"]))
    home.db.write_now(lambda c: log.forget(c, "m1"))
    home.close()
    left = remains(home.path / "affouage.db")
    assert b"mirabelle-7" not in left


def test_a_member_who_is_erased_leaves_the_log_verifiable(home: Home) -> None:
    accounts = Accounts(home.db, home.clock)

    async def story() -> int:
        await accounts.add_member("Odile", Role.OPERATOR)
        who, _ = await accounts.add_member("Ahmed", Role.MEMBER)
        private = {"reason": "mirabelle-8"}
        seq = await home.db.write(lambda c: log.append(c, "report", {}, START_MS, private=private, persons=[who.id]))
        await accounts.erase(who)
        return seq

    seq = asyncio.run(story())
    assert home.db.read_now(lambda c: log.opened(c, seq)) is None
    home.sign()
    assert _holds(home)
    home.close()
    assert b"mirabelle-8" not in remains(home.path / "affouage.db")


# -- size ------------------------------------------------------------------------------------------------------------

MANY = 100_000


def _seed(connection: Connection) -> None:
    leaves, nodes, kept = [], [], {}
    for seq in range(MANY):
        body = canonical.write({"v": 1, "seq": seq, "kind": "test", "at_ms": START_MS + seq, "public": {"n": seq}})
        digest = kept[0, seq] = tree.leaf_hash(body.encode())
        row = {"seq": seq, "kind": "test", "created_ms": START_MS + seq, "body": body, "leaf_hash": digest}
        leaves.append(row)
        for level, index in tree.completed(seq):
            digest = kept[level, index] = tree.node_hash(kept[level - 1, 2 * index], digest)
            nodes.append({"level": level, "idx": index, "hash": digest})
    connection.execute(insert(journal_leaf), leaves)
    connection.execute(insert(journal_node), nodes)


@pytest.mark.alone
def test_a_hundred_thousand_entries(home: Home) -> None:
    home.db.write_now(_seed)
    home.append(50)
    home.sign()
    size = home.db.read_now(log.size)
    spent = []
    for seq in (0, 1, size // 3, size // 2, MANY - 1, size - 1):
        begun = time.perf_counter()
        path = home.db.read_now(partial(log.inclusion, seq=seq, at_size=size))
        spent.append(time.perf_counter() - begun)
        leaf = home.db.read_now(partial(log.leaf, seq=seq))
        assert tree.inclusion_holds(leaf.leaf_hash, seq, size, path, home.db.read_now(log.root))
    assert min(spent) < 0.05, spent
    print(f"\ninclusion proof of {size}: {[round(one * 1000, 2) for one in spent]} ms")
    begun = time.perf_counter()
    home.db.read_now(lambda c: log.consistency(c, size // 3, size))
    print(f"consistency proof: {(time.perf_counter() - begun) * 1000:.2f} ms")
    begun = time.perf_counter()
    home.append(1000)
    print(f"append: {(time.perf_counter() - begun) * 1000:.0f} us each")
    home.sign()
    begun = time.perf_counter()
    assert _holds(home)
    print(f"verify: {time.perf_counter() - begun:.1f} s")


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["append", "sign", "rotate", "reopen", "forget"]), max_size=12))
def test_whatever_happens_in_whatever_order_the_log_holds(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    home = Home(tmp_path_factory.mktemp("home"))
    first = home.log.key
    try:
        for step in steps:
            if step == "append":
                home.append(3)
                home.db.write_now(lambda c: log.append(c, "report", {}, START_MS, private={}, persons=["m1"]))
            elif step == "sign":
                home.sign()
            elif step == "rotate":
                home.log.rotate_now()
            elif step == "reopen":
                home.reopen()
            else:
                home.db.write_now(lambda c: log.forget(c, "m1"))
        for key in (first, home.log.key):
            assert home.looked(key) == []
    finally:
        home.close()
