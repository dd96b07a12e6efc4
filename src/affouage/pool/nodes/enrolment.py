"""How a machine joins, is approved, is revoked: the rows of ``node`` and ``node_invitation``, and who may decide.

Every decision is an entry of the ledger as well (kind "node"): ids and the machine's public key only, by which the
readings it signs are checked. A running server notices within a second what the command line decided beside it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Row, select, update
from sqlalchemy.exc import SQLAlchemyError

from affouage.assembly.member import Member
from affouage.clock import Clock
from affouage.errors import AffouageError, DatabaseUnusable
from affouage.pool.nodes import decisions, invitations
from affouage.pool.nodes.invitations import Invited
from affouage.pool.nodes.joining import JoinRequest, check_node_name
from affouage.pool.nodes.records import NodeRecord, record_of
from affouage.pool.nodes.wire import Policy
from affouage.pool.station import Trust
from affouage.storage import Database
from affouage.storage.tables import node

T = TypeVar("T")

_log = logging.getLogger("affouage")

LOOK_US = 500_000
"""At most this old is what a running server knows of decisions that another program wrote."""

OnChange = Callable[[NodeRecord | None, NodeRecord], Awaitable[None]]
"""Told a machine as it was told before (None: never) and as it is now. Told again if it raises AffouageError."""


class Enrolment:
    """The machines of members. ``by`` is who decides, read again when it is written; None is the command line.

    Raises DatabaseUnusable for rows that this version of affouage cannot read.
    """

    def __init__(self, db: Database, clock: Clock, *, invitation_hours: int = 48) -> None:
        self._db = db
        self._clock = clock
        self._hours = invitation_hours
        self._rows: list[Row[Any]] = []
        self._records: dict[str, NodeRecord] = {}
        self._wakers: set[asyncio.Event] = set()
        self._looked_us = clock.monotonic_us()
        self._take(db.read_now(_all_rows))

    # --- what is known ------------------------------------------------------------------------------------------------

    def records(self) -> Mapping[str, NodeRecord]:
        """Every machine that ever asked, by id, oldest first; from memory, half a second old at most."""
        if self._clock.monotonic_us() - self._looked_us >= LOOK_US:
            try:
                self._take(self._db.read_now(_all_rows))
            except SQLAlchemyError:
                self._looked_us = self._clock.monotonic_us()  # what is known goes on counting
        return self._records

    async def find(self, name_or_id: str) -> NodeRecord:
        """By its number or its name (case and accents do not count). Raises NotFound ``node_not_found``."""
        return await self._db.read(lambda c: decisions.find(c, name_or_id))

    async def record(self, node_id: str) -> NodeRecord:
        """As written now, whoever wrote it. Raises NotFound ``node_not_found``."""
        return await self._db.read(lambda c: decisions.by_id(c, node_id))

    # --- joining ------------------------------------------------------------------------------------------------------

    async def invite(self, by: Member | None, owner: Member | None, hours: int | None = None) -> Invited:
        """A secret for one machine of ``owner`` (None: the collective's own), the only time it is known.

        Raises NotAllowed as the rule of machines says, Conflict ``member_deactivated``, ``machines_full``.
        """
        now_ms, lasts = self._clock.now_ms(), self._hours if hours is None else hours
        owner_id = "" if owner is None else owner.id
        return await self._db.write(lambda c: invitations.issue(c, by, owner_id, now_ms, lasts))

    async def redeem(self, request: JoinRequest, address: str) -> NodeRecord:
        """Use an invitation: the machine is on the list, waiting for a steward if the rule of machines says so.

        The same machine again: as it stands. Raises NotAllowed ``enrol_closed``, NotFound
        ``node_invitation_not_found``, Conflict (``machines_full``, ``node_invitation_used``, ``_expired``,
        ``node_name_taken``, ``member_deactivated``), BadRequest ``invalid_node_name``, TooMuch ``too_many_joins``.
        """
        name, now_ms = check_node_name(request.name), self._clock.now_ms()
        await self._db.write(lambda c: invitations.count_attempt(c, request.secret, address, now_ms))
        return await self._changed(lambda c: invitations.redeem(c, request, name, address, now_ms))

    # --- deciding -----------------------------------------------------------------------------------------------------

    async def approve(self, by: Member | None, node_id: str, trust: Trust | None = None) -> NodeRecord:
        """Let it serve, or change how far it is trusted. None: the collective's own as such, a member's as trusted.

        Raises NotAllowed below steward and ``trust_capped``, Conflict ``node_closed`` once refused or revoked,
        BadRequest ``node_trust``.
        """
        return await self._decided(lambda c, now_ms: decisions.approve(c, by, node_id, trust, now_ms))

    async def refuse(self, by: Member | None, node_id: str) -> NodeRecord:
        """Raises NotAllowed below steward, Conflict ``node_approved`` (then it is to be revoked)."""
        return await self._decided(lambda c, now_ms: decisions.refuse(c, by, node_id, now_ms))

    async def revoke(self, by: Member | None, node_id: str) -> NodeRecord:
        """For good: its credential is worth nothing any more. A steward may, and its owner. Raises NotAllowed."""
        return await self._decided(lambda c, now_ms: decisions.revoke(c, by, node_id, now_ms))

    async def rename(self, by: Member | None, node_id: str, name: str) -> NodeRecord:
        """A steward may, and its owner. Raises NotAllowed, BadRequest ``invalid_node_name``, ``node_name_taken``."""
        checked = check_node_name(name)
        return await self._decided(lambda c, now_ms: decisions.rename(c, by, node_id, checked, now_ms))

    async def set_max_watts(self, by: Member | None, node_id: str, max_watts: float | None) -> NodeRecord:
        """The most it can draw (None: not declared). A steward may, and its owner. Raises NotAllowed, BadRequest."""
        return await self._decided(lambda c, now_ms: decisions.set_max_watts(c, by, node_id, max_watts, now_ms))

    # --- what a machine tells of itself: no decision, no entry --------------------------------------------------------

    async def note_seen(self, node_id: str, seen_ms: int) -> None:
        """Its last heartbeat; to be called once a minute."""
        await self._changed(lambda c: c.execute(_of(node_id).values(seen_ms=seen_ms)))

    async def note_policy(self, node_id: str, policy: Policy, serial: int) -> None:
        """What its owner lends, as it last told, or as he asked on the pages; an older ``serial`` changes nothing."""
        body = msgspec.json.encode(policy).decode()
        newer = _of(node_id).where(node.c.policy_serial <= serial)
        await self._changed(lambda c: c.execute(newer.values(policy=body, policy_serial=serial)))

    # --- being told ---------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def watching(self, on_change: OnChange) -> AsyncIterator[None]:
        """While open, ``on_change`` is told of every machine once, then of each that changes, whoever changed it."""
        woken = asyncio.Event()
        self._wakers.add(woken)
        task = asyncio.create_task(self._watch(on_change, woken), name="enrolment")
        try:
            yield
        finally:
            self._wakers.discard(woken)
            task.cancel()
            await asyncio.wait([task])

    async def _watch(self, on_change: OnChange, woken: asyncio.Event) -> None:
        told: dict[str, NodeRecord] = {}
        while True:
            woken.clear()
            try:
                await self._look()
            except (SQLAlchemyError, DatabaseUnusable):
                _log.warning("the list of machines cannot be read; what was known of it goes on counting")
            for record in list(self._records.values()):
                await self._tell(on_change, told, record)
            try:
                async with asyncio.timeout(LOOK_US / 1_000_000):
                    await woken.wait()
            except TimeoutError:
                pass

    async def _tell(self, on_change: OnChange, told: dict[str, NodeRecord], record: NodeRecord) -> None:
        before = told.get(record.id)
        if before is not None and msgspec.structs.replace(before, seen_ms=record.seen_ms) == record:
            return  # having been heard of is no change
        try:
            await on_change(before, record)
        except AffouageError as not_now:
            _log.warning("%s: not told yet, tried again: %s", record.id, not_now.code)
        else:
            told[record.id] = record

    # --- inside -------------------------------------------------------------------------------------------------------

    async def _decided(self, change: Callable[[Connection, int], NodeRecord]) -> NodeRecord:
        now_ms = self._clock.now_ms()
        return await self._changed(lambda connection: change(connection, now_ms))

    async def _changed(self, change: Callable[[Connection], T]) -> T:
        result = await self._db.write(change)
        await self._look()
        for woken in self._wakers:
            woken.set()
        return result

    async def _look(self) -> None:
        self._take(await self._db.read(_all_rows))

    def _take(self, rows: list[Row[Any]]) -> None:
        self._looked_us = self._clock.monotonic_us()
        if rows != self._rows:
            self._records = {row.id: _read(row) for row in rows}
            self._rows = rows


def _all_rows(connection: Connection) -> list[Row[Any]]:
    """Tens of rows, a hundred at most: reading them all is as cheap as any counter."""
    return list(connection.execute(select(node).order_by(node.c.created_ms, node.c.id)))


def _of(node_id: str) -> Any:
    return update(node).where(node.c.id == node_id)


def _read(row: Row[Any]) -> NodeRecord:
    try:
        return record_of(dict(row._mapping))
    except (msgspec.ValidationError, msgspec.DecodeError) as unknown:
        raise DatabaseUnusable(
            f"The machine {row.id} cannot be read: {unknown}.",
            remedy="It may come from a newer affouage: use that one.",
        ) from unknown
