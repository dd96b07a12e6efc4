"""From raw readings to a shared-out block: the same pure function in production and in an audit."""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from collections.abc import Iterable

import msgspec

from affouage.footprint.allocation import Allocation, Part, Presence, Window, allocate
from affouage.footprint.meter import MeterInfo, Reading, advance

_SUMMED = ("energy_uj", "idle_uj", "unattributed_uj", "contended_uj", "idle_us", "known_us", "gap_us", "windows")
_encode = msgspec.json.Encoder(order="deterministic").encode


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """A reading, and who was served since the one before. ``p0_uw``: static power in force, None when not known yet.

    ``departed``: requests already settled without this window, because the meter was silent too long: their receipts
    say "at least", and their part falls to ``unattributed``.
    """

    reading: Reading
    p0_uw: int | None = None
    requests: tuple[Presence, ...] = ()
    departed: tuple[str, ...] = ()
    gap: bool = False
    """The meter was silent, or nobody looked, since the reading before."""


class Readings(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to compute a block again: the meter, where it stood, and each reading since."""

    info: MeterInfo
    first: Reading
    counted: tuple[Counted, ...] = ()


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """Readings shared out. Law: parts + idle + unattributed + contended = ``energy_uj``, in integer microjoules.

    ``partial``: requests that were served while the energy was not known.
    """

    energy_uj: int = 0
    idle_uj: int = 0
    unattributed_uj: int = 0
    contended_uj: int = 0
    idle_us: int = 0
    known_us: int = 0
    gap_us: int = 0
    parts: dict[str, Part] = {}
    partial: frozenset[str] = frozenset()
    flags: frozenset[str] = frozenset()
    windows: int = 0


def share_out(readings: Readings) -> Shared:
    """Every window in turn, by PC-1. Raises ``ValueError`` for readings that go back in time."""
    befores = (readings.first, *(one.reading for one in readings.counted))
    return together(
        with_window(Shared(), before, one, readings.info)
        for before, one in zip(befores, readings.counted, strict=False)
    )


def together(shares: Iterable[Shared]) -> Shared:
    """Their sum, in one pass: time grows with the windows, not with their square."""
    sums: Counter[str] = Counter()
    parts: dict[str, Part] = {}
    partial: set[str] = set()
    flags: set[str] = set()
    for one in shares:
        for name in _SUMMED:
            sums[name] += getattr(one, name)
        for request_id, part in one.parts.items():
            parts[request_id] = parts.get(request_id, Part()) + part
        partial |= one.partial
        flags |= one.flags
    return Shared(parts=parts, partial=frozenset(partial), flags=frozenset(flags), **sums)


def with_window(total: Shared, before: Reading, one: Counted, info: MeterInfo) -> Shared:
    """``total`` and one more window, from the reading ``before`` to the one in ``one``."""
    length_us = one.reading.at_us - before.at_us
    counted = advance(before, one.reading, info)
    flags = total.flags | set(counted.flags) | ({"gap"} if one.gap else set())
    if counted.energy_uj is None or length_us <= 0:
        if length_us < 0:
            raise ValueError("readings go back in time")
        return msgspec.structs.replace(
            total,
            gap_us=total.gap_us + length_us,
            partial=total.partial | {request.request_id for request in one.requests},
            flags=flags | {"gap"},
            windows=total.windows + 1,
        )
    window = Window(
        t0_us=before.at_us,
        t1_us=one.reading.at_us,
        energy_uj=counted.energy_uj,
        p0_uw=one.p0_uw,
        foreign_ppm=one.reading.foreign_ppm,
        requests=one.requests,
    )
    return _added(total, window, allocate(window), set(one.departed), flags)


def _added(total: Shared, window: Window, shared: Allocation, departed: set[str], flags: frozenset[str]) -> Shared:
    parts, orphaned = dict(total.parts), 0
    for request_id, part in shared.parts.items():
        if request_id in departed:
            orphaned += part.energy_uj
        else:
            parts[request_id] = parts.get(request_id, Part()) + part
    return Shared(
        energy_uj=total.energy_uj + window.energy_uj,
        idle_uj=total.idle_uj + shared.idle_uj,
        unattributed_uj=total.unattributed_uj + shared.unattributed_uj + orphaned,
        contended_uj=total.contended_uj + shared.contended_uj,
        idle_us=total.idle_us + shared.idle_us,
        known_us=total.known_us + window.t1_us - window.t0_us,
        gap_us=total.gap_us,
        parts=parts,
        partial=total.partial,
        flags=flags | ({"contended"} if shared.contended_uj else set()),
        windows=total.windows + 1,
    )


def pack(readings: Readings) -> tuple[bytes, str]:
    """(bytes as kept, hex sha256 of the JSON inside)."""
    text = _encode(readings)
    return zlib.compress(text, 6), hashlib.sha256(text).hexdigest()


def unpack(body: bytes) -> tuple[Readings, str]:
    """The readings and the digest of their JSON. Raises ``ValueError`` when they cannot be read."""
    try:
        text = zlib.decompress(body)
        return msgspec.json.decode(text, type=Readings), hashlib.sha256(text).hexdigest()
    except (zlib.error, msgspec.DecodeError) as broken:
        raise ValueError(f"the readings cannot be read: {broken}") from broken
