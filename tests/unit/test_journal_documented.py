"""The example of docs/reference/journal.md gives what it says, for whoever writes another verifier."""

from __future__ import annotations

import base64
import json
import re

from affouage.journal import log, note, offline_verifier, tree
from tests.docs.tree import ROOT

PAGE = (ROOT / "docs" / "reference" / "journal.md").read_text(encoding="utf-8")
ROWS = [json.loads(line) for line in re.findall(r"^```json\n(.+?)^```", PAGE, re.M | re.S)[0].splitlines()]
LEAVES = [row["leaf"].encode() for row in ROWS if row["type"] == "leaf"]
(CHECKPOINT,) = (row["note"] for row in ROWS if row["type"] == "checkpoint")


def test_the_example_holds_and_is_what_its_key_signs() -> None:
    (key,) = re.findall(r"Its key: `(.+)`", PAGE)
    own = note.new_key("affouage.log/example", bytes(range(32)))
    assert str(own.verifier) == key
    problems, size, _ = offline_verifier.check(LEAVES, [CHECKPOINT], offline_verifier.Key(key))
    assert (problems, size) == ([], 3)
    read, said = note.open_checkpoint(CHECKPOINT, own.verifier)
    assert read.signatures == (note.sign(said.text, own), note.cosign(said.text, own, 1_795_000_120))


def test_its_hashes_are_those_written_there() -> None:
    told = re.findall(r"^```text\n(.+?)^```", PAGE, re.M | re.S)[0].split()
    hashes = [tree.leaf_hash(leaf) for leaf in LEAVES]
    assert [base64.b64encode(one).decode() for one in hashes] == told
    above, root = re.findall(r"`([A-Za-z0-9+/]{43}=)`", PAGE)
    assert base64.b64encode(tree.node_hash(*hashes[:2])).decode() == above
    assert base64.b64encode(tree.root(tree.in_memory(hashes), 3)).decode() == root
    node = tree.in_memory(hashes)
    assert tree.inclusion(node, 0, 3) == tree.consistency(node, 1, 3) == hashes[1:]


def test_its_commitment_is_that_of_the_record() -> None:
    (record,) = re.findall(r"`(\{\"persons\":\[.*?\}\})`", PAGE)
    assert json.loads(LEAVES[1])["commitment"] == log.commitment(bytes([7]) * 32, record)
