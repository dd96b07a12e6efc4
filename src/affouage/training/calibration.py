"""What ``python -m affouage.training.learning FOLDER --calibrate SECONDS`` says: one line of JSON, a Told. No torch."""

from __future__ import annotations

import msgspec

from affouage.training.folder import EndReason


class Calibrated(msgspec.Struct, frozen=True, tag="calibrated", kw_only=True):
    """Measured on the run's own shapes, on tokens drawn by chance: nothing was written.

    ``tokens_per_s``: by the wall, the mean of ``passes`` micro-batches with the slowest and the fastest. ``cpu_us``: of
    a processor, for ``tokens``. ``memory_bytes``: the most this process held; ``device_memory_bytes``: the cards
    together. ``held_out_tokens_per_s``: reading without learning. ``checkpoint_bytes``: of one; two are kept.
    """

    device: str
    threads: int
    parameters: int
    trained: int
    passes: int
    tokens: int
    cpu_us: int
    tokens_per_s: float
    tokens_per_s_low: float
    tokens_per_s_high: float
    held_out_tokens_per_s: float | None = None
    memory_bytes: int
    device_memory_bytes: int | None = None
    checkpoint_bytes: int
    load_ms: int


class CalibrationRefused(msgspec.Struct, frozen=True, tag="refused", kw_only=True):
    """It cannot learn with these settings: why, and the setting to change."""

    reason: EndReason
    told: str
    remedy: str = ""


Told = Calibrated | CalibrationRefused
read = msgspec.json.Decoder(Told).decode
