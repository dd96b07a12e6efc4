"""Production's own readings, written as ``audit allocate`` reads them: the other way round. Pure."""

from __future__ import annotations

from typing import Any

from affouage.footprint.allocation import Presence
from affouage.footprint.windows import Counted, Readings


def written(readings: Readings, note: str = "") -> dict[str, Any]:
    """A document for ``audit allocate`` that gives what these readings gave."""
    info, first = readings.info, readings.first
    before = {"at_us": first.at_us, "epoch": first.epoch, "counters_uj": first.counters_uj}
    times = [first.at_us, *(one.reading.at_us for one in readings.counted)]
    document: dict[str, Any] = {
        "note": note,
        "efficiency": info.efficiency,
        "max_watts": info.max_watts,
        "readings": [before, *(_reading(one, since) for since, one in zip(times, readings.counted, strict=False))],
    }
    if info.wraps_uj:
        document["max_energy_range_uj"] = info.wraps_uj
    if info.longest_window_ms is not None:
        document["longest_window_ms"] = info.longest_window_ms
    return document


def _reading(one: Counted, since_us: int) -> dict[str, Any]:
    return {
        "at_us": one.reading.at_us,
        "epoch": one.reading.epoch,
        "counters_uj": one.reading.counters_uj,
        "foreign_ppm": one.reading.foreign_ppm,
        "p0_uw": one.p0_uw,
        "gap": one.gap,
        "requests": [
            _request(two, two.request_id in one.departed, (since_us, one.reading.at_us)) for two in one.requests
        ],
    }


def _request(one: Presence, departed: bool, window_us: tuple[int, int]) -> dict[str, Any]:
    t0_us, t1_us = window_us  # PC-1 cuts off what lies outside
    spans = [(min(max(start, t0_us), t1_us), min(max(end, t0_us), t1_us)) for start, end in one.spans_us]
    return {
        "id": one.request_id,
        "spans": [{"start_us": start, "end_us": end} for start, end in spans],
        "prompt_tokens": one.prompt_tokens,
        "decoded_tokens": one.decoded_tokens,
        "kappa": one.kappa,
        "weight": one.weight,
        "departed": departed,
    }
