"""The rows of the gateways that serve this commons: who is here, whose each request is. Functions of a connection.

A gateway is a process. It has a new id at each start, writes its row each second, and takes it away when it stops in
order. One not heard of for :data:`GONE_MS` is dead, and so is an id without a row.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterable
from pathlib import Path

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from affouage.storage.gateway_tables import gateway, gateway_request

GONE_MS = 8_000
"""Longer than a busy machine keeps a process from its second's beat; short enough that nobody waits for the dead."""


class Present(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway's row. ``number``: 1, 2 ... of ``affouage up --workers``, 0 for the only one. Times: ms UTC."""

    id: str
    number: int
    home: str
    pid: int
    started_ms: int
    heard_ms: int

    def alive(self, now_ms: int) -> bool:
        return self.heard_ms > now_ms - GONE_MS


def new_id() -> str:
    """8 hexadecimal digits: of one start of one process."""
    return secrets.token_hex(4)


def home_name(home: Path) -> str:
    """A home among those of several machines that share a database."""
    return f"{socket.gethostname()}:{home.resolve()}"


def beat(connection: Connection, me: Present, now_ms: int) -> None:
    """Say that it lives, entering it when it is not there: at the start, or given up while it could not speak."""
    heard = update(gateway).where(gateway.c.id == me.id).values(heard_ms=now_ms)
    if not connection.execute(heard).rowcount:
        connection.execute(insert(gateway), msgspec.structs.asdict(me) | {"heard_ms": now_ms})


def everybody(connection: Connection) -> list[Present]:
    """Every row, of the dead too, the oldest first."""
    rows = connection.execute(select(gateway).order_by(gateway.c.started_ms, gateway.c.id))
    return [Present(**row._mapping) for row in rows]


def owners(connection: Connection) -> frozenset[str]:
    """Ids that open requests are of, whether those gateways live or not."""
    return frozenset(connection.scalars(select(gateway_request.c.gateway_id).distinct()))


def living(connection: Connection, now_ms: int) -> frozenset[str]:
    return frozenset(one.id for one in everybody(connection) if one.alive(now_ms))


def leave(connection: Connection, gateway_ids: Iterable[str]) -> None:
    """They serve no more. Their open requests, if any, are then those of the dead."""
    connection.execute(delete(gateway).where(gateway.c.id.in_(list(gateway_ids))))


def leave_home(connection: Connection, home: str) -> None:
    """Whoever holds the home knows that nobody else serves from it: rows of it are those of the killed.

    Requests that are then nobody's are told of no more: what is open in the books without an owner is settled at the
    start.
    """
    connection.execute(delete(gateway).where(gateway.c.home == home))
    there = select(gateway.c.id)
    connection.execute(delete(gateway_request).where(gateway_request.c.gateway_id.not_in(there)))


def forget_dead(connection: Connection, alive: Iterable[str]) -> None:
    """Requests of gateways that do not live are nobody's."""
    connection.execute(delete(gateway_request).where(gateway_request.c.gateway_id.not_in(list(alive))))


def own(connection: Connection, gateway_id: str, request_id: str, attempt: int) -> None:
    """A request is reserved, and this gateway's to settle."""
    row = {"request_id": request_id, "attempt": attempt, "gateway_id": gateway_id}
    connection.execute(insert(gateway_request), row)


def settled(connection: Connection, request_id: str, attempt: int) -> None:
    """It is in the books: nobody's any more."""
    of = gateway_request.c
    connection.execute(delete(gateway_request).where(of.request_id == request_id, of.attempt == attempt))


def requests_of(connection: Connection, gateway_id: str) -> list[tuple[str, int]]:
    """What a gateway has reserved and not settled: id and attempt."""
    query = select(gateway_request.c.request_id, gateway_request.c.attempt)
    return [(row[0], row[1]) for row in connection.execute(query.where(gateway_request.c.gateway_id == gateway_id))]
