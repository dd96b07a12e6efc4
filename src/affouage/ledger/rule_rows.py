"""The versions of the rules as they may be trusted: what stands in ``rule_version`` and is in the public log.

The log is what counts. A row that no leaf backs is not applied; one that was altered or taken away is applied as its
leaf has it; one that a vote is said to have decided needs that vote's enactment. Each of these is told. Rows written
before there was a log count until the first rule enters it: from then on, all do.
"""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Row, select, update

from affouage.journal import canonical, log, tree
from affouage.journal.log import Leaf
from affouage.storage.tables import assembly_event, journal_leaf, journal_record, rule_version

KIND = "rule"
"""Of the leaves that hold a version of a rule."""

WarrantKind = Literal["seed", "proposal", "repeal"]
What = Literal[
    "not_in_log",
    "altered",
    "removed",
    "leaf_altered",
    "twice",
    "no_enactment",
    "after_founding",
    "emergency_not_in_log",
    "emergency_not_applicable",
]


class StoredRule(msgspec.Struct, frozen=True, kw_only=True):
    """One version. ``body``: JSON of the area's type; ``leaf_seq`` None: written before there was a log."""

    area: str
    version: int
    in_force_ms: int
    body: str
    decided_by: str
    reason: str
    leaf_seq: int | None = None
    warrant: WarrantKind = "seed"
    proposal_id: int | None = None


class RuleProblem(msgspec.Struct, frozen=True, kw_only=True):
    """``version``: of the rule, or number of the emergency; ``applied``: whether it counts, as the log has it."""

    area: str
    version: int
    what: What
    applied: bool


class _Warrant(msgspec.Struct, frozen=True):
    kind: WarrantKind
    proposal_id: int | None = None


class _Told(msgspec.Struct, frozen=True):
    """The public part of a leaf."""

    area: str
    version: int
    in_force_ms: int
    content_sha256: str
    rule: dict[str, Any]
    warrant: _Warrant


@lru_cache(maxsize=4096)
def digest(body: str) -> str:
    """Hexadecimal SHA-256 of the canonical JSON of a rule. Raises canonical.NotCanonical, ValueError."""
    return canonical_digest(json.loads(body))


def canonical_digest(rule: Any) -> str:
    """The same for what is read already."""
    return hashlib.sha256(canonical.write(rule).encode()).hexdigest()


def write_leaf(connection: Connection, rule: StoredRule, now_ms: int) -> int:
    """Enter a version in the public log; its seq. Who decided and why is only committed to: they are free words."""
    plain = json.loads(rule.body)
    public = {
        "area": rule.area,
        "version": rule.version,
        "in_force_ms": rule.in_force_ms,
        "content_sha256": canonical_digest(plain),
        "rule": plain,
        "warrant": {"kind": rule.warrant, "proposal_id": rule.proposal_id},
    }
    private = {"decided_by": rule.decided_by, "reason": rule.reason}
    return log.append(connection, KIND, public, now_ms, private=private)


def read(connection: Connection, area: str | None = None) -> tuple[list[StoredRule], list[RuleProblem]]:
    """Every version that counts, by area and number, and what is wrong. ``area``: of that one only."""
    query = select(rule_version).order_by(rule_version.c.area, rule_version.c.version)
    rows = list(connection.execute(query if area is None else query.where(rule_version.c.area == area)))
    leaves = list(log.of_kind(connection, KIND))
    founded = _founded(connection)
    if not leaves and founded is None and all(row.leaf_seq is None for row in rows):
        return [_of_row(row) for row in rows], []
    return _Reading(connection, founded).all(rows, leaves, area)


def adopt(connection: Connection, now_ms: int) -> int:
    """Enter in the log the rows that were written before there was one; how many. Nothing once a rule is in it."""
    rules, _ = read(connection)
    waiting = [one for one in rules if one.leaf_seq is None]
    for one in waiting:
        seq = write_leaf(connection, one, now_ms)
        row = (rule_version.c.area == one.area) & (rule_version.c.version == one.version)
        connection.execute(update(rule_version).where(row).values(leaf_seq=seq))
    return len(waiting)


def last_version(connection: Connection, area: str) -> int:
    """The highest number ever given in an area, by row or by leaf: none is given twice."""
    numbers = list(connection.scalars(select(rule_version.c.version).where(rule_version.c.area == area)))
    told = (_told(leaf) for leaf in log.of_kind(connection, KIND))
    numbers += [one.version for one in told if one is not None and one.area == area]
    return max(numbers, default=0)


class _Reading:
    """Rows held against leaves. ``founded``: place of the founding in the log (no clock decides), None before it."""

    def __init__(self, connection: Connection, founded: int | None) -> None:
        self._connection = connection
        self._founded = founded
        self._enacted: set[tuple[str, int, str]] | None = None
        self._problems: list[RuleProblem] = []
        self._records: dict[int, str] = {}

    def all(
        self, rows: list[Row[Any]], leaves: list[Leaf], area: str | None
    ) -> tuple[list[StoredRule], list[RuleProblem]]:
        by_key = {(row.area, row.version): row for row in rows}
        self._records = _records(self._connection)
        found: dict[tuple[str, int], StoredRule] = {}
        seen = set()
        for leaf in leaves:
            told = _told(leaf)
            if told is None:
                self._unreadable(leaf, rows)
                continue
            key = (told.area, told.version)
            if area is not None and told.area != area:
                continue
            if key in seen:
                self._note(*key, "twice", applied=True)
                continue
            seen.add(key)
            if self._warranted(leaf, told):
                found[key] = self._as_in_log(leaf, told, by_key.get(key))
        for row in rows:
            if (row.area, row.version) not in seen and not self._told_of(row):
                self._note(row.area, row.version, "not_in_log", applied=False)
        return [found[key] for key in sorted(found)], self._problems

    def _as_in_log(self, leaf: Leaf, told: _Told, row: Row[Any] | None) -> StoredRule:
        words = _words_of(self._records.get(leaf.seq, ""))
        if row is None:
            self._note(told.area, told.version, "removed", applied=True)
        elif not _says(row, told, words):
            self._note(told.area, told.version, "altered", applied=True)
        else:
            return _of_row(row, told.warrant)
        return StoredRule(
            area=told.area,
            version=told.version,
            in_force_ms=told.in_force_ms,
            body=canonical.write(told.rule),
            decided_by=str(words.get("decided_by", "")),
            reason=str(words.get("reason", "")),
            leaf_seq=leaf.seq,
            warrant=told.warrant.kind,
            proposal_id=told.warrant.proposal_id,
        )

    def _warranted(self, leaf: Leaf, told: _Told) -> bool:
        """A seed before the founding, whose own seeds precede it too; after it, the enactment of a vote."""
        if told.warrant.kind == "seed":
            if self._founded is None or leaf.seq < self._founded:
                return True
            self._note(told.area, told.version, "after_founding", applied=False)
            return False
        if (told.area, told.version, told.content_sha256) in self._enactments():
            return True
        self._note(told.area, told.version, "no_enactment", applied=False)
        return False

    def _enactments(self) -> set[tuple[str, int, str]]:
        if self._enacted is None:
            query = select(assembly_event.c.body).where(
                assembly_event.c.kind == "enacted", assembly_event.c.leaf_seq.is_not(None)
            )
            said = [msgspec.json.decode(body) for body in self._connection.scalars(query)]
            self._enacted = {(one["area"], one["version"], one["content_sha256"]) for one in said}
        return self._enacted

    def _unreadable(self, leaf: Leaf, rows: list[Row[Any]]) -> None:
        for row in rows:
            if row.leaf_seq == leaf.seq:
                self._note(row.area, row.version, "leaf_altered", applied=False)

    def _told_of(self, row: Row[Any]) -> bool:
        return any((one.area, one.version) == (row.area, row.version) for one in self._problems)

    def _note(self, area: str, version: int, what: What, *, applied: bool) -> None:
        self._problems.append(RuleProblem(area=area, version=version, what=what, applied=applied))


def _told(leaf: Leaf) -> _Told | None:
    """What a leaf says; None when it is not what was hashed, or is no rule."""
    return _told_by(leaf.body, leaf.leaf_hash)


@lru_cache(maxsize=4096)
def _told_by(body: str, leaf_hash: bytes) -> _Told | None:
    if tree.leaf_hash(body.encode()) != leaf_hash:
        return None
    try:
        told = msgspec.convert(canonical.read(body)["public"], _Told)
        return told if canonical_digest(told.rule) == told.content_sha256 else None
    except (msgspec.ValidationError, canonical.NotCanonical, KeyError, TypeError):
        return None


def _records(connection: Connection) -> dict[int, str]:
    """What the leaves of rules only commit to, by their places."""
    query = select(journal_record.c.seq, journal_record.c.record).join(
        journal_leaf, (journal_leaf.c.seq == journal_record.c.seq) & (journal_leaf.c.kind == KIND)
    )
    return {row.seq: row.record for row in connection.execute(query)}


@lru_cache(maxsize=4096)
def _words_of(record: str) -> dict[str, Any]:
    """Who decided and why; nothing when it was erased or is no record."""
    try:
        said: dict[str, Any] = json.loads(record)["private"]
    except (ValueError, KeyError, TypeError):
        return {}
    return said if isinstance(said, dict) else {}


def _says(row: Row[Any], told: _Told, words: dict[str, Any]) -> bool:
    try:
        same_rule = digest(row.body) == told.content_sha256
    except (ValueError, canonical.NotCanonical):
        return False
    same_words = not words or (row.decided_by, row.reason) == (words.get("decided_by"), words.get("reason"))
    return same_rule and same_words and row.in_force_ms == told.in_force_ms


def _of_row(row: Row[Any], warrant: _Warrant | None = None) -> StoredRule:
    given = warrant or _Warrant("seed")
    return StoredRule(
        area=row.area,
        version=row.version,
        in_force_ms=row.in_force_ms,
        body=row.body,
        decided_by=row.decided_by,
        reason=row.reason,
        leaf_seq=row.leaf_seq,
        warrant=given.kind,
        proposal_id=given.proposal_id,
    )


def _founded(connection: Connection) -> int | None:
    """Place in the log of the leaf of the founding; after every leaf, for a founding that the log does not hold."""
    query = select(assembly_event.c.leaf_seq).where(assembly_event.c.kind == "founded").order_by(assembly_event.c.seq)
    row = connection.execute(query.limit(1)).first()
    if row is None:
        return None
    return log.size(connection) if row.leaf_seq is None else int(row.leaf_seq)
