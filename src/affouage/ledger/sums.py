"""Sums by day, posted in the very transaction of a settlement: no report and no allowance reads the ledger again."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, select

from affouage.ledger.receipt import TRAINING, UNCLAIMED, Block, Receipt
from affouage.storage.tables import machine_day, node, node_day, usage_day, usage_people
from affouage.storage.upsert import INSERT


def _adding(insert: Any, table: Table) -> Any:
    """An insert that adds its amounts to the row that is already there."""
    statement = insert(table)
    keys = [column.name for column in table.primary_key.columns]
    amounts = {
        column.name: column + statement.excluded[column.name] for column in table.columns if column.name not in keys
    }
    return statement.on_conflict_do_update(index_elements=keys, set_=amounts)


# Built once: SQLAlchemy then finds them compiled.
_ADD = {
    (dialect, table.name): _adding(insert, table)
    for dialect, insert in INSERT.items()
    for table in (usage_day, machine_day, node_day)
}
_NOTE_PERSON = {dialect: insert(usage_people).on_conflict_do_nothing() for dialect, insert in INSERT.items()}


class Sums:
    """What many settlements add, summed up in memory: a few rows to write, however many they are."""

    def __init__(self) -> None:
        self._days: dict[tuple[str, ...], dict[str, int]] = {}
        self._people: dict[tuple[Any, ...], None] = {}
        self._of_nodes: list[tuple[Receipt, str, dict[str, int]]] = []

    def add(self, receipt: Receipt, day: str) -> None:
        """One settled attempt, to the sums of ``day`` (of its settlement, in the commons' time zone).

        A refused attempt is no request; what it may have used is added all the same. Call once per settlement.
        """
        amounts = _amounts(receipt)
        if not any(amounts.values()):
            return
        keys = {"total": ""}
        if receipt.kind != UNCLAIMED:  # else no member's, of no model that is known
            keys |= {"member": receipt.member_id, "model": receipt.model.id, "workshop": receipt.workshop}
            if receipt.use:
                keys["use"] = receipt.use
        factor_set, quality = receipt.impacts.factor_set or "", receipt.energy.quality
        for dimension, key in keys.items():
            self.count((dimension, key, day, receipt.machine_id, factor_set, quality), amounts)
        if receipt.kind == UNCLAIMED:
            return
        lost = amounts["lost"]
        person = (day[:7], receipt.model.id, receipt.workshop, receipt.machine_id, receipt.use, lost, receipt.member_id)
        self._people[person] = None
        if receipt.node_id:
            self._of_nodes.append((receipt, day, amounts))

    def count(self, row: tuple[str, ...], amounts: Mapping[str, int]) -> None:
        """``row``: its key in ``usage_day``, as :data:`ROW` names it."""
        known = self._days.get(row)
        if known is None:
            known = self._days[row] = dict.fromkeys(_AMOUNTS, 0)
        for name, amount in amounts.items():
            known[name] += amount

    def write(self, connection: Connection) -> None:
        """Add everything to the database, once."""
        dialect = connection.dialect.name
        if self._days:
            rows = [dict(zip(ROW, row, strict=True)) | amounts for row, amounts in sorted(self._days.items())]
            connection.execute(_ADD[dialect, "usage_day"], rows)
        if self._people:
            people = [dict(zip(_PERSON, person, strict=True)) for person in sorted(self._people)]
            connection.execute(_NOTE_PERSON[dialect], people)
        for receipt, day, amounts in self._of_nodes:
            _post_node(connection, receipt, day, amounts)
        self._days, self._people, self._of_nodes = {}, {}, []


ROW = ("dimension", "key", "day", "machine_id", "factor_set", "quality")
_AMOUNTS = tuple(column.name for column in usage_day.columns if column.name not in ROW)
_PERSON = ("month", "model_id", "workshop", "machine_id", "declared_use", "lost", "member_id")


def post_receipt(connection: Connection, receipt: Receipt, day: str) -> None:
    """Add one settled attempt: see :meth:`Sums.add`."""
    sums = Sums()
    sums.add(receipt, day)
    sums.write(connection)


def _post_node(connection: Connection, receipt: Receipt, day: str, amounts: dict[str, int]) -> None:
    """What a member's machine did. Serving its owner, or failing, is nothing done for others."""
    whose = connection.execute(select(node.c.owner_id, node.c.owned_by).where(node.c.id == receipt.node_id)).first()
    own = whose is not None and (whose.owner_id, whose.owned_by) == (receipt.member_id, "member")
    # No machine is credited with more than the time that the commons itself saw pass.
    passed_us = 1000 * max(0, receipt.durations.total_ms - receipt.durations.wait_ms)
    row = {
        "node_id": receipt.node_id,
        "day": day,
        "requests": amounts["requests"],
        "lost": amounts["lost"],
        "own_requests": amounts["requests"] if own else 0,
        "decoded_tokens": amounts["decoded_tokens"],
        "energy_uj": amounts["static_uj"] + amounts["dynamic_uj"],
        "served_us": 0 if own or amounts["lost"] else min(amounts["machine_share_us"], passed_us),
    }
    connection.execute(_ADD[connection.dialect.name, "node_day"], [row])


def post_block(connection: Connection, block: Block, day: str, factor_set: str) -> None:
    """Add one block to the sums of ``day`` (of its end). ``factor_set``: in force then, "" for none. Call once."""
    row = {
        "day": day,
        "machine_id": block.machine_id,
        "meter_id": block.meter.id,
        "factor_set": factor_set,
        "quality": block.meter.quality,
        "energy_uj": block.energy_uj,
        "requests_uj": sum(static + dynamic for static, dynamic, _ in block.parts.values()),
        "idle_uj": block.idle_uj,
        "unattributed_uj": block.unattributed_uj,
        "contended_uj": block.contended_uj,
        "low_uj": math.floor(block.energy_uj * block.meter.low_factor),
        "high_uj": math.ceil(block.energy_uj * block.meter.high_factor),
        "requests_us": sum(share for _, _, share in block.parts.values()),
        "idle_us": block.idle_us,
        "known_us": block.known_us,
        "gap_us": block.gap_us,
    }
    connection.execute(_ADD[connection.dialect.name, "machine_day"], [row])


def _amounts(receipt: Receipt) -> dict[str, int]:
    energy, failed = receipt.energy, receipt.outcome == "failed"
    refused = receipt.outcome == "refused" or receipt.kind in (UNCLAIMED, TRAINING)  # in the counts, no request
    known = energy.static_uj is not None and energy.dynamic_uj is not None
    static, dynamic = (energy.static_uj or 0, energy.dynamic_uj or 0) if known else (0, 0)
    within = energy.interval_uj if known else None
    return {
        "requests": 0 if refused else 1,
        "lost": 1 if failed and not refused else 0,
        "cancelled": 1 if receipt.outcome == "cancelled" else 0,
        "unknown": 0 if refused or (known and not energy.at_least) else 1,
        "prompt_tokens": 0 if refused else receipt.tokens.prompt or 0,
        "decoded_tokens": 0 if refused else receipt.tokens.decoded or 0,
        "static_uj": static,
        "dynamic_uj": dynamic,
        "lost_uj": static + dynamic if failed else 0,
        "lost_dynamic_uj": dynamic if failed else 0,
        "low_uj": min(static + dynamic, math.floor(within.low)) if within else static + dynamic,
        "high_uj": max(static + dynamic, math.ceil(within.high)) if within else static + dynamic,
        "machine_share_us": energy.machine_share_us or 0,
    }
