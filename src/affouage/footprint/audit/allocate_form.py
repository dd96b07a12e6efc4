"""What ``audit allocate`` reads: the fields an auditor may write, every quantity in the unit its name ends with."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from affouage.footprint.allocation import MILLION
from affouage.footprint.audit.form import Amount, Count, Form, Id, Positive, Real, Said
from affouage.footprint.meter import MAX_PLAUSIBLE_WATTS

Moment = Real | UnsetType
"""A time on the file's own axis: only differences count."""


class Span(Form, frozen=True, kw_only=True):
    """A time during which a request was served."""

    start_s: Moment = UNSET
    start_ms: Moment = UNSET
    start_us: Moment = UNSET
    start_ns: Moment = UNSET
    end_s: Moment = UNSET
    end_ms: Moment = UNSET
    end_us: Moment = UNSET
    end_ns: Moment = UNSET


class Request(Span, frozen=True, kw_only=True):
    """A request. Without times: served during the whole window. ``cached_tokens`` is part of ``prompt_tokens``,
    ``discarded_tokens`` part of ``decoded_tokens`` (it counts all the same)."""

    id: Id
    spans: list[Span] | UnsetType = UNSET
    prompt_tokens: Count = 0
    cached_tokens: Count = 0
    decoded_tokens: Count = 0
    discarded_tokens: Count = 0
    kappa: Amount | UnsetType = UNSET
    weight: Amount = 1
    departed: bool = False


class Given(Form, frozen=True, kw_only=True):
    """What may be said once for all windows, or for one."""

    note: str = ""
    p0_w: Said = UNSET
    p0_mw: Said = UNSET
    p0_uw: Said = UNSET
    kappa: Amount | UnsetType = UNSET
    foreign_ppm: Annotated[int, Meta(ge=0, le=MILLION)] | UnsetType = UNSET
    foreign_share: Amount | UnsetType = UNSET
    contended: bool | UnsetType = UNSET
    requests: list[Request] = []


class AWindow(Given, frozen=True, kw_only=True):
    """A window whose energy is known (null: it is not). ``t0`` is 0 when only ``length`` or ``t1`` is said."""

    t0_s: Moment = UNSET
    t0_ms: Moment = UNSET
    t0_us: Moment = UNSET
    t0_ns: Moment = UNSET
    t1_s: Moment = UNSET
    t1_ms: Moment = UNSET
    t1_us: Moment = UNSET
    t1_ns: Moment = UNSET
    length_s: Moment = UNSET
    length_ms: Moment = UNSET
    length_us: Moment = UNSET
    length_ns: Moment = UNSET
    energy_uj: Said = UNSET
    energy_j: Said = UNSET
    energy_wh: Said = UNSET
    energy_kwh: Said = UNSET


class Windows(Given, frozen=True, kw_only=True):
    """Several windows; what stands beside them holds for each that does not say otherwise."""

    windows: Annotated[list[AWindow], Meta(min_length=1)]


class ARead(Given, frozen=True, kw_only=True):
    """Cumulative counters at a time; ``requests``: served since the reading before. null: the meter was silent."""

    at_s: Moment = UNSET
    at_ms: Moment = UNSET
    at_us: Moment = UNSET
    at_ns: Moment = UNSET
    energy_uj: Said = UNSET
    energy_j: Said = UNSET
    counters_uj: dict[str, Count] | UnsetType = UNSET
    epoch: str = ""
    gap: bool = False


class RawReadings(Given, frozen=True, kw_only=True):
    """Raw counters. ``efficiency``: of the power supply, when they count behind it."""

    readings: Annotated[list[ARead], Meta(min_length=2)]
    max_energy_range_uj: Annotated[int, Meta(gt=0)] | dict[str, Annotated[int, Meta(gt=0)]] | UnsetType = UNSET
    efficiency: Positive = 1
    max_watts: Positive = MAX_PLAUSIBLE_WATTS
    longest_window_ms: Annotated[int, Meta(gt=0)] | None = None


Question = Windows | RawReadings | AWindow | list[AWindow]
"""The four shapes a file may have: one window, several, a bare list of them, raw counters."""
