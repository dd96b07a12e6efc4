"""Descriptions of machines over time, in the books: what embodied impacts were computed from, never edited.

The description's own type lives a floor above: here it is any Struct with an ``id``, kept as canonical JSON.
"""

from __future__ import annotations

from typing import Any, Protocol, TypeVar

import msgspec
from sqlalchemy import Connection, insert, select

from affouage.ledger.posting import append
from affouage.storage.tables import machine_version


class Described(Protocol):
    """A description of a machine: a msgspec Struct that says which machine it describes."""

    @property
    def id(self) -> str: ...


M = TypeVar("M")

_encode = msgspec.json.Encoder(order="deterministic").encode


class MachineEntry(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger entry of kind "machine": this description is in force from ``from_ms`` on."""

    id: str
    attempt: int = 1
    member_id: str = ""
    machine_id: str
    from_ms: int
    machine: Any


def record_if_changed(connection: Connection, machine: Described, now_ms: int) -> bool:
    """Write the description when it is not the one in force; whether it was written.

    In the caller's transaction. A description dated after ``now_ms`` (the clock was moved) is gone past, so that the
    newest written is the one in force.
    """
    body = _encode(machine).decode()
    newest = connection.execute(
        select(machine_version.c.from_ms, machine_version.c.body)
        .where(machine_version.c.machine_id == machine.id)
        .order_by(machine_version.c.from_ms.desc())
        .limit(1)
    ).first()
    if newest is not None and newest.body == body:
        return False
    from_ms = now_ms if newest is None else max(now_ms, newest.from_ms + 1)
    connection.execute(insert(machine_version), {"machine_id": machine.id, "from_ms": from_ms, "body": body})
    entry = MachineEntry(
        id=f"machine:{machine.id}:{from_ms}", machine_id=machine.id, from_ms=from_ms, machine=msgspec.Raw(body.encode())
    )
    append(connection, "machine", entry, now_ms)
    return True


def in_force(connection: Connection, machine_id: str, at_ms: int, kind: type[M]) -> M | None:
    """The description of the machine at ``at_ms``, as a ``kind`` (``footprint.machine.Machine``).

    Before the first one written, that first one: a machine served before somebody described it. None: never described.
    """
    of_machine = select(machine_version.c.body).where(machine_version.c.machine_id == machine_id)
    earlier = of_machine.where(machine_version.c.from_ms <= at_ms).order_by(machine_version.c.from_ms.desc())
    body = connection.execute(earlier.limit(1)).scalar()
    if body is None:
        body = connection.execute(of_machine.order_by(machine_version.c.from_ms).limit(1)).scalar()
    return None if body is None else msgspec.json.decode(body, type=kind)


def machine_ids(connection: Connection) -> list[str]:
    """Every machine ever described, in the order of their ids."""
    query = select(machine_version.c.machine_id).distinct().order_by(machine_version.c.machine_id)
    return list(connection.execute(query).scalars())
