"""Windows and raw counters as an auditor writes them, turned into the readings production shares out. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, Struct, UnsetType

from affouage.footprint.allocation import MILLION, Presence
from affouage.footprint.audit.allocate_form import ARead, AWindow, Given, RawReadings, Request, Span, Windows
from affouage.footprint.audit.form import (
    ENERGY_UJ,
    POWER_UW,
    TIME_US,
    Real,
    distinct,
    exact,
    one_of,
    refuse,
    understand,
    whole,
)
from affouage.footprint.meter import MeterInfo, Reading
from affouage.footprint.windows import Counted

ANY_WATTS = 1e30
"""An auditor's window may hold any energy: no counter can have jumped."""


class Step(Struct, frozen=True, kw_only=True):
    """From one reading to the next. ``unknown``: the file says that nobody knows this window's energy."""

    before: Reading
    counted: Counted
    info: MeterInfo
    unknown: bool = False


class _Placed(NamedTuple):
    """A request of a window, and where in the file it stands."""

    request: Request
    place: str


class _Read(NamedTuple):
    """A reading that has an energy; ``gap``: the meter was silent since the one before."""

    reading: Reading
    form: ARead
    place: str
    gap: bool


Bounds = tuple[int, int]


def steps_of(said: Any, notes: set[str]) -> list[Step]:
    """The file (parsed JSON) as steps. ``notes`` receives what an auditor should know. Raises BadRequest."""
    if isinstance(said, list):
        alone = understand(said, list[AWindow])
        if not alone:
            refuse("no window", "$", "Write at least one.")
        return _from_windows(Windows(windows=alone), [f"$[{i}]" for i in range(len(alone))], notes)
    if isinstance(said, dict) and "readings" in said:
        return _from_readings(understand(said, RawReadings), notes)
    if isinstance(said, dict) and "windows" in said:
        form = understand(said, Windows)
        return _from_windows(form, [f"$.windows[{i}]" for i in range(len(form.windows))], notes)
    return _from_windows(Windows(windows=[understand(said, AWindow)]), ["$"], notes)


def _from_windows(form: Windows, places: list[str], notes: set[str]) -> list[Step]:
    bounds = [_bounds(one, place, notes) for one, place in zip(form.windows, places, strict=True)]
    everywhere = _placed(form.requests, bounds, notes)
    steps = []
    for one, place, (t0_us, t1_us), also in zip(form.windows, places, bounds, everywhere, strict=True):
        energy = one_of(one, "energy", ENERGY_UJ, place)
        if isinstance(energy, UnsetType):
            refuse("the energy is missing", place, "Write energy_j (or energy_uj ...); null when it is not known.")
        before = Reading(at_us=t0_us, epoch="", counters_uj={"meter": 0})
        after = Reading(
            at_us=t1_us,
            epoch="" if energy is not None else "unknown",
            counters_uj={"meter": whole(energy or Fraction(0))},
            foreign_ppm=_foreign_ppm(one, form, place),
        )
        counted = _counted(one, form, after, (t0_us, t1_us), also, place, notes)
        steps.append(Step(before=before, counted=counted, info=_info(), unknown=energy is None))
    return steps


def _from_readings(form: RawReadings, notes: set[str]) -> list[Step]:
    read: list[_Read] = []
    silent = False
    for i, one in enumerate(form.readings):
        place = f"$.readings[{i}]"
        reading = _reading(one, form, place, notes)
        if reading is None:
            silent = True
            continue
        if read and reading.at_us <= read[-1].reading.at_us:
            refuse("readings are in the order of time", place)
        read.append(_Read(reading, one, place, silent or one.gap))
        silent = False
    if len(read) < 2:
        refuse("two readings at least must have an energy", "$.readings")
    if form.readings[0].requests:
        refuse("nobody can be served before the first reading", "$.readings[0].requests", "Write them at the next one.")
    if form.efficiency > 1:
        refuse("a power supply gives at most what it takes", "$.efficiency", "Write a number above 0, at most 1.")
    info = msgspec.structs.replace(
        _info(),
        wraps_uj=_wraps(form, read[0].reading),
        efficiency=float(form.efficiency),
        max_watts=float(form.max_watts),
        longest_window_ms=form.longest_window_ms,
    )
    bounds = [(before.reading.at_us, after.reading.at_us) for before, after in pairwise(read)]
    everywhere = _placed(form.requests, bounds, notes)
    steps = []
    for (before, after), span, also in zip(pairwise(read), bounds, everywhere, strict=True):
        counted = _counted(after.form, form, after.reading, span, also, after.place, notes, gap=after.gap)
        steps.append(Step(before=before.reading, counted=counted, info=info))
    return steps


def _reading(one: ARead, form: RawReadings, place: str, notes: set[str]) -> Reading | None:
    energy = one_of(one, "energy", {"uj": 1, "j": MILLION}, place)
    counters = one.counters_uj
    if isinstance(energy, UnsetType) == isinstance(counters, UnsetType):
        refuse("a reading says energy_uj, energy_j or counters_uj: one of them", place)
    if energy is None:
        if one.requests:
            refuse("the meter was silent here", f"{place}.requests", "Write the requests at the next reading.")
        return None
    at = one_of(one, "at", TIME_US, place)
    if isinstance(at, UnsetType) or at is None:
        refuse("the time is missing", place, "Write at_s (or at_ms, at_us, at_ns).")
    if not isinstance(counters, UnsetType):
        for name, value in counters.items():
            exact(value, f"{place}.counters_uj.{name[:80]}")
    return Reading(
        at_us=_us(at, notes),
        epoch=one.epoch,
        counters_uj={"meter": whole(energy)} if isinstance(energy, Fraction) else dict(counters or {}),
        foreign_ppm=_foreign_ppm(one, form, place),
    )


def _wraps(form: RawReadings, first: Reading) -> dict[str, int]:
    ranges = form.max_energy_range_uj
    if isinstance(ranges, UnsetType):
        return {}
    if isinstance(ranges, int):
        return dict.fromkeys(first.counters_uj, ranges)
    for name in ranges:
        if name not in first.counters_uj:
            refuse("no reading has a counter of that name", f"$.max_energy_range_uj.{name[:80]}")
    return ranges


def _counted(
    one: Given,
    form: Given,
    reading: Reading,
    bounds: Bounds,
    also: list[_Placed],
    place: str,
    notes: set[str],
    *,
    gap: bool = False,
) -> Counted:
    own = [_Placed(request, f"{place}.requests[{i}]") for i, request in enumerate(one.requests)]
    distinct([two.request.id for two in (*own, *also)], f"{place}.requests")
    kappa = form.kappa if isinstance(one.kappa, UnsetType) else one.kappa
    if isinstance(kappa, UnsetType):
        kappa = 1
        if any(two.request.prompt_tokens and isinstance(two.request.kappa, UnsetType) for two in (*own, *also)):
            notes.add("kappa is not said: a prompt token computed was taken to cost as much as a token decoded (1).")
    return Counted(
        reading=reading,
        p0_uw=_p0_uw(one, form, place, notes),
        requests=tuple(_presence(two, bounds, kappa, notes) for two in (*own, *also)),
        departed=tuple(two.request.id for two in (*own, *also) if two.request.departed),
        gap=gap,
    )


def _presence(placed: _Placed, bounds: Bounds, kappa: Real, notes: set[str]) -> Presence:
    request, place = placed.request, placed.place
    if request.cached_tokens > request.prompt_tokens:
        refuse("more tokens cached than in the prompt", f"{place}.cached_tokens", "prompt_tokens counts them too.")
    if request.discarded_tokens > request.decoded_tokens:
        refuse("more tokens discarded than decoded", f"{place}.discarded_tokens", "decoded_tokens counts them too.")
    for name in ("prompt_tokens", "decoded_tokens", "kappa", "weight"):
        if not isinstance(value := getattr(request, name), UnsetType):
            exact(value, f"{place}.{name}")
    spans = _spans(request, place, notes) or [bounds]
    if not any(_touch(span, bounds) for span in spans):
        refuse("the request is not there in this window", place, "Times count on the same axis as the window's.")
    (start_us, end_us), *again = spans
    return Presence(
        request_id=request.id,
        start_us=start_us,
        end_us=end_us,
        prompt_tokens=request.prompt_tokens - request.cached_tokens,
        decoded_tokens=request.decoded_tokens,
        kappa=float(kappa if isinstance(request.kappa, UnsetType) else request.kappa),
        weight=float(request.weight),
        again_us=tuple(again),
    )


def _placed(requests: Sequence[Request], bounds: list[Bounds], notes: set[str]) -> list[list[_Placed]]:
    """Requests said once for the whole file, in the windows where they were served."""
    distinct([one.id for one in requests], "$.requests")
    found: list[list[_Placed]] = [[] for _ in bounds]
    for i, request in enumerate(requests):
        place = f"$.requests[{i}]"
        spans = _spans(request, place, notes)
        there = [w for w, window in enumerate(bounds) if not spans or any(_overlap(span, window) for span in spans)]
        there = there or [w for w, window in enumerate(bounds) if any(_touch(span, window) for span in spans)][:1]
        if not there:
            refuse("the request is in no window", place, "Times count on the same axis as the windows'.")
        if len(there) > 1 and request.prompt_tokens + request.decoded_tokens > 0:
            refuse(
                "the request lasts several windows, and nothing says in which its tokens were computed",
                place,
                "Write it in each window (or reading) with the tokens of that window.",
            )
        for window in there:
            found[window].append(_Placed(request, place))
    return found


def _spans(request: Request, place: str, notes: set[str]) -> list[Bounds]:
    own = _span(request, place, notes)
    if isinstance(request.spans, UnsetType):
        return [] if own is None else [own]
    if own is not None:
        refuse("start and end are said, and spans too", place, "Put all times in spans.")
    found = []
    for i, span in enumerate(request.spans):
        one = _span(span, f"{place}.spans[{i}]", notes)
        if one is None:
            refuse("the times are missing", f"{place}.spans[{i}]", "Write start_s and end_s.")
        found.append(one)
    if not found:
        refuse("no span", f"{place}.spans", "Leave it out when the request was served all along.")
    return found


def _span(span: Span, place: str, notes: set[str]) -> Bounds | None:
    start, end = one_of(span, "start", TIME_US, place), one_of(span, "end", TIME_US, place)
    if isinstance(start, UnsetType) and isinstance(end, UnsetType):
        return None
    if not isinstance(start, Fraction) or not isinstance(end, Fraction):
        refuse("start and end go together", place, "Write both, or neither when it was served all along.")
    if end < start:
        refuse("it ends before it starts", place)
    return _us(start, notes), _us(end, notes)


def _bounds(one: AWindow, place: str, notes: set[str]) -> Bounds:
    t0, t1, length = (one_of(one, name, TIME_US, place) for name in ("t0", "t1", "length"))
    start = t0 if isinstance(t0, Fraction) else Fraction(0)
    ends = {end for end in (t1, start + length if isinstance(length, Fraction) else None) if isinstance(end, Fraction)}
    if not ends:
        refuse("the window has no length", place, "Write t0_s and t1_s, or length_s.")
    if len(ends) > 1:
        refuse("t1 and length do not say the same end", place, "Write one of them.")
    t0_us, t1_us = _us(start, notes), _us(ends.pop(), notes)
    if t1_us <= t0_us:
        refuse("the window ends before it starts, or at once", place, "It lasts at least a microsecond.")
    return t0_us, t1_us


def _p0_uw(one: Given, form: Given, place: str, notes: set[str]) -> int | None:
    p0 = one_of(one, "p0", POWER_UW, place)
    p0 = one_of(form, "p0", POWER_UW, "$") if isinstance(p0, UnsetType) else p0
    if isinstance(p0, Fraction):
        return whole(p0)
    notes.add("p0 is not known: the time without any request was taken as static, the rest as dynamic.")
    return None


def _foreign_ppm(one: Given, form: Given, place: str) -> int:
    for given, where in ((one, place), (form, "$")):
        written = [name for name in ("foreign_ppm", "foreign_share", "contended") if getattr(given, name) is not UNSET]
        if len(written) > 1:
            refuse(f"{' and '.join(written)} are both written", where, "Write one of them.")
        if not isinstance(given.contended, UnsetType):
            return MILLION if given.contended else 0
        if not isinstance(given.foreign_ppm, UnsetType):
            return given.foreign_ppm
        if not isinstance(given.foreign_share, UnsetType):
            if given.foreign_share > 1:
                refuse("a share is at most 1", f"{where}.foreign_share")
            return whole(exact(given.foreign_share, where) * MILLION)
    return 0


def _us(time: Fraction, notes: set[str]) -> int:
    if time.denominator != 1:
        notes.add("Times were rounded to the microsecond, which is what the commons keeps.")
    return whole(time)


def _overlap(span: Bounds, window: Bounds) -> bool:
    return max(span[0], window[0]) < min(span[1], window[1])


def _touch(span: Bounds, window: Bounds) -> bool:
    return max(span[0], window[0]) <= min(span[1], window[1])


def _info() -> MeterInfo:
    return MeterInfo(
        id="file",
        kind="declared",
        covers=("machine",),
        quality="unknown",
        low_factor=1.0,
        high_factor=1.0,
        method="file",
        max_watts=ANY_WATTS,
    )
