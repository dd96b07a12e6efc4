"""Runs in the database: what stands and the events it follows from. Functions of a connection, and the run's row."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from affouage.errors import Conflict, NotFound
from affouage.storage.tables import training_event, training_run
from affouage.training.runs.plan import Plan
from affouage.training.runs.states import Event, Kind, Standing, State, after, stand
from affouage.training.runs.trainer import Place
from affouage.training.settings import RunSettings


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One row. ``rule``: under which it was admitted (``training@3``), "" before. ``receipt``: canonical JSON, once it
    is over. ``standing``: from its events."""

    id: str
    name: str
    created_ms: int
    member_id: str
    place: Place
    state: State
    touched_ms: int
    settings: RunSettings
    corpus_sha256: str
    plan: Plan
    rule: str = ""
    receipt: str | None = None
    standing: Standing = Standing()


def add(connection: Connection, run: Run, actor_id: str | None, body: dict[str, Any] | None = None) -> None:
    """A run that was planned, with what came with it. Raises Conflict ``run_name`` for a name that is taken."""
    check_free(connection, run.name)
    row = {
        "id": run.id,
        "name": run.name,
        "created_ms": run.created_ms,
        "member_id": run.member_id,
        "place": run.place,
        "state": "planned",
        "touched_ms": run.created_ms,
        "settings": _text(run.settings),
        "corpus_sha256": run.corpus_sha256,
        "plan": _text(run.plan),
        "rule": run.rule,
    }
    connection.execute(insert(training_run), row)
    append(connection, run.id, "planned", run.created_ms, actor_id, body)


def check_free(connection: Connection, name: str) -> None:
    """Raises Conflict ``run_name``."""
    if connection.scalar(select(training_run.c.id).where(training_run.c.name == name)) is not None:
        raise Conflict(
            f"There is already a run named {name}.",
            remedy="Choose another name, or go on with that one: affouage train list",
            code="run_name",
            name=name,
        )


def append(
    connection: Connection,
    run_id: str,
    kind: Kind,
    now_ms: int,
    actor_id: str | None = None,
    body: dict[str, Any] | None = None,
    *,
    rule: str | None = None,
) -> Standing:
    """Write what happened, if it may happen now; what stands then. Raises Conflict ``run_state``."""
    told = events(connection, run_id)
    event = Event(kind=kind, at_ms=now_ms, actor_id=actor_id, body=body or {})
    standing = after(stand(told), event)
    row = {"run_id": run_id, "number": len(told) + 1, "at_ms": now_ms, "kind": kind, "actor_id": actor_id}
    connection.execute(insert(training_event), {**row, "body": _text(event.body)})
    new: dict[str, Any] = {"state": standing.state, "touched_ms": now_ms}
    if rule is not None:
        new["rule"] = rule
    connection.execute(update(training_run).where(training_run.c.id == run_id).values(**new))
    return standing


def events(connection: Connection, run_id: str) -> list[Event]:
    query = select(training_event).where(training_event.c.run_id == run_id).order_by(training_event.c.number)
    return [
        Event(kind=row.kind, at_ms=row.at_ms, actor_id=row.actor_id, body=msgspec.json.decode(row.body))
        for row in connection.execute(query)
    ]


def keep_receipt(connection: Connection, run_id: str, text: str) -> None:
    connection.execute(update(training_run).where(training_run.c.id == run_id).values(receipt=text))


def find(connection: Connection, name: str) -> Run:
    """By name or id. Raises NotFound ``run_unknown``."""
    query = select(training_run).where((training_run.c.name == name) | (training_run.c.id == name))
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(
            f"There is no run named {name!r:.60}.",
            remedy="affouage train list shows them; affouage train plan makes one.",
            code="run_unknown",
            name=name[:60],
        )
    return _run(connection, row)


def all_runs(connection: Connection, states: tuple[State, ...] = ()) -> list[Run]:
    """Newest first; in these states alone, when any are named."""
    query = select(training_run).order_by(training_run.c.created_ms.desc(), training_run.c.id)
    if states:
        query = query.where(training_run.c.state.in_(states))
    return [_run(connection, row) for row in connection.execute(query).all()]


def at_work(connection: Connection, states: tuple[State, ...]) -> int:
    """One that a person carries is not counted: it may be away for weeks, and nothing of the commons works for it."""
    query = select(func.count()).select_from(training_run).where(training_run.c.state.in_(states))
    query = query.where(training_run.c.place != "bundle")
    return int(connection.scalar(query) or 0)


def _run(connection: Connection, row: Any) -> Run:
    return Run(
        id=row.id,
        name=row.name,
        created_ms=row.created_ms,
        member_id=row.member_id,
        place=row.place,
        state=row.state,
        touched_ms=row.touched_ms,
        settings=msgspec.json.decode(row.settings, type=RunSettings),
        corpus_sha256=row.corpus_sha256,
        plan=msgspec.json.decode(row.plan, type=Plan),
        rule=row.rule,
        receipt=row.receipt,
        standing=stand(events(connection, row.id)),
    )


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()
