#!/usr/bin/env python3
"""Check a public log away from whoever keeps it. One file; needs Python 3.9 or later, and PyNaCl (pip install pynacl).

    python offline_verifier.py bundle.jsonl --key VKEY [--kept checkpoint.txt]...

bundle.jsonl    written by `affouage journal export`, or fetched from the log by anybody
--key           the log's key as you know it from elsewhere: minutes, a QR code, a member
--kept FILE     a checkpoint you kept or were given; the bundle must be the same log, further on
--json          print the result as JSON

Exit status: 0 the log holds, 1 it does not, 2 something could not be read.

The formats (RFC 6962, RFC 8785, C2SP signed-note, tlog-checkpoint and tlog-cosignature) are told in
docs/reference/journal.md, with an example worked out by hand. SPDX-License-Identifier: AGPL-3.0-or-later
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nacl.exceptions import CryptoError
from nacl.signing import VerifyKey

FIELDS = {"at_ms", "kind", "public", "seq", "v"}


class Unreadable(Exception):
    """Not in the format."""


def b64(text: str) -> bytes:
    try:
        data = base64.b64decode(text.encode(), validate=True)
    except (binascii.Error, ValueError, AttributeError):
        raise Unreadable("not base64") from None
    if base64.b64encode(data).decode() != text:
        raise Unreadable("not base64 in its one form")
    return data


def leaf_hash(body: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """Grows leaf by leaf; keeps the whole subtrees of its right edge."""

    def __init__(self) -> None:
        self.size = 0
        self.edge: list[tuple[int, bytes]] = []

    def add(self, digest: bytes) -> None:
        level = 0
        while self.edge and self.edge[-1][0] == level:
            digest, level = node_hash(self.edge.pop()[1], digest), level + 1
        self.edge.append((level, digest))
        self.size += 1

    def root(self) -> bytes:
        if not self.edge:
            return hashlib.sha256(b"").digest()
        digest = self.edge[-1][1]
        for _, left in reversed(self.edge[:-1]):
            digest = node_hash(left, digest)
        return digest


Signatures = list[tuple[str, bytes]]


class Key:
    """name+keyid+base64(kind, 32 bytes)."""

    def __init__(self, text: str) -> None:
        parts = text.strip().split("+", 2)
        if len(parts) != 3 or not re.fullmatch(r"[0-9a-f]{8}", parts[1]):
            raise Unreadable(f"not a key: {text[:60]!r}")
        raw = b64(parts[2])
        if len(raw) != 33 or raw[0] not in (1, 4):
            raise Unreadable("not an Ed25519 key")
        self.name, self.kind, self.public, self.text = parts[0], raw[0], raw[1:], text.strip()
        self.id = self.id_of(self.kind)
        if self.id.hex() != parts[1]:
            raise Unreadable("the key id is not that of this name and key")

    def id_of(self, kind: int) -> bytes:
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([kind]) + self.public).digest()[:4]

    def signed(self, message: bytes, signature: bytes) -> bool:
        try:
            VerifyKey(self.public).verify(message, signature)
            return True
        except (CryptoError, ValueError, TypeError):
            return False

    def signed_note(self, text: str, signatures: Signatures) -> bool:
        """The plain signature (0x01)."""
        return any(
            name == self.name and blob[:4] == self.id_of(1) and self.signed(text.encode(), blob[4:])
            for name, blob in signatures
        )


def read_note(text: str) -> tuple[str, Signatures]:
    """(text that is signed, [(name, key id + signature)])."""
    cut = text.rfind("\n\n")
    if cut < 1 or not text.endswith("\n") or any(c < " " and c != "\n" for c in text):
        raise Unreadable("not a signed note")
    signatures = []
    for line in text[cut + 2 : -1].split("\n"):
        words = line.split(" ")
        if len(words) != 3 or words[0] != "\u2014" or not words[1]:
            raise Unreadable("not a signature line")
        signatures.append((words[1], b64(words[2])))
    return text[: cut + 1], signatures


class Checkpoint:
    """origin, size, root: what is signed of a log."""

    def __init__(self, text: str, what: str) -> None:
        self.what = what
        self.text, self.signatures = read_note(text)
        lines = self.text[:-1].split("\n")
        if len(lines) < 3 or not all(lines) or not re.fullmatch(r"0|[1-9][0-9]{0,15}", lines[1]):
            raise Unreadable("not a checkpoint")
        self.origin, self.size, self.root = lines[0], int(lines[1]), b64(lines[2])
        if len(self.root) != 32:
            raise Unreadable("not a root")

    def problem(self, signers: Sequence[Key], roots: dict[int, bytes], entries: int) -> str:
        """What is wrong with it, "" for nothing."""
        if not any(one.name == self.origin and one.signed_note(self.text, self.signatures) for one in signers):
            return "not signed by the log's key"
        if self.size not in roots:
            return f"the log has {entries} entries only: cut off, or rolled back"
        return "" if roots[self.size] == self.root else "the log is another one: changed, or forked"


def no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def read_bundle(path: str) -> tuple[list[bytes], list[str], str | None]:
    """(leaves as bytes, checkpoints as texts, the key it names)."""
    leaves: list[bytes] = []
    checkpoints: list[str] = []
    key: str | None = None
    with Path(path).open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            try:
                row = json.loads(line, object_pairs_hook=no_twice)
                kind = row["type"]
                if kind == "leaf":
                    if row["seq"] != len(leaves):
                        raise Unreadable(f"line {number}: leaf {row['seq']!r} comes where {len(leaves)} should")
                    leaves.append(row["leaf"].encode())
                elif kind == "checkpoint":
                    checkpoints.append(row["note"])
                elif kind == "log":
                    key = row["key"]
                else:
                    raise Unreadable(f"line {number}: unknown type {kind!r}")
            except (ValueError, KeyError, TypeError, AttributeError) as wrong:
                raise Unreadable(f"line {number} cannot be read ({type(wrong).__name__})") from None
    return leaves, checkpoints, key


def chain_of(entries: list[tuple[int, str, dict[str, Any]]], problems: list[str]) -> list[tuple[int, Key, bool]]:
    """[(smallest size it signs, key, said by the one before)], from what the leaves say of the log's keys."""
    chain: list[tuple[int, Key, bool]] = []
    for seq, kind, public in entries:
        try:
            if kind == "log_key":
                if chain:
                    problems.append(f"leaf {seq}: a second first key")
                else:
                    chain.append((seq + 1, Key(public["key"]), True))
            elif kind == "key_rotated":
                new = Key(public["new"])
                old = chain[-1][1] if chain else None
                said = f"affouage.log/key-rotation/v1\n{seq}\n{old.text if old else ''}\n{new.text}\n"
                proven = (
                    old is not None and old.name == new.name and old.signed(said.encode(), b64(public["signature"]))
                )
                chain.append((seq + 2, new, proven))
            elif kind == "log_restarted":
                chain.append((seq + 1, Key(public["new"]), False))
        except (Unreadable, KeyError, TypeError):
            problems.append(f"leaf {seq}: names no key")
    return chain


def check(
    leaves: Sequence[bytes], checkpoints: Sequence[str], trusted: Key, kept: Sequence[str] = ()
) -> tuple[list[str], int, bytes]:
    """What is wrong: nothing when the log holds. Returns (problems, size, root)."""
    problems: list[str] = []
    read = read_all(checkpoints, "checkpoint", problems) + read_all(kept, "kept checkpoint", problems)
    entries, roots, root = grow(leaves, {one.size for one in read}, problems)
    chain = chain_of(entries, problems)
    places = [i for i, one in enumerate(chain) if one[1].text == trusted.text]
    if not places:
        problems.append(f"the log is not signed by {trusted.text}")
    for since, _, proven in chain[places[0] + 1 :] if places else []:
        if not proven:
            problems.append(f"the key used from size {since} on was not named by the one before")
    newest = 0
    for one in read:
        own = one.what == "checkpoint"
        signers = [key for since, key, _ in chain if since <= one.size][-1:] if own else [key for _, key, _ in chain]
        wrong = one.problem(signers, roots, len(leaves))
        if wrong:
            problems.append(f"{one.what} {one.size}: {wrong}")
        elif own:
            newest = max(newest, one.size)
    if newest != len(leaves):
        problems.append(f"the last {len(leaves) - newest} entries are not signed")
    return problems, len(leaves), root


def read_all(texts: Sequence[str], what: str, problems: list[str]) -> list[Checkpoint]:
    found = []
    for text in texts:
        try:
            found.append(Checkpoint(text, what))
        except Unreadable as wrong:
            problems.append(f"{what}: {wrong}")
    return found


def grow(
    leaves: Sequence[bytes], wanted: set[int], problems: list[str]
) -> tuple[list[tuple[int, str, dict[str, Any]]], dict[int, bytes], bytes]:
    """(entries that name keys, the root at each wanted size, the root of all)."""
    tree = Tree()
    entries: list[tuple[int, str, dict[str, Any]]] = []
    roots = {0: tree.root()}
    for seq, body in enumerate(leaves):
        try:
            said = json.loads(body, object_pairs_hook=no_twice)
            if set(said) - {"commitment"} != FIELDS or said["v"] != 1 or said["seq"] != seq:
                problems.append(f"leaf {seq}: not the form of an entry, or of another place")
            elif said["kind"] in ("log_key", "key_rotated", "log_restarted"):
                entries.append((seq, said["kind"], said["public"]))
        except (ValueError, TypeError, RecursionError):
            problems.append(f"leaf {seq}: not JSON")
        tree.add(leaf_hash(body))
        if tree.size in wanted:
            roots[tree.size] = tree.root()
    return entries, roots, tree.root()


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, prog="offline_verifier.py"
    )
    parser.add_argument("bundle")
    parser.add_argument("--key", required=True)
    parser.add_argument("--kept", action="append", default=[])
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(words)
    try:
        trusted = Key(asked.key)
        leaves, checkpoints, _ = read_bundle(asked.bundle)
        kept = [text_of(path) for path in asked.kept]
    except (OSError, UnicodeDecodeError, Unreadable) as wrong:
        print(f"cannot be read: {wrong}", file=sys.stderr)
        return 2
    problems, size, root = check(leaves, checkpoints, trusted, kept)
    if asked.json:
        print(json.dumps({"entries": size, "root": base64.b64encode(root).decode(), "problems": problems}))
    else:
        print(f"entries {size}\nroot    {base64.b64encode(root).decode()}")
        for one in problems:
            print(f"problem {one}")
        print("The log does NOT hold." if problems else "The log holds.")
    return 1 if problems else 0


def text_of(path: str) -> str:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return file.read()


if __name__ == "__main__":
    sys.exit(main())
