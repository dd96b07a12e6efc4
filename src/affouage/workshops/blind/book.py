"""What blind comparisons write down: a choice without who or when, and what answers cost in sums. Functions of a
connection."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from sqlalchemy import Connection, insert, select, update

from affouage.storage.tables import blind_cost, blind_pair
from affouage.storage.unordered import mix
from affouage.storage.upsert import upsert
from affouage.units import Interval
from affouage.workshops.blind.report import Cost, Told


def add(connection: Connection, told: Told, spent_uj: Iterable[tuple[str, Interval | None]]) -> str:
    """``spent_uj``: by model, what its answer took. Gives the row's id, held by the comparison under way alone."""
    for model_id, energy_uj in spent_uj:
        _spend(connection, model_id, energy_uj)
    row_id = secrets.token_hex(16)
    connection.execute(
        insert(blind_pair).values(
            id=row_id,
            month=told.month,
            left_model=told.left,
            right_model=told.right,
            preferred=told.preferred,
            kept=told.kept,
            cheaper=told.cheaper,
        )
    )
    mix(connection, blind_pair)
    return row_id


def keep(connection: Connection, row_id: str, kept: str) -> None:
    connection.execute(update(blind_pair).where(blind_pair.c.id == row_id).values(kept=kept))


def _spend(connection: Connection, model_id: str, energy_uj: Interval | None) -> None:
    """Add an answer to what those of this model took."""
    known = energy_uj.outwards() if energy_uj is not None else Interval(0, 0, 0)
    added = {
        "answers": int(energy_uj is not None),
        "low_uj": known.low,
        "central_uj": known.central,
        "high_uj": known.high,
        "unknown": int(energy_uj is None),
    }
    there = upsert(connection, blind_cost).values(model_id=model_id, **added)
    sums = {name: blind_cost.c[name] + value for name, value in added.items()}
    connection.execute(there.on_conflict_do_update(index_elements=["model_id"], set_=sums))


def pairs(connection: Connection) -> list[Told]:
    rows = connection.execute(select(blind_pair).order_by(blind_pair.c.id))
    return [
        Told(
            month=row.month,
            left=row.left_model,
            right=row.right_model,
            preferred=row.preferred,
            kept=row.kept,
            cheaper=row.cheaper,
        )
        for row in rows
    ]


def costs(connection: Connection) -> list[Cost]:
    rows = connection.execute(select(blind_cost).order_by(blind_cost.c.model_id))
    return [Cost(row.model_id, row.answers, row.unknown, _mean(row)) for row in rows]


def _mean(row: object) -> Interval | None:
    answers: int = row.answers  # type: ignore[attr-defined]
    if not answers:
        return None
    return Interval(*(getattr(row, name) / answers for name in ("low_uj", "central_uj", "high_uj")))
