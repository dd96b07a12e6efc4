"""Calibrations of this machine: static power by meter, token weights by model. Appended, dated; the newest counts."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection, insert, select

from affouage.storage.tables import calibration


class Calibrations(msgspec.Struct, frozen=True, kw_only=True):
    """What is in force for a machine. ``idle_uw``: static power in microwatts as ``idle_meter_id`` counts it, None when
    never calibrated. ``by_model``: model id -> (kappa, milliseconds per decoded token)."""

    idle_uw: int | None = None
    idle_at_ms: int | None = None
    idle_meter_id: str = ""
    by_model: dict[str, tuple[float, float]] = {}
    model_at_ms: dict[str, int] = {}


def newest(connection: Connection, machine_id: str, meter_id: str | None = None) -> Calibrations:
    """The calibrations in force. ``meter_id``: take static power from that meter's only (another meter counts more or
    less of the machine, so its figure would be wrong); None takes the newest of any."""
    rows = connection.execute(
        select(calibration).where(calibration.c.machine_id == machine_id).order_by(calibration.c.at_ms)
    )
    found = Calibrations()
    for row in rows:  # oldest first: the newest is written over the others
        if row.model_id and row.kappa is not None and row.decode_ms is not None:
            found = msgspec.structs.replace(
                found,
                by_model={**found.by_model, row.model_id: (row.kappa, row.decode_ms)},
                model_at_ms={**found.model_at_ms, row.model_id: row.at_ms},
            )
        elif not row.model_id and row.idle_uw is not None and meter_id in (None, row.meter_id):
            found = msgspec.structs.replace(
                found, idle_uw=row.idle_uw, idle_at_ms=row.at_ms, idle_meter_id=row.meter_id
            )
    return found


def write(
    connection: Connection,
    machine_id: str,
    at_ms: int,
    meter_id: str,
    *,
    idle_uw: int | None = None,
    by_model: dict[str, tuple[float, float]] | None = None,
) -> None:
    """Add what was found at ``at_ms``: static power in microwatts, (kappa, ms per decoded token) by model. Raises
    ``ValueError`` for a negative figure or one that is not finite."""
    rows: list[dict[str, object]] = []
    common = {"machine_id": machine_id, "at_ms": at_ms, "meter_id": meter_id}
    if idle_uw is not None:
        if idle_uw < 0:
            raise ValueError("static power is not negative")
        rows.append({**common, "model_id": "", "idle_uw": idle_uw, "kappa": None, "decode_ms": None})
    for model_id, (kappa, decode_ms) in (by_model or {}).items():
        if not (model_id and 0 < kappa < float("inf") and 0 < decode_ms < float("inf")):
            raise ValueError(f"{model_id!r}: a model has a positive kappa and a positive time per token")
        rows.append({**common, "model_id": model_id, "idle_uw": None, "kappa": kappa, "decode_ms": decode_ms})
    if rows:
        connection.execute(insert(calibration), rows)
