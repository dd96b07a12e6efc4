"""Models that stewards give to nodes: written down, so that neither a restart nor a cut loses one."""

from __future__ import annotations

from typing import Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, delete, insert, select, update

from affouage.clock import Clock
from affouage.storage import Database
from affouage.storage.tables import node_file

GiftState = Literal["given", "coming", "kept", "refused"]


class Gift(msgspec.Struct, frozen=True, kw_only=True):
    """``done_bytes`` and ``problem`` (code of the error, "" for none): as the node last told. Times in ms UTC."""

    node_id: str
    model_id: str
    state: GiftState
    done_bytes: int
    problem: str
    given_ms: int
    changed_ms: int


class Gifts:
    """The table ``node_file``. All methods raise LedgerUnavailable when the database cannot be used."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def give(self, node_id: str, model_id: str) -> None:
        """From now on the model is offered to the node, also when it was given or refused before."""
        now_ms = self._clock.now_ms()
        row = {
            "node_id": node_id,
            "model_id": model_id,
            "state": "given",
            "done_bytes": 0,
            "problem": "",
            "given_ms": now_ms,
            "changed_ms": now_ms,
        }

        def change(connection: Connection) -> None:
            connection.execute(delete(node_file).where(_of(node_id, model_id)))
            connection.execute(insert(node_file), row)

        await self._db.write(change)

    async def take_back(self, node_id: str, model_id: str) -> bool:
        """Offer it no more; False when it was not given. What the node has, it keeps."""
        gone = delete(node_file).where(_of(node_id, model_id))
        return await self._db.write(lambda c: c.execute(gone).rowcount > 0)

    async def note(self, node_id: str, model_id: str, state: GiftState, done_bytes: int, problem: str) -> None:
        """What the node tells of a model that was given to it; of any other, nothing is written."""
        told = {"state": state, "done_bytes": done_bytes, "problem": problem, "changed_ms": self._clock.now_ms()}
        change = update(node_file).where(_of(node_id, model_id)).values(told)
        await self._db.write(lambda c: c.execute(change))

    async def pending(self) -> list[Gift]:
        """Those still to be sent, oldest first."""
        return await self._read(node_file.c.state.in_(("given", "coming")))

    async def all(self) -> list[Gift]:
        return await self._read()

    async def _read(self, *which: ColumnElement[bool]) -> list[Gift]:
        order = (node_file.c.given_ms, node_file.c.node_id, node_file.c.model_id)
        query = select(node_file).where(*which).order_by(*order)
        rows = await self._db.read(lambda c: c.execute(query).all())
        return [Gift(**row._mapping) for row in rows]


def _of(node_id: str, model_id: str) -> ColumnElement[bool]:
    return and_(node_file.c.node_id == node_id, node_file.c.model_id == model_id)
