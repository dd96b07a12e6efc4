"""The rows that hold the queues of several gateways, one for each model: locked for each step. For one thread.

What was committed here last may be lost when the server of the database is killed (the commits do not wait for the
disk): a queue is no book, and whoever finds that its place or its slot is not there any more acts on that.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, case, event, func, null, select, update
from sqlalchemy.dialects.postgresql import insert as insert_unless_there
from sqlalchemy.exc import DBAPIError

from affouage.errors import Unavailable
from affouage.pool import queue_steps
from affouage.pool.model_queue import Counts, ModelQueue, Now
from affouage.pool.queue_state import SEVERAL_GATEWAYS, QueueState, packed, unpacked
from affouage.pool.queue_steps import Arrive, Seen, Step
from affouage.pool.ticket import Place
from affouage.pool.waiter import Limits
from affouage.storage import gateways, postgresql
from affouage.storage.gateway_tables import turn_queue

CHANNEL = "affouage_turns"
"""Who listens there is told "GATEWAY MODEL" when a slot was given to a request of that gateway."""
FEW = 16
"""Up to so many who wait, a newcomer's place is worked out at once; fewer than in memory, for each gateway does it."""
_SESSION = (
    "SET synchronous_commit = off",
    "SET lock_timeout = '5s'",
    "SET idle_in_transaction_session_timeout = '3s'",  # a gateway that was stopped in the middle of a step
)

_OF = turn_queue.c
_READ = select(_OF.version, case((_OF.version == bindparam("known"), null()), else_=_OF.state)).where(
    _OF.model_id == bindparam("of_model")
)
"""The state is not sent when it is the one that is known."""
_LOCK = _READ.with_for_update()
_SAVE = update(turn_queue).where(_OF.model_id == bindparam("of_model"))
_TELL = select(func.pg_notify(CHANNEL, bindparam("told")))

_log = logging.getLogger("affouage.queue")


class _Kept:
    """A queue as it was when it was last seen here. Of ``model`` and ``state`` there is one."""

    def __init__(self, version: int, state: QueueState | None = None, model: ModelQueue | None = None) -> None:
        self.version = version
        self.state = state
        self.model = model


class TurnRows:
    """``gateway_id``: ours. All raise Unavailable when the database does not answer."""

    def __init__(self, url: str, gateway_id: str) -> None:
        self._gateway_id = gateway_id
        self._engine = postgresql.make_engine(url)
        event.listen(self._engine, "connect", _prepare)
        self._kept: dict[str, _Kept] = {}

    def close(self) -> None:
        self._engine.dispose()

    def address(self) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """What a connection of one's own is opened with: arguments of ``psycopg.connect``."""
        return self._engine.dialect.create_connect_args(self._engine.url)

    def step(self, model_id: str, steps: Sequence[Step], now: Now, limits: Limits, *, look: bool, tell: bool) -> Seen:
        """Take the steps, in one transaction. ``look``: for what time alone changes; ``tell``: with the places."""
        with self._at_work(model_id) as connection:
            model = self._locked(connection, model_id, now)
            kept = self._kept[model_id]
            living = gateways.living(connection, now.at_us // 1000) if look else None
            taken = queue_steps.take(model, steps, now, limits, living)
            if taken.changed:
                kept.version += 1
                _save(connection, model, kept.version)
                for gateway_id in taken.given - {self._gateway_id}:
                    connection.execute(_TELL, {"told": f"{gateway_id} {model_id}"})
        tickets = [
            step.ticket for step in steps if isinstance(step, Arrive) and step.ticket.request_id in model.waiting
        ]
        few = len(model.waiting) <= FEW
        tell = tell or any(few or ticket.max_wait_ms is not None for ticket in tickets)
        return msgspec.structs.replace(self._seen(model, now if tell else None), refused=taken.refused)

    def see(self, model_id: str, now: Now, *, tell: bool, untold: bool) -> Seen | None:
        """How it stands, without holding anybody up; None when it did not change since it was last seen here, unless
        it is ``untold``."""
        with self._at_work(model_id) as connection:
            kept = self._read(connection, model_id, lock=False)
        if kept is None and not (untold and tell and model_id in self._kept):
            return None
        if kept is not None and kept.state is not None and not tell:
            return queue_steps.seen(model_id, kept.state.waiting, kept.state.running, self._gateway_id)
        return self._seen(self._model(model_id, now), now if tell else None)

    def counts(self) -> list[Counts]:
        with self._at_work() as connection:
            rows = connection.execute(select(_OF.model_id, _OF.waiting, _OF.no_hurry, _OF.running))
            return [Counts(*row) for row in rows]

    def places_of(self, member_id: str, now: Mapping[str, Now]) -> list[Place]:
        """A member's requests that wait for these models, whatever the gateway."""
        with self._at_work() as connection:
            rows = connection.execute(select(turn_queue.c.model_id, turn_queue.c.state)).all()
        found: list[Place] = []
        for model_id, body in rows:
            state = _unpacked(model_id, body)
            if state is None or model_id not in now or all(one.member_id != member_id for one, _ in state.waiting):
                continue
            model, at_us = ModelQueue.restored(model_id, state, SEVERAL_GATEWAYS), now[model_id].at_us
            turns = model.turns(now[model_id])
            found += [
                Place(ticket.request_id, model_id, turns[ticket.request_id], max(0, at_us - since_us) // 1000)
                for ticket, since_us in model.waiting.values()
                if ticket.member_id == member_id
            ]
        return found

    # ----------------------------------------------------------------------------------------------------------------

    @contextmanager
    def _at_work(self, model_id: str = "") -> Iterator[Connection]:
        """One transaction. If it fails, what was known of that queue is not any more."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except BaseException as refused:
            self._kept.pop(model_id, None)
            if isinstance(refused, DBAPIError):
                raise Unavailable(
                    "The database that keeps the turns does not answer.",
                    remedy="Ask again in a moment.",
                    retry_after_s=5,
                ) from refused
            raise

    def _locked(self, connection: Connection, model_id: str, now: Now) -> ModelQueue:
        """The queue as it stands, ours alone until the transaction ends."""
        self._read(connection, model_id, lock=True)
        if model_id not in self._kept:
            model = ModelQueue(model_id, now.rules, SEVERAL_GATEWAYS)
            row = _row(model) | {"model_id": model_id, "version": 0}
            connection.execute(insert_unless_there(turn_queue).values(row).on_conflict_do_nothing())
            self._read(connection, model_id, lock=True)
        return self._model(model_id, now)

    def _read(self, connection: Connection, model_id: str, *, lock: bool) -> _Kept | None:
        """What it is now; None when it is what is kept already, or there is none."""
        known = self._kept[model_id].version if model_id in self._kept else -1
        row = connection.execute(_LOCK if lock else _READ, {"of_model": model_id, "known": known}).first()
        if row is None or row[0] == known:
            return None
        kept = self._kept[model_id] = _Kept(row[0], _unpacked(model_id, row[1]))
        return kept

    def _model(self, model_id: str, now: Now) -> ModelQueue:
        kept = self._kept[model_id]
        if kept.model is None:
            if kept.state is None:
                kept.model = ModelQueue(model_id, now.rules, SEVERAL_GATEWAYS)
            else:
                kept.model, kept.state = ModelQueue.restored(model_id, kept.state, SEVERAL_GATEWAYS), None
        return kept.model

    def _seen(self, model: ModelQueue, tell_at: Now | None) -> Seen:
        found = queue_steps.seen(model.model_id, model.waiting.values(), model.running.values(), self._gateway_id)
        if tell_at is None:
            return found
        if model.rules != tell_at.rules:  # a place told is not a step: what it changes here is not kept
            del self._kept[model.model_id]
        turns = model.turns(tell_at)
        return msgspec.structs.replace(found, turns={one: turns[one] for one in found.waiting})


def _prepare(connection: Any, _record: Any) -> None:
    connection.execute("; ".join(_SESSION))
    connection.commit()


def _row(model: ModelQueue) -> dict[str, Any]:
    counts = model.counts()
    return {
        "state": packed(model.snapshot()),
        "waiting": counts.waiting,
        "no_hurry": counts.no_hurry,
        "running": counts.running,
    }


def _save(connection: Connection, model: ModelQueue, version: int) -> None:
    connection.execute(_SAVE, {"of_model": model.model_id, "version": version, **_row(model)})


def _unpacked(model_id: str, body: bytes) -> QueueState | None:
    """None for what another version wrote: everybody stands in line again."""
    try:
        return unpacked(bytes(body))
    except ValueError as unreadable:
        _log.warning("the line of %s is begun anew: %s", model_id, unreadable)
        return None
