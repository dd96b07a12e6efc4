"""Gateways that are said to live, or to be dead, in a database of theirs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import NullPool, create_engine, delete, insert, select, update

from affouage.pool.queue_state import QueueState, unpacked
from affouage.storage import postgresql
from affouage.storage.gateway_tables import gateway, turn_queue

FOR_EVER_MS = 10_000_000_000_000


class Played:
    """Rows of gateways, and of queues, as a test wants them. They live until they are said to be dead."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._engine = create_engine(postgresql.driven(url), poolclass=NullPool)

    def begin_anew(self, *gateway_ids: str) -> None:
        """Nobody waits; these gateways live."""
        with self._engine.begin() as connection:
            connection.execute(delete(turn_queue))
            connection.execute(delete(gateway))
        for gateway_id in gateway_ids:
            self.enter(gateway_id)

    def enter(self, gateway_id: str) -> None:
        row = {"id": gateway_id, "number": 1, "home": "test", "pid": 1, "started_ms": 0, "heard_ms": FOR_EVER_MS}
        with self._engine.begin() as connection:
            connection.execute(insert(gateway), row)

    def dead(self, gateway_id: str) -> None:
        self._heard(gateway_id, 0)

    def back(self, gateway_id: str) -> None:
        self._heard(gateway_id, FOR_EVER_MS)

    def _heard(self, gateway_id: str, at_ms: int) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(gateway).where(gateway.c.id == gateway_id).values(heard_ms=at_ms))

    def state(self, model_id: str) -> QueueState:
        with self._engine.connect() as connection:
            row = connection.execute(select(turn_queue.c.state).where(turn_queue.c.model_id == model_id)).one()
            return unpacked(bytes(row[0]))

    def write(self, model_id: str, **columns: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(turn_queue).where(turn_queue.c.model_id == model_id).values(**columns))

    def close(self) -> None:
        self._engine.dispose()
