"""``audit allocate``: windows or raw counters shared out by production's own PC-1. Pure.

Only conversions here: :mod:`affouage.footprint.windows` decides everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from affouage.footprint.allocation import MILLION, Part
from affouage.footprint.audit.windows import Step, steps_of
from affouage.footprint.windows import Shared, together, with_window


class RequestPart(Struct, frozen=True, kw_only=True):
    """``total`` = ``static`` + ``dynamic``. ``at_least``: served too while the energy was not known."""

    id: str
    static_uj: int
    dynamic_uj: int
    total_uj: int
    static_j: float
    dynamic_j: float
    total_j: float
    machine_share_us: int
    at_least: bool


class Sharing(Struct, frozen=True, kw_only=True):
    """Requests + idle + unattributed + contended = ``sum_uj``; ``residual_uj`` = meter - sum, 0 by law."""

    meter_uj: int | None
    meter_j: float | None
    requests: list[RequestPart]
    idle_uj: int
    idle_j: float
    unattributed_uj: int
    unattributed_j: float
    contended_uj: int
    contended_j: float
    sum_uj: int
    residual_uj: int
    idle_us: int
    known_us: int
    gap_us: int
    flags: list[str]


class WindowSharing(Sharing, frozen=True, kw_only=True):
    t0_us: int
    t1_us: int
    p0_uw: int | None
    static_uj: int | None
    dynamic_uj: int | None


class Allocated(Sharing, frozen=True, kw_only=True):
    """The answer. ``at_least``: some window's energy is not known, so totals are lower bounds."""

    method: str
    at_least: bool
    windows: list[WindowSharing]
    notes: list[str]


def answer(said: Any) -> Allocated:
    """Share out what an auditor wrote (parsed JSON). Raises BadRequest."""
    notes: set[str] = set()
    return _shared(steps_of(said, notes), notes)


def _shared(steps: Sequence[Step], notes: set[str]) -> Allocated:
    shares = []
    for step in steps:
        alone = with_window(Shared(), step.before, step.counted, step.info)
        if step.unknown:  # nothing was reset: the file has no figure
            alone = msgspec.structs.replace(alone, flags=frozenset({"gap"}))
        shares.append(alone)
    rows = [_row(step, alone) for step, alone in zip(steps, shares, strict=True)]
    total = together(shares)
    order = list(dict.fromkeys(one.request_id for step in steps for one in step.counted.requests))
    return Allocated(
        method="PC-1",
        at_least=total.gap_us > 0,
        windows=rows,
        notes=sorted(notes),
        **_sharing(total, order, total.energy_uj),
    )


def _row(step: Step, alone: Shared) -> WindowSharing:
    known = alone.known_us > 0
    static = sum(part.static_uj for part in alone.parts.values()) + alone.idle_uj
    told = known and not step.counted.departed  # of what departed, nothing says which part was which
    return WindowSharing(
        t0_us=step.before.at_us,
        t1_us=step.counted.reading.at_us,
        p0_uw=step.counted.p0_uw,
        static_uj=static if told else None,
        dynamic_uj=alone.energy_uj - static if told else None,
        **_sharing(alone, [one.request_id for one in step.counted.requests], alone.energy_uj if known else None),
    )


def _sharing(shared: Shared, order: Iterable[str], meter_uj: int | None) -> dict[str, Any]:
    requests = [
        _request_part(request_id, shared.parts.get(request_id, Part()), request_id in shared.partial)
        for request_id in order
    ]
    given = sum(one.total_uj for one in requests)
    total = given + shared.idle_uj + shared.unattributed_uj + shared.contended_uj
    return {
        "meter_uj": meter_uj,
        "meter_j": None if meter_uj is None else meter_uj / MILLION,
        "requests": requests,
        "idle_uj": shared.idle_uj,
        "idle_j": shared.idle_uj / MILLION,
        "unattributed_uj": shared.unattributed_uj,
        "unattributed_j": shared.unattributed_uj / MILLION,
        "contended_uj": shared.contended_uj,
        "contended_j": shared.contended_uj / MILLION,
        "sum_uj": total,
        "residual_uj": (meter_uj or 0) - total,
        "idle_us": shared.idle_us,
        "known_us": shared.known_us,
        "gap_us": shared.gap_us,
        "flags": sorted(shared.flags),
    }


def _request_part(request_id: str, part: Part, partial: bool) -> RequestPart:
    return RequestPart(
        id=request_id,
        static_uj=part.static_uj,
        dynamic_uj=part.dynamic_uj,
        total_uj=part.energy_uj,
        static_j=part.static_uj / MILLION,
        dynamic_j=part.dynamic_uj / MILLION,
        total_j=part.energy_uj / MILLION,
        machine_share_us=part.machine_share_us,
        at_least=partial,
    )
